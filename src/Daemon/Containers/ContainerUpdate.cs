using System.Text.Json;
using Berth.Daemon.Containers.Lifecycle;
using Berth.Daemon.Containers.Planning;
using Berth.Daemon.Hosting;
using Berth.Shared.Api;
using Berth.Shared.Errors;

namespace Berth.Daemon.Containers;

/// <summary>Changes limits and restart policy of a container, of a running one at once.</summary>
internal sealed class ContainerUpdate(ContainerIndex containers, ContainerLifecycle lifecycle, InForce<EngineFacts> facts, ContainerEvents events)
{
    /// <param name="request">What is absent or zero stays as it is.</param>
    /// <returns>Warnings.</returns>
    /// <exception cref="EngineException">NotFound; InvalidArgument: values that contradict one another, or can't be changed; Conflict: being removed.</exception>
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

        var host = Merge(container.HostConfig, request);
        if (container.Plan.AutoRemove && request.RestartPolicy?.Name is not (null or "" or "no"))
        {
            throw new EngineException(ErrorKind.InvalidArgument, "Restart policy cannot be updated because AutoRemove is enabled for the container");
        }

        var (plan, warnings) = ContainerPlanner.Plan(container.Config, host, container.Endpoints, facts.Value.ForKnownContainers());
        var all = warnings.ToList();
        if (container.IsLive)
        {
            // Devices stay as they are: the rules of the cgroup were made with those looked up at the start.
            all.AddRange(lifecycle.Cgroup(container).Apply(plan.Resources.Limits with { Devices = null }));
        }

        turn.SaveConfiguration(container with { HostConfig = host, Plan = plan });
        events.Publish("update", turn.Record);
        return all;
    }

    private static HostConfig Merge(HostConfig current, ContainerUpdateRequest request)
    {
        // A copy: readers hold the current one.
        var host = JsonSerializer.Deserialize(JsonSerializer.SerializeToUtf8Bytes(current, ApiJson.Default.HostConfig), ApiJson.Default.HostConfig)
            ?? throw new InvalidOperationException("a HostConfig became null");
        if (request.Memory is > 0 && request.MemorySwap is null or 0 && host.MemorySwap is > 0 && request.Memory > host.MemorySwap)
        {
            throw new EngineException(ErrorKind.InvalidArgument,
                "Memory limit should be smaller than already set memoryswap limit, update the memoryswap at the same time");
        }

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
        host.PidsLimit = request.PidsLimit ?? host.PidsLimit;
        if (!string.IsNullOrEmpty(request.RestartPolicy?.Name))
        {
            host.RestartPolicy = request.RestartPolicy;
        }

        return host;
    }

    private static long? Changed(long? value) => value is null or 0 ? null : value;

    private static void RefuseUnchangeable(ContainerUpdateRequest request)
    {
        var refused = new (string Field, bool IsSet)[]
        {
            ("CgroupParent", !string.IsNullOrEmpty(request.CgroupParent)),
            ("BlkioWeightDevice", request.BlkioWeightDevice is { Count: > 0 }),
            ("BlkioDeviceReadBps", request.BlkioDeviceReadBps is { Count: > 0 }),
            ("BlkioDeviceWriteBps", request.BlkioDeviceWriteBps is { Count: > 0 }),
            ("BlkioDeviceReadIOps", request.BlkioDeviceReadIOps is { Count: > 0 }),
            ("BlkioDeviceWriteIOps", request.BlkioDeviceWriteIOps is { Count: > 0 }),
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
                throw new EngineException(ErrorKind.InvalidArgument, $"invalid {field}: it can't be changed after the container was created");
            }
        }
    }
}
