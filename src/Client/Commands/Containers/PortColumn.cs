using System.Text.Json;
using Berth.Client.Output;

namespace Berth.Client.Commands.Containers;

/// <summary>The PORTS column: <c>0.0.0.0:8080->80/tcp</c>, with neighbouring ports drawn together: <c>0.0.0.0:7000-7002->7000-7002/tcp</c>.</summary>
internal static class PortColumn
{
    public static string Format(IEnumerable<JsonElement> ports)
    {
        var sorted = ports.Select(static port => new Port(port.Text("IP"), (int)port.Integer("PublicPort"), (int)port.Integer("PrivatePort"), port.Text("Type")))
            .OrderBy(static port => port.Private).ThenBy(static port => port.Address, StringComparer.Ordinal).ThenBy(static port => port.Public).ThenBy(static port => port.Type, StringComparer.Ordinal);
        var runs = new List<Run>();
        foreach (var port in sorted)
        {
            // A run goes on only while host and container ports count up together; a host port that differs from the container's stands alone.
            var run = runs.FindLast(run => run.Accepts(port));
            if (run is not null)
            {
                run.Last = port;
            }
            else
            {
                runs.Add(new Run(port));
            }
        }

        return string.Join(", ", runs.Select(static run => run.ToString()));
    }

    private sealed record Port(string Address, int Public, int Private, string Type);

    private sealed class Run
    {
        private readonly Port _first;

        public Run(Port first) => _first = Last = first;

        public Port Last { get; set; }

        public bool Accepts(Port next) => next.Address == _first.Address && next.Type == _first.Type && next.Private == Last.Private + 1
            && (_first.Public == 0 ? next.Public == 0 : _first.Public == _first.Private && next.Public == next.Private);

        public override string ToString()
        {
            var containerPorts = Range(_first.Private, Last.Private);
            if (_first.Public == 0)
            {
                return $"{containerPorts}/{_first.Type}";
            }

            var address = _first.Address.Contains(':', StringComparison.Ordinal) ? $"[{_first.Address}]" : _first.Address;
            return $"{address}:{Range(_first.Public, Last.Public)}->{containerPorts}/{_first.Type}";
        }

        private static string Range(int from, int to) => from == to ? $"{from}" : $"{from}-{to}";
    }
}
