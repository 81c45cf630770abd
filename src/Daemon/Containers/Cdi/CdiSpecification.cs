namespace Berth.Daemon.Containers.Cdi;

/// <summary>One file: devices of one kind.</summary>
/// <param name="Kind">"vendor/class".</param>
/// <param name="Edits">Of every device of the file, once for a container.</param>
internal sealed record CdiSpecification(string Path, string Kind, CdiEdits Edits, IReadOnlyDictionary<string, CdiEdits> Devices);
