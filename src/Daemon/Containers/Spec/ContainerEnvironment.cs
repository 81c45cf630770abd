using Berth.Daemon.Containers.Planning;

namespace Berth.Daemon.Containers.Spec;

/// <summary>The variables a process in a container starts with.</summary>
internal static class ContainerEnvironment
{
    private const string DefaultPath = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

    /// <param name="further">Of an exec: they win over the container's own.</param>
    /// <param name="linked">Of linked containers: the container's own win over them.</param>
    public static string[] For(ProcessPlan process, string hostname, string home, bool tty, IEnumerable<string>? further = null, IEnumerable<string>? linked = null)
    {
        var variables = new List<string> { DefaultPath, $"HOSTNAME={hostname}" };
        if (tty)
        {
            variables.Add("TERM=xterm");
        }

        foreach (var variable in (linked ?? []).Concat(process.Environment).Concat(further ?? []))
        {
            Replace(variables, variable);
        }

        if (!variables.Exists(variable => variable.StartsWith("HOME=", StringComparison.Ordinal)))
        {
            variables.Add($"HOME={home}");
        }

        return [.. variables];
    }

    // A bare name takes the variable away.
    private static void Replace(List<string> variables, string variable)
    {
        var equals = variable.IndexOf('=');
        var prefix = equals < 0 ? variable + "=" : variable[..(equals + 1)];
        var at = variables.FindIndex(other => other.StartsWith(prefix, StringComparison.Ordinal));
        if (equals < 0)
        {
            if (at >= 0)
            {
                variables.RemoveAt(at);
            }
        }
        else if (at >= 0)
        {
            variables[at] = variable;
        }
        else
        {
            variables.Add(variable);
        }
    }
}
