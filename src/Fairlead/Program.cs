using System.CommandLine;
using Fairlead.Serve;

var root = new RootCommand("Fairlead: MCP gateway, runtime and service manager.") { ServeCommand.Build() };
return await root.Parse(args).InvokeAsync();
