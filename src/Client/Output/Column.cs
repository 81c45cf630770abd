namespace Berth.Client.Output;

/// <summary>One thing a list can show of its items.</summary>
/// <param name="Name">What templates call it: <c>.Names</c>.</param>
/// <param name="Header">The column's title.</param>
/// <param name="Read">Its text for one item.</param>
internal sealed record Column<T>(string Name, string Header, Func<T, string> Read);
