using Fairlead.Server.Hosting;

namespace Fairlead.Serve;

/// <summary>What a start prints: at the first one also the password and key, and configurations to paste.</summary>
internal static class StartBanner
{
    /// <summary>The whole, once in the life of a store.</summary>
    /// <param name="to">Where a person reads it.</param>
    /// <param name="first">What the first start made.</param>
    /// <param name="address">Where the gateway listens; null in stdio mode, where nothing does.</param>
    /// <param name="publicUrl">Where clients find it, if elsewhere: behind a proxy.</param>
    public static void PrintFirst(TextWriter to, FirstStartSummary first, string? address, string? publicUrl)
    {
        var found = address is null ? null : publicUrl ?? address;
        to.WriteLine();
        if (address is null)
            to.WriteLine("  Fairlead serves one client on standard input and output.");
        else
            to.WriteLine($"  Fairlead is ready at {address}");
        to.WriteLine();
        if (found is not null)
        {
            to.WriteLine($"  MCP endpoint   {found}/mcp");
            to.WriteLine($"  Group          default (also {found}/default/mcp)");
        }
        to.WriteLine($"  Group key      {first.DefaultKey}");
        to.WriteLine($"  Admin user     admin");
        if (first.AdminPassword is not null)
            to.WriteLine($"  Password       {first.AdminPassword}   (shown once; it stays valid until it is changed)");
        if (address is not null)
            to.WriteLine($"  Sign in        {Program} login --server {address}");
        if (first.Services.Count > 0)
            to.WriteLine($"  Services       {string.Join(", ", first.Services)} (starting)");
        to.WriteLine();
        if (found is not null)
            PrintClients(to, first.DefaultKey, found);
        to.Flush();
    }

    /// <summary>One line at every later start; no secret is in it.</summary>
    public static void PrintReady(TextWriter to, string address)
    {
        to.WriteLine($"Fairlead is ready at {address} (its secrets were shown at the first start)");
        to.Flush();
    }

    /// <summary>A line about a file whose services a store that was filled before does not have.</summary>
    /// <param name="to">Where a person reads it.</param>
    /// <param name="left">What was left out.</param>
    /// <param name="asked">Whether the operator named the file: then each missing service is told, else only a file of which nothing is there.</param>
    public static void PrintLeftOut(TextWriter to, McpConfigLeftOut left, bool asked)
    {
        if (left.Problem is { } problem)
            to.WriteLine($"The store is not empty: {left.File} was not imported, and could not be: {problem}");
        else if (left.HasNone)
            to.WriteLine(
                $"The store is not empty: {left.File} was not imported; import it with: {Program} services import {Quoted(left.File)} --group default"
            );
        else if (asked)
            // An import would bring those that are there a second time, under other names.
            to.WriteLine(
                $"The store is not empty: {left.File} was not imported, and {string.Join(", ", left.Missing)} of it is not there; add what is missing with: {Program} services add"
            );
    }

    private static void PrintClients(TextWriter to, string key, string address)
    {
        to.WriteLine("  Paste into a client:");
        to.WriteLine();
        to.WriteLine("  Claude Code");
        to.WriteLine(
            $"    claude mcp add --transport http fairlead {address}/mcp --header \"Authorization: Bearer {key}\""
        );
        to.WriteLine("  Cursor, VS Code and others (mcpServers / servers)");
        to.WriteLine(
            $$$$$"""    {"mcpServers":{"fairlead":{"type":"http","url":"{{{{{address}}}}}/mcp","headers":{"Authorization":"Bearer {{{{{key}}}}}"}}}}"""
        );
        to.WriteLine("  Codex (~/.codex/config.toml; put the key into FAIRLEAD_KEY)");
        to.WriteLine(
            $"    [mcp_servers.fairlead]\n    url = \"{address}/mcp\"\n    bearer_token_env_var = \"FAIRLEAD_KEY\""
        );
        to.WriteLine();
    }

    /// <summary>This program as it can be pasted into a shell, from wherever.</summary>
    private static string Program
    {
        get
        {
            var own = Environment.ProcessPath ?? "fairlead";
            return Path.GetFileNameWithoutExtension(own) == "dotnet"
                ? $"{Quoted(own)} {Quoted(typeof(StartBanner).Assembly.Location)}"
                : Quoted(own);
        }
    }

    private static string Quoted(string text) =>
        text.All(static c => char.IsAsciiLetterOrDigit(c) || c is '/' or '.' or '_' or '-' or ':' or '\\')
            ? text
            : $"'{text.Replace("'", "'\\''", StringComparison.Ordinal)}'";
}
