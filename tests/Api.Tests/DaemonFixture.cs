using Berth.Kit;

namespace Berth.Api.Tests;

/// <summary>One daemon with the busybox image for all tests of a class.</summary>
public sealed class DaemonFixture : IAsyncLifetime
{
    private TestDaemon? daemon;

    public TestDaemon Daemon => daemon ?? throw new InvalidOperationException("the daemon has not been started");

    public async ValueTask InitializeAsync()
    {
        Assert.SkipUnless(Host.IsRoot, "needs root");
        Assert.SkipUnless(Host.Programs is not null, "needs the published programs: make publish");
        daemon = await TestDaemon.StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (daemon is not null)
        {
            await daemon.DisposeAsync();
        }
    }
}
