using Berth.Shared.Linux;
using Microsoft.Win32.SafeHandles;

namespace Berth.Runtime.Launch;

/// <summary>The steps that several programs are made of.</summary>
internal static unsafe class StepListExtensions
{
    /// <summary>Closes the child's copy, so that the parent's is the last one.</summary>
    public static void AddClose(this StepList steps, SafeFileHandle handle) => steps.Call("close", null, SyscallNumber.Close, handle);

    /// <summary>Waits for <see cref="Go"/> on the other end, and fails when that is closed without it.</summary>
    public static void AddWait(this StepList steps, SafeFileHandle pipe)
    {
        var word = steps.Allocate<int>();
        *word = 1;
        steps.Call("wait for the runtime", null, SyscallNumber.Read, pipe, StepList.Address(word), sizeof(int));
        steps.ExpectZero("wait for the runtime", "(which has gone)", word);
    }

    /// <summary>Lets the child of <see cref="AddWait"/> go on.</summary>
    public static void Go(SafeFileHandle pipe) => ByteStreams.Write(pipe, [0, 0, 0, 0]);

    /// <summary>Opens a path below a directory without following anything out of it.</summary>
    public static StepRef OpenBeneath(this StepList steps, string what, string target, StepArgument root, string path, int flags, ulong resolve)
    {
        var how = new FilesAt.OpenHow { Flags = (ulong)(flags | OpenFlags.CloseOnExec), Resolve = resolve };
        return steps.Call(
            what, target, SyscallNumber.Openat2, root, steps.TextArgument(path.Length == 0 ? "." : path), steps.Struct(how), sizeof(FilesAt.OpenHow));
    }

    /// <summary>Writes a text to a file that exists, in one write.</summary>
    public static void WriteText(this StepList steps, string what, string target, StepArgument file, string text)
    {
        var bytes = steps.Text(text);
        var length = System.Text.Encoding.UTF8.GetByteCount(text);
        steps.Call(what, target, SyscallNumber.Write, file, StepList.Address(bytes), length);
    }

    /// <summary>Attaches an unattached mount to what <paramref name="place"/> is open on.</summary>
    public static StepRef Attach(this StepList steps, string target, StepArgument mount, StepArgument place)
    {
        var empty = steps.TextArgument("");
        return steps.Call("mount", target, SyscallNumber.MoveMount, mount, empty, place, empty, MountApi.MoveFromFd | MountApi.MoveToFd);
    }

    /// <summary>Makes a file system inside the child's namespaces; the result is an unattached mount.</summary>
    public static StepRef MakeFileSystem(this StepList steps, string target, string type, IReadOnlyList<(string Key, string? Value)> data, MountAttributes attributes)
    {
        var context = steps.Call("mount", target, SyscallNumber.Fsopen, steps.TextArgument(type), MountApi.FsopenCloseOnExec);
        foreach (var (key, value) in data)
        {
            steps.Call(
                "mount", $"{target} (option {key}{(value is null ? "" : $"={value}")})", SyscallNumber.Fsconfig,
                context, value is null ? MountApi.SetFlag : MountApi.SetString, steps.TextArgument(key), steps.TextArgument(value));
        }

        steps.Call("mount", target, SyscallNumber.Fsconfig, context, MountApi.CmdCreate);
        var mount = steps.Call("mount", target, SyscallNumber.Fsmount, context, MountApi.FsmountCloseOnExec, (ulong)attributes);
        steps.Call("close", null, SyscallNumber.Close, context);
        return mount;
    }
}
