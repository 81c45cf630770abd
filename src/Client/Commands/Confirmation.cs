using Berth.Client.CommandLine;
using Berth.Shared.Linux;

namespace Berth.Client.Commands;

/// <summary>Asks before something is removed for good.</summary>
internal static class Confirmation
{
    /// <returns>Whether the user said yes; the end of input is a no.</returns>
    public static bool Ask(Invocation call, string warning)
    {
        call.Out.Write($"WARNING! {warning}\nAre you sure you want to continue? [y/N] ");
        call.Out.Flush();
        Span<byte> one = stackalloc byte[1];
        var answer = "";
        while (ByteStreams.Read(call.World.Input, one) == 1 && one[0] != (byte)'\n')
        {
            answer += (char)one[0];
        }

        return answer.Trim().ToLowerInvariant() is "y" or "yes";
    }
}
