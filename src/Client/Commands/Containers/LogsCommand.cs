using Berth.Client.CommandLine;
using Berth.Client.Engine;
using Berth.Client.Output;
using Berth.Client.Streams;

namespace Berth.Client.Commands.Containers;

/// <summary><c>berth logs</c>.</summary>
internal static class LogsCommand
{
    private const int BufferSize = 256 * 1024;

    private static readonly Switch Details = Opt.Switch("details", "Show the labels and variables the log driver was told to keep");
    private static readonly Switch Follow = Opt.Switch("follow", 'f', "Go on with what is written from now on");
    private static readonly ValueOption<string> Since = Opt.Text("since", "Leave out what is older: a time such as 2026-01-02T13:00:00Z, or an age such as 10m");
    private static readonly ValueOption<string> Until = Opt.Text("until", "Leave out what is newer: a time or an age");
    private static readonly ValueOption<string> Tail = new("tail", 'n', "Number of lines from the end", static text => text) { DefaultText = "all" };
    private static readonly Switch Timestamps = Opt.Switch("timestamps", 't', "Begin each line with the time it was written");

    public static CommandSpec Define() => new()
    {
        Operands = "CONTAINER",
        Summary = "Show what a container has written",
        Examples = ["berth logs -f --tail 20 web # The last twenty lines, and then whatever comes", "berth logs --since 10m -t web # The last ten minutes, with times"],
        Options = [Details, Follow, Since, Until, Tail, Timestamps],
        Arguments = Arity.Exactly(1),
        Completes = Completes.Containers,
        Run = Run,
    };

    private static int Run(Invocation call)
    {
        var now = call.World.Time.GetUtcNow();
        var target = new Query($"/containers/{Query.Segment(call.Arguments[0])}/logs").Add("stdout", value: true).Add("stderr", value: true)
            .Add("follow", call.Get(Follow)).Add("timestamps", call.Get(Timestamps)).Add("details", call.Get(Details))
            .Add("since", Moments.ToApi(call.Get(Since), now)).Add("until", Moments.ToApi(call.Get(Until), now)).Add("tail", call.Get(Tail)).ToString();
        using var reply = call.Engine.Send("GET", target);
        var isRaw = reply.Head["Content-Type"] switch
        {
            "application/vnd.docker.raw-stream" => true,
            "application/vnd.docker.multiplexed-stream" => false,
            _ => call.Engine.GetJson($"/containers/{Query.Segment(call.Arguments[0])}/json").At("Config").Flag("Tty"),
        };
        var frames = new FrameDemultiplexer(call.Out, call.Err);
        var buffer = new byte[BufferSize];
        int count;
        while ((count = reply.Read(buffer)) > 0)
        {
            if (isRaw)
            {
                call.Out.Write(buffer.AsSpan(0, count));
                call.Out.Flush();
            }
            else
            {
                frames.Feed(buffer.AsSpan(0, count));
            }
        }

        return 0;
    }
}
