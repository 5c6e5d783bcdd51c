using System.Globalization;
using Fairlead.Client;

namespace Fairlead.Cli;

/// <summary>Calls in words: the log knows services and groups by id, people by name.</summary>
internal sealed class CallNames
{
    private readonly Session session;
    private readonly HashSet<string> gone = [];
    private List<ServiceInfo> services = [];
    private List<GroupInfo> groups = [];

    private CallNames(Session session) => this.session = session;

    public static async Task<CallNames> ReadAsync(Session session, CancellationToken cancellationToken)
    {
        var names = new CallNames(session);
        await names.ReadAsync(cancellationToken);
        return names;
    }

    public string ServiceId(string nameOrId) =>
        (services.Find(s => s.Id == nameOrId) ?? services.Find(s => s.Name == nameOrId))?.Id
        ?? throw new CliFailure(ExitCode.NotFound, $"There is no service {nameOrId}.", "See 'fairlead services list'.");

    public string GroupId(string codeIdOrName) =>
        (
            groups.Find(g => g.ServerCode == codeIdOrName)
            ?? groups.Find(g => g.Id == codeIdOrName)
            ?? groups.Find(g => g.Name == codeIdOrName)
        )?.Id
        ?? throw new CliFailure(
            ExitCode.NotFound,
            $"There is no group '{codeIdOrName}'.",
            "See 'fairlead groups list'."
        );

    /// <summary>A call as a line.</summary>
    public async ValueTask<string> SentenceAsync(CallRecord call, CancellationToken cancellationToken)
    {
        var service = services.Find(s => s.Id == call.ServiceId);
        var group = groups.Find(g => g.Id == call.GroupId);
        // Made after this began to look; asked for once, for what is removed is not found again.
        if (
            (service is null && call.ServiceId is { } s && gone.Add(s))
            | (group is null && call.GroupId is { } g && gone.Add(g))
        )
        {
            await ReadAsync(cancellationToken);
            service = services.Find(s => s.Id == call.ServiceId);
            group = groups.Find(g => g.Id == call.GroupId);
        }
        return string.Join(
                "  ",
                new[]
                {
                    call.CreatedAt.ToString("yyyy-MM-dd HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture),
                    call.Success ? "ok    " : "failed",
                    $"{call.DurationMs.ToString("0.0", CultureInfo.InvariantCulture), 8} ms",
                    group?.ServerCode ?? call.GroupId ?? "-",
                    call.Method,
                    call.ToolName ?? "",
                    service is not null ? $"@{service.Name}"
                    : call.ServiceId is { } id ? $"@{id}"
                    : "",
                    call.CallerAppId is { } app ? $"by {app}" : "",
                    call.Success ? ""
                    // A tool that reports an error has no code.
                    : call.ErrorCode == 0 ? call.ErrorMessage ?? ""
                    : $"{call.ErrorCode.ToString(CultureInfo.InvariantCulture)} {call.ErrorMessage}",
                }.Where(static part => part.Length > 0)
            )
            .ReplaceLineEndings(" ");
    }

    private async Task ReadAsync(CancellationToken cancellationToken)
    {
        services = await session.Client.Services.ListAsync(null, cancellationToken).ToListAsync(cancellationToken);
        groups = await session.Client.Groups.ListAsync(cancellationToken).ToListAsync(cancellationToken);
    }
}
