using System.CommandLine;
using Fairlead.Client;

namespace Fairlead.Cli;

/// <summary>Waiting for services that were asked to start or stop: <c>--no-wait</c> and <c>--timeout</c>.</summary>
internal sealed class WaitOptions
{
    private readonly Option<bool> noWait = new("--no-wait") { Description = "Do not wait for the outcome" };

    private readonly Option<int?> timeout = TimeoutOption();

    public static Option<int?> TimeoutOption()
    {
        var option = NumberOption.Create("--timeout", "Longest wait, in seconds", "SECONDS", 1, 3600);
        // A little longer than the gateway waits for a handshake (60 s), so that its reason is what is shown.
        option.DefaultValueFactory = static _ => 75;
        return option;
    }

    /// <summary>The longest wait that was asked for.</summary>
    public static TimeSpan Limit(ParseResult parsed, Option<int?> timeout) =>
        TimeSpan.FromSeconds(parsed.GetValue(timeout)!.Value);

    /// <summary>The longest wait; none with <c>--no-wait</c>.</summary>
    public TimeSpan Limit(ParseResult parsed) => parsed.GetValue(noWait) ? TimeSpan.Zero : Limit(parsed, timeout);

    public IReadOnlyList<Option> All => [noWait, timeout];

    /// <summary>Waits for one service, prints it, and turns how it ended into an exit code.</summary>
    public Task<int> FinishAsync(
        Session session,
        ParseResult parsed,
        ServiceInfo asked,
        ServiceInfo? before,
        CancellationToken cancellationToken
    ) => FinishAsync(session, parsed, [(asked, before)], single: true, cancellationToken);

    /// <summary>Waits for services, prints them, and turns how they ended into an exit code.</summary>
    /// <param name="session">The command at work.</param>
    /// <param name="parsed">The options.</param>
    /// <param name="asked">Each as the gateway answered the request, and a state to be left; null where any will do.</param>
    /// <param name="single">One was named: as JSON it is an object, not an array.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    public async Task<int> FinishAsync(
        Session session,
        ParseResult parsed,
        IReadOnlyList<(ServiceInfo Asked, ServiceInfo? Before)> asked,
        bool single,
        CancellationToken cancellationToken
    )
    {
        IReadOnlyList<ServiceInfo> ended = parsed.GetValue(noWait)
            ? [.. asked.Select(a => a.Asked)]
            : await UntilSettledAsync(
                session,
                parsed,
                [.. asked.Select(a => (a.Asked.Name, a.Before))],
                cancellationToken
            );
        ServiceView.Print(session.Output, ended, single);
        return Judge(session, parsed, ended, reasonsShown: false);
    }

    /// <summary>Waits for all of them at once; with <c>--no-wait</c> takes them as they are.</summary>
    public async Task<IReadOnlyList<ServiceInfo>> WaitAsync(
        Session session,
        ParseResult parsed,
        IReadOnlyList<string> names,
        CancellationToken cancellationToken
    ) =>
        parsed.GetValue(noWait)
            ? await Task.WhenAll(names.Select(n => session.Client.Services.GetAsync(n, cancellationToken)))
            : await UntilSettledAsync(
                session,
                parsed,
                [.. names.Select(n => (n, (ServiceInfo?)null))],
                cancellationToken
            );

    /// <summary>Gives the exit code for where services ended, and says what is not said yet.</summary>
    /// <param name="session">The command at work.</param>
    /// <param name="parsed">The options.</param>
    /// <param name="ended">The services.</param>
    /// <param name="reasonsShown">Whether the result itself says why services failed.</param>
    public int Judge(Session session, ParseResult parsed, IReadOnlyList<ServiceInfo> ended, bool reasonsShown)
    {
        var code = ExitCode.Ok;
        foreach (var service in ended)
        {
            if (service.Status == ServiceStatus.Error || service.IsSkipped)
            {
                if (!reasonsShown)
                    session.Output.Problem(ExitCode.ServiceFailed, ServiceView.Sentence(service));
                code = ExitCode.ServiceFailed;
            }
            else if (!service.IsSettled && !parsed.GetValue(noWait))
            {
                session.Output.Problem(
                    ExitCode.Failed,
                    $"{service.Name} is still {service.Status} after {parsed.GetValue(timeout)} s; look again with 'fairlead services show {service.Name}'."
                );
                if (code == ExitCode.Ok)
                    code = ExitCode.Failed;
            }
        }
        return code;
    }

    private async Task<IReadOnlyList<ServiceInfo>> UntilSettledAsync(
        Session session,
        ParseResult parsed,
        IReadOnlyList<(string Name, ServiceInfo? Before)> services,
        CancellationToken cancellationToken
    )
    {
        var looks = new ServiceInfo[services.Count];
        using var limit = new CancellationTokenSource(Limit(parsed, timeout), session.Terminal.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        return await session.Output.WhileAsync(
            $"Waiting for {string.Join(", ", services.Select(s => s.Name))}",
            async tell =>
            {
                await Task.WhenAll(services.Select((s, i) => OneAsync(i, s.Name, s.Before)));
                return looks;

                async Task OneAsync(int index, string name, ServiceInfo? before)
                {
                    try
                    {
                        looks[index] = await session.Client.Services.WaitAsync(
                            name,
                            before,
                            new Look(now =>
                            {
                                looks[index] = now;
                                tell(
                                    string.Join(
                                        "; ",
                                        looks.Where(l => l is { IsSettled: false }).Select(ServiceView.Sentence)
                                    )
                                );
                            }),
                            either.Token
                        );
                    }
                    catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
                    {
                        // The limit: what was seen last is what there is to say.
                        looks[index] ??= await session.Client.Services.GetAsync(name, cancellationToken);
                    }
                }
            }
        );
    }

    private sealed class Look(Action<ServiceInfo> report) : IProgress<ServiceInfo>
    {
        public void Report(ServiceInfo value) => report(value);
    }
}
