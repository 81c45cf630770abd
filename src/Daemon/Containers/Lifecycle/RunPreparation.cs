using System.Text.Json;
using Berth.Daemon.Containers.Cdi;
using Berth.Daemon.Containers.Planning;
using Berth.Daemon.Containers.Spec;
using Berth.Daemon.Containers.UserNamespaces;
using Berth.Daemon.Images;
using Berth.Daemon.Images.Snapshots;
using Berth.Daemon.Volumes;
using Berth.Shared.Cgroups;
using Berth.Shared.Errors;
using Berth.Shared.Linux;
using Berth.Shared.Oci;

namespace Berth.Daemon.Containers.Lifecycle;

/// <summary>Looks up on the host what a run's configuration needs, and writes the configuration.</summary>
internal sealed class RunPreparation(
    ContainersOptions options, ContainerPaths paths, ContainerUsers containerUsers, SeccompProfiles seccomp, CdiRegistry cdi, VolumeService volumes, ImageService images,
    SnapshotService snapshots, CgroupHost cgroups, LinkedContainers links)
{
    private readonly Lazy<string[]> _thermalPaths = new(ThermalPaths);

    /// <summary>Writes config.json into the container's bundle.</summary>
    /// <param name="held">Takes the descriptors that the launch needs open.</param>
    /// <exception cref="EngineException">InvalidArgument: a device, user or bind source is not there.</exception>
    public void WriteConfiguration(
        ContainerRecord container, IReadOnlyList<string> lowerDirectories, string? networkPath, JoinedNamespaces joined, UserMapping? users, string hostname,
        IReadOnlyList<(string Target, string Source)> etcFiles, ICollection<IDisposable> held)
    {
        var plan = container.Plan;
        var edits = cdi.Edits(plan.CdiDevices);
        var (devices, rules) = Devices(plan, edits);
        var spec = SpecBuilder.Build(new SpecInput
        {
            Container = container,
            User = containerUsers.Resolve(container, lowerDirectories),
            Users = users,
            NetworkIsNew = users is not null && ContainerRunner.HasOwnNetwork(container),
            Hostname = hostname,
            CgroupPath = CgroupPath(container),
            IsCgroupV2 = cgroups.Mode == CgroupMode.V2,
            NetworkNamespacePath = networkPath,
            NetworkIsShared = joined.NetworkPath is not null,
            Joined = joined.Namespaces,
            SharedMemoryPath = joined.SharedMemoryPath,
            MountSources = MountSources(container, held),
            ImageLayers = container.Mounts.OfType<MountPlan.Image>().ToDictionary(mount => mount.Target, LayersOf, StringComparer.Ordinal),
            EtcFiles = etcFiles,
            LinkVariables = links.Environment(container),
            Edits = edits,
            Devices = devices,
            DeviceRules = rules,
            Limits = plan.Resources.Limits with { BlockIo = BlockIo(plan.Resources) },
            Seccomp = seccomp.For(plan.Security),
            FurtherMaskedPaths = _thermalPaths.Value,
        });
        using var file = new FileStream(paths.BundleConfig(container.Id), new FileStreamOptions
        {
            Mode = FileMode.Create,
            Access = FileAccess.Write,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite, // the environment is in it
            BufferSize = 0,
        });
        file.Write(JsonSerializer.SerializeToUtf8Bytes(spec, RuntimeSpecJson.Default.OciSpec));
    }

    public string CgroupPath(ContainerRecord container)
        => $"{(container.Plan.Resources.CgroupParent ?? options.CgroupParent).TrimEnd('/')}/{container.Id}";

    /// <summary>Where each mount comes from on the host; makes missing sources where the user asked for it.</summary>
    private Dictionary<string, string> MountSources(ContainerRecord container, ICollection<IDisposable> held)
    {
        var sources = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var mount in container.Mounts)
        {
            switch (mount)
            {
                case MountPlan.Bind bind:
                    BindSource.Ensure(bind);
                    BindSource.CheckPropagation(bind);
                    sources.Add(bind.Target, bind.Source);
                    break;
                case MountPlan.Volume { Subpath: null } volume:
                    sources.Add(volume.Target, volumes.DirectoryOf(volume.Name));
                    break;
                case MountPlan.Volume volume:
                    sources.Add(volume.Target, OpenSubpath(volume, held));
                    break;
            }
        }

        return sources;
    }

    private string[] LayersOf(MountPlan.Image mount)
    {
        var image = images.FindById(mount.ImageId)
            ?? throw new EngineException(ErrorKind.Internal, $"image {mount.ImageId}, mounted at {mount.Target}, is gone");
        var layers = ImageLayers.Of(snapshots.LowerDirectories(image), mount);

        // Two layers make it an overlay without a writable one, which no privilege inside can remount to write to the image.
        return layers is [var single] && Directory.Exists(single) ? [single, snapshots.EmptyDirectory] : layers;
    }

    // What is in a volume is the containers' doing: no link in it may lead out.
    private string OpenSubpath(MountPlan.Volume volume, ICollection<IDisposable> held)
    {
        using var root = FilesAt.Open(volumes.DirectoryOf(volume.Name), OpenFlags.PathOnly | OpenFlags.Directory);
        try
        {
            var directory = FilesAt.OpenBeneath(root, volume.Subpath ?? ".", OpenFlags.PathOnly, OpenFlags.ResolveBeneath | OpenFlags.ResolveNoMagicLinks);
            held.Add(directory);
            return $"/proc/{Environment.ProcessId}/fd/{directory.Fd()}";
        }
        catch (ErrnoException missing) when (missing.Errno is Errno.ENOENT or Errno.ENOTDIR or Errno.EXDEV or Errno.ELOOP)
        {
            throw new EngineException(ErrorKind.InvalidArgument,
                $"cannot access path {volume.Subpath} of volume {volume.Name}: {ErrnoException.Describe(missing.Errno)}", missing);
        }
    }

    private static (IReadOnlyList<OciDevice> Devices, IReadOnlyList<OciDeviceRule> Rules) Devices(ContainerPlan plan, CdiEdits edits)
    {
        if (plan.Devices.Count == 0 && edits.Nodes.Count == 0 && !plan.Security.Privileged)
        {
            return ([], []);
        }

        var devices = new Dictionary<string, OciDevice>(StringComparer.Ordinal);
        var rules = new List<OciDeviceRule>();
        foreach (var device in plan.Security.Privileged ? HostDevices.All() : [])
        {
            devices[device.Path] = device;
        }

        foreach (var wanted in plan.Devices)
        {
            foreach (var device in HostDevices.At(wanted.PathOnHost, wanted.PathInContainer))
            {
                devices[device.Path] = device;
                rules.Add(new OciDeviceRule { Allow = true, Type = device.Type, Major = device.Major, Minor = device.Minor, Access = wanted.Access });
            }
        }

        foreach (var node in edits.Nodes)
        {
            var device = HostDevices.Of(node);
            devices[device.Path] = device;
            rules.Add(new OciDeviceRule { Allow = true, Type = device.Type, Major = device.Major, Minor = device.Minor, Access = node.Permissions });
        }

        return ([.. devices.Values], rules);
    }

    /// <summary>With the numbers of the devices, as they are now.</summary>
    /// <exception cref="EngineException">InvalidArgument: a path is no block device.</exception>
    internal static OciBlockIo? BlockIo(ResourcePlan resources)
    {
        if (resources is { ReadBps.Count: 0, WriteBps.Count: 0, ReadIops.Count: 0, WriteIops.Count: 0, Weights.Count: 0 })
        {
            return resources.Limits.BlockIo;
        }

        return (resources.Limits.BlockIo ?? new OciBlockIo()) with
        {
            ThrottleReadBpsDevice = Throttle(resources.ReadBps),
            ThrottleWriteBpsDevice = Throttle(resources.WriteBps),
            ThrottleReadIopsDevice = Throttle(resources.ReadIops),
            ThrottleWriteIopsDevice = Throttle(resources.WriteIops),
            WeightDevice = resources.Weights.Count == 0 ? null : [.. resources.Weights.Select(device =>
            {
                var (major, minor) = HostDevices.BlockDevice(device.Path);
                return new OciWeightDevice(major, minor, (ushort)device.Value, null);
            })],
        };
    }

    private static OciThrottleDevice[]? Throttle(IReadOnlyList<BlockDeviceRate> devices) => devices.Count == 0 ? null : [.. devices.Select(device =>
    {
        var (major, minor) = HostDevices.BlockDevice(device.Path);
        return new OciThrottleDevice(major, minor, device.Value);
    })];

    // Counters that tell one container what the others do to the processor's temperature.
    private static string[] ThermalPaths() => [.. Enumerable.Range(0, Environment.ProcessorCount)
        .Select(number => $"/sys/devices/system/cpu/cpu{number}/thermal_throttle").Where(Directory.Exists)];
}
