using Fairlead.Server.Hosting;

namespace Fairlead.Serve;

/// <summary>What the first start prints, once: address, first password and key, configurations to paste.</summary>
internal static class StartBanner
{
    public static void Print(TextWriter to, FirstStartSummary first, string address)
    {
        to.WriteLine();
        to.WriteLine($"  Fairlead is ready at {address}");
        to.WriteLine();
        to.WriteLine($"  MCP endpoint   {address}/mcp");
        to.WriteLine($"  Group          default (also {address}/default/mcp)");
        to.WriteLine($"  Group key      {first.DefaultKey}");
        to.WriteLine($"  Admin user     admin");
        if (first.AdminPassword is not null)
            to.WriteLine($"  Password       {first.AdminPassword}   (shown once; sign in with: fairlead login)");
        if (first.Services.Count > 0)
            to.WriteLine($"  Services       {string.Join(", ", first.Services)} (starting; fairlead services list)");
        to.WriteLine();
        to.WriteLine("  Paste into a client:");
        to.WriteLine();
        to.WriteLine("  Claude Code");
        to.WriteLine(
            $"    claude mcp add --transport http fairlead {address}/mcp --header \"Authorization: Bearer {first.DefaultKey}\""
        );
        to.WriteLine("  Cursor, VS Code and others (mcpServers / servers)");
        to.WriteLine(
            $$"""
                {"mcpServers":{"fairlead":{"type":"http","url":"{{address}}/mcp","headers":{"Authorization":"Bearer {{first.DefaultKey}}"} } } }
            """
        );
        to.WriteLine("  Codex (~/.codex/config.toml; put the key into FAIRLEAD_KEY)");
        to.WriteLine(
            $"    [mcp_servers.fairlead]\n    url = \"{address}/mcp\"\n    bearer_token_env_var = \"FAIRLEAD_KEY\""
        );
        to.WriteLine();
        to.Flush();
    }
}
