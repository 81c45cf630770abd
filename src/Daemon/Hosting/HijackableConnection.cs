using System.IO.Pipelines;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;

namespace Berth.Daemon.Hosting;

/// <summary>
/// Stands between the transport (after TLS) and the HTTP server, so that an endpoint can take the raw bytes over: <c>101 UPGRADED</c> or a bare 200, and
/// then Docker's streams, which the server's own upgrade does not cover (request bodies before it, half-close, the form without Upgrade).
/// </summary>
/// <remarks>
/// The transport's ConnectionClosed is raised when the client ends its sending side, which the server would take for the client's departure. On a
/// Unix socket the kernel tells the two apart (<see cref="PeerWatch"/>), so the server hears only of real departures. On TCP it can't: there the end
/// of input means departure, but for requests that may be hijacked, where it is the end of stdin.
/// </remarks>
internal sealed class HijackableConnection : ConnectionContext, IHijackFeature, IDuplexPipe
{
    private readonly ConnectionContext inner;
    private readonly CancellationTokenSource closed = new();
    private readonly Socket? unixSocket;
    private readonly HttpSideReader reader;
    private readonly HttpSideWriter writer;
    private readonly Lock state = new();
    private bool mayHijack = true;
    private bool finished;
    private HijackedConnection? hijacked;
    private PeerWatch? watch;

    private HijackableConnection(ConnectionContext inner)
    {
        this.inner = inner;
        reader = new HttpSideReader(inner.Transport.Input);
        writer = new HttpSideWriter(inner.Transport.Output);
        Features = new FeatureCollection(inner.Features);
        Features.Set<IHijackFeature>(this);
        var socket = inner.Features.Get<IConnectionSocketFeature>()?.Socket;
        unixSocket = socket?.AddressFamily == AddressFamily.Unix ? socket : null;

        // The server reads the token through the feature in some places and through the context in others.
        Features.Set<IConnectionLifetimeFeature>(new Lifetime(this));
    }

    public PipeReader Input => reader;

    public PipeWriter Output => writer;

    public override IDuplexPipe Transport { get => this; set => throw new NotSupportedException("the transport below a hijackable connection is fixed"); }

    public override IFeatureCollection Features { get; }

    public override string ConnectionId { get => inner.ConnectionId; set => inner.ConnectionId = value; }

    public override IDictionary<object, object?> Items { get => inner.Items; set => inner.Items = value; }

    public override CancellationToken ConnectionClosed { get => closed.Token; set => throw new NotSupportedException("the connection's end is the transport's"); }

    public override System.Net.EndPoint? LocalEndPoint { get => inner.LocalEndPoint; set => inner.LocalEndPoint = value; }

    public override System.Net.EndPoint? RemoteEndPoint { get => inner.RemoteEndPoint; set => inner.RemoteEndPoint = value; }

    /// <summary>Connection middleware: the last one before HTTP.</summary>
    public static ConnectionDelegate Middleware(ConnectionDelegate next) => async context =>
    {
        var connection = new HijackableConnection(context);
        await using (context.ConnectionClosed.UnsafeRegister(static self => ((HijackableConnection)self!).InputEnded(), connection))
        {
            try
            {
                await next(connection);
            }
            finally
            {
                connection.Finish();
            }
        }
    };

    public override void Abort(ConnectionAbortedException abortReason)
    {
        hijacked?.Abort();
        inner.Abort(abortReason);
    }

    public override void Abort() => Abort(new ConnectionAbortedException());

    public void BeginRequest(bool mayHijack)
    {
        lock (state)
        {
            this.mayHijack = mayHijack;
        }
    }

    public void EndRequest()
    {
        lock (state)
        {
            mayHijack = true;
        }
    }

    public HijackedConnection Hijack()
    {
        lock (state)
        {
            if (hijacked is not null || !mayHijack)
            {
                throw new InvalidOperationException("this connection can't be hijacked (again)");
            }

            hijacked = new HijackedConnection(inner);
            WatchPeer();
        }

        // The server holds these two for good. What they have left for it: no further request, and a place for the response that it wants to end.
        reader.End();
        writer.End();
        return hijacked;
    }

    private void InputEnded()
    {
        bool gone;
        lock (state)
        {
            WatchPeer();
            gone = unixSocket is null && !mayHijack && !finished;
        }

        if (gone)
        {
            closed.Cancel();
        }
    }

    /// <summary>Only once there is a reason to: most connections end without.</summary>
    private void WatchPeer()
    {
        if (unixSocket is not null && !finished && watch is null)
        {
            watch = PeerWatch.Start(unixSocket, PeerGone);
        }
    }

    private void PeerGone()
    {
        lock (state)
        {
            if (finished)
            {
                return;
            }
        }

        hijacked?.Abort();
        closed.Cancel();
    }

    private void Finish()
    {
        lock (state)
        {
            finished = true;
            watch?.Dispose();
        }
    }

    private sealed class Lifetime(HijackableConnection connection) : IConnectionLifetimeFeature
    {
        public CancellationToken ConnectionClosed { get => connection.ConnectionClosed; set => connection.ConnectionClosed = value; }

        public void Abort() => connection.Abort();
    }
}
