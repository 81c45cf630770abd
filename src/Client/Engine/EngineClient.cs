using System.Text.Json;
using Berth.Client.Engine.Http;

namespace Berth.Client.Engine;

/// <summary>Speaks the Engine API to one daemon. Requests go out on idle connections or new ones; everything blocks, and a thread that waits costs less here than a scheduler.</summary>
internal sealed class EngineClient(EngineAddress address, string apiVersion = EngineClient.NewestApiVersion) : IDisposable
{
    public const string NewestApiVersion = "1.51";

    private const string JsonType = "application/json";
    private readonly Stack<HttpConnection> _idle = new();
    private readonly Lock _idleLock = new();
    private volatile string _apiVersion = apiVersion;

    public EngineAddress Address => address;

    /// <summary>The version in use; lower than asked for after a daemon that knows only an older one has said so.</summary>
    public string ApiVersion => _apiVersion;

    /// <summary>Sends a request and reads the reply's head.</summary>
    /// <exception cref="EngineReplyException">The daemon refused.</exception>
    public Reply Send(string method, string target, ReadOnlySpan<byte> json = default) => Send(method, target, json, "");

    /// <inheritdoc cref="Send(string,string,ReadOnlySpan{byte})"/>
    /// <param name="fields">Further header fields, each ending in CRLF.</param>
    public Reply Send(string method, string target, ReadOnlySpan<byte> json, string fields)
    {
        while (true)
        {
            var pending = Begin(method, target, json, fields);
            var reply = pending.Complete();
            if (!IsRefusedForVersion(reply, pending.ApiVersion))
            {
                return Accept(reply);
            }

            reply.Dispose();
        }
    }

    /// <summary>Sends a request whose reply is wanted for its status alone.</summary>
    public int Do(string method, string target, ReadOnlySpan<byte> json = default)
    {
        using var reply = Send(method, target, json);
        reply.ReadBytes(); // frees the connection for the next request
        return reply.Status;
    }

    public JsonElement GetJson(string target)
    {
        using var reply = Send("GET", target);
        return reply.ReadJson();
    }

    /// <summary>Writes a request without waiting for its reply, so that several can be under way at once.</summary>
    public PendingReply Begin(string method, string target, ReadOnlySpan<byte> json = default, string fields = "")
    {
        var version = _apiVersion;
        var versioned = $"/v{version}{target}";
        var connection = Take(out var isFresh);
        try
        {
            connection.WriteRequest(method, versioned, address.HostHeader, fields, json, json.IsEmpty ? null : JsonType);
        }
        catch (IOException) when (!isFresh)
        {
            // The daemon closed the idle connection before it read anything of this.
            connection.Dispose();
            connection = new HttpConnection(address.Connect());
            connection.WriteRequest(method, versioned, address.HostHeader, fields, json, json.IsEmpty ? null : JsonType);
        }

        return new PendingReply(this, connection, method, target, version);
    }

    /// <summary>Sends a body of unknown length, piece by piece, and reads the reply's head.</summary>
    /// <param name="read">Fills a part of the buffer; 0 at the end.</param>
    public Reply Upload(string target, string contentType, Func<Memory<byte>, int> read) => Upload("POST", target, contentType, read);

    /// <inheritdoc cref="Upload(string,string,Func{Memory{byte},int})"/>
    public Reply Upload(string method, string target, string contentType, Func<Memory<byte>, int> read)
    {
        var version = _apiVersion;
        var connection = Take(out _);
        connection.WriteChunkedRequest(method, $"/v{version}{target}", address.HostHeader, contentType);
        try
        {
            var buffer = new byte[64 * 1024];
            int count;
            while ((count = read(buffer)) > 0)
            {
                connection.WriteChunk(buffer.AsSpan(0, count));
            }

            connection.WriteChunk(default);
        }
        catch (Berth.Shared.Linux.ErrnoException gone) when (gone.Errno is Berth.Shared.Linux.Errno.EPIPE or Berth.Shared.Linux.Errno.ECONNRESET)
        {
            // The daemon refused before the body's end; its reply says why.
        }

        return Accept(new PendingReply(this, connection, method, target, version).Complete());
    }

    /// <summary>Asks for a hijacked connection and leaves the reply for later.</summary>
    public PendingHijack BeginHijack(string target, ReadOnlySpan<byte> json = default)
        => new(this, Begin("POST", target, json, "Connection: Upgrade\r\nUpgrade: tcp\r\n"));

    /// <exception cref="EngineReplyException">The daemon refused.</exception>
    public HijackedStream Hijack(string target, ReadOnlySpan<byte> json = default) => BeginHijack(target, json).Complete();

    /// <summary>Turns a refusal into its exception and passes everything else on.</summary>
    internal static Reply Accept(Reply reply)
    {
        if (reply.Status < 400)
        {
            return reply;
        }

        using (reply)
        {
            throw Refusal(reply);
        }
    }

    internal void Release(HttpConnection connection, bool isReusable)
    {
        if (!isReusable)
        {
            connection.Dispose();
            return;
        }

        lock (_idleLock)
        {
            _idle.Push(connection);
        }
    }

    public void Dispose()
    {
        lock (_idleLock)
        {
            while (_idle.TryPop(out var connection))
            {
                connection.Dispose();
            }
        }
    }

    private static EngineReplyException Refusal(Reply reply)
    {
        var text = reply.ReadText().Trim();
        try
        {
            var json = JsonText.Parse(System.Text.Encoding.UTF8.GetBytes(text));
            if (json.ValueKind == JsonValueKind.Object && json.TryGetProperty("message", out var message))
            {
                text = message.ToString();
            }
        }
        catch (JsonException)
        {
            // Not every proxy between us and the daemon speaks JSON: its words are shown as they are.
        }

        return new EngineReplyException(reply.Status, text.Length > 0 ? text : $"HTTP status {reply.Status}");
    }

    /// <summary>An older daemon refuses a newer version and names its own in a header: that is the whole negotiation, and costs nothing when versions agree.</summary>
    internal bool IsRefusedForVersion(Reply reply, string asked)
    {
        if (reply.Status != 400 || reply.Head["Api-Version"] is not { Length: > 0 } offered || offered == asked
            || !Version.TryParse(offered, out var theirs) || !Version.TryParse(asked, out var ours) || theirs >= ours)
        {
            return false;
        }

        _apiVersion = offered;
        return true;
    }

    private HttpConnection Take(out bool isFresh)
    {
        lock (_idleLock)
        {
            if (_idle.TryPop(out var connection))
            {
                isFresh = false;
                return connection;
            }
        }

        isFresh = true;
        return new HttpConnection(address.Connect());
    }
}
