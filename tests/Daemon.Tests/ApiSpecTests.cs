using Berth.Daemon.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using YamlDotNet.RepresentationModel;

namespace Berth.Daemon.Tests;

/// <summary>api-spec.yaml and the daemon hold each other to their word.</summary>
public sealed class ApiSpecTests
{
    [Fact]
    public void EveryServedRoute_IsDescribed() => Assert.Empty(Served().Except(Described()));

    [Fact]
    public void EveryDescribedRoute_IsServed() => Assert.Empty(Described().Except(Served()));

    private static SortedSet<string> Served()
    {
        var options = new DaemonOptions { DataRoot = Path.Combine(Path.GetTempPath(), "berth-never-made"), RuntimePath = "/bin/true" };
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddRoutingCore();
        builder.WebHost.UseKestrelCore();
        builder.AddHosting(options);
        builder.Services.AddEngine(options);
        var app = builder.Build();
        app.MapEngine();

        SortedSet<string> routes = new(StringComparer.Ordinal);
        foreach (var endpoint in ((IEndpointRouteBuilder)app).DataSources.SelectMany(source => source.Endpoints).OfType<RouteEndpoint>())
        {
            var methods = endpoint.Metadata.GetMetadata<IHttpMethodMetadata>()?.HttpMethods ?? [];
            foreach (var method in methods)
            {
                routes.Add($"{method} {endpoint.RoutePattern.RawText}");
            }
        }

        return routes;
    }

    private static SortedSet<string> Described()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "api-spec.yaml")))
        {
            folder = Path.GetDirectoryName(folder) ?? throw new InvalidOperationException("api-spec.yaml is above the tests");
        }

        using var text = File.OpenText(Path.Combine(folder, "api-spec.yaml"));
        var yaml = new YamlStream();
        yaml.Load(text);
        var paths = (YamlMappingNode)((YamlMappingNode)yaml.Documents[0].RootNode)["paths"];

        SortedSet<string> routes = new(StringComparer.Ordinal);
        foreach (var (path, operations) in paths.Children)
        {
            foreach (var (method, _) in ((YamlMappingNode)operations).Children)
            {
                routes.Add($"{method.ToString().ToUpperInvariant()} {path}");
            }
        }

        return routes;
    }
}
