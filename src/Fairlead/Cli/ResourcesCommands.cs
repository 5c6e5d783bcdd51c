using System.CommandLine;
using System.Text.Json;

namespace Fairlead.Cli;

/// <summary><c>fairlead resources …</c>: resources as a client of a group sees them.</summary>
internal static class ResourcesCommands
{
    public static Command Build(Terminal terminal)
    {
        var verbs = new GatewayVerbs(terminal);
        return new Command("resources", "Resources of a group, as its clients see them.")
        {
            List(verbs),
            Templates(verbs),
            Read(verbs),
        };
    }

    private static Command List(GatewayVerbs verbs)
    {
        var group = ToolsCommands.GroupOption();
        return verbs.Verb(
            "list",
            "List the resources of a group.",
            [group],
            async (session, parsed, cancellationToken) =>
            {
                var mcp = await GroupKeys.ConnectAsync(session, parsed.GetValue(group), cancellationToken);
                Items.Print(
                    session.Output,
                    await mcp.ListResourcesAsync(cancellationToken),
                    "The group publishes no resources.",
                    ["URI", "NAME", "TYPE", "DESCRIPTION"],
                    static r => [Items.Text(r, "uri"), Items.Text(r, "name"), Items.Text(r, "mimeType"), Items.About(r)]
                );
                return ExitCode.Ok;
            }
        );
    }

    private static Command Templates(GatewayVerbs verbs)
    {
        var group = ToolsCommands.GroupOption();
        return verbs.Verb(
            "templates",
            "List the resource templates of a group: URIs with parts to fill in.",
            [group],
            async (session, parsed, cancellationToken) =>
            {
                var mcp = await GroupKeys.ConnectAsync(session, parsed.GetValue(group), cancellationToken);
                Items.Print(
                    session.Output,
                    await mcp.ListResourceTemplatesAsync(cancellationToken),
                    "The group publishes no resource templates.",
                    ["URI TEMPLATE", "NAME", "TYPE", "DESCRIPTION"],
                    static r =>
                        [Items.Text(r, "uriTemplate"), Items.Text(r, "name"), Items.Text(r, "mimeType"), Items.About(r)]
                );
                return ExitCode.Ok;
            }
        );
    }

    private static Command Read(GatewayVerbs verbs)
    {
        var uri = new Argument<string>("URI") { Description = "URI of the resource, or a template filled in" };
        var file = new Option<string?>("--output", "-o")
        {
            Description = "Write the contents to this file instead; binary ones as bytes",
            HelpName = "FILE",
        };
        var group = ToolsCommands.GroupOption();
        return verbs.Verb(
            "read",
            "Print the contents of a resource.",
            [uri, file, group],
            async (session, parsed, cancellationToken) =>
            {
                var mcp = await GroupKeys.ConnectAsync(session, parsed.GetValue(group), cancellationToken);
                var result = await mcp.ReadResourceAsync(parsed.GetRequiredValue(uri), cancellationToken);
                var contents = result.GetProperty("contents").EnumerateArray().ToList();
                if (parsed.GetValue(file) is { } path)
                {
                    if (Path.GetDirectoryName(Path.GetFullPath(path)) is { } folder && !Directory.Exists(folder))
                        throw new CliFailure(
                            ExitCode.WrongUsage,
                            $"There is no folder {folder}.",
                            $"mkdir -p {folder}"
                        );
                    var stream = File.Create(path);
                    await using (stream)
                        foreach (var part in contents)
                            await stream.WriteAsync(Bytes(part), cancellationToken);
                    session.Output.Note($"Written to {path}.");
                }
                else if (session.Output.IsJson)
                    session.Output.Json(result, CliJson.Default.JsonElement);
                else
                {
                    // No part is left out in silence: a script would take what is printed for all there is.
                    var code = ExitCode.Ok;
                    foreach (var part in contents)
                        if (!Print(session.Output, part))
                            code = ExitCode.Failed;
                    return code;
                }
                return ExitCode.Ok;
            }
        );
    }

    private static bool Print(Output output, JsonElement part)
    {
        if (part.TryGetProperty("text", out _))
        {
            output.Line(Items.Text(part, "text"));
            return true;
        }
        output.Problem(
            ExitCode.Failed,
            $"{Items.Text(part, "uri")} is binary ({Items.Text(part, "mimeType")}, {Bytes(part).Length} bytes): --output FILE writes it."
        );
        return false;
    }

    private static byte[] Bytes(JsonElement part) =>
        part.TryGetProperty("blob", out var blob) && blob.TryGetBytesFromBase64(out var bytes)
            ? bytes
            : System.Text.Encoding.UTF8.GetBytes(Items.Text(part, "text"));
}
