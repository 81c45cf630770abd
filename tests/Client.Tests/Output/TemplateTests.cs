using System.Text.Json;
using Berth.Client.Output.Templates;

namespace Berth.Client.Tests.Output;

public sealed class TemplateTests
{
    private const string Container = """
        {"Id":"abc123","Name":"/web","State":{"Running":true,"ExitCode":0,"Pid":4242},"Config":{"Labels":{"com.example.team":"red","b":"2"},"Env":["A=1","B=2"],"Cmd":null},
         "Mounts":[{"Destination":"/a","RW":true},{"Destination":"/b","RW":false}],"NetworkSettings":{"Ports":{"80/tcp":[{"HostPort":"8080"}],"443/tcp":null}},"Size":1.5,"Empty":[]}
        """;

    [Theory]
    [InlineData("{{.Id}}", "abc123")]
    [InlineData("{{ .State.Running }}", "true")]
    [InlineData("{{.State.Pid}}/{{.State.ExitCode}}", "4242/0")]
    [InlineData("{{.ID}}", "abc123")]
    [InlineData("{{json .Config.Env}}", "[\"A=1\",\"B=2\"]")]
    [InlineData("{{json .Config.Cmd}}", "null")]
    [InlineData("{{index .Config.Labels \"com.example.team\"}}", "red")]
    [InlineData("{{index .Config.Labels \"none\"}}", "<no value>")]
    [InlineData("{{index .Mounts 1}}", "map[Destination:/b RW:false]")]
    [InlineData("{{(index .Mounts 0).Destination}}", "/a")]
    [InlineData("{{range .Mounts}}{{.Destination}} {{end}}", "/a /b ")]
    [InlineData("{{range $i, $m := .Mounts}}{{$i}}={{$m.Destination}};{{end}}", "0=/a;1=/b;")]
    [InlineData("{{range $key, $value := .Config.Labels}}{{$key}}:{{$value}} {{end}}", "b:2 com.example.team:red ")]
    [InlineData("{{range .Empty}}x{{else}}none{{end}}", "none")]
    [InlineData("{{range $p, $conf := .NetworkSettings.Ports}}{{$p}}->{{if $conf}}{{(index $conf 0).HostPort}}{{else}}-{{end}} {{end}}", "443/tcp->- 80/tcp->8080 ")]
    [InlineData("{{if .State.Running}}up{{else}}down{{end}}", "up")]
    [InlineData("{{if eq .State.ExitCode 1}}one{{else if eq .State.ExitCode 0}}zero{{else}}other{{end}}", "zero")]
    [InlineData("{{with .Config.Labels}}{{.b}}{{end}}", "2")]
    [InlineData("{{with $x := .Id}}{{$x}}{{end}}", "abc123")]
    [InlineData("{{.Name | printf \"%-6s|\"}}", "/web  |")]
    [InlineData("{{printf \"%05d %s %q %.2f %x\" .State.Pid .Id \"q\" .Size 255}}", "04242 abc123 \"q\" 1.50 ff")]
    [InlineData("{{upper .Id}} {{lower \"ABC\"}} {{title \"a b\"}}", "ABC123 abc A B")]
    [InlineData("{{join .Config.Env \", \"}}", "A=1, B=2")]
    [InlineData("{{index (split .Name \"/\") 1}}", "web")]
    [InlineData("{{len .Mounts}} {{len .Id}} {{len .Config.Labels}}", "2 6 2")]
    [InlineData("{{slice .Id 0 3}}", "abc")]
    [InlineData("{{and .State.Running (not .Empty)}} {{or .Empty .Id}}", "true abc123")]
    [InlineData("{{ne 1 2}} {{lt 1 2}} {{ge 2 2}} {{gt \"a\" \"b\"}} {{eq .Id \"x\" \"abc123\"}}", "true true true false true")]
    [InlineData("a {{- .Id -}} b", "aabc123b")]
    [InlineData("{{/* nothing */}}x", "x")]
    [InlineData("{{$x := 1}}{{range .Mounts}}{{$x = 2}}{{end}}{{$x}}", "2")]
    [InlineData("{{range .Mounts}}{{if not .RW}}{{break}}{{end}}{{.Destination}}{{end}}", "/a")]
    [InlineData("{{range .Mounts}}{{if .RW}}{{continue}}{{end}}{{.Destination}}{{end}}", "/b")]
    [InlineData("{{`raw \"text\"`}} {{\"tab\\tend\"}}", "raw \"text\" tab\tend")]
    [InlineData("{{.Config.Cmd}}", "<no value>")]
    [InlineData("{{println .Id 1}}", "abc123 1\n")]
    [InlineData("{{range .Mounts}}{{$.Id}}{{end}}", "abc123abc123")]
    [InlineData("{{.Config.Env}}", "[A=1 B=2]")]
    [InlineData("{{pad .Id 1 2}}.", " abc123  .")]
    [InlineData("{{truncate .Id 2}}", "ab")]
    [InlineData("{{json .State.Running}}{{true}}{{nil | json}}", "truetruenull")]
    public void Apply_ToAContainer_PrintsAsExpected(string template, string expected)
    {
        using var json = JsonDocument.Parse(Container);

        Assert.Equal(expected, Template.Parse(template).Apply(json.RootElement));
    }

    [Theory]
    [InlineData("{{.Nope}}", "map has no entry for key \"Nope\"")]
    [InlineData("{{nope .Id}}", "function \"nope\" not defined")]
    [InlineData("{{index .Mounts 7}}", "index out of range: 7")]
    [InlineData("{{$x}}", "undefined variable \"$x\"")]
    [InlineData("{{.Id.Sub}}", "can't evaluate field Sub")]
    public void Apply_WhatDoesNotFit_IsAnError(string template, string expected)
    {
        using var json = JsonDocument.Parse(Container);

        var wrong = Assert.Throws<TemplateException>(() => Template.Parse(template).Apply(json.RootElement));
        Assert.Contains(expected, wrong.Message, StringComparison.Ordinal);
        Assert.StartsWith("template parsing error: ", wrong.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{{.Id")]
    [InlineData("{{if .Id}}x")]
    [InlineData("{{end}}")]
    [InlineData("{{else}}")]
    [InlineData("{{}}")]
    [InlineData("{{\"open}}")]
    [InlineData("{{(.Id}}")]
    [InlineData("{{.Id | }}")]
    [InlineData("{{define \"x\"}}{{end}}")]
    [InlineData("{{range .Mounts}}")]
    [InlineData("{{.Id )}}")]
    [InlineData("{{1x}}")]
    public void Parse_Malformed_IsAnError(string template) => Assert.Throws<TemplateException>(() => Template.Parse(template));
}
