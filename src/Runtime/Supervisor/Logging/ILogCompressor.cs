namespace Berth.Runtime.Supervisor.Logging;

/// <summary>Compresses a file beside the event loop. Tests put in one without processes.</summary>
internal interface ILogCompressor
{
    /// <param name="done">Called on the loop: whether <paramref name="to"/> is whole.</param>
    void Start(string from, string to, Action<bool> done);
}
