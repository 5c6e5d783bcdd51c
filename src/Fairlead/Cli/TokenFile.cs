using System.Text.Json;
using System.Text.Json.Serialization;

namespace Fairlead.Cli;

/// <summary>
/// Access tokens kept by <c>fairlead login</c>, one for each gateway, so that no gateway ever gets another's. The file
/// is the user's alone (0600) and replaced in one step.
/// </summary>
internal sealed class TokenFile(Terminal terminal)
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    public string Path { get; } =
        System.IO.Path.Combine(
            terminal.Variable("XDG_CONFIG_HOME") is { } config && System.IO.Path.IsPathRooted(config)
                ? config
                : System.IO.Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".config"),
            "fairlead",
            "tokens.json"
        );

    /// <summary>The token for a gateway; null when there is none, or its time is over.</summary>
    public string? Find(Uri server) =>
        Peek(server) is { } token && token.ExpiresAt > terminal.Time.GetUtcNow() ? token.AccessToken : null;

    /// <summary>What was kept for a gateway, in date or not; null when there is nothing.</summary>
    public StoredToken? Peek(Uri server) => Read().Servers.GetValueOrDefault(Key(server));

    public void Set(Uri server, StoredToken token)
    {
        var stored = Read();
        stored.Servers[Key(server)] = token;
        Write(stored);
    }

    /// <summary>Forgets the token of a gateway.</summary>
    public void Remove(Uri server)
    {
        var stored = Read();
        if (stored.Servers.Remove(Key(server)))
            Write(stored);
    }

    private static string Key(Uri server) => server.GetLeftPart(UriPartial.Path).TrimEnd('/');

    private StoredTokens Read()
    {
        if (!File.Exists(Path))
            return new StoredTokens();
        try
        {
            using var file = File.OpenRead(Path);
            return JsonSerializer.Deserialize(file, TokenJson.Default.StoredTokens) ?? new StoredTokens();
        }
        catch (JsonException)
        {
            throw new CliFailure(ExitCode.Failed, $"{Path} is damaged.", "Delete it and run 'fairlead login' again.");
        }
    }

    private void Write(StoredTokens stored)
    {
        var folder = System.IO.Path.GetDirectoryName(Path)!;
        var draft = $"{Path}.{Environment.ProcessId}";
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(folder);
        }
        else
        {
            Directory.CreateDirectory(folder, OwnerOnly | UnixFileMode.UserExecute);
            options.UnixCreateMode = OwnerOnly;
            File.Delete(draft);
        }
        using (var file = new FileStream(draft, options))
            JsonSerializer.Serialize(file, stored, TokenJson.Default.StoredTokens);
        File.Move(draft, Path, overwrite: true);
    }
}

/// <summary>A token as kept.</summary>
internal sealed record StoredToken(string Username, string AccessToken, DateTimeOffset ExpiresAt);

internal sealed record StoredTokens
{
    public int Schema { get; init; } = 1;
    public Dictionary<string, StoredToken> Servers { get; init; } = [];
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true)]
[JsonSerializable(typeof(StoredTokens))]
internal sealed partial class TokenJson : JsonSerializerContext;
