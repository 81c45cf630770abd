using Berth.Daemon.Hosting;
using Berth.Daemon.Images.Content;

namespace Berth.Daemon.Images;

/// <summary>New registries' addresses and limits, for pulls that begin from now on.</summary>
internal sealed class ImagesReload(InForce<ImagesOptions> options, BlobDownloads downloads) : IReloadable
{
    public Action Prepare(DaemonOptions next)
    {
        var changed = ImageServices.From(next);
        return () =>
        {
            options.Replace(changed);
            downloads.Resize(changed.ConcurrentDownloads);
        };
    }
}
