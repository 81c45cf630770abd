namespace Berth.Runtime.Supervisor.Logging;

/// <summary>Lines that go to a receiver, and into files beside it, so that they can be read back.</summary>
/// <param name="files">Null: they can't.</param>
internal sealed class ForwardedLog(JsonFileLog? files, LogSender sender) : IContainerLog
{
    private readonly Stream stdout = new();
    private readonly Stream stderr = new();

    public int Generation => files?.Generation ?? 0;

    public long Size => files?.Size ?? 0;

    public long Errors => sender.Dropped + (files?.Errors ?? 0);

    public string? LastError => sender.LastError ?? files?.LastError;

    public bool HoldsUp => sender.HoldsUp;

    public Action? PaceChanged
    {
        get => sender.PaceChanged;
        set => sender.PaceChanged = value;
    }

    public bool IsBusy => sender.IsBusy;

    public ReadOnlySpan<byte> Unfinished(OutputKind kind) => Of(kind).Lines.Unfinished;

    public void Write(OutputKind kind, ReadOnlySpan<byte> output, DateTimeOffset now)
    {
        files?.Write(kind, output, now);
        var stream = Of(kind);
        while (!output.IsEmpty)
        {
            if (stream.Lines.TryTake(ref output, out var text, out var complete))
            {
                Send(stream, kind, text, complete, now);
            }
        }

        sender.Flush();
    }

    public void End(OutputKind kind, DateTimeOffset now)
    {
        files?.End(kind, now);
        var stream = Of(kind);
        var rest = stream.Lines.TakeUnfinished();
        if (!rest.IsEmpty)
        {
            Send(stream, kind, rest, complete: false, now);
            sender.Flush();
        }
    }

    public void Finish() => sender.Finish();

    public void Dispose()
    {
        files?.Dispose();
        sender.Dispose();
    }

    private void Send(Stream stream, OutputKind kind, ReadOnlySpan<byte> text, bool complete, DateTimeOffset now)
    {
        if (!complete && stream.PartialId == 0)
        {
            stream.PartialId = (ulong)Random.Shared.NextInt64(1, long.MaxValue);
            stream.Ordinal = 0;
        }

        sender.Add(new LogLine
        {
            Kind = kind,
            Text = text,
            Ticks = now.UtcTicks,
            PartialId = stream.PartialId,
            PartialOrdinal = stream.PartialId == 0 ? 0 : ++stream.Ordinal,
            IsLastPart = complete,
        });
        if (complete)
        {
            stream.PartialId = 0;
        }
    }

    private Stream Of(OutputKind kind) => kind == OutputKind.Stdout ? stdout : stderr;

    private sealed class Stream
    {
        public LineSplitter Lines { get; } = new();

        /// <summary>Of the line whose first parts have gone already; 0: none.</summary>
        public ulong PartialId { get; set; }

        public int Ordinal { get; set; }
    }
}
