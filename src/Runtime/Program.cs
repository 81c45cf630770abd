using Berth.Runtime.Commands;
using Berth.Runtime.Supervisor;
using Berth.Shared.Linux;

// Descriptors 0 to 2 always mean the standard streams below: a caller may have closed them, and a pipe or a mount would take their place.
StandardStreams.EnsureOpen();
return args is ["supervise", ..] ? SupervisorProcess.Run(args[1..]) : RuntimeCli.Run(args);
