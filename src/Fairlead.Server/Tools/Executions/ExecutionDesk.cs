using System.Text;
using System.Text.Json;
using Fairlead.Server.Gateway.Intake;
using Fairlead.Server.Gateway.Routing;
using Fairlead.Server.Hosting.Rest;
using Fairlead.Server.Identity;
using Fairlead.Server.Storage;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Fairlead.Server.Tools.Executions;

/// <summary>
/// What a signed-in user may do with executions: administrators everything; others run tools of the groups that let them
/// in by name, and see and cancel what is theirs.
/// </summary>
internal sealed class ExecutionDesk(Routes routes, ExecutionQueue queue)
{
    private const int MaxInputBytes = 1024 * 1024;
    private const double MaxTimeout = 600;
    private const int MaxPriority = 100;
    private const int MostRetries = 10;
    private const int MaxCorrelation = 128;

    public static UserIdentity UserOf(HttpContext http) => http.Features.GetRequiredFeature<UserIdentity>();

    /// <summary>One of the user's executions, or of all for an administrator; null for any other id.</summary>
    public Execution? Find(string id, UserIdentity user) =>
        queue.Find(id) is { } execution && Sees(execution, user) ? execution : null;

    public IEnumerable<Execution> All(UserIdentity user) => queue.All.Where(e => Sees(e, user));

    public ExecutionView View(Execution execution, bool whole = false) =>
        ExecutionView.Of(execution, GroupName(execution.Request.Group), whole);

    /// <summary>What is to be run, checked; an error names the field below <paramref name="at"/>.</summary>
    public RestError? Read(SubmitRequest given, UserIdentity user, string at, out ExecutionRequest? request)
    {
        request = null;
        if (string.IsNullOrEmpty(given.Group))
            return RestResult.Fail("MISSING_PARAMETER", "group is required: a group's id or code.", at + "group");
        if (string.IsNullOrEmpty(given.ToolName))
            return RestResult.Fail("MISSING_PARAMETER", "tool_name is required.", at + "tool_name");
        if (Math.Abs((long)given.Priority) > MaxPriority)
            return Wrong("priority", $"-{MaxPriority} to {MaxPriority}");
        if (given.Timeout is not (null or (> 0 and <= MaxTimeout)))
            return Wrong("timeout", $"more than 0 and up to {MaxTimeout} seconds");
        if (given.MaxRetries is < 0 or > MostRetries)
            return Wrong("max_retries", $"0 to {MostRetries}");
        if (given.CorrelationId is { Length: 0 or > MaxCorrelation })
            return Wrong("correlation_id", $"1 to {MaxCorrelation} characters");
        var input = given.Input is { ValueKind: not JsonValueKind.Null } some ? some : (JsonElement?)null;
        if (input is { ValueKind: not JsonValueKind.Object })
            return Wrong("input", "a JSON object");
        var bytes = input is { } raw ? Encoding.UTF8.GetBytes(raw.GetRawText()) : [];
        if (bytes.Length > MaxInputBytes)
            return Wrong("input", $"at most {MaxInputBytes} bytes");
        if (GroupFor(given.Group, user) is not { } group)
            return RestResult.Fail("GROUP_NOT_FOUND", $"There is no group {given.Group} for you.", at + "group");
        if (!group.Config.Enabled)
            return RestResult.Fail("CONFLICT", "The group is disabled: enable it first.", at + "group");
        var defaults = new ExecutionRequest { Group = group.Config.Id, ToolName = given.ToolName };
        request = defaults with
        {
            Input = bytes,
            Priority = given.Priority,
            Timeout = given.Timeout is { } seconds ? TimeSpan.FromSeconds(seconds) : defaults.Timeout,
            MaxRetries = given.MaxRetries ?? defaults.MaxRetries,
            CorrelationId = given.CorrelationId,
            User = user.IsAdmin ? null : Caller(user),
            Caller = Caller(user),
            SubmittedBy = user.Id,
        };
        return null;

        RestError Wrong(string field, string allowed) =>
            RestResult.Fail("INVALID_PARAMETER", $"{field} is {allowed}.", at + field);
    }

    public string GroupName(GroupId id) =>
        routes.Table.ById.TryGetValue(id, out var group) ? group.Config.ServerCode : id.Value;

    private GroupRoute? GroupFor(string named, UserIdentity user)
    {
        var table = routes.Table;
        if (!table.ByCode.TryGetValue(named, out var group) && !table.ById.TryGetValue(new GroupId(named), out group))
            return null;
        // As on the MCP path: a user without a key must be let in by name.
        return user.IsAdmin || (group.NeedsUser && CallerStep.Allows(group, Caller(user))) ? group : null;
    }

    private static bool Sees(Execution execution, UserIdentity user) =>
        user.IsAdmin || execution.Request.SubmittedBy == user.Id;

    /// <summary>The user as tools that ask for roles see it.</summary>
    public static CallingUser Caller(UserIdentity user) => new(user.Id, user.Roles, user.Tier, user.Username);
}
