using Berth.Daemon.Containers.Planning;
using Berth.Shared.Api;
using Berth.Shared.Oci;

namespace Berth.Daemon.Tests.Containers;

public sealed class ImageDefaultsTests
{
    private static readonly OciImageConfig Image = new() { Entrypoint = ["/entry"], Cmd = ["serve"], Env = ["PATH=/bin", "A=image"], User = "app", WorkingDir = "/srv" };

    [Fact]
    public void Merge_NothingGiven_TakesTheImages()
    {
        var config = ImageDefaults.Merge(new ContainerCreateRequest(), Image);

        Assert.Equal(["/entry"], config.Entrypoint);
        Assert.Equal(["serve"], config.Cmd);
        Assert.Equal(("app", "/srv"), (config.User, config.WorkingDir));
    }

    [Fact]
    public void Merge_CommandGiven_KeepsTheImagesEntrypoint()
    {
        var config = ImageDefaults.Merge(new ContainerCreateRequest { Cmd = ["other"] }, Image);

        Assert.Equal(["/entry"], config.Entrypoint);
        Assert.Equal(["other"], config.Cmd);
    }

    [Fact]
    public void Merge_EntrypointGiven_DropsTheImagesCommand()
    {
        var config = ImageDefaults.Merge(new ContainerCreateRequest { Entrypoint = ["/mine"] }, Image);

        Assert.Equal(["/mine"], config.Entrypoint);
        Assert.Null(config.Cmd);
    }

    [Fact]
    public void Merge_EmptyEntrypointGiven_ResetsIt()
    {
        var config = ImageDefaults.Merge(new ContainerCreateRequest { Entrypoint = [""], Cmd = ["x"] }, Image);

        Assert.Null(config.Entrypoint);
        Assert.Equal(["x"], config.Cmd);
    }

    [Fact]
    public void Merge_Variables_OwnOnesWin()
        => Assert.Equal(["A=own", "PATH=/bin"], ImageDefaults.Merge(new ContainerCreateRequest { Env = ["A=own"] }, Image).Env);
}
