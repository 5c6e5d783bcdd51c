using System.Net.Http.Headers;
using System.Text.Json;
using Fairlead.Cli;

namespace Fairlead.Doctor;

/// <summary>What is at the gateway's address.</summary>
internal enum Presence
{
    /// <summary>Nothing listens.</summary>
    Absent,

    /// <summary>Something takes connections and does not answer.</summary>
    Silent,

    /// <summary>Something answers that is no Fairlead.</summary>
    Foreign,

    /// <summary>A gateway.</summary>
    Gateway,
}

/// <summary>The answer of <c>/health</c>, read leniently: it may come from another version.</summary>
internal sealed record GatewayAnswer(Presence Presence)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    public string Version { get; private init; } = "";

    /// <summary>Parts that are not well, and what they say.</summary>
    public IReadOnlyList<(string Name, string Detail)> Unwell { get; private init; } = [];

    /// <summary>The gateway's clock minus ours; null where it says no time.</summary>
    public TimeSpan? Ahead { get; private init; }

    public static async Task<GatewayAnswer> AskAsync(Uri server, Terminal terminal)
    {
        using var http = new HttpClient(
            new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = !server.IsLoopback }
        )
        {
            Timeout = Patience,
        };
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(server, "health"));
            // The names of services are for administrators.
            if (Token(server, terminal) is { } token)
                request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
            using var response = await http.SendAsync(request);
            using var json = JsonDocument.Parse(await response.Content.ReadAsStringAsync());
            return Read(json.RootElement, terminal.Time.GetUtcNow()) ?? new(Presence.Foreign);
        }
        catch (OperationCanceledException)
        {
            return new(Presence.Silent);
        }
        catch (HttpRequestException e)
        {
            return new(
                e.HttpRequestError
                    is HttpRequestError.ConnectionError
                        or HttpRequestError.NameResolutionError
                        or HttpRequestError.Unknown
                    ? Presence.Absent
                    : Presence.Foreign
            );
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // No JSON, or members of other kinds than ours.
            return new(Presence.Foreign);
        }
    }

    private static string? Token(Uri server, Terminal terminal)
    {
        try
        {
            return new TokenFile(terminal).Find(server);
        }
        catch (Exception e) when (e is CliFailure or IOException or UnauthorizedAccessException)
        {
            // The check of the sign-in tells it.
            return null;
        }
    }

    private static GatewayAnswer? Read(JsonElement health, DateTimeOffset now)
    {
        if (
            health.ValueKind != JsonValueKind.Object
            || !health.TryGetProperty("version", out var version)
            || !health.TryGetProperty("checks", out var checks)
            || checks.ValueKind != JsonValueKind.Object
        )
            return null;
        return new(Presence.Gateway)
        {
            Version = version.ToString(),
            Ahead =
                health.TryGetProperty("timestamp", out var at) && at.TryGetDateTimeOffset(out var time)
                    ? time - now
                    : null,
            Unwell =
            [
                .. checks
                    .EnumerateObject()
                    .Where(c => c.Value.TryGetProperty("status", out var s) && s.ToString() != "healthy")
                    .Select(c => (c.Name, c.Value.TryGetProperty("detail", out var d) ? d.ToString() : "not well")),
            ],
        };
    }
}
