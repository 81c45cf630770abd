using System.Text.Json;
using Berth.Client.CommandLine;

namespace Berth.Client.Commands.Containers.Creation;

/// <summary>The body of <c>POST /containers/create</c>, written from the command line.</summary>
/// <remarks>
/// Written field by field: the wire type's serializer would have to learn some two hundred properties on each start of the client, of which a
/// command line uses ten. A test reads what is written here back into the wire type, and accepts no name the type lacks.
/// </remarks>
internal sealed partial class ContainerRequest
{
    private readonly Invocation _call;
    private readonly string _currentDirectory;
    private readonly IReadOnlyList<PortSpec> _ports;
    private readonly List<NetworkSpec> _networks;
    private Utf8JsonWriter _json = null!; // set by ToJson before anything is written

    /// <exception cref="CommandFailedException">An option's value is wrong, or two options exclude each other.</exception>
    public ContainerRequest(Invocation call, bool isDetached, string? currentDirectory = null)
    {
        _call = call;
        _currentDirectory = currentDirectory ?? Environment.CurrentDirectory;
        Image = call.Arguments[0];
        IsTty = call.Get(ContainerOptions.Tty);
        OpensInput = call.Get(ContainerOptions.Interactive);
        RemovesItself = call.Get(ContainerOptions.Rm);
        var streams = call.Get(ContainerOptions.Attach);
        var attachesAll = streams.Count == 0 && !isDetached;
        AttachesInput = attachesAll ? OpensInput : streams.Contains("stdin");
        AttachesOutput = attachesAll || streams.Contains("stdout");
        AttachesError = attachesAll || streams.Contains("stderr");
        RefuseConflicts(isDetached, streams.Count > 0);
        _ports = [.. call.Get(ContainerOptions.Publish).SelectMany(PortSpec.Parse)];
        _networks = ReadNetworks();
    }

    public string Image { get; }

    public bool IsTty { get; }

    public bool OpensInput { get; }

    public bool RemovesItself { get; }

    public bool AttachesInput { get; }

    public bool AttachesOutput { get; }

    public bool AttachesError { get; }

    /// <param name="consoleSize">The client's terminal, so that the container's has the right size from its first line on.</param>
    public ReadOnlyMemory<byte> ToJson(Berth.Shared.Linux.WindowSize? consoleSize)
    {
        var bytes = new System.Buffers.ArrayBufferWriter<byte>(1024);
        using (_json = new Utf8JsonWriter(bytes))
        {
            _json.WriteStartObject();
            WriteConfig();
            WriteHealthcheck();
            _json.WriteStartObject("HostConfig");
            WriteHostConfig(consoleSize);
            WriteLimits();
            _json.WriteEndObject();
            WriteNetworking();
            _json.WriteEndObject();
        }

        return bytes.WrittenMemory;
    }

    private void RefuseConflicts(bool isDetached, bool namesStreams)
    {
        if (isDetached && namesStreams)
        {
            throw Wrong("conflicting options: cannot attach streams and run detached (-a and -d)");
        }

        if (RemovesItself && _call.Get(ContainerOptions.Restart) is { } policy && policy != "no" && policy.Length > 0)
        {
            throw Wrong("conflicting options: cannot specify both --restart and --rm");
        }

        if (_call.Get(ContainerOptions.NoHealthcheck) && HasHealthOption())
        {
            throw Wrong("--no-healthcheck conflicts with --health-* options");
        }

        if (_call.Get(ContainerOptions.MemorySwappiness) is { } swappiness && swappiness is < -1 or > 100)
        {
            throw Wrong($"invalid value: {swappiness}. Valid memory swappiness range is 0-100");
        }

        if (_call.Get(ContainerOptions.StopTimeout) is < -1)
        {
            throw Wrong("--stop-timeout must be a number of seconds, or -1 to wait for ever");
        }
    }

    private bool HasHealthOption() => _call.IsSet(ContainerOptions.HealthCmd) || _call.IsSet(ContainerOptions.HealthInterval) || _call.IsSet(ContainerOptions.HealthRetries)
        || _call.IsSet(ContainerOptions.HealthStartInterval) || _call.IsSet(ContainerOptions.HealthStartPeriod) || _call.IsSet(ContainerOptions.HealthTimeout);

    private void WriteConfig()
    {
        Write("Hostname", _call.Get(ContainerOptions.Hostname));
        Write("Domainname", _call.Get(ContainerOptions.Domainname));
        Write("User", _call.Get(ContainerOptions.User));
        _json.WriteBoolean("AttachStdin", AttachesInput);
        _json.WriteBoolean("AttachStdout", AttachesOutput);
        _json.WriteBoolean("AttachStderr", AttachesError);
        Write("Tty", IsTty);
        Write("OpenStdin", OpensInput);
        Write("StdinOnce", OpensInput && AttachesInput); // the first attached client's end of input is the program's
        WriteList("Env", KeyValueTexts.Gather(_call.Get(ContainerOptions.EnvFile), _call.Get(ContainerOptions.Env), _call.World.Environment));
        if (_call.Arguments.Count > 1)
        {
            WriteList("Cmd", _call.Arguments.Skip(1));
        }

        if (_call.Get(ContainerOptions.Entrypoint) is { } entrypoint)
        {
            WriteList("Entrypoint", [entrypoint]);
        }

        _json.WriteString(nameof(Image), Image);
        WriteSet("Volumes", _call.Get(ContainerOptions.Volume).Where(static volume => !volume.Contains(':', StringComparison.Ordinal)));
        WriteSet("ExposedPorts", _call.Get(ContainerOptions.Expose).SelectMany(PortSpec.ParseExposed).Concat(_ports.Select(static port => port.ContainerPort)));
        Write("WorkingDir", _call.Get(ContainerOptions.Workdir));
        Write("MacAddress", _call.Get(ContainerOptions.MacAddress));
        WriteMap("Labels", KeyValueTexts.Gather(_call.Get(ContainerOptions.LabelFile), _call.Get(ContainerOptions.Label), null));
        Write("StopSignal", _call.Get(ContainerOptions.StopSignal));
        Write("StopTimeout", _call.Get(ContainerOptions.StopTimeout));
    }

    private void WriteHealthcheck()
    {
        if (!_call.Get(ContainerOptions.NoHealthcheck) && !HasHealthOption())
        {
            return;
        }

        _json.WriteStartObject("Healthcheck");
        if (_call.Get(ContainerOptions.NoHealthcheck))
        {
            WriteList("Test", ["NONE"]);
        }
        else if (_call.Get(ContainerOptions.HealthCmd) is { Length: > 0 } command)
        {
            WriteList("Test", ["CMD-SHELL", command]);
        }

        WriteNanoseconds("Interval", ContainerOptions.HealthInterval);
        WriteNanoseconds("Timeout", ContainerOptions.HealthTimeout);
        WriteNanoseconds("StartPeriod", ContainerOptions.HealthStartPeriod);
        WriteNanoseconds("StartInterval", ContainerOptions.HealthStartInterval);
        Write("Retries", _call.Get(ContainerOptions.HealthRetries));
        _json.WriteEndObject();
    }

    private static CommandFailedException Wrong(string words) => new(words, 125);
}
