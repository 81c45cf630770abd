using System.Text;

namespace Berth.Client.Output;

/// <summary>Output kept in memory, for what is printed only in part or not at all.</summary>
internal sealed class MemorySink : ByteSink
{
    private readonly MemoryStream _kept = new();

    public string Text
    {
        get
        {
            Flush();
            return Encoding.UTF8.GetString(_kept.GetBuffer(), 0, (int)_kept.Length);
        }
    }

    protected override void Emit(ReadOnlySpan<byte> bytes) => _kept.Write(bytes);
}
