using System.Globalization;
using Fairlead.Client;

namespace Fairlead.Cli;

/// <summary>A published tool in words.</summary>
internal static class PublishedToolView
{
    public static void Print(Session session, PublishedTool tool)
    {
        if (session.Output.IsJson)
        {
            session.Output.Json(tool, CliJson.Default.PublishedTool);
            return;
        }
        var view = tool.View;
        session.Output.Facts([
            ("name", tool.ToolName),
            ("first name", tool.GivenName),
            ("owner", tool.ServiceName ?? "the gateway"),
            ("its name there", tool.UpstreamName),
            ("id", tool.Id),
            ("offered", tool.Enabled ? (tool.HeldByView ? "no, its view does not fit it" : "yes") : "no"),
            ("timeout", $"{tool.TimeoutSeconds.ToString(CultureInfo.InvariantCulture)} s"),
            ("description", tool.Description),
            ("title", view?.Title),
            ("hidden", string.Join(", ", view?.Hidden ?? [])),
            ("fixed", string.Join(", ", (view?.Fixed ?? Nothing).Select(v => $"{v.Key}={v.Value.GetRawText()}"))),
            ("hints", string.Join(", ", Hints(view?.Annotations))),
            .. tool.ViewProblems.Select(problem => ("does not fit", (string?)$"{problem.Field}: {problem.Text}")),
        ]);
    }

    private static readonly Dictionary<string, System.Text.Json.JsonElement> Nothing = [];

    private static IEnumerable<string> Hints(ToolHints? hints) =>
        new (string Name, bool? Value)[]
        {
            ("read-only", hints?.ReadOnlyHint),
            ("destructive", hints?.DestructiveHint),
            ("idempotent", hints?.IdempotentHint),
            ("open-world", hints?.OpenWorldHint),
        }
            .Where(hint => hint.Value is not null)
            .Select(hint => $"{hint.Name} {(hint.Value == true ? "true" : "false")}");
}
