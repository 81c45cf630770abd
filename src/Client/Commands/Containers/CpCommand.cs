using System.Text;
using System.Text.Json;
using Berth.Client.Archives;
using Berth.Client.CommandLine;
using Berth.Client.Engine;
using Berth.Client.Output;
using Berth.Shared.Archives;
using Berth.Shared.Linux;
using Microsoft.Win32.SafeHandles;

namespace Berth.Client.Commands.Containers;

/// <summary><c>berth cp</c>.</summary>
internal static class CpCommand
{
    private const long GoDirectory = 1L << 31, GoSymlink = 1L << 27; // os.FileMode, which the API speaks
    private static readonly Switch Archive = Opt.Switch("archive", 'a', "Keep owners (as far as the caller may)");
    private static readonly Switch FollowLink = Opt.Switch("follow-link", 'L', "Follow a link that is the source");
    private static readonly Switch Quiet = Opt.Switch("quiet", 'q', "Do not tell what was copied");

    public static CommandSpec Define() => new()
    {
        Operands = "CONTAINER:SRC_PATH DEST_PATH|- | SRC_PATH|- CONTAINER:DEST_PATH",
        Summary = "Copy files between a container and the local file system",
        Description = "Works on running containers and others, over volumes too. '-' is an archive on standard input or output. \"/.\" at the end of a source directory means what is in it.",
        Examples = ["berth cp web:/etc/nginx/nginx.conf . # Out of a container", "berth cp site/. web:/srv # What is in site, into it", "tar -c . | berth cp - web:/srv # An archive"],
        Options = [Archive, FollowLink, Quiet],
        Arguments = Arity.Exactly(2),
        Completes = Completes.Files,
        Run = Run,
    };

    private static int Run(Invocation call)
    {
        var (source, destination) = (Split(call.Arguments[0]), Split(call.Arguments[1]));
        switch (source.Container, destination.Container)
        {
            case (null, null):
                throw new CommandFailedException("must specify at least one container source");
            case ({ } from, null):
                CopyOut(call, from, source.Path, destination.Path);
                return 0;
            case (null, { } into):
                CopyIn(call, source.Path, into, destination.Path);
                return 0;
            default:
                throw new CommandFailedException("copying between containers is not supported");
        }
    }

    /// <summary>A path with a slash before its first colon is local, as docker has it.</summary>
    private static (string? Container, string Path) Split(string argument)
    {
        var colon = argument.IndexOf(':', StringComparison.Ordinal);
        return argument == "-" || argument.StartsWith('/') || argument.StartsWith('.') || colon < 0
            ? (null, argument)
            : (argument[..colon], argument[(colon + 1)..]);
    }

    private static void CopyOut(Invocation call, string container, string path, string destination)
    {
        if (call.Get(FollowLink) && Stat(call, container, path) is { IsSymlink: true } link)
        {
            path = link.LinkTarget;
        }

        if (destination == "-")
        {
            ArchiveOutput.RequireDestination(call, path: null, "copy");
            using var raw = call.Engine.Send("GET", Target(container, path).ToString());
            ArchiveOutput.Write(call, raw, path: null);
            return;
        }

        using var reply = call.Engine.Send("GET", Target(container, path).ToString());
        var stat = PathStat.Parse(reply.Head["X-Docker-Container-Path-Stat"]);
        bool? isDirectory = Directory.Exists(destination) ? true : File.Exists(destination) ? false : null;
        var target = CopyTarget.Choose(stat.Name, stat.IsDirectory, destination, isDirectory);
        if (!Directory.Exists(target.Directory))
        {
            throw new CommandFailedException($"invalid output path: directory \"{target.Directory}\" does not exist");
        }

        using var root = TreeFiles.OpenDirectory(target.Directory);
        var body = new ReplyStream(reply);
        try
        {
            new ArchiveUnpacker(root, stat.Name, target.Name, call.Get(Archive)).Unpack(new LayerTarReader(body));
        }
        catch (TarFormatException wrong)
        {
            throw new CommandFailedException(wrong.Message);
        }

        Tell(call, body.Count, destination);
    }

    private static void CopyIn(Invocation call, string source, string container, string destination)
    {
        var there = Stat(call, container, destination, mayBeMissing: true);
        if (there is { IsSymlink: true })
        {
            destination = there.LinkTarget;
            there = Stat(call, container, destination, mayBeMissing: true);
        }

        if (source == "-")
        {
            if (there is not { IsDirectory: true })
            {
                throw new CommandFailedException($"destination \"{container}:{destination}\" must be a directory");
            }

            using var done = call.Engine.Upload("PUT", In(call, container, destination), "application/x-tar", buffer => ByteStreams.Read(call.World.Input, buffer.Span));
            return;
        }

        using var local = LocalSource.Open(source, call.Get(FollowLink));
        var target = CopyTarget.Choose(local.Base, local.IsDirectory, destination, there?.IsDirectory);
        if (there is null && Stat(call, container, target.Directory, mayBeMissing: true) is not ({ IsDirectory: true } or { IsSymlink: true }))
        {
            throw new CommandFailedException($"no such directory: {container}:{target.Directory}");
        }

        using var pipe = new ArchivePipe(output => local.Write(output, target.Name));
        using var reply = call.Engine.Upload("PUT", In(call, container, target.Directory), "application/x-tar", buffer => pipe.Read(buffer.Span));
        Tell(call, pipe.Count, $"{container}:{destination}");
    }

    private static string In(Invocation call, string container, string path)
        => Target(container, path).Add("noOverwriteDirNonDir", "true").Add("copyUIDGID", call.Get(Archive) ? "true" : null).ToString();

    private static Query Target(string container, string path) => new Query($"/containers/{Query.Segment(container)}/archive").Add("path", path.Length == 0 ? "/" : path);

    private static PathStat? Stat(Invocation call, string container, string path, bool mayBeMissing = false)
    {
        try
        {
            using var reply = call.Engine.Send("HEAD", Target(container, path).ToString());
            return PathStat.Parse(reply.Head["X-Docker-Container-Path-Stat"]);
        }
        catch (EngineReplyException missing) when (missing.Status == 404)
        {
            // A reply to HEAD has no words: whether it is the container that is missing, another request tells.
            call.Engine.GetJson($"/containers/{Query.Segment(container)}/json");
            return mayBeMissing ? null : throw new CommandFailedException($"Could not find the file {path} in container {container}");
        }
    }

    private static void Tell(Invocation call, long bytes, string destination)
    {
        if (!call.Get(Quiet))
        {
            call.Err.WriteLine($"Successfully copied {Quantities.DecimalSize(bytes)} to {destination}");
        }
    }

    /// <param name="Name">The path's last component as the archive names it.</param>
    private sealed record PathStat(string Name, bool IsDirectory, bool IsSymlink, string LinkTarget)
    {
        public static PathStat Parse(string? header)
        {
            try
            {
                var json = JsonText.Parse(Convert.FromBase64String(header ?? ""));
                var mode = json.GetProperty("mode").GetInt64();
                return new PathStat(
                    json.GetProperty("name").GetString() ?? "", (mode & GoDirectory) != 0, (mode & GoSymlink) != 0, json.GetProperty("linkTarget").GetString() ?? "");
            }
            catch (Exception wrong) when (wrong is FormatException or JsonException or KeyNotFoundException)
            {
                throw new CommandFailedException($"the daemon's description of the path can't be read: {wrong.Message}");
            }
        }
    }

    /// <summary>A local file or directory, opened to be sent.</summary>
    private sealed record LocalSource(SafeFileHandle Directory, byte[] Name, string Base, bool IsDirectory) : IDisposable
    {
        public static LocalSource Open(string path, bool followsLink)
        {
            var isContent = path == "." || path.EndsWith("/.", StringComparison.Ordinal);
            if ((followsLink || CopyTarget.SaysDirectory(path)) && new FileInfo(path.TrimEnd('/')).LinkTarget is not null)
            {
                path = new FileInfo(path.TrimEnd('/')).ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? path;
            }

            var full = Path.GetFullPath(path);
            var name = full == "/" ? "" : Path.GetFileName(full.TrimEnd('/'));
            var directory = TreeFiles.OpenDirectory(name.Length == 0 ? "/" : Path.GetDirectoryName(full.TrimEnd('/'))!); // all but the root have one
            var bytes = Encoding.UTF8.GetBytes(name);
            if (TreeFiles.TryStatus(directory, bytes) is not { } status)
            {
                directory.Dispose();
                throw new CommandFailedException($"lstat {full}: no such file or directory");
            }

            return new LocalSource(directory, bytes, isContent ? "." : name.Length == 0 ? "/" : name, status.Kind == FileKind.Directory);
        }

        /// <param name="name">What it is called in the archive; empty: its content alone.</param>
        public void Write(Stream output, string name)
        {
            var archiver = new TreeArchiver(output) { TakesAttribute = static attribute => attribute.AsSpan().SequenceEqual("security.capability"u8) || attribute.AsSpan().StartsWith("user."u8) };
            if (name.Length > 0)
            {
                archiver.Add(Directory, Name, Encoding.UTF8.GetBytes(name), CancellationToken.None);
            }
            else
            {
                using var inner = Name.Length == 0 ? TreeFiles.Duplicate(Directory) : TreeFiles.OpenSubdirectory(Directory, Name);
                archiver.AddContent(inner, [], CancellationToken.None);
            }

            archiver.Finish();
        }

        public void Dispose() => Directory.Dispose();
    }
}
