using System.IO.Pipelines;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;

namespace Berth.Daemon.Hosting;

/// <summary>
/// Stands between the transport (after TLS) and the HTTP server, so that an endpoint can take the raw bytes over: <c>101 UPGRADED</c> or a bare 200, and
/// then Docker's streams, which the server's own upgrade does not cover (request bodies before it, half-close, the form without Upgrade).
/// </summary>
/// <remarks>
/// The transport's ConnectionClosed is raised when the client ends its sending side. For an ordinary request that means that the client has gone.
/// For one that may be hijacked it means the end of stdin, so it is kept from the server until that request is over; while no request is being
/// processed the server sees the end by reading.
/// </remarks>
internal sealed class HijackableConnection : ConnectionContext, IHijackFeature, IDuplexPipe
{
    private readonly ConnectionContext inner;
    private readonly CancellationTokenSource closed = new();
    private readonly CancellationTokenRegistration innerClosed;
    private readonly UnseenReader reader;
    private readonly Lock state = new();
    private bool inputEnded;
    private bool mayHijack = true;
    private HijackedConnection? hijacked;

    private HijackableConnection(ConnectionContext inner)
    {
        this.inner = inner;
        reader = new UnseenReader(inner.Transport.Input);
        Input = reader;
        Output = inner.Transport.Output;
        Features = new FeatureCollection(inner.Features);
        Features.Set<IHijackFeature>(this);

        // The server reads the token through the feature in some places and through the context in others.
        Features.Set<IConnectionLifetimeFeature>(new Lifetime(this));
        innerClosed = inner.ConnectionClosed.UnsafeRegister(static self => ((HijackableConnection)self!).InputEnded(), this);
    }

    public PipeReader Input { get; private set; }

    public PipeWriter Output { get; private set; }

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
        await using (connection.innerClosed)
        {
            await next(connection);
        }

        connection.closed.Dispose();
    };

    public override void Abort(ConnectionAbortedException abortReason)
    {
        hijacked?.Abort();
        inner.Abort(abortReason);
    }

    public override void Abort() => Abort(new ConnectionAbortedException());

    public void BeginRequest(HttpContext context, bool mayHijack)
    {
        bool gone;
        lock (state)
        {
            this.mayHijack = mayHijack;
            gone = inputEnded && !mayHijack;
        }

        if (gone)
        {
            closed.Cancel();
        }
    }

    public void EndRequest()
    {
        lock (state)
        {
            mayHijack = true;
        }
    }

    public HijackedConnection Hijack(HttpContext context)
    {
        lock (state)
        {
            if (hijacked is not null || !mayHijack)
            {
                throw new InvalidOperationException("this connection can't be hijacked (again)");
            }

            hijacked = new HijackedConnection(inner);

            // What is left for the server: no further request, and a place for the response that it will want to end.
            Input = new EndedReader();
            Output = new DiscardingWriter();
        }

        reader.End();
        return hijacked;
    }

    private void InputEnded()
    {
        bool gone;
        lock (state)
        {
            inputEnded = true;
            gone = !mayHijack;
        }

        if (gone)
        {
            closed.Cancel();
        }
    }

    private sealed class Lifetime(HijackableConnection connection) : IConnectionLifetimeFeature
    {
        public CancellationToken ConnectionClosed { get => connection.ConnectionClosed; set => connection.ConnectionClosed = value; }

        public void Abort() => connection.Abort();
    }
}
