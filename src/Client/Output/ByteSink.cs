using System.Buffers;
using System.Text;

namespace Berth.Client.Output;

/// <summary>Where output goes, gathered into large writes. Not for two threads at once.</summary>
internal abstract class ByteSink
{
    private readonly ArrayBufferWriter<byte> _gathered = new(512);

    private const int FlushAt = 32 * 1024;

    public void Write(string text)
    {
        var room = _gathered.GetSpan(Encoding.UTF8.GetMaxByteCount(text.Length));
        _gathered.Advance(Encoding.UTF8.GetBytes(text, room));
        FlushIfLarge();
    }

    public void Write(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length >= FlushAt)
        {
            Flush();
            Emit(bytes);
            return;
        }

        _gathered.Write(bytes);
        FlushIfLarge();
    }

    public void WriteLine(string line = "")
    {
        Write(line);
        Write("\n"u8);
    }

    public void Flush()
    {
        if (_gathered.WrittenCount == 0)
        {
            return;
        }

        try
        {
            Emit(_gathered.WrittenSpan);
        }
        finally
        {
            // What could not be written once must not be tried again while the failure is being reported.
            _gathered.ResetWrittenCount();
        }
    }

    protected abstract void Emit(ReadOnlySpan<byte> bytes);

    private void FlushIfLarge()
    {
        if (_gathered.WrittenCount >= FlushAt)
        {
            Flush();
        }
    }
}
