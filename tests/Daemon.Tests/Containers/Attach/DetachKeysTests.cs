using System.Text;
using Berth.Daemon.Containers.Attach;
using Berth.Shared.Errors;

namespace Berth.Daemon.Tests.Containers.Attach;

public sealed class DetachKeysTests
{
    [Theory]
    [InlineData(null, new byte[] { 16, 17 })]
    [InlineData("ctrl-a,x", new byte[] { 1, (byte)'x' })]
    [InlineData("ctrl-@,ctrl-_,ctrl-[", new byte[] { 0, 31, 27 })]
    public void Parse_Keys_GivesBytes(string? text, byte[] expected) => Assert.Equal(expected, DetachKeys.Parse(text));

    [Theory]
    [InlineData("ctrl-1")]
    [InlineData("ab")]
    [InlineData("a,,b")]
    public void Parse_Wrong_IsInvalidArgument(string text)
        => Assert.Equal(ErrorKind.InvalidArgument, Assert.Throws<EngineException>(() => DetachKeys.Parse(text)).Kind);

    [Theory]
    [InlineData("ab|c", "abc", false)]
    [InlineData("ab\u0010|\u0011c", "ab", true)]
    [InlineData("\u0010\u0010\u0011", "\u0010", true)]
    [InlineData("\u0010x\u0011", "\u0010x\u0011", false)]
    [InlineData("\u0010", "", false)]
    public void Scan_Typed_PassesAllButTheKeys(string packets, string passed, bool detached)
    {
        var scanner = new DetachScanner(DetachKeys.Default);
        var output = new StringBuilder();
        var found = false;

        foreach (var packet in packets.Split('|'))
        {
            var buffer = new byte[packet.Length + 64];
            found |= scanner.Scan(Encoding.ASCII.GetBytes(packet), buffer, out var length);
            output.Append(Encoding.ASCII.GetString(buffer, 0, length));
            if (found)
            {
                break;
            }
        }

        Assert.Equal(detached, found);
        Assert.Equal(passed, output.ToString());
    }
}
