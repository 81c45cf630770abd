using System.Buffers;
using System.IO.Pipelines;
using System.Net.Sockets;
using Berth.Daemon.Hosting;

namespace Berth.Daemon.Containers.Attach;

/// <summary>How a relayed stream ended.</summary>
internal enum StreamEnd
{
    /// <summary>The process's side is over.</summary>
    Finished,

    /// <summary>The user typed the detach keys.</summary>
    Detached,

    /// <summary>The client no longer reads.</summary>
    ClientGone,
}

/// <summary>Carries bytes between a hijacked client and a supervisor's stream, whose bytes are in the client's form already.</summary>
internal sealed class StreamRelay(HijackedConnection client, Socket supervisor, bool stdin, byte[]? detachKeys)
{
    private const int BufferSize = 64 << 10;

    /// <summary>Runs until one side is over. The client's end of input is passed on and ends nothing.</summary>
    public async Task<StreamEnd> RunAsync()
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(client.Aborted);
        var output = CopyOutputAsync(over.Token);
        var input = CopyInputAsync(over.Token);
        var first = await Task.WhenAny(output, input);
        if (first == input && await input is { } inputEnd)
        {
            await over.CancelAsync();
            await output;
            return inputEnd;
        }

        var end = await output;
        await over.CancelAsync();
        await input;
        return end;
    }

    private async Task<StreamEnd> CopyOutputAsync(CancellationToken over)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
        try
        {
            while (true)
            {
                var received = await ReceiveAsync(buffer, over);
                if (received == 0)
                {
                    return StreamEnd.Finished;
                }

                if (!await client.TryWriteAsync(buffer.AsMemory(0, received), over))
                {
                    return StreamEnd.ClientGone;
                }
            }
        }
        catch (OperationCanceledException) when (over.IsCancellationRequested)
        {
            return StreamEnd.ClientGone;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private async Task<int> ReceiveAsync(byte[] buffer, CancellationToken over)
    {
        try
        {
            return await supervisor.ReceiveAsync(buffer, SocketFlags.None, over);
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.ConnectionReset)
        {
            // A killed supervisor: the end, as any other.
            return 0;
        }
    }

    /// <returns>How this side ended the whole stream; null if it did not.</returns>
    private async Task<StreamEnd?> CopyInputAsync(CancellationToken over)
    {
        var scanner = detachKeys is { Length: > 0 } ? new DetachScanner(detachKeys) : null;
        var accepted = stdin;
        try
        {
            while (true)
            {
                var result = await client.Input.ReadAsync(over);
                foreach (var segment in result.Buffer)
                {
                    if (!accepted)
                    {
                        continue; // nobody reads it; but it must be taken, or the client waits
                    }

                    var (passed, detached) = await PassAsync(segment, scanner, over);
                    accepted = passed;
                    if (detached)
                    {
                        return StreamEnd.Detached;
                    }
                }

                client.Input.AdvanceTo(result.Buffer.End);
                if (result.IsCompleted)
                {
                    EndInput();
                    return null;
                }
            }
        }
        catch (OperationCanceledException) when (over.IsCancellationRequested)
        {
            return null;
        }
        catch (Exception e) when (e is IOException or Microsoft.AspNetCore.Connections.ConnectionResetException or ObjectDisposedException)
        {
            return StreamEnd.ClientGone;
        }
    }

    private async ValueTask<(bool Passed, bool Detached)> PassAsync(ReadOnlyMemory<byte> typed, DetachScanner? scanner, CancellationToken over)
    {
        if (scanner is null)
        {
            return (await TrySendAsync(typed, over), false);
        }

        var output = ArrayPool<byte>.Shared.Rent(typed.Length + 64);
        try
        {
            var detached = scanner.Scan(typed.Span, output, out var length);
            return (await TrySendAsync(output.AsMemory(0, length), over), detached);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(output);
        }
    }

    /// <returns>False when the process no longer takes input.</returns>
    private async ValueTask<bool> TrySendAsync(ReadOnlyMemory<byte> bytes, CancellationToken over)
    {
        try
        {
            while (!bytes.IsEmpty)
            {
                bytes = bytes[await supervisor.SendAsync(bytes, SocketFlags.None, over)..];
            }

            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private void EndInput()
    {
        if (!stdin)
        {
            return;
        }

        try
        {
            supervisor.Shutdown(SocketShutdown.Send);
        }
        catch (SocketException)
        {
            // The process's side is over already; the other direction says so.
        }
    }
}
