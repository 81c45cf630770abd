using System.Threading.Channels;
using Berth.Shared.Api;

namespace Berth.Daemon.Images.Pull;

/// <summary>Takes the lines of progress of one request, from any thread; whoever writes them to the client reads them in order.</summary>
internal sealed class ProgressSink
{
    private readonly Channel<ProgressMessage> _lines = Channel.CreateUnbounded<ProgressMessage>(new UnboundedChannelOptions { SingleReader = true });

    public ChannelReader<ProgressMessage> Lines => _lines.Reader;

    /// <summary>A line without a measure.</summary>
    /// <param name="id">What it is about: a tag, a layer's short digest.</param>
    public void Status(string status, string? id = null) => Write(new ProgressMessage { Status = status, Id = id });

    /// <summary>A line about a layer; with no bytes yet its measure is the empty object.</summary>
    public void Layer(string status, string id, long current = 0, long total = 0) => Write(new ProgressMessage
    {
        Status = status,
        Id = id,
        ProgressDetail = current == 0 && total == 0 ? new ProgressDetail() : new ProgressDetail { Current = current, Total = total },
        Progress = current == 0 && total == 0 ? null : ProgressBar.Draw(current, total),
    });

    /// <summary>Text for people, with its own line end: what "docker load" prints.</summary>
    public void Text(string text) => Write(new ProgressMessage { Stream = text });

    public void Write(ProgressMessage line) => _lines.Writer.TryWrite(line); // unbounded: it always takes

    public void Complete() => _lines.Writer.TryComplete();
}
