using System.CommandLine;
using Fairlead.Cli;
using Fairlead.Completion;
using Fairlead.Doctor;
using Fairlead.Profile;
using Fairlead.Serve;
using Fairlead.Stdio;

namespace Fairlead;

/// <summary>The executable <c>fairlead</c>, as a table of contents: every command has its own file.</summary>
internal static class Program
{
    public static Task<int> Main(string[] args) => RunAsync(args, Terminal.OfProcess());

    internal static Task<int> RunAsync(IReadOnlyList<string> args, Terminal terminal) =>
        CommandLine.RunAsync(Root(terminal), args, terminal);

    internal static RootCommand Root(Terminal terminal) =>
        new("Fairlead: MCP gateway, runtime and service manager.")
        {
            ServeCommand.Build(),
            StdioCommand.Build(terminal),
            LoginCommands.Login(terminal),
            LoginCommands.Logout(terminal),
            ServicesCommands.Build(terminal),
            SecretsCommands.Build(terminal),
            GroupsCommands.Build(terminal),
            KeysCommands.Build(terminal),
            ToolsCommands.Build(terminal),
            PromptsCommands.Build(terminal),
            ResourcesCommands.Build(terminal),
            LogsCommands.Build(terminal),
            ExportCommands.Build(terminal),
            UsersCommands.Build(terminal),
            ExecutionsCommands.Build(terminal),
            BreakersCommands.Build(terminal),
            BenchCommand.Build(terminal),
            LoadCommand.Build(terminal),
            ProfileCommand.Build(terminal),
            DoctorCommand.Build(terminal),
            CompletionCommand.Build(terminal),
        };
}
