using System.Text;
using System.Text.Json.Nodes;
using Berth.Client.CommandLine;
using Berth.Client.Credentials;
using Berth.Client.Engine;
using Berth.Shared.Linux;
using Berth.Shared.References;

namespace Berth.Client.Commands.Registry;

/// <summary><c>berth login</c>.</summary>
internal static class LoginCommand
{
    private static readonly ValueOption<string> Username = Opt.Text("username", 'u', "User name");
    private static readonly ValueOption<string> Password = Opt.Text("password", 'p', "Password; seen by everybody who lists processes, so better not");
    private static readonly Switch FromInput = Opt.Switch("password-stdin", "Read the password from standard input");

    public static CommandSpec Define() => new()
    {
        Operands = "[SERVER]",
        Summary = "Sign in at a registry",
        Description = "Tries the credentials and keeps them where docker keeps them, in its credential helper if one is set up. Without a server: Docker Hub.",
        Examples = ["berth login registry.example.org:5000 # Asks for name and password", "pass show registry | berth login -u me --password-stdin registry.example.org # For scripts"],
        Options = [Username, Password, FromInput],
        Arguments = Arity.Between(0, 1),
        Run = Run,
    };

    private static int Run(Invocation call)
    {
        var domain = RegistryName.Parse(call.Arguments.Count == 0 ? "" : call.Arguments[0]);
        if (call.Get(FromInput) && call.IsSet(Password))
        {
            throw new CommandFailedException("conflicting options: cannot specify both --password and --password-stdin");
        }

        if (call.Get(FromInput) && string.IsNullOrEmpty(call.Get(Username)))
        {
            throw new CommandFailedException("the --password-stdin option requires --username to be set");
        }

        var username = call.Get(Username) is { Length: > 0 } given ? given : Ask(call, "Username: ", isSecret: false);
        var password = call.Get(FromInput) ? ReadAll(call).TrimEnd('\r', '\n') : call.Get(Password) ?? Ask(call, "Password: ", isSecret: true);
        if (username.Length == 0 || password.Length == 0)
        {
            throw new CommandFailedException($"{(username.Length == 0 ? "username" : "password")} is empty");
        }

        var body = new JsonObject { ["username"] = username, ["password"] = password, ["serveraddress"] = domain };
        call.Engine.Do("POST", "/auth", Encoding.UTF8.GetBytes(body.ToJsonString()));
        var store = new CredentialStore(call.World.Environment);
        if (store.Save(domain, username, password) is null)
        {
            call.Err.WriteLine($"WARNING! The password is kept unencrypted in '{store.ConfigPath}'. A credential helper (\"credsStore\" there) would keep it safe.");
        }

        call.Out.WriteLine("Login Succeeded");
        return 0;
    }

    private static string Ask(Invocation call, string question, bool isSecret)
    {
        if (!call.World.Terminal.IsInputTerminal)
        {
            throw new CommandFailedException("cannot perform an interactive login from a non TTY device: give --username and --password-stdin");
        }

        call.Out.Write(question);
        call.Out.Flush();
        using var raw = isSecret ? call.World.Terminal.EnterRawMode() : null;
        var line = new List<byte>();
        var key = new byte[1];
        while (ByteStreams.Read(call.World.Input, key) > 0 && key[0] is not ((byte)'\r' or (byte)'\n'))
        {
            switch (key[0])
            {
                case 3: // ctrl-c, which a raw terminal hands on
                    throw new CommandFailedException("interrupted");
                case 0x7F or 8 when isSecret:
                    line.RemoveRange(Math.Max(0, line.Count - 1), Math.Min(1, line.Count));
                    break;
                default:
                    line.Add(key[0]);
                    break;
            }
        }

        if (isSecret)
        {
            call.Out.Write("\r\n");
        }

        return Encoding.UTF8.GetString([.. line]);
    }

    private static string ReadAll(Invocation call)
    {
        using var text = new MemoryStream();
        var buffer = new byte[4096];
        while (ByteStreams.Read(call.World.Input, buffer) is var count and > 0)
        {
            text.Write(buffer, 0, count);
        }

        return Encoding.UTF8.GetString(text.ToArray());
    }
}
