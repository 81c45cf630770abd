using Berth.Shared.Errors;
using Berth.Shared.Linux;

namespace Berth.Shared.Cgroups;

internal static class CgroupErrors
{
    public static EngineException NoHierarchy()
        => new(ErrorKind.Unavailable, "No cgroup file system is mounted: mount cgroup2 at /sys/fs/cgroup");

    public static EngineException BadPath(string path, string reason)
        => new(ErrorKind.InvalidArgument, $"Invalid cgroup path {path}: {reason}");

    public static EngineException SystemdPath(string path)
        => new(ErrorKind.NotImplemented, $"Cgroup path {path} is in the form of the systemd driver (slice:prefix:name), which this engine doesn't have: give a plain path");

    /// <summary>The kernel refused a value; <paramref name="why"/> adds what the errno alone doesn't tell.</summary>
    public static EngineException Refused(string file, string value, ErrnoException cause, string? why = null)
        => new(
            cause.Errno is Errno.EINVAL or Errno.ERANGE or Errno.EBUSY or Errno.ENODEV or Errno.EOPNOTSUPP ? ErrorKind.InvalidArgument : ErrorKind.Internal,
            $"Cannot set {file} to {value}: {ErrnoException.Describe(cause.Errno)}{(why is null ? "" : $" ({why})")}",
            cause);

    public static EngineException Contradiction(string message) => new(ErrorKind.InvalidArgument, message);

    public static EngineException DividedAbove(string directory, ErrnoException cause)
        => new(ErrorKind.Conflict, $"Cannot enable controllers below the cgroup {directory}: it holds processes itself, and cgroup v2 allows controllers only below cgroups that hold none", cause);
}
