using System.Text.Json;
using Berth.Client.CommandLine;
using Berth.Client.Commands.Containers.Creation;
using Berth.Client.Engine;
using Berth.Client.Output;
using Berth.Client.Streams;
using Berth.Client.Terminal;

namespace Berth.Client.Commands.Containers;

/// <summary><c>berth exec</c>.</summary>
internal static class ExecCommand
{
    private static readonly Switch Detach = Opt.Switch("detach", 'd', "Run the command in the background");
    private static readonly ValueOption<string> DetachKeysOption = Opt.Text("detach-keys", "Keys that leave the command running and return to the shell");
    private static readonly ListOption Env = Opt.List("env", 'e', "Set an environment variable, as NAME=value");
    private static readonly ListOption EnvFile = new("env-file", Opt.NoLetter, "Read environment variables from a file") { Completes = Completes.Files };
    private static readonly Switch Interactive = Opt.Switch("interactive", 'i', "Pass our standard input to the command");
    private static readonly Switch Privileged = Opt.Switch("privileged", "Give the command every capability");
    private static readonly Switch Tty = Opt.Switch("tty", 't', "Give the command a terminal");
    private static readonly ValueOption<string> User = Opt.Text("user", 'u', "User to run as: name or uid, with :group or :gid if wanted");
    private static readonly ValueOption<string> Workdir = Opt.Text("workdir", 'w', "Directory to start in");

    public static CommandSpec Define() => new()
    {
        Operands = "CONTAINER COMMAND [ARG...]",
        Summary = "Run a command in a running container",
        Description = "The exit code is the command's own; 126 when it could not be executed, 127 when it was not found.",
        Examples =
        [
            "berth exec -it web sh # A shell beside the container's program",
            "berth exec -i db psql < dump.sql # Input from a file",
        ],
        Options = [Detach, DetachKeysOption, Env, EnvFile, Interactive, Privileged, Tty, User, Workdir],
        Arguments = Arity.AtLeast(2),
        OptionsEndAtFirstArgument = true,
        Completes = Completes.RunningContainerThenFiles,
        Run = Run,
    };

    private static int Run(Invocation call)
    {
        var isTty = call.Get(Tty);
        var isDetached = call.Get(Detach);
        var takesInput = call.Get(Interactive) && !isDetached;
        AttachedRun.RefuseInputThatIsNoTerminal(call.World, takesInput && isTty, exitCode: 1);
        var detachKeys = DetachKeys.Parse(call.Get(DetachKeysOption));
        var size = isTty && call.World.Terminal.IsOutputTerminal ? call.World.Terminal.Size : null;
        var id = Create(call, takesInput, isTty, isDetached, size);
        var start = Json(json =>
        {
            json.WriteBoolean("Detach", isDetached);
            json.WriteBoolean("Tty", isTty);
            WriteSize(json, size);
        });
        if (isDetached)
        {
            call.Engine.Do("POST", $"/exec/{id}/start", start);
            return 0;
        }

        using (var stream = call.Engine.Hijack($"/exec/{id}/start", start))
        using (var resizer = isTty && call.World.Terminal.Size is { } ? new TerminalResizer(call.World, $"/exec/{id}") : null)
        {
            resizer?.SendSize();
            if (new StreamSession(call.World, stream, isTty, takesInput, detachKeys).Run())
            {
                call.Err.WriteLine("\r\nread escape sequence");
                return 0;
            }
        }

        return (int)call.Engine.GetJson($"/exec/{id}/json").Integer("ExitCode");
    }

    private static string Create(Invocation call, bool takesInput, bool isTty, bool isDetached, Berth.Shared.Linux.WindowSize? size)
    {
        var body = Json(json =>
        {
            json.WriteBoolean("AttachStdin", takesInput);
            json.WriteBoolean("AttachStdout", !isDetached);
            json.WriteBoolean("AttachStderr", !isDetached);
            json.WriteBoolean("Tty", isTty);
            json.WriteBoolean("Privileged", call.Get(Privileged));
            WriteText(json, "User", call.Get(User));
            WriteText(json, "WorkingDir", call.Get(Workdir));
            WriteText(json, "DetachKeys", call.Get(DetachKeysOption));
            WriteSize(json, size);
            WriteList(json, "Env", KeyValueTexts.Gather(call.Get(EnvFile), call.Get(Env), call.World.Environment));
            WriteList(json, "Cmd", call.Arguments.Skip(1));
        });
        using var reply = call.Engine.Send("POST", $"/containers/{Query.Segment(call.Arguments[0])}/exec", body);
        return reply.ReadJson().Text("Id");
    }

    private static ReadOnlySpan<byte> Json(Action<Utf8JsonWriter> write)
    {
        var bytes = new System.Buffers.ArrayBufferWriter<byte>(256);
        using (var json = new Utf8JsonWriter(bytes))
        {
            json.WriteStartObject();
            write(json);
            json.WriteEndObject();
        }

        return bytes.WrittenSpan;
    }

    private static void WriteText(Utf8JsonWriter json, string name, string? value)
    {
        if (!string.IsNullOrEmpty(value))
        {
            json.WriteString(name, value);
        }
    }

    private static void WriteList(Utf8JsonWriter json, string name, IEnumerable<string> values)
    {
        json.WriteStartArray(name);
        foreach (var value in values)
        {
            json.WriteStringValue(value);
        }

        json.WriteEndArray();
    }

    private static void WriteSize(Utf8JsonWriter json, Berth.Shared.Linux.WindowSize? size)
    {
        if (size is { } known)
        {
            json.WriteStartArray("ConsoleSize");
            json.WriteNumberValue(known.Rows);
            json.WriteNumberValue(known.Columns);
            json.WriteEndArray();
        }
    }
}
