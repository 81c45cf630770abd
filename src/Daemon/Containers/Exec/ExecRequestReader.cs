using Berth.Daemon.Containers.Attach;
using Berth.Daemon.Containers.Planning;
using Berth.Shared.Api;

namespace Berth.Daemon.Containers.Exec;

/// <summary>Understands what a client asks for.</summary>
internal static class ExecRequestReader
{
    /// <exception cref="Shared.Errors.EngineException">InvalidArgument: a field says what can't be done; the message names it.</exception>
    public static ExecRecord Read(ExecCreateRequest request, string containerId, string id)
    {
        if (request.Cmd is not { Count: > 0 } command)
        {
            throw ExecErrors.NoCommand();
        }

        DetachKeys.Parse(request.DetachKeys); // to refuse it now
        foreach (var variable in request.Env ?? [])
        {
            if (variable.Length == 0 || variable[0] == '=' || variable.Contains('\0'))
            {
                throw ExecErrors.InvalidVariable(variable);
            }
        }

        var directory = request.WorkingDir ?? "";
        if (directory.Length > 0 && !directory.StartsWith('/'))
        {
            throw ExecErrors.InvalidWorkingDirectory(directory);
        }

        ContainerPlanner.CheckUser("User", request.User ?? "");
        var tty = request.Tty == true;
        return new ExecRecord
        {
            Id = id,
            ContainerId = containerId,
            Arguments = [.. command],
            Environment = [.. request.Env ?? []],
            User = request.User ?? "",
            WorkingDirectory = directory,
            Tty = tty,
            Privileged = request.Privileged == true,
            AttachStdin = request.AttachStdin == true,
            AttachStdout = request.AttachStdout == true,
            AttachStderr = request.AttachStderr == true,
            DetachKeys = request.DetachKeys,
            ConsoleSize = tty ? ReadSize(request.ConsoleSize) : null,
        };
    }

    /// <summary>Height and width.</summary>
    public static TerminalSize? ReadSize(List<int>? size) => size switch
    {
        null or [] => null,
        [>= 0 and <= ushort.MaxValue and var rows, >= 0 and <= ushort.MaxValue and var columns] => new TerminalSize(rows, columns),
        _ => throw ExecErrors.InvalidConsoleSize(),
    };
}
