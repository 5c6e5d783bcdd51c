using System.Runtime.CompilerServices;

namespace Fairlead.EndToEnd.Matrix;

/// <summary>Events of a stream, as the Dify clients read them: name and data.</summary>
internal static class EventReader
{
    public static async IAsyncEnumerable<(string Name, string Data)> EventsAsync(
        this HttpResponseMessage response,
        [EnumeratorCancellation] CancellationToken cancellationToken
    )
    {
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(cancellationToken));
        var name = "message";
        string? data = null;
        while (await reader.ReadLineAsync(cancellationToken) is { } line)
        {
            if (line.StartsWith("event:", StringComparison.Ordinal))
                name = line[6..].Trim();
            else if (line.StartsWith("data:", StringComparison.Ordinal))
                data = line[5..].TrimStart();
            else if (line.Length == 0 && data is not null)
            {
                yield return (name, data);
                (name, data) = ("message", null);
            }
        }
    }
}
