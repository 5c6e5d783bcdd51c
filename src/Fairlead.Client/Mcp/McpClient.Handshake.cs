using System.Text.Json;
using Fairlead.Protocol;

namespace Fairlead.Client;

/// <summary>Finds the revision both speak (C-24).</summary>
public sealed partial class McpClient
{
    private async Task ShakeHandsAsync(CancellationToken cancellationToken)
    {
        if (options.PreferModern && await TryModernAsync(cancellationToken) is { } discovered)
        {
            Revision = Revisions.Newest;
            Instructions = discovered.Text("instructions"u8);
            transport.OnReady(Revisions.Newest);
            return;
        }
        var hello = await requests.SendAsync(
            "initialize",
            null,
            json => ClientWords.WriteInitialize(json, options),
            cancellationToken
        );
        var version = hello.Text("protocolVersion"u8);
        if (!Revisions.TryParse(version, out var revision) || revision.Era() != Era.Legacy)
            throw new McpErrorException(new(-32602, $"The server speaks '{version}', which this client does not."));
        (Revision, requests.Revision) = (revision, revision);
        Instructions = hello.Text("instructions"u8);
        await requests.NotifyAsync("notifications/initialized", null, cancellationToken);
        transport.OnReady(revision);
    }

    // Any answer but a good one, or none, means a server with a handshake (2026-07-28 basic/versioning).
    private async Task<JsonElement?> TryModernAsync(CancellationToken cancellationToken)
    {
        requests.Revision = Revisions.Newest;
        try
        {
            var answer = await requests.SendAsync(
                "server/discover",
                null,
                null,
                cancellationToken,
                timeout: options.DiscoverTimeout
            );
            if (
                answer.TryGetProperty("supportedVersions"u8, out var versions)
                && versions.ValueKind == JsonValueKind.Array
                && versions.EnumerateArray().Any(v => v.ValueEquals(Revisions.Newest.Wire()))
            )
                return answer;
        }
        catch (Exception e)
            when (e is McpErrorException or TimeoutException
                || (e is McpDisconnectedException && !listening.IsCompleted)
            )
        {
            // Asked in the older way next.
        }
        requests.Revision = null;
        return null;
    }

    // The older revisions tell of changes unasked; this one wants to be listened to, for as long as the connection lasts.
    private async Task SubscribeAsync()
    {
        try
        {
            await requests.SendAsync(
                "subscriptions/listen",
                null,
                json =>
                {
                    json.WriteStartObject("notifications"u8);
                    json.WriteBoolean("toolsListChanged"u8, true);
                    json.WriteEndObject();
                },
                ended.Token,
                timeout: Timeout.InfiniteTimeSpan
            );
        }
        catch (Exception e) when (e is McpErrorException or McpDisconnectedException or OperationCanceledException)
        {
            options.Log?.Invoke("The server tells nothing of changes.", e);
        }
    }
}
