using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Berth.Runtime.Launch;
using Berth.Shared.Errors;
using Berth.Shared.Linux;
using Berth.Shared.Oci;
using Berth.Shared.Cgroups;

namespace Berth.Runtime.State;

/// <summary>What the OCI commands remember of a container between one another.</summary>
internal sealed record ContainerRecord
{
    public required string Id { get; init; }

    public required string Bundle { get; init; }

    public required int Pid { get; init; }

    /// <summary>When the process began, in the kernel's ticks: a number given to another process since has another start.</summary>
    public required ulong PidStart { get; init; }

    public required DateTimeOffset Created { get; init; }

    public string? CgroupPath { get; init; }

    /// <summary>For "start", which hears of a failure by a step's number.</summary>
    public IReadOnlyList<GatedStep> GatedSteps { get; init; } = [];
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ContainerRecord))]
internal sealed partial class ContainerRecordJson : JsonSerializerContext;

/// <summary>A container's directory below --root: state.json, config.json as it was at "create", and the start gate.</summary>
internal sealed class ContainerDirectory
{
    private const int MaxIdLength = 1024;

    private ContainerDirectory(string path) => Path = path;

    public string Path { get; }

    public string GatePath => System.IO.Path.Combine(Path, "start.sock");

    private string RecordPath => System.IO.Path.Combine(Path, "state.json");

    private string SpecPath => System.IO.Path.Combine(Path, "config.json");

    /// <summary>Takes the name.</summary>
    /// <exception cref="EngineException">InvalidArgument: not an id. Conflict: taken.</exception>
    public static ContainerDirectory Create(string root, string id)
    {
        CheckId(id);
        Directory.CreateDirectory(root, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var directory = new ContainerDirectory(System.IO.Path.Combine(root, id));

        // Made by one call that tells whether somebody else was first.
        using var parent = FilesAt.Open(root, OpenFlags.PathOnly | OpenFlags.Directory);
        try
        {
            FilesAt.MakeDirectory(parent, id, 0x1C0);
        }
        catch (ErrnoException e) when (e.Errno == Errno.EEXIST)
        {
            throw new EngineException(ErrorKind.Conflict, $"container with given ID already exists: {id}");
        }

        return directory;
    }

    /// <exception cref="EngineException">NotFound.</exception>
    public static ContainerDirectory Open(string root, string id)
    {
        CheckId(id);
        var directory = new ContainerDirectory(System.IO.Path.Combine(root, id));
        return Directory.Exists(directory.Path) ? directory : throw new EngineException(ErrorKind.NotFound, $"container does not exist: {id}");
    }

    public static IEnumerable<ContainerDirectory> All(string root)
        => Directory.Exists(root) ? Directory.EnumerateDirectories(root).Order(StringComparer.Ordinal).Select(p => new ContainerDirectory(p)) : [];

    public void SaveSpec(OciSpec spec) => WriteWhole(SpecPath, JsonSerializer.SerializeToUtf8Bytes(spec, RuntimeSpecJson.Default.OciSpec));

    public void Save(ContainerRecord record) => WriteWhole(RecordPath, JsonSerializer.SerializeToUtf8Bytes(record, ContainerRecordJson.Default.ContainerRecord));

    public OciSpec ReadSpec() => JsonSerializer.Deserialize(File.ReadAllBytes(SpecPath), RuntimeSpecJson.Default.OciSpec)!;

    /// <summary>Null while "create" is at work, or when it was killed at it.</summary>
    public ContainerRecord? Read()
        => File.Exists(RecordPath) ? JsonSerializer.Deserialize(File.ReadAllBytes(RecordPath), ContainerRecordJson.Default.ContainerRecord) : null;

    public void Remove() => Directory.Delete(Path, recursive: true);

    public string Status(ContainerRecord? record)
    {
        if (record is null)
        {
            return "creating";
        }

        if (!IsAlive(record))
        {
            return "stopped";
        }

        if (Cgroup(record)?.IsFrozen == true)
        {
            return "paused";
        }

        return File.Exists(GatePath) ? "created" : "running";
    }

    public static ICgroup? Cgroup(ContainerRecord record) => record.CgroupPath is null ? null : CgroupHost.Detect().Open(record.CgroupPath);

    public OciState State(ContainerRecord record, OciSpec spec) => new()
    {
        OciVersion = spec.OciVersion,
        Id = record.Id,
        Bundle = record.Bundle,
        Annotations = spec.Annotations,
        Status = Status(record),
        Pid = IsAlive(record) ? record.Pid : 0,
    };

    /// <summary>The same process that was created, and not a zombie.</summary>
    public static bool IsAlive(ContainerRecord record) => Process(record.Pid) is var (state, start) && start == record.PidStart && state is not ('Z' or 'X');

    /// <summary>State letter and start time of a process, proc_pid_stat(5).</summary>
    public static (char State, ulong Start)? Process(int pid)
    {
        if (KernelFiles.ReadTextOrNull($"/proc/{pid}/stat") is not { } stat)
        {
            return null;
        }

        // The name in parentheses may contain anything, parentheses too; the rest is numbers. Field 3 is the state, field 22 the start.
        var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        return (fields[0][0], ulong.Parse(fields[19], CultureInfo.InvariantCulture));
    }

    private static void CheckId(string id)
    {
        if (id.Length is 0 or > MaxIdLength || id is "." or ".." || !id.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '+' or '-' or '.'))
        {
            throw new EngineException(ErrorKind.InvalidArgument, $"invalid container id \"{id}\": letters, digits, '_', '+', '-' and '.' are allowed");
        }
    }

    private static void WriteWhole(string path, byte[] bytes)
    {
        var temporary = $"{path}.tmp";
        File.WriteAllBytes(temporary, bytes);
        File.Move(temporary, path, overwrite: true);
    }
}
