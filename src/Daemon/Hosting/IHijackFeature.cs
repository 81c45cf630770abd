namespace Berth.Daemon.Hosting;

/// <summary>Offered on every connection by <see cref="HijackableConnection"/>: takes the connection out of HTTP.</summary>
internal interface IHijackFeature
{
    /// <summary>A request begins.</summary>
    /// <param name="mayHijack">Its endpoint may take the connection over: the end of the client's input then is no reason to give the request up.</param>
    void BeginRequest(bool mayHijack);

    void EndRequest();

    /// <summary>
    /// Takes the raw connection. The request's body must have been read to its end. Nothing has been replied yet: the caller writes the head,
    /// see <see cref="HijackedConnection.WriteHeadAsync"/>. Once the endpoint returns the connection is closed.
    /// </summary>
    HijackedConnection Hijack();
}
