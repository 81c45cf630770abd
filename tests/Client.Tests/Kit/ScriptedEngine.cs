using System.Net.Sockets;
using System.Text;

namespace Berth.Client.Tests.Kit;

/// <summary>
/// A daemon that plays prepared replies over a Unix socket and writes down what it was asked. A reply is chosen by the request's method and
/// the beginning of its path; replies to the same beginning are played in the order in which they were prepared, the last one for ever.
/// </summary>
internal sealed class ScriptedEngine : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("berth-client-test-").FullName;
    private readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly List<(string Start, Queue<Func<Request, Stream, bool>> Replies)> _script = [];
    private readonly List<Request> _requests = [];

    public ScriptedEngine()
    {
        _listener.Bind(new UnixDomainSocketEndPoint(SocketPath));
        _listener.Listen(16);
        new Thread(AcceptAll) { IsBackground = true }.Start();
    }

    public string SocketPath => Path.Combine(_directory, "engine.sock");

    public IReadOnlyList<Request> Requests
    {
        get
        {
            lock (_requests)
            {
                return [.. _requests];
            }
        }
    }

    /// <summary>Answers with a status and a body of known length.</summary>
    public ScriptedEngine Reply(string start, int status, string body = "", string fields = "")
        => ReplyRaw(start, $"HTTP/1.1 {status} X\r\nApi-Version: 1.51\r\n{fields}{(status == 204 ? "" : $"Content-Length: {Encoding.UTF8.GetByteCount(body)}\r\n")}\r\n{body}");

    /// <summary>Answers with these very bytes and keeps the connection.</summary>
    public ScriptedEngine ReplyRaw(string start, string bytes) => Play(start, (_, stream) =>
    {
        stream.Write(Encoding.Latin1.GetBytes(bytes));
        return true;
    });

    /// <summary>Answers by code; <see langword="false"/> closes the connection.</summary>
    public ScriptedEngine Play(string start, Func<Request, Stream, bool> reply)
    {
        lock (_script)
        {
            var entry = _script.Find(entry => entry.Start == start);
            if (entry.Replies is null)
            {
                entry = (start, new Queue<Func<Request, Stream, bool>>());
                _script.Add(entry);
            }

            entry.Replies.Enqueue(reply);
            return this;
        }
    }

    public void Dispose()
    {
        _listener.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    private void AcceptAll()
    {
        try
        {
            while (true)
            {
                var connection = _listener.Accept();
                new Thread(() => Serve(connection)) { IsBackground = true }.Start();
            }
        }
        catch (Exception closed) when (closed is SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    private void Serve(Socket connection)
    {
        using var stream = new NetworkStream(connection, ownsSocket: true);
        try
        {
            while (Request.Read(stream) is { } request)
            {
                lock (_requests)
                {
                    _requests.Add(request);
                }

                if (!Choose(request)(request, stream))
                {
                    return;
                }
            }
        }
        catch (IOException)
        {
            // The client has gone.
        }
    }

    private Func<Request, Stream, bool> Choose(Request request)
    {
        lock (_script)
        {
            var line = $"{request.Method} {request.Path}";
            var replies = _script.Where(entry => line.StartsWith(entry.Start, StringComparison.Ordinal)).OrderByDescending(static entry => entry.Start.Length).Select(static entry => entry.Replies).FirstOrDefault();
            if (replies is null)
            {
                return (_, stream) =>
                {
                    var body = $"{{\"message\":\"not in the script: {line}\"}}";
                    stream.Write(Encoding.UTF8.GetBytes($"HTTP/1.1 501 X\r\nContent-Length: {body.Length}\r\n\r\n{body}"));
                    return true;
                };
            }

            return replies.Count > 1 ? replies.Dequeue() : replies.Peek();
        }
    }
}
