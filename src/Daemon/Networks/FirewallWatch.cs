using Berth.Shared.Linux;
using Berth.Shared.Linux.Netlink;

namespace Berth.Daemon.Networks;

/// <summary>
/// Listens to changes of nftables and calls back when another program has changed the daemon's table. Only for kernels
/// that don't guard the table for us. The thread waits in the kernel; it ends with the process.
/// </summary>
internal sealed class FirewallWatch
{
    private const uint NftablesGroup = 1 << 6; // NFNLGRP_NFTABLES is 7, and bit masks count from group 1

    private readonly NetlinkSocket _socket;
    private readonly string _table;
    private readonly uint _ownPortId;
    private readonly Action _changed;
    private volatile bool _stopped;

    /// <summary>To be called on a thread in the namespace that is to be watched.</summary>
    /// <param name="ownPortId">The socket by which the daemon makes its own changes.</param>
    /// <param name="changed">Called once after each transaction of others that touched the table, on the watch's thread.</param>
    public FirewallWatch(string table, uint ownPortId, Action changed)
    {
        (_table, _ownPortId, _changed) = (table, ownPortId, changed);
        _socket = NetlinkSocket.Open(NetlinkProtocol.Netfilter, NftablesGroup);
        new Thread(Listen, maxStackSize: 256 << 10) { IsBackground = true, Name = "firewall watch" }.Start();
    }

    /// <summary>No more calls; the thread ends with the next notification, or with the process.</summary>
    public void Stop() => _stopped = true;

    private void Listen()
    {
        const int lost = 105; // ENOBUFS
        var touched = false;
        while (!_stopped)
        {
            var transactionEnded = false;
            try
            {
                _socket.ReceiveNotifications((type, portId, payload) =>
                {
                    touched |= portId != _ownPortId && NftBatch.Concerns(type, payload, _table);
                    transactionEnded |= NftBatch.EndsTransaction(type);
                });
            }
            catch (ErrnoException error) when ((int)error.Errno == lost)
            {
                (touched, transactionEnded) = (true, true); // what was missed may have been ours
            }

            if (touched && transactionEnded && !_stopped)
            {
                touched = false;
                _changed();
            }
        }

        _socket.Dispose();
    }
}
