using Berth.Shared.Linux;
using Berth.Shared.Supervision;
using Microsoft.Win32.SafeHandles;

namespace Berth.Runtime.Supervisor.Logging;

/// <summary>
/// Writes a container's output as Docker's json-file log: one write for all lines of a batch, and never half a line, even on a full disk.
/// A write that fails is counted and its lines are gone; it stops neither the container nor the lines after it.
/// </summary>
internal sealed class JsonFileLog : IContainerLog
{
    private const int BatchSize = 192 << 10;

    private readonly ContainerLogTarget target;
    private readonly LogRotation rotation;
    private readonly JsonLineFormat format;
    private readonly LogTimestamp timestamp = new();
    private readonly Action<string>? tell;
    private readonly LineSplitter stdout = new();
    private readonly LineSplitter stderr = new();
    private byte[] batch = []; // made with the first line
    private int batched;
    private SafeFileHandle? file;

    /// <param name="tell">Takes a sentence when writes begin to fail.</param>
    /// <exception cref="IOException">The file can't be opened or created.</exception>
    public JsonFileLog(ContainerLogTarget target, LogRotation rotation, Action<string>? tell = null)
    {
        this.tell = tell;
        this.target = target;
        this.rotation = rotation;
        format = new JsonLineFormat(target.Attributes);
        Open();
        CutTornLine();
    }

    /// <summary>Rotations since launch.</summary>
    public int Generation { get; private set; }

    /// <summary>Bytes of the current file: every line that was written, whole.</summary>
    public long Size { get; private set; }

    public long Errors { get; private set; }

    public string? LastError
    {
        get => field ?? rotation.CompressionError;
        private set;
    }

    /// <summary>Never: a disk that is slow slows the writes themselves.</summary>
    public bool HoldsUp => false;

    public Action? PaceChanged { get; set; }

    public bool IsBusy => false;

    public ReadOnlySpan<byte> Unfinished(OutputKind kind) => Splitter(kind).Unfinished;

    public void Write(OutputKind kind, ReadOnlySpan<byte> output, DateTimeOffset now)
    {
        timestamp.Set(now);
        var splitter = Splitter(kind);
        while (!output.IsEmpty)
        {
            if (splitter.TryTake(ref output, out var line, out var complete))
            {
                Add(kind, line, complete);
            }
        }

        Flush();
    }

    public void End(OutputKind kind, DateTimeOffset now)
    {
        var rest = Splitter(kind).TakeUnfinished();
        if (!rest.IsEmpty)
        {
            timestamp.Set(now);
            Add(kind, rest, complete: false);
            Flush();
        }
    }

    public void Finish()
    {
    }

    public void Dispose() => file?.Dispose();

    private LineSplitter Splitter(OutputKind kind) => kind == OutputKind.Stdout ? stdout : stderr;

    private void Add(OutputKind kind, ReadOnlySpan<byte> text, bool complete)
    {
        if (batch.Length == 0)
        {
            batch = new byte[Math.Max(BatchSize, format.MaxLength(LineSplitter.MaxLine))];
        }
        else if (batch.Length - batched < format.MaxLength(text.Length))
        {
            Flush();
        }

        var length = format.Write(batch.AsSpan(batched), kind, text, complete, timestamp.Text);
        if (target.MaxSizeBytes > 0 && Size + batched > 0 && Size + batched + length > target.MaxSizeBytes)
        {
            var line = batch.AsSpan(batched, length);
            Flush();
            Rotate();
            line.CopyTo(batch);
            batched = 0;
        }

        batched += length;
    }

    private void Flush()
    {
        var bytes = batch.AsSpan(0, batched);
        batched = 0;
        if (bytes.IsEmpty || (file is null && !TryReopen()))
        {
            return;
        }

        while (!bytes.IsEmpty)
        {
            var count = NonBlocking.WriteAt(file!, bytes, Size);
            if (count < 0)
            {
                Failed((Errno)(-count));
                return;
            }

            if (count < bytes.Length)
            {
                // A short write: the disk is about to be full. Only whole lines count; the next write begins after them.
                count = bytes[..count].LastIndexOf((byte)'\n') + 1;
                if (count == 0)
                {
                    Failed(Errno.ENOSPC);
                    return;
                }
            }

            Size += count;
            bytes = bytes[count..];
        }
    }

    private void Failed(Errno errno)
    {
        Failed($"writing {target.Path}: {ErrnoException.Describe(errno)}");
        try
        {
            SpillFiles.Truncate(file!, Size); // the torn line after the whole ones
        }
        catch (ErrnoException alsoFailed)
        {
            LastError += $" (and {alsoFailed.Message})";
        }
    }

    private void Failed(string message)
    {
        if (Errors++ == 0)
        {
            tell?.Invoke(message);
        }

        LastError = message;
    }

    private void Rotate()
    {
        try
        {
            file?.Dispose();
            file = null;
            rotation.Rotate();
            Generation++;
            rotation.CompressNext();
        }
        catch (IOException failed)
        {
            Failed($"rotating {target.Path}: {failed.Message}"); // goes on in the file that is there
        }
        catch (UnauthorizedAccessException failed)
        {
            Failed($"rotating {target.Path}: {failed.Message}");
        }

        TryReopen();
    }

    private bool TryReopen()
    {
        try
        {
            Open();
            return true;
        }
        catch (IOException failed)
        {
            Failed($"opening {target.Path}: {failed.Message}");
        }
        catch (UnauthorizedAccessException failed)
        {
            Failed($"opening {target.Path}: {failed.Message}");
        }

        return false;
    }

    private void Open()
    {
        file = File.OpenHandle(target.Path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
        Size = RandomAccess.GetLength(file);
    }

    // A machine that went down in the middle of a write may have left half a line, which would spoil the next one too.
    private void CutTornLine()
    {
        Span<byte> last = stackalloc byte[1];
        if (Size == 0 || (RandomAccess.Read(file!, last, Size - 1) == 1 && last[0] == (byte)'\n'))
        {
            return;
        }

        var tail = new byte[(int)Math.Min(Size, format.MaxLength(LineSplitter.MaxLine))].AsSpan();
        var read = RandomAccess.Read(file!, tail, Size - tail.Length);
        var end = tail[..read].LastIndexOf((byte)'\n') + 1;
        if (end < read && (end > 0 || read == Size))
        {
            Size -= read - end;
            SpillFiles.Truncate(file!, Size);
        }
    }
}
