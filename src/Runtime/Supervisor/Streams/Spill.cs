using Berth.Shared.Linux;
using Microsoft.Win32.SafeHandles;

namespace Berth.Runtime.Supervisor.Streams;

/// <summary>
/// What a client has not taken yet, in order: a little in memory, then a nameless file in the container's directory, whose space is given back as it is sent.
/// </summary>
internal sealed class Spill(Func<string> directory) : IDisposable
{
    private const int MemorySize = 64 << 10;
    private const int SendSize = 256 << 10;
    private const long FreeStep = 8 << 20;

    private byte[]? memory;
    private int memoryStart;
    private int memoryEnd;
    private SafeFileHandle? file;
    private long fileStart;
    private long fileEnd;
    private long freedUpTo;
    private List<byte[]>? last;

    public bool IsEmpty => Length == 0;

    public long Length { get; private set; }

    /// <summary>The file could not take what it was given, so that it stays in memory until sent: no more should come.</summary>
    public bool IsFull => last is not null;

    public void Append(ReadOnlySpan<byte> bytes)
    {
        Length += bytes.Length;
        if (last is null && fileEnd == fileStart)
        {
            bytes = AppendToMemory(bytes);
        }

        if (last is null)
        {
            bytes = AppendToFile(bytes);
        }

        if (!bytes.IsEmpty)
        {
            (last ??= []).Add(bytes.ToArray());
        }
    }

    /// <summary>Sends what the socket takes.</summary>
    /// <returns>The bytes sent; an error number, negated, when none could be.</returns>
    public int SendTo(SafeFileHandle socket)
    {
        var sent = 0;
        while (!IsEmpty)
        {
            var count = SendSome(socket);
            if (count < 0)
            {
                return sent > 0 ? sent : count;
            }

            sent += count;
            Length -= count;
        }

        return sent;
    }

    public void Dispose()
    {
        file?.Dispose();
        file = null;
        memory = null;
        last = null;
        Length = 0;
    }

    private ReadOnlySpan<byte> AppendToMemory(ReadOnlySpan<byte> bytes)
    {
        memory ??= new byte[MemorySize];
        var part = bytes[..Math.Min(bytes.Length, MemorySize - memoryEnd)];
        part.CopyTo(memory.AsSpan(memoryEnd));
        memoryEnd += part.Length;
        return bytes[part.Length..];
    }

    private ReadOnlySpan<byte> AppendToFile(ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty || (file is null && !TryCreateFile()))
        {
            return bytes;
        }

        while (!bytes.IsEmpty)
        {
            var count = NonBlocking.WriteAt(file!, bytes, fileEnd);
            if (count <= 0)
            {
                break;
            }

            fileEnd += count;
            bytes = bytes[count..];
        }

        return bytes;
    }

    private bool TryCreateFile()
    {
        try
        {
            file = SpillFiles.Create(directory());
            return true;
        }
        catch (ErrnoException)
        {
            return false; // no space, or read-only: then the container has to wait for this client
        }
    }

    private int SendSome(SafeFileHandle socket)
    {
        if (memoryEnd > memoryStart)
        {
            return SendMemory(socket);
        }

        return fileEnd > fileStart ? SendFile(socket) : SendLast(socket);
    }

    private int SendMemory(SafeFileHandle socket)
    {
        var count = NonBlocking.Send(socket, memory.AsSpan(memoryStart, memoryEnd - memoryStart));
        memoryStart += Math.Max(count, 0);
        if (memoryStart == memoryEnd)
        {
            memoryStart = memoryEnd = 0;
        }

        return count;
    }

    private int SendFile(SafeFileHandle socket)
    {
        var count = NonBlocking.SendFile(socket, file!, fileStart, (int)Math.Min(fileEnd - fileStart, SendSize));
        fileStart += Math.Max(count, 0);
        if (fileStart == fileEnd)
        {
            file!.Dispose(); // closing frees all of it at once
            file = null;
            fileStart = fileEnd = freedUpTo = 0;
        }
        else if (fileStart - freedUpTo >= FreeStep && SpillFiles.TryFree(file!, freedUpTo, fileStart - freedUpTo))
        {
            freedUpTo = fileStart;
        }

        return count;
    }

    private int SendLast(SafeFileHandle socket)
    {
        var count = NonBlocking.Send(socket, last![0]);
        if (count >= last[0].Length)
        {
            last.RemoveAt(0);
            last = last.Count > 0 ? last : null;
        }
        else if (count > 0)
        {
            last[0] = last[0][count..];
        }

        return count;
    }
}
