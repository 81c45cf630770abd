namespace Berth.Daemon.Hosting;

/// <summary>A value that a reload of the configuration may replace: ask for it each time, and use one answer throughout.</summary>
internal sealed class InForce<T>(T initial)
    where T : class
{
    private volatile T _value = initial;

    public T Value => _value;

    public void Replace(T value) => _value = value;
}
