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
