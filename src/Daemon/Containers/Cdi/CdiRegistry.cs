using Berth.Daemon.Hosting;
using Berth.Shared.Errors;

namespace Berth.Daemon.Containers.Cdi;

/// <summary>The devices that the specification files of the configured directories offer. Read when they are asked for: nothing to refresh, and no device of yesterday.</summary>
internal sealed class CdiRegistry(InForce<DaemonOptions> options, ILogger<CdiRegistry> log)
{
    private const long FileLimit = 16 << 20;

    public static IReadOnlyList<string> Directories(DaemonOptions options)
        => options.Features.GetValueOrDefault("cdi", true) ? options.CdiSpecDirs.Count > 0 ? options.CdiSpecDirs : DaemonOptions.DefaultCdiSpecDirs : [];

    public IReadOnlyList<string> SpecDirs => Directories(options.Value);

    /// <summary>Qualified names, in order.</summary>
    public IReadOnlyList<string> Names()
        => [.. Devices().Keys.Order(StringComparer.Ordinal)];

    /// <summary>What the devices change, in the order they are named; what belongs to a whole file comes once, before its first device.</summary>
    /// <exception cref="EngineException">InvalidArgument: a device is not there, or needs what this engine lacks.</exception>
    public CdiEdits Edits(IReadOnlyList<string> names)
    {
        if (names.Count == 0)
        {
            return CdiEdits.None;
        }

        var devices = Devices();
        if (names.Where(name => !devices.ContainsKey(name)).ToArray() is { Length: > 0 } missing)
        {
            throw new EngineException(ErrorKind.InvalidArgument, $"CDI device injection failed: unresolvable CDI devices {string.Join(", ", missing)}");
        }

        var edits = CdiEdits.None;
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var name in names.Distinct(StringComparer.Ordinal))
        {
            var (file, own) = devices[name];
            edits = (seen.Add(file.Path) ? edits.And(file.Edits) : edits).And(own);
        }

        return edits.Unsupported is { } part
            ? throw new EngineException(ErrorKind.InvalidArgument, $"CDI device injection failed: \"{part}\" of {string.Join(", ", names)} is not supported")
            : edits;
    }

    // Of devices with the same name the one in the last directory counts, and in one directory neither.
    private Dictionary<string, (CdiSpecification File, CdiEdits Edits)> Devices()
    {
        var all = new Dictionary<string, (CdiSpecification, CdiEdits)>(StringComparer.Ordinal);
        foreach (var directory in SpecDirs)
        {
            var here = new Dictionary<string, (CdiSpecification, CdiEdits)>(StringComparer.Ordinal);
            var conflicting = new HashSet<string>(StringComparer.Ordinal);
            foreach (var file in Files(directory))
            {
                foreach (var (name, edits) in file.Devices)
                {
                    if (!here.TryAdd($"{file.Kind}={name}", (file, edits)))
                    {
                        conflicting.Add($"{file.Kind}={name}");
                        log.CdiDeviceTwice($"{file.Kind}={name}", directory);
                    }
                }
            }

            foreach (var (name, device) in here.Where(device => !conflicting.Contains(device.Key)))
            {
                all[name] = device;
            }
        }

        return all;
    }

    private IEnumerable<CdiSpecification> Files(string directory)
    {
        if (!Directory.Exists(directory))
        {
            yield break;
        }

        foreach (var path in Directory.EnumerateFiles(directory).Where(path => Path.GetExtension(path) is ".json" or ".yaml" or ".yml").Order(StringComparer.Ordinal))
        {
            if (TryRead(path) is { } file)
            {
                yield return file;
            }
        }
    }

    private CdiSpecification? TryRead(string path)
    {
        try
        {
            return new FileInfo(path).Length <= FileLimit ? CdiReader.Read(path, File.ReadAllText(path)) : throw new CdiException($"{path}: it is larger than {FileLimit} bytes");
        }
        catch (Exception wrong) when (wrong is CdiException or IOException or UnauthorizedAccessException)
        {
            log.CdiFileSkipped(wrong.Message); // the other vendors' devices are there all the same
            return null;
        }
    }
}
