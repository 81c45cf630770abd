using Berth.Client.Engine;

namespace Berth.Client.CommandLine;

/// <summary>The options before the command: which daemon, and how to reach it.</summary>
internal sealed class GlobalOptions(Func<string, string?> environment)
{
    private static readonly ValueOption<string> Host = Opt.Text("host", 'H', "The daemon's address: unix:///path or tcp://host:port");
    private static readonly Switch Tls = Opt.Switch("tls", "Use TLS without checking who answers");
    private static readonly Switch TlsVerify = Opt.Switch("tlsverify", "Use TLS and check the daemon's certificate");
    private static readonly ValueOption<string> TlsCaCert = Opt.Text("tlscacert", "Trust the certificates signed by this authority only");
    private static readonly ValueOption<string> TlsCert = Opt.Text("tlscert", "The client's certificate, in PEM form");
    private static readonly ValueOption<string> TlsKey = Opt.Text("tlskey", "The client certificate's key, in PEM form");
    private static readonly Switch ShowVersion = Opt.Switch("version", 'v', "Print the client's version");
    private static readonly Switch Debug = Opt.Switch("debug", 'D', "Show where a failure of the client came from");

    private OptionValues _values = new();

    /// <summary>The options as a command without a name, which is how they are parsed and shown.</summary>
    public static CommandSpec Spec { get; } = new()
    {
        Summary = "Run containers",
        Operands = "COMMAND",
        Options = [Host, Tls, TlsVerify, TlsCaCert, TlsCert, TlsKey, ShowVersion, Debug],
        OptionsEndAtFirstArgument = true,
        Run = static _ => 0,
    };

    public bool WantsVersion => _values.Get(ShowVersion);

    public bool WantsHelp => _values.Get(CommandParser.Help);

    public bool IsDebug => _values.Get(Debug);

    public string ApiVersion => Variable("BERTH_API_VERSION") ?? Variable("DOCKER_API_VERSION") ?? EngineClient.NewestApiVersion;

    /// <summary>Takes the global options off the front.</summary>
    /// <returns>The words from the command on.</returns>
    public List<string> Parse(ReadOnlySpan<string> words)
    {
        (_values, var rest) = CommandParser.Parse(Spec, words);
        return rest;
    }

    /// <summary>-H first, then BERTH_HOST, then DOCKER_HOST, then Berth's own socket.</summary>
    public EngineAddress ResolveAddress()
        => EngineAddress.Parse(_values.Get(Host) ?? Variable("BERTH_HOST") ?? Variable("DOCKER_HOST") ?? EngineAddress.Default, ResolveTls());

    private TlsFiles? ResolveTls()
    {
        var verify = _values.IsSet(TlsVerify) ? _values.Get(TlsVerify) : Variable("DOCKER_TLS_VERIFY") is not null;
        if (!verify && !_values.Get(Tls) && Variable("DOCKER_TLS") is null)
        {
            return null;
        }

        var directory = Variable("DOCKER_CERT_PATH") ?? Path.Combine(Variable("HOME") ?? "/root", ".docker");
        var usual = TlsFiles.InDirectory(directory, verify);
        return usual with
        {
            AuthorityFile = _values.Get(TlsCaCert) ?? usual.AuthorityFile,
            CertificateFile = _values.Get(TlsCert) ?? usual.CertificateFile,
            KeyFile = _values.Get(TlsKey) ?? usual.KeyFile,
        };
    }

    private string? Variable(string name) => environment(name) is { Length: > 0 } value ? value : null;
}
