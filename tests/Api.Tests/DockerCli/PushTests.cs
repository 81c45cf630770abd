using Berth.Kit;

namespace Berth.Api.Tests.DockerCli;

public sealed class PushTests(DaemonFixture fixture) : DockerCliTest(fixture)
{
    [Fact]
    public async Task Push_SendsTheImageByteForByte_AndOnlyOnce()
    {
        await using var registry = await RegistryAsync();
        var name = $"{registry.Address}/team/pushed:1";
        await DockerAsync("tag", "busybox", name);

        var first = await DockerAsync("push", name);
        var second = await DockerAsync("push", name);
        var elsewhere = $"{registry.Address}/other/place:2";
        await DockerAsync("tag", "busybox", elsewhere);
        var third = await DockerAsync("push", elsewhere);

        var digest = await DockerAsync("inspect", "-f", "{{range .RepoDigests}}{{println .}}{{end}}", name);
        var remote = (await new Command("skopeo", "inspect", "--tls-verify=false", "--format", "{{.Digest}}", $"docker://{name}").RunAsync()).Expect(0).Text;
        Assert.Contains($"{registry.Address}/team/pushed@{remote}", digest, StringComparison.Ordinal);
        Assert.Contains($"1: digest: {remote} size: ", first, StringComparison.Ordinal);
        Assert.Contains("Pushed", first, StringComparison.Ordinal);
        Assert.Contains("Layer already exists", second, StringComparison.Ordinal);
        Assert.Contains("Mounted from team/pushed", third, StringComparison.Ordinal);
        await DockerAsync("rmi", name, elsewhere);
        Assert.Equal("back", await DockerAsync("run", "--rm", name, "echo", "back"));
        await DockerAsync("rmi", name);
    }

    [Fact]
    public async Task Push_OfACommittedImage_IsPulledElsewhereAsItWas()
    {
        await using var registry = await RegistryAsync();
        var name = $"{registry.Address}/made:latest";
        var container = await DockerAsync("run", "-d", "busybox", "sh", "-c", "head -c 3000000 /dev/urandom > /random; rm /bin/vi; sleep 600");
        await Host.EventuallyAsync(async () => (await Daemon.Docker("exec", container, "sh", "-c", "[ ! -e /bin/vi ]").RunAsync()).ExitCode == 0, "the file is gone");
        await DockerAsync("commit", container, name);
        var sum = await DockerAsync("exec", container, "sha256sum", "/random");

        await DockerAsync("push", "-a", $"{registry.Address}/made");
        await DockerAsync("rmi", name);

        Assert.Equal(sum, await DockerAsync("run", "--rm", name, "sh", "-c", "[ -e /bin/vi ] || sha256sum /random"));
        await DockerAsync("rm", "-f", container);
        await DockerAsync("rmi", name);
    }

    [Fact]
    public async Task Login_AndPush_NeedTheRightPassword()
    {
        await using var registry = await RegistryAsync(asksForPassword: true);
        var name = $"{registry.Address}/private:1";
        await DockerAsync("tag", "busybox", name);

        var refused = (await Daemon.Docker("push", name).RunAsync()).Expect(1);
        var wrong = (await Daemon.Docker("login", "-u", "berth", "-p", "wrong", registry.Address).RunAsync()).Expect(1);
        var login = await DockerAsync("login", "-u", "berth", "-p", "secret", registry.Address);
        await DockerAsync("push", name);

        Assert.Matches("no basic auth credentials|unauthorized", refused.Error);
        Assert.Contains("unauthorized", wrong.Error, StringComparison.Ordinal);
        Assert.Contains("Login Succeeded", login, StringComparison.Ordinal);
        await DockerAsync("rmi", name);
        Assert.Equal("in", await DockerAsync("run", "--rm", name, "echo", "in"));
        await DockerAsync("logout", registry.Address);
        await DockerAsync("rmi", name);
    }

    [Fact]
    public async Task Push_OfWhatIsNotHere_SaysSo()
    {
        await using var registry = await RegistryAsync();

        var failed = (await Daemon.Docker("push", $"{registry.Address}/nothing:here").RunAsync()).Expect(1);

        Assert.Matches("does not exist|No such image", failed.Error);
    }

    [Fact]
    public async Task Distribution_TellsWhatTheRegistryHas()
    {
        await using var registry = await RegistryAsync();
        var name = await registry.PushAsync($"docker-archive:{await TestImages.BusyboxArchiveAsync()}", "far/busybox:1");

        var inspect = await Daemon.GetAsync($"/v1.51/distribution/{name}/json");

        Assert.StartsWith("sha256:", inspect.GetProperty("Descriptor").GetProperty("digest").GetString(), StringComparison.Ordinal);
        Assert.Equal("linux", inspect.GetProperty("Platforms")[0].GetProperty("os").GetString());
    }

    private static async Task<TestRegistry> RegistryAsync(bool asksForPassword = false)
    {
        Assert.SkipUnless(TestRegistry.IsInstalled, "needs docker-registry and skopeo");
        return await TestRegistry.StartAsync(asksForPassword);
    }
}
