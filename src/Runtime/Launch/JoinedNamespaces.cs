using Berth.Runtime.Plan;
using Berth.Shared.Linux;
using Microsoft.Win32.SafeHandles;

namespace Berth.Runtime.Launch;

/// <summary>Namespaces that are joined by path, opened before the clone so that what a path means can't change meanwhile.</summary>
internal sealed class JoinedNamespaces : IDisposable
{
    private readonly List<(NamespaceKinds Kind, string Path, SafeFileHandle Descriptor)> _opened = [];

    public JoinedNamespaces(NamespacePlan plan)
    {
        try
        {
            foreach (var (kind, path) in plan.Joined)
            {
                _opened.Add((kind, path, FilesAt.Open(path, OpenFlags.ReadOnly)));
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>All but the pid namespace, which a process can't change for itself.</summary>
    public void AddSteps(StepList steps)
    {
        foreach (var (kind, path, descriptor) in _opened)
        {
            if (kind != NamespaceKinds.Pid)
            {
                steps.Call($"join the {NamespacePlan.NameOf(kind)} namespace", path, SyscallNumber.Setns, descriptor, (uint)kind);
            }
        }
    }

    /// <summary>Makes the child inside the joined pid namespace.</summary>
    public T Clone<T>(Func<T> clone)
    {
        var (_, path, descriptor) = _opened.FirstOrDefault(o => o.Kind == NamespaceKinds.Pid);
        return descriptor is null ? clone() : CloneInPidNamespace(descriptor, path, clone);
    }

    /// <param name="descriptor">Of the namespace, or of a process in it.</param>
    public static T CloneInPidNamespace<T>(SafeFileHandle descriptor, string path, Func<T> clone)
    {
        using var own = FilesAt.Open("/proc/self/ns/pid", OpenFlags.ReadOnly);
        try
        {
            Namespaces.Enter(descriptor, (uint)NamespaceKinds.Pid);
        }
        catch (ErrnoException e)
        {
            throw new LaunchException("join the pid namespace", e.Errno, $"join the pid namespace {path}: {ErrnoException.Describe(e.Errno)}", inner: e);
        }

        try
        {
            return clone();
        }
        finally
        {
            Namespaces.Enter(own, (uint)NamespaceKinds.Pid);
        }
    }

    public void Dispose() => _opened.ForEach(o => o.Descriptor.Dispose());
}
