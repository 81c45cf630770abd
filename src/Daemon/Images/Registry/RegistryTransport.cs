using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using Berth.Daemon.Hosting;
using Berth.Shared.Errors;
using Polly;
using Polly.Retry;

namespace Berth.Daemon.Images.Registry;

/// <summary>Connections to registries: which scheme a server speaks, retries of what is worth one, redirects that take no credentials along.</summary>
internal sealed class RegistryTransport : IDisposable
{
    private const int MaximumRedirects = 10;
    private static readonly TimeSpan MaximumRetryAfter = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan HeadersTimeout = TimeSpan.FromSeconds(60);

    private readonly HttpMessageInvoker _secure = new(MakeHandler(anyCertificate: false, proxy: true));
    private readonly HttpMessageInvoker _insecure = new(MakeHandler(anyCertificate: true, proxy: true));
    private readonly HttpMessageInvoker _loopback = new(MakeHandler(anyCertificate: true, proxy: false));
    private readonly ConcurrentDictionary<string, string> _schemes = new(StringComparer.Ordinal);
    private readonly ResiliencePipeline<HttpResponseMessage> _retries;

    public RegistryTransport(TimeProvider clock)
    {
        _retries = new ResiliencePipelineBuilder<HttpResponseMessage> { TimeProvider = clock }
            .AddRetry(new RetryStrategyOptions<HttpResponseMessage>
            {
                MaxRetryAttempts = 4,
                Delay = TimeSpan.FromMilliseconds(400),
                BackoffType = DelayBackoffType.Exponential,
                UseJitter = true,
                ShouldHandle = static arguments => ValueTask.FromResult(arguments.Outcome switch
                {
                    { Exception: HttpRequestException error } => IsTransient(error),
                    { Exception: TimeoutException } => true,
                    { Result.StatusCode: HttpStatusCode.TooManyRequests or HttpStatusCode.BadGateway or HttpStatusCode.ServiceUnavailable or HttpStatusCode.GatewayTimeout } => true,
                    _ => false,
                }),
                DelayGenerator = arguments => ValueTask.FromResult(RetryAfter(arguments.Outcome.Result, clock)),
                OnRetry = static arguments =>
                {
                    arguments.Outcome.Result?.Dispose();
                    return ValueTask.CompletedTask;
                },
            })
            .Build();
    }

    /// <summary>The beginning of the server's URLs, such as "https://registry-1.docker.io".</summary>
    /// <exception cref="EngineException">Internal: the server can't be reached.</exception>
    public async Task<string> BaseAsync(RegistryHost host, CancellationToken ct)
    {
        var scheme = host.Scheme ?? (_schemes.TryGetValue(host.Authority, out var known) ? known : await ProbeAsync(host, ct));
        return $"{scheme}://{host.Authority}{host.Prefix}";
    }

    /// <summary>Sends a request made anew for each attempt, and follows redirects; the answer's body is not read yet.</summary>
    /// <param name="make">Makes the request for the first address; its Authorization goes to no other server.</param>
    /// <exception cref="EngineException">Internal: the server can't be reached, or its redirects lead nowhere.</exception>
    public async Task<HttpResponseMessage> SendAsync(RegistryHost host, Func<HttpRequestMessage> make, CancellationToken ct)
    {
        try
        {
            return await _retries.ExecuteAsync(async attempt => await FollowAsync(host, make, attempt), ct);
        }
        catch (HttpRequestException error)
        {
            throw Unreachable(host, error);
        }
        catch (TimeoutException error)
        {
            throw Unreachable(host, error);
        }
    }

    public void Dispose()
    {
        _secure.Dispose();
        _insecure.Dispose();
        _loopback.Dispose();
    }

    private async Task<HttpResponseMessage> FollowAsync(RegistryHost host, Func<HttpRequestMessage> make, CancellationToken ct)
    {
        var request = make();
        var origin = request.RequestUri!; // we made it
        for (var redirects = 0; ; redirects++)
        {
            var response = await SendOnceAsync(host, request, ct);
            if (response.StatusCode is not (HttpStatusCode.MovedPermanently or HttpStatusCode.Found or HttpStatusCode.SeeOther
                or HttpStatusCode.TemporaryRedirect or HttpStatusCode.PermanentRedirect) || response.Headers.Location is not { } location)
            {
                return response;
            }

            using (response)
            {
                var from = request.RequestUri!;
                var to = location.IsAbsoluteUri ? location : new Uri(from, location);
                if (redirects >= MaximumRedirects)
                {
                    throw new EngineException(ErrorKind.Internal, $"registry {host.Authority} redirects without end");
                }

                if (to.Scheme != Uri.UriSchemeHttps && !(to.Scheme == Uri.UriSchemeHttp && host.Insecure))
                {
                    throw new EngineException(ErrorKind.Internal, $"registry {host.Authority} redirects from {from.Scheme} to {to.Scheme}: refused");
                }

                var next = make();
                next.RequestUri = to;
                if (!SameServer(origin, to))
                {
                    next.Headers.Authorization = null;
                }

                request = next;
            }
        }
    }

    private async Task<HttpResponseMessage> SendOnceAsync(RegistryHost host, HttpRequestMessage request, CancellationToken ct)
    {
        request.Headers.TryAddWithoutValidation("User-Agent", $"berth/{EngineVersion.Value} (linux)");

        // A proxy is not asked for this machine's own registry; another server that one redirects to is judged by its own name.
        var target = request.RequestUri!;
        var invoker = target.IsLoopback ? _loopback : target.Authority == host.Authority && host.Insecure ? _insecure : _secure;
        using var headers = CancellationTokenSource.CreateLinkedTokenSource(ct);
        headers.CancelAfter(HeadersTimeout);
        if (request.Content is UploadContent upload)
        {
            upload.Moved = () => headers.CancelAfter(HeadersTimeout); // long is what a blob takes; only silence is too long
        }

        try
        {
            return await invoker.SendAsync(request, headers.Token);
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            throw new TimeoutException($"no answer within {HeadersTimeout.TotalSeconds:0} s");
        }
    }

    /// <summary>An insecure server may speak either; HTTPS is tried first, and what was found is remembered.</summary>
    private async Task<string> ProbeAsync(RegistryHost host, CancellationToken ct)
    {
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, $"https://{host.Authority}/v2/");
            using var response = await SendOnceAsync(host, request, ct);
            return _schemes[host.Authority] = Uri.UriSchemeHttps;
        }
        catch (HttpRequestException error) when (error.HttpRequestError is HttpRequestError.SecureConnectionError or HttpRequestError.InvalidResponse or HttpRequestError.ResponseEnded or HttpRequestError.Unknown)
        {
            return _schemes[host.Authority] = Uri.UriSchemeHttp;
        }
        catch (HttpRequestException error)
        {
            throw Unreachable(host, error);
        }
        catch (TimeoutException error)
        {
            throw Unreachable(host, error);
        }
    }

    private static SocketsHttpHandler MakeHandler(bool anyCertificate, bool proxy)
    {
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            UseProxy = proxy,
            ConnectTimeout = TimeSpan.FromSeconds(20),
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
            PooledConnectionIdleTimeout = TimeSpan.FromSeconds(30),
            InitialHttp2StreamWindowSize = 1 << 20,
        };
        if (anyCertificate)
        {
#pragma warning disable CA5359 // only for servers that the operator listed as insecure, and this machine's own
            handler.SslOptions = new SslClientAuthenticationOptions { RemoteCertificateValidationCallback = static (_, _, _, _) => true };
#pragma warning restore CA5359
        }

        return handler;
    }

    private static bool IsTransient(HttpRequestException error) => error.HttpRequestError is not
        (HttpRequestError.SecureConnectionError or HttpRequestError.NameResolutionError or HttpRequestError.UserAuthenticationError or HttpRequestError.ConnectionError);

    private static bool SameServer(Uri a, Uri b) => a.Scheme == b.Scheme && a.Host == b.Host && a.Port == b.Port;

    private static TimeSpan? RetryAfter(HttpResponseMessage? response, TimeProvider clock)
    {
        var wait = response?.Headers.RetryAfter switch
        {
            { Delta: { } delta } => delta,
            { Date: { } date } => date - clock.GetUtcNow(),
            _ => (TimeSpan?)null,
        };
        return wait is not { } asked ? null : asked < TimeSpan.Zero ? TimeSpan.Zero : asked > MaximumRetryAfter ? MaximumRetryAfter : asked;
    }

    private static EngineException Unreachable(RegistryHost host, Exception error)
        => new(ErrorKind.Internal, $"failed to reach registry {host.Authority}: {error.InnerException?.Message ?? error.Message}", error);
}
