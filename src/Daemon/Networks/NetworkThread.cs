using System.Collections.Concurrent;
using Berth.Shared.Linux;
using Microsoft.Win32.SafeHandles;

namespace Berth.Daemon.Networks;

/// <summary>
/// A thread of its own in a given network namespace, on which work runs one after the other. What depends on the
/// calling thread's namespace (opening sockets, /proc/sys/net) and what must not run twice at once goes through it.
/// </summary>
internal sealed class NetworkThread : IDisposable
{
    private readonly BlockingCollection<Action> _work = [];
    private readonly Thread _thread;
    private readonly SafeFileHandle? _foreign;

    /// <param name="networkNamespace">Where the thread is to be; stays the caller's.</param>
    public NetworkThread(string name, SafeFileHandle networkNamespace)
    {
        _foreign = NetworkNamespaces.IsForeign(networkNamespace) ? networkNamespace : null;
        var entered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _thread = new Thread(() =>
        {
            try
            {
                NetworkNamespaces.Enter(networkNamespace);
                entered.SetResult();
            }
            catch (ErrnoException error)
            {
                entered.SetException(error);
                return;
            }

            foreach (var work in _work.GetConsumingEnumerable())
            {
                work();
            }
        }, maxStackSize: 256 << 10)
        {
            IsBackground = true,
            Name = name,
        };
        _thread.Start();
        entered.Task.GetAwaiter().GetResult();
    }

    public Task<T> RunAsync<T>(Func<T> work)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        _work.Add(() =>
        {
            try
            {
                var result = work();
                Complete(() => done.SetResult(result));
            }
            catch (Exception error)
            {
                Complete(() => done.SetException(error)); // the one who waits gets it
            }
        });
        return done.Task;
    }

    private void Complete(Action complete)
    {
        if (_foreign is null)
        {
            complete();
        }
        else
        {
            NetworkNamespaces.DoAtHome(_foreign, complete);
        }
    }

    public Task RunAsync(Action work) => RunAsync<object?>(() =>
    {
        work();
        return null;
    });

    /// <summary>Ends the thread after the work that is already queued.</summary>
    public void Dispose()
    {
        _work.CompleteAdding();
        if (Thread.CurrentThread != _thread)
        {
            _thread.Join();
        }

        _work.Dispose();
    }
}
