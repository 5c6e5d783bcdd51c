using Fairlead.Client;

namespace Fairlead.Cli;

/// <summary>One command at work: the gateway it talks to, as whom, and where its words go.</summary>
internal sealed class Session : IDisposable
{
    private readonly Terminal terminal;
    private string? token;

    public Session(Terminal terminal, Uri server, bool json)
    {
        this.terminal = terminal;
        Server = server;
        Output = new Output(terminal, json);
        Client = new FairleadClient(server, AccessTokenAsync, new() { ClientName = "fairlead", Time = terminal.Time });
    }

    public Uri Server { get; }
    public FairleadClient Client { get; }
    public Output Output { get; }
    public Terminal Terminal => terminal;

    /// <summary>
    /// The access token: FAIRLEAD_TOKEN, else a sign-in with FAIRLEAD_ADMIN_USER and FAIRLEAD_ADMIN_PASSWORD, else what
    /// <c>fairlead login</c> kept. Null where there is none: then the gateway says so, or that it is not there at all.
    /// </summary>
    public async ValueTask<string?> AccessTokenAsync(CancellationToken cancellationToken) =>
        token ??=
            terminal.Variable("FAIRLEAD_TOKEN")
            ?? await SignInAsync(cancellationToken)
            ?? new TokenFile(terminal).Find(Server);

    public void Dispose() => Client.Dispose();

    private async Task<string?> SignInAsync(CancellationToken cancellationToken)
    {
        if (terminal.Variable("FAIRLEAD_ADMIN_PASSWORD") is not { } password)
            return null;
        var user = terminal.Variable("FAIRLEAD_ADMIN_USER") ?? "admin";
        using var anonymous = new FairleadClient(Server);
        return (await anonymous.SignInAsync(user, password, cancellationToken)).Value;
    }
}
