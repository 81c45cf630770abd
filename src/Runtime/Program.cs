using Berth.Runtime.Supervisor;

return args is ["supervise", ..] ? SupervisorProcess.Run(args[1..]) : 2;
