using System.Text.Json;
using Berth.Daemon.Containers.Lifecycle;
using Berth.Daemon.Containers.Planning;
using Berth.Daemon.Hosting;
using Berth.Shared.Api;
using Berth.Shared.Errors;
using Berth.Shared.Oci;

namespace Berth.Daemon.Containers;

/// <summary>Changes limits and restart policy of a container, of a running one at once.</summary>
internal sealed class ContainerUpdate(ContainerIndex containers, ContainerLifecycle lifecycle, InForce<EngineFacts> facts, ContainerEvents events)
{
    /// <param name="request">What is absent or zero stays as it is.</param>
    /// <returns>Warnings.</returns>
    /// <exception cref="EngineException">
    /// NotFound; InvalidArgument: values that contradict one another, can't be changed, or that the kernel refuses; Conflict: being removed, or against what is set.
    /// </exception>
    public async Task<IReadOnlyList<string>> ApplyAsync(string idOrName, ContainerUpdateRequest request, CancellationToken ct)
    {
        RefuseUnchangeable(request);
        var cell = containers.Resolve(idOrName);
        using var turn = await cell.EnterAsync(ct);
        var container = turn.Record;
        if (container.IsBeingRemoved)
        {
            throw new EngineException(ErrorKind.Conflict, $"Cannot update container {container.Id}: container is marked for removal and cannot be \"update\".");
        }

        RefuseContradictions(container, request);
        var host = Merge(container.HostConfig, request);
        var known = facts.Value.ForKnownContainers();
        var (plan, warnings) = ContainerPlanner.Plan(container.Config, host, container.Endpoints, known with { ProcessorCount = facts.Value.ProcessorCount });
        var (_, before) = ContainerPlanner.Plan(container.Config, container.HostConfig, container.Endpoints, known);
        var news = warnings.Except(before).ToList();
        if (container.IsLive)
        {
            news.AddRange(Set(container, plan));
        }

        turn.SaveConfiguration(container with { HostConfig = host, Plan = plan });
        events.Publish("update", turn.Record);
        return news;
    }

    private IReadOnlyList<string> Set(ContainerRecord container, ContainerPlan plan)
    {
        var changes = LimitChanges.Between(container.Plan.Resources, plan.Resources);
        if (changes == new OciResources())
        {
            return [];
        }

        var back = LimitChanges.Between(plan.Resources, container.Plan.Resources);
        var cgroup = lifecycle.Cgroup(container);
        try
        {
            return cgroup.Apply(changes);
        }
        catch (Exception refused)
        {
            // All or nothing: what was set before the value that the kernel refused is set back.
            try
            {
                cgroup.Apply(back);
            }
            catch (Exception alsoRefused)
            {
                throw new AggregateException($"{refused.Message}; and the limits could not be set back: {alsoRefused.Message}", refused, alsoRefused);
            }

            throw;
        }
    }

    private static void RefuseContradictions(ContainerRecord container, ContainerUpdateRequest request)
    {
        var host = container.HostConfig;
        if (request.NanoCpus > 0 && host.CpuPeriod > 0)
        {
            throw Conflicting("Nano CPUs cannot be updated as CPU Period has already been set");
        }

        if (request.NanoCpus > 0 && host.CpuQuota > 0)
        {
            throw Conflicting("Nano CPUs cannot be updated as CPU Quota has already been set");
        }

        if (request.CpuPeriod > 0 && host.NanoCpus > 0)
        {
            throw Conflicting("CPU Period cannot be updated as NanoCPUs has already been set");
        }

        if (request.CpuQuota > 0 && host.NanoCpus > 0)
        {
            throw Conflicting("CPU Quota cannot be updated as NanoCPUs has already been set");
        }

        if (request.Memory > 0 && request.MemorySwap is null or 0 && host.MemorySwap is > 0 && request.Memory > host.MemorySwap)
        {
            throw new EngineException(ErrorKind.InvalidArgument,
                "Memory limit should be smaller than already set memoryswap limit, update the memoryswap at the same time");
        }

        var policy = request.RestartPolicy;
        if (container.Plan.AutoRemove && policy?.Name is not (null or "" or "no"))
        {
            throw new EngineException(ErrorKind.Conflict, "Restart policy cannot be updated because AutoRemove is enabled for the container");
        }

        if (string.IsNullOrEmpty(policy?.Name) && policy?.MaximumRetryCount is not (null or 0))
        {
            throw new EngineException(ErrorKind.InvalidArgument,
                $"invalid RestartPolicy.MaximumRetryCount {policy?.MaximumRetryCount}: maximum retry count can only be used with 'on-failure', which RestartPolicy.Name must say");
        }
    }

    private static EngineException Conflicting(string what) => new(ErrorKind.Conflict, $"Conflicting options: {what}");

    private static HostConfig Merge(HostConfig current, ContainerUpdateRequest request)
    {
        // A copy: readers hold the current one.
        var host = JsonSerializer.Deserialize(JsonSerializer.SerializeToUtf8Bytes(current, ApiJson.Default.HostConfig), ApiJson.Default.HostConfig)
            ?? throw new InvalidOperationException("a HostConfig became null");
        host.CpuShares = Changed(request.CpuShares) ?? host.CpuShares;
        host.NanoCpus = Changed(request.NanoCpus) ?? host.NanoCpus;
        host.CpuPeriod = Changed(request.CpuPeriod) ?? host.CpuPeriod;
        host.CpuQuota = Changed(request.CpuQuota) ?? host.CpuQuota;
        host.CpusetCpus = string.IsNullOrEmpty(request.CpusetCpus) ? host.CpusetCpus : request.CpusetCpus;
        host.CpusetMems = string.IsNullOrEmpty(request.CpusetMems) ? host.CpusetMems : request.CpusetMems;
        host.Memory = Changed(request.Memory) ?? host.Memory;
        host.MemorySwap = Changed(request.MemorySwap) ?? host.MemorySwap;
        host.MemoryReservation = Changed(request.MemoryReservation) ?? host.MemoryReservation;
        host.BlkioWeight = request.BlkioWeight is null or 0 ? host.BlkioWeight : request.BlkioWeight;
        host.BlkioWeightDevice = Merge(host.BlkioWeightDevice, request.BlkioWeightDevice, device => device.Path, _ => false);
        host.BlkioDeviceReadBps = Merge(host.BlkioDeviceReadBps, request.BlkioDeviceReadBps);
        host.BlkioDeviceWriteBps = Merge(host.BlkioDeviceWriteBps, request.BlkioDeviceWriteBps);
        host.BlkioDeviceReadIOps = Merge(host.BlkioDeviceReadIOps, request.BlkioDeviceReadIOps);
        host.BlkioDeviceWriteIOps = Merge(host.BlkioDeviceWriteIOps, request.BlkioDeviceWriteIOps);
        host.PidsLimit = request.PidsLimit ?? host.PidsLimit;
        if (!string.IsNullOrEmpty(request.RestartPolicy?.Name))
        {
            host.RestartPolicy = request.RestartPolicy;
        }

        return host;
    }

    // Device by device: those that are not named keep what they have, and rate 0 takes a device's limit away.
    private static List<ThrottleDevice>? Merge(List<ThrottleDevice>? current, List<ThrottleDevice>? changed)
        => Merge(current, changed, device => device.Path, device => device.Rate == 0);

    private static List<T>? Merge<T>(List<T>? current, List<T>? changed, Func<T, string?> path, Func<T, bool> isLifted)
    {
        if (changed is not { Count: > 0 })
        {
            return current;
        }

        var named = changed.Select(path).ToHashSet(StringComparer.Ordinal);
        return [.. (current ?? []).Where(device => !named.Contains(path(device))), .. changed.Where(device => !isLifted(device))];
    }

    private static long? Changed(long? value) => value is null or 0 ? null : value;

    private static void RefuseUnchangeable(ContainerUpdateRequest request)
    {
        var refused = new (string Field, bool IsSet)[]
        {
            ("CgroupParent", !string.IsNullOrEmpty(request.CgroupParent)),
            ("CpuRealtimePeriod", request.CpuRealtimePeriod is not (null or 0)),
            ("CpuRealtimeRuntime", request.CpuRealtimeRuntime is not (null or 0)),
            ("Devices", request.Devices is { Count: > 0 }),
            ("DeviceCgroupRules", request.DeviceCgroupRules is { Count: > 0 }),
            ("DeviceRequests", request.DeviceRequests is { Count: > 0 }),
            ("KernelMemory", request.KernelMemory is not (null or 0)),
            ("KernelMemoryTCP", request.KernelMemoryTCP is not (null or 0)),
            ("MemorySwappiness", request.MemorySwappiness is not (null or -1)),
            ("OomKillDisable", request.OomKillDisable == true),
            ("Ulimits", request.Ulimits is { Count: > 0 }),
            ("CpuCount", request.CpuCount is not (null or 0)),
            ("CpuPercent", request.CpuPercent is not (null or 0)),
            ("IOMaximumIOps", request.IOMaximumIOps is not (null or 0)),
            ("IOMaximumBandwidth", request.IOMaximumBandwidth is not (null or 0)),
        };
        foreach (var (field, isSet) in refused)
        {
            if (isSet)
            {
                throw new EngineException(ErrorKind.InvalidArgument,
                    $"invalid {field}: it can't be changed after the container was created; what can be are the limits of processors, memory, processes and block devices, and RestartPolicy");
            }
        }
    }
}
