using Berth.Shared.Linux;
using Microsoft.Win32.SafeHandles;

namespace Berth.Daemon.Quotas;

/// <summary>
/// Limits of what directories may hold, kept by the kernel: each owner gets a project id of its own, recorded before the kernel hears of it, so that
/// an id is never two owners'.
/// </summary>
internal sealed class QuotaService
{
    // Far above what people write into /etc/projid, and other engines count up from.
    private const uint FirstProject = 0x42000000;

    private readonly QuotaStore _store;
    private readonly ILogger<QuotaService> _log;
    private readonly Lock _gate = new();
    private readonly Dictionary<string, uint> _projects;
    private readonly HashSet<uint> _unusable = [];

    public QuotaService(QuotaStore store, ILogger<QuotaService> log)
    {
        (_store, _log) = (store, log);
        _projects = store.All().ToDictionary(entry => entry.Owner, entry => entry.Project, StringComparer.Ordinal);
    }

    /// <summary>Whether a limit on this directory would hold.</summary>
    public static bool IsAvailable(string directory)
    {
        using var place = Open(directory);
        return ProjectQuota.IsEnforced(place);
    }

    /// <summary>Limits what the directories, empty as yet and on one file system, may hold together.</summary>
    /// <exception cref="ErrnoException">The file system has no such quotas; nothing is limited then.</exception>
    public void Limit(string owner, long bytes, params ReadOnlySpan<string> directories)
    {
        using var place = Open(directories[0]);
        var project = Take(owner, place);
        try
        {
            ProjectQuota.SetLimit(place, project, bytes);
            foreach (var path in directories)
            {
                using var directory = Open(path);
                ProjectQuota.Assign(directory, project);
            }
        }
        catch
        {
            Release(owner, directories[0]);
            throw;
        }
    }

    /// <summary>The owner's directories are gone or going; does nothing when it had no limit.</summary>
    /// <param name="place">Any directory of their file system.</param>
    public void Release(string owner, string place)
    {
        lock (_gate)
        {
            if (!_projects.TryGetValue(owner, out var project))
            {
                return;
            }

            try
            {
                using var any = Open(place);
                ProjectQuota.SetLimit(any, project, 0);
            }
            catch (ErrnoException error)
            {
                _unusable.Add(project);
                _log.NotLifted(project, owner, error);
            }

            _store.Delete(owner);
            _projects.Remove(owner);
        }
    }

    /// <summary>Bytes that the owner's files take, without looking at them; null when it has no limit.</summary>
    public long? UsedBy(string owner, string directory)
    {
        uint project;
        lock (_gate)
        {
            if (!_projects.TryGetValue(owner, out project))
            {
                return null;
            }
        }

        using var place = Open(directory);
        return ProjectQuota.Get(place, project).Used;
    }

    /// <summary>Takes back what owners have that never came to be, or went while no daemon was there to see it.</summary>
    /// <param name="prefix">Of the owners in question.</param>
    public void Restore(string prefix, IReadOnlySet<string> owners, string place)
    {
        foreach (var owner in _projects.Keys.Where(owner => owner.StartsWith(prefix, StringComparison.Ordinal) && !owners.Contains(owner)).ToArray())
        {
            Release(owner, place);
        }
    }

    private uint Take(string owner, SafeFileHandle place)
    {
        lock (_gate)
        {
            var taken = _projects.Values.ToHashSet();
            var project = FirstProject;

            // Files of the id's last owner may still wait for their deletion.
            while (taken.Contains(project) || _unusable.Contains(project) || ProjectQuota.Get(place, project) != (0, 0))
            {
                project++;
            }

            _store.Insert(project, owner);
            _projects.Add(owner, project);
            return project;
        }
    }

    private static SafeFileHandle Open(string directory) => FilesAt.Open(directory, OpenFlags.ReadOnly | OpenFlags.Directory);
}
