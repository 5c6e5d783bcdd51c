using System.Globalization;
using Fairlead.Client;

namespace Fairlead.Cli;

/// <summary>A group in words.</summary>
internal static class GroupView
{
    public static readonly IReadOnlyList<string> Columns = ["CODE", "NAME", "ENABLED", "SERVICES", "NATIVE", "FOR"];

    public static IReadOnlyList<string> Row(GroupInfo group) =>
        [
            group.ServerCode,
            group.Name,
            YesNo(group.Enabled),
            string.Join(", ", group.Services.Select(s => s.Name)),
            YesNo(group.PublishNative),
            For(group),
        ];

    /// <summary>Where clients reach it.</summary>
    public static string Address(Session session, GroupInfo group) =>
        $"{CliFailure.Show(session.Server)}/mcp/{Uri.EscapeDataString(group.ServerCode)}";

    public static void Print(Session session, GroupInfo group)
    {
        if (session.Output.IsJson)
        {
            session.Output.Json(group, CliJson.Default.GroupInfo);
            return;
        }
        session.Output.Facts([
            ("name", group.Name),
            ("code", group.ServerCode),
            ("id", group.Id),
            ("address", Address(session, group)),
            ("description", group.Description),
            ("enabled", YesNo(group.Enabled)),
            ("for", For(group)),
            ("services", string.Join(", ", group.Services.Select(s => s.Name))),
            ("native tools", YesNo(group.PublishNative)),
            ("calls a minute", Limit(group.CallsPerMinute)),
            ("calls at once", Limit(group.ConcurrentCalls)),
            ("logs bodies", YesNo(group.LogBodies)),
            ("tools are found", YesNo(group.FindTools)),
            ("made", ServiceView.Time(group.CreatedAt)),
            ("changed", ServiceView.Time(group.UpdatedAt)),
        ]);
    }

    /// <summary>What became of groups: a sentence each, or as JSON an array of them.</summary>
    public static void Print(Session session, IReadOnlyList<GroupInfo> groups, string what)
    {
        if (session.Output.IsJson)
            session.Output.Json(groups, CliJson.Default.IReadOnlyListGroupInfo);
        else
            foreach (var group in groups)
                session.Output.Line($"{group.Name} {what}");
    }

    public static string YesNo(bool value) => value ? "yes" : "no";

    private static string For(GroupInfo group) =>
        group.AllowedRoles.Count + group.UserTierAccess.Count == 0
            ? "anyone with the key"
            : string.Join(
                "; ",
                new[] { ("roles", group.AllowedRoles), ("tiers", group.UserTierAccess) }
                    .Where(l => l.Item2.Count > 0)
                    .Select(l => $"{l.Item1} {string.Join(", ", l.Item2)}")
            );

    private static string Limit(int? limit) =>
        limit switch
        {
            null => "the gateway's default",
            0 => "no limit",
            { } number => number.ToString(CultureInfo.InvariantCulture),
        };
}
