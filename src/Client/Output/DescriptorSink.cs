using Berth.Shared.Linux;
using Microsoft.Win32.SafeHandles;

namespace Berth.Client.Output;

/// <summary>Output to an open descriptor: the standard streams, a file.</summary>
internal sealed class DescriptorSink(SafeFileHandle descriptor) : ByteSink
{
    protected override void Emit(ReadOnlySpan<byte> bytes) => ByteStreams.Write(descriptor, bytes);
}
