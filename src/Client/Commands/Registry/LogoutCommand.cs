using Berth.Client.CommandLine;
using Berth.Client.Credentials;

namespace Berth.Client.Commands.Registry;

/// <summary><c>berth logout</c>.</summary>
internal static class LogoutCommand
{
    public static CommandSpec Define() => new()
    {
        Operands = "[SERVER]",
        Summary = "Forget the credentials for a registry",
        Arguments = Arity.Between(0, 1),
        Run = static call =>
        {
            var domain = RegistryName.Parse(call.Arguments.Count == 0 ? "" : call.Arguments[0]);
            var wasThere = new CredentialStore(call.World.Environment).Remove(domain);
            call.Out.WriteLine(wasThere ? $"Removing login credentials for {domain}" : $"Not logged in to {domain}");
            return 0;
        },
    };
}
