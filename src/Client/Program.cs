using Berth.Client;
using Berth.Client.CommandLine;
using Berth.Client.Engine;
using Berth.Client.Output;
using Berth.Client.Terminal;
using Microsoft.Win32.SafeHandles;

var globals = new GlobalOptions(Environment.GetEnvironmentVariable);
using var world = new ClientWorld(() => new EngineClient(globals.ResolveAddress(), globals.ApiVersion))
{
    // System.Console is left out on purpose: its start costs more than most commands.
    Out = new DescriptorSink(new SafeFileHandle(1, ownsHandle: false)),
    Err = new DescriptorSink(new SafeFileHandle(2, ownsHandle: false)),
    Input = new SafeFileHandle(0, ownsHandle: false),
    Terminal = new StandardTerminal(),
    Environment = Environment.GetEnvironmentVariable,
};
return new Shell(world, globals).Run(args);
