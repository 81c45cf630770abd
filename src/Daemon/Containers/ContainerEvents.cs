using Berth.Daemon.Events;

namespace Berth.Daemon.Containers;

/// <summary>Tells of containers, with the attributes that Docker gives: the labels, the image and the name, and what the action adds.</summary>
internal sealed class ContainerEvents(EventService events)
{
    public void Publish(string action, ContainerRecord container, params ReadOnlySpan<(string Key, string Value)> further)
    {
        var attributes = new Dictionary<string, string>(container.Plan.Labels, StringComparer.Ordinal)
        {
            ["image"] = container.ImageName,
            ["name"] = container.Name,
        };
        foreach (var (key, value) in further)
        {
            attributes[key] = value;
        }

        events.Publish(EventType.Container, action, container.Id, attributes);
    }
}
