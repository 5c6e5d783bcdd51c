using System.Runtime.CompilerServices;
using Fairlead.Cli;
using Fairlead.Client;

namespace Fairlead.Doctor.Checks;

/// <summary>What <c>fairlead login</c> kept: private, in date, and still accepted.</summary>
internal sealed class LoginCheck : ICheck
{
    public string Name => "login";
    public bool IsLocal => false;

    public async IAsyncEnumerable<Finding> RunAsync(
        Site site,
        [EnumeratorCancellation] CancellationToken cancellationToken
    )
    {
        var file = new TokenFile(site.Terminal);
        var server = CliFailure.Show(site.Server);
        // What commands go by before what was kept.
        if (GivenBy(site.Terminal) is { } variable)
        {
            if ((await site.GatewayAsync()).Presence != Presence.Gateway)
                yield return new(Severity.Ok, Name, variable, "is used by all commands; no gateway is there to ask");
            else if (await RefusedAsync(site, cancellationToken) is { } refusal)
                yield return new(
                    Severity.Warning,
                    Name,
                    variable,
                    $"the gateway does not accept it, and all commands use it: {refusal}",
                    $"unset {variable} – or give it the right value"
                );
            else
                yield return new(Severity.Ok, Name, variable, "is used by all commands, and accepted");
        }
        if (File.Exists(file.Path) && FileRights.IsOpen(file.Path))
            yield return new(
                Severity.Fault,
                Name,
                file.Path,
                "other users can read the tokens in it",
                $"chmod 600 {Site.Quote(file.Path)} && fairlead login --server {server}"
            );
        var (token, problem) = Read(file, site.Server);
        if (problem is not null)
        {
            yield return new(
                Severity.Fault,
                Name,
                file.Path,
                problem.Message,
                $"rm {Site.Quote(file.Path)} && fairlead login --server {server}"
            );
            yield break;
        }
        var again = $"fairlead login --server {server} --user {Site.Quote(token?.Username ?? "admin")}";
        if (token is null)
            yield return new(Severity.Ok, Name, server, "nobody is signed in from here");
        else if (token.ExpiresAt <= site.Terminal.Time.GetUtcNow())
            yield return new(
                Severity.Warning,
                Name,
                server,
                $"the sign-in ended at {token.ExpiresAt:yyyy-MM-dd HH:mm} UTC",
                again
            );
        else if ((await site.GatewayAsync()).Presence != Presence.Gateway)
            yield return new(Severity.Ok, Name, server, $"{token.Username} is signed in; no gateway is there to ask");
        else if (await RefusedAsync(site, token, cancellationToken) is { } why)
            yield return new(Severity.Warning, Name, server, $"the gateway does not accept the sign-in: {why}", again);
        else
            yield return new(
                Severity.Ok,
                Name,
                server,
                $"{token.Username} is signed in until {token.ExpiresAt:HH:mm} UTC"
            );
    }

    private static string? GivenBy(Terminal terminal) =>
        ((string[])["FAIRLEAD_TOKEN", "FAIRLEAD_ADMIN_PASSWORD"]).FirstOrDefault(v => terminal.Variable(v) is not null);

    private static async Task<string?> RefusedAsync(Site site, CancellationToken cancellationToken)
    {
        using var session = new Session(site.Terminal, site.Server, json: false);
        return await RefusedAsync(session.Client, cancellationToken);
    }

    private static (StoredToken? Token, CliFailure? Problem) Read(TokenFile file, Uri server)
    {
        try
        {
            return (file.Peek(server), null);
        }
        catch (CliFailure failure)
        {
            return (null, failure);
        }
    }

    private static async Task<string?> RefusedAsync(Site site, StoredToken token, CancellationToken cancellationToken)
    {
        using var client = new FairleadClient(site.Server, _ => new(token.AccessToken));
        return await RefusedAsync(client, cancellationToken);
    }

    private static async Task<string?> RefusedAsync(FairleadClient client, CancellationToken cancellationToken)
    {
        try
        {
            await client.WhoAmIAsync(cancellationToken);
            return null;
        }
        catch (FairleadApiException e)
        {
            return e.Message;
        }
    }
}
