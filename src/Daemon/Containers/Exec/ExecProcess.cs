using System.Text.Json;
using Berth.Daemon.Containers.Planning;
using Berth.Daemon.Containers.Spec;
using Berth.Shared.Linux;
using Berth.Shared.Oci;
using Microsoft.Win32.SafeHandles;

namespace Berth.Daemon.Containers.Exec;

/// <summary>What the runtime is to execute: the container's own process settings, with what the exec says in their place.</summary>
internal static class ExecProcess
{
    /// <param name="own">The process of the run's configuration.</param>
    /// <param name="root">The container's root directory, as it is now.</param>
    /// <exception cref="Shared.Errors.EngineException">InvalidArgument: the user is not one of the container's.</exception>
    public static OciProcess Build(ExecRecord exec, ContainerRecord container, OciProcess own, SafeFileHandle root, TerminalSize? consoleSize)
    {
        var named = exec.User.Length > 0;
        var plan = container.Plan.Process;
        var user = ContainerUser.Resolve(root, named ? exec.User : plan.User, plan.GroupAdd);
        var hostname = own.Env?.FirstOrDefault(variable => variable.StartsWith("HOSTNAME=", StringComparison.Ordinal))?["HOSTNAME=".Length..] ?? "";
        var capabilities = exec.Privileged ? [.. CapabilitySet.Names.Where(name => KnownToKernel.Contains(name))] : container.Plan.Security.Capabilities;
        return own with
        {
            Terminal = exec.Tty,
            ConsoleSize = exec.Tty && consoleSize is { } size ? new OciBox((uint)size.Rows, (uint)size.Columns) : null,
            User = named ? new OciUser { Uid = user.Uid, Gid = user.Gid, AdditionalGids = [.. user.Groups] } : own.User,
            Args = [.. exec.Arguments],
            Env = ContainerEnvironment.For(plan, hostname, user.Home, exec.Tty, exec.Environment),
            Cwd = exec.WorkingDirectory.Length > 0 ? exec.WorkingDirectory : own.Cwd,
            Capabilities = SpecBuilder.CapabilitiesFor(capabilities, named ? user.Uid : own.User.Uid),
        };
    }

    /// <summary>Reads the process out of a run's config.json, past what it does not need.</summary>
    public static OciProcess ReadOwn(string configPath)
    {
        var reader = new Utf8JsonReader(File.ReadAllBytes(configPath));
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var found = reader.ValueTextEquals("process"u8);
            reader.Read();
            if (found)
            {
                return JsonSerializer.Deserialize(ref reader, RuntimeSpecJson.Default.OciProcess) ?? throw new InvalidDataException($"{configPath}: process is null");
            }

            reader.Skip();
        }

        throw new InvalidDataException($"{configPath} has no process");
    }

    /// <summary>What the kernel of this host knows, by its highest number.</summary>
    private static HashSet<string> KnownToKernel { get; } = ReadKnown();

    private static HashSet<string> ReadKnown()
    {
        var last = int.Parse(File.ReadAllText("/proc/sys/kernel/cap_last_cap"), System.Globalization.CultureInfo.InvariantCulture);
        return [.. CapabilitySet.Names.Take(last + 1)];
    }
}
