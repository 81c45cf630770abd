namespace Berth.Daemon.Containers.Planning;

internal sealed partial class ContainerPlanner
{
    private LogPlan Log()
    {
        var own = _host.LogConfig?.Type;
        var driver = string.IsNullOrEmpty(own) ? _facts.DefaultLogDriver : own;
        var options = new Dictionary<string, string>(
            driver == _facts.DefaultLogDriver ? _facts.DefaultLogOptions : new Dictionary<string, string>(), StringComparer.Ordinal);
        foreach (var (key, value) in _host.LogConfig?.Config ?? [])
        {
            options[key] = value;
        }

        return LogPlanner.Plan(driver, options, _config.Labels ?? [], _config.Env ?? []);
    }
}
