using Berth.Client.Commands;
using Berth.Client.Commands.Containers;
using Berth.Client.Commands.Images;
using Berth.Client.Commands.Daemon;
using Berth.Client.Commands.Networks;
using Berth.Client.Commands.Registry;
using Berth.Client.Commands.Volumes;

namespace Berth.Client.CommandLine;

/// <summary>All commands by the words that call them. A command's definition is made when it is called, not before: start-up time is paid on every call.</summary>
internal sealed class CommandTree
{
    /// <summary>Nouns under which commands are grouped, with what they are about.</summary>
    public static readonly IReadOnlyList<(string Name, string Summary)> Groups =
    [
        ("container", "Work with containers"),
        ("image", "Work with images"),
        ("network", "Work with networks"),
        ("system", "Look after the engine itself"),
        ("volume", "Work with volumes"),
    ];

    /// <summary>Each command's definition after all the words that call it; the first is the one help shows.</summary>
    private static readonly (string[] Paths, Func<CommandSpec> Define)[] Entries =
    [
        (["run", "container run"], RunCommand.Define),
        (["exec", "container exec"], ExecCommand.Define),
        (["ps", "container ls", "container list", "container ps"], PsCommand.Define),
        (["pull", "image pull"], PullCommand.Define),
        (["images", "image ls", "image list"], ImagesCommand.Define),
        (["version"], VersionCommand.Define),
        (["info", "system info"], InfoCommand.Define),
        (["attach", "container attach"], AttachCommand.Define),
        (["commit", "container commit"], CommitCommand.Define),
        (["cp", "container cp"], CpCommand.Define),
        (["create", "container create"], CreateCommand.Define),
        (["diff", "container diff"], DiffCommand.Define),
        (["events", "system events"], EventsCommand.Define),
        (["export", "container export"], ExportCommand.Define),
        (["history", "image history"], HistoryCommand.Define),
        (["import", "image import"], ImportCommand.Define),
        (["inspect"], InspectCommand.Define),
        (["kill", "container kill"], KillCommand.Define),
        (["load", "image load"], LoadCommand.Define),
        (["login"], LoginCommand.Define),
        (["logout"], LogoutCommand.Define),
        (["logs", "container logs"], LogsCommand.Define),
        (["pause", "container pause"], PauseCommand.Define),
        (["port", "container port"], PortCommand.Define),
        (["push", "image push"], PushCommand.Define),
        (["rename", "container rename"], RenameCommand.Define),
        (["restart", "container restart"], RestartCommand.Define),
        (["rm", "container rm", "container remove"], RmCommand.Define),
        (["rmi", "image rm", "image remove"], RmiCommand.Define),
        (["save", "image save"], SaveCommand.Define),
        (["start", "container start"], StartCommand.Define),
        (["stats", "container stats"], StatsCommand.Define),
        (["stop", "container stop"], StopCommand.Define),
        (["tag", "image tag"], TagCommand.Define),
        (["top", "container top"], TopCommand.Define),
        (["update", "container update"], UpdateCommand.Define),
        (["unpause", "container unpause"], UnpauseCommand.Define),
        (["wait", "container wait"], WaitCommand.Define),
        (["container inspect"], ContainerInspectCommand.Define),
        (["container prune"], ContainerPruneCommand.Define),
        (["image inspect"], ImageInspectCommand.Define),
        (["image prune"], ImagePruneCommand.Define),
        (["network connect"], NetworkConnectCommand.Define),
        (["network create"], NetworkCreateCommand.Define),
        (["network disconnect"], NetworkDisconnectCommand.Define),
        (["network inspect"], NetworkInspectCommand.Define),
        (["network ls", "network list"], NetworkLsCommand.Define),
        (["network prune"], NetworkPruneCommand.Define),
        (["network rm", "network remove"], NetworkRmCommand.Define),
        (["system df"], DiskUsageCommand.Define),
        (["system prune"], SystemPruneCommand.Define),
        (["volume create"], VolumeCreateCommand.Define),
        (["volume inspect"], VolumeInspectCommand.Define),
        (["volume ls", "volume list"], VolumeLsCommand.Define),
        (["volume prune"], VolumePruneCommand.Define),
        (["volume rm", "volume remove"], VolumeRmCommand.Define),
        (["completion"], CompletionCommand.Define),
        (["docs"], DocsCommand.Define),
        (["__complete"], CompleteCommand.Define),
    ];

    /// <summary>Commands that no help mentions.</summary>
    private static bool IsHidden(string path) => path is "docs" or "__complete";

    /// <summary>Every visible command, each once.</summary>
    public IEnumerable<CommandSpec> All => Entries.Where(static entry => !IsHidden(entry.Paths[0])).Select(static entry => Make(entry));

    /// <summary>All first words, hidden ones left out.</summary>
    public IEnumerable<string> FirstWords
        => Entries.Select(static entry => entry.Paths[0]).Where(static path => !path.Contains(' ', StringComparison.Ordinal) && !IsHidden(path))
            .Concat(Groups.Select(static group => group.Name)).Append("help");

    /// <summary>The second words a group knows, one for each command.</summary>
    public IEnumerable<(string Word, CommandSpec Command)> InGroup(string group)
        => Entries.SelectMany(entry => entry.Paths.Where(path => path.StartsWith(group + " ", StringComparison.Ordinal)).Take(1)
            .Select(path => (path[(group.Length + 1)..], Make(entry))));

    public static bool IsGroup(string word) => word is "container" or "image" or "network" or "system" or "volume";

    /// <returns>The command called by exactly this path, or <see langword="null"/>.</returns>
    public CommandSpec? Find(string path)
    {
        foreach (var entry in Entries)
        {
            foreach (var candidate in entry.Paths)
            {
                if (candidate == path)
                {
                    return Make(entry);
                }
            }
        }

        return null;
    }

    private static CommandSpec Make((string[] Paths, Func<CommandSpec> Define) entry)
    {
        var command = entry.Define();
        command.Path = entry.Paths[0];
        command.Aliases = entry.Paths.Length == 1 ? [] : entry.Paths[1..];
        return command;
    }
}
