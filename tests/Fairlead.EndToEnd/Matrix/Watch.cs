using System.Collections.Concurrent;
using System.Net;

namespace Fairlead.EndToEnd.Matrix;

/// <summary>One answer of the gateway, as it came in.</summary>
internal sealed record Seen(HttpStatusCode Status, bool OpenedSession, string? MediaType);

/// <summary>What a client under test got from the gateway. Redirects are not followed: some clients do not.</summary>
internal sealed class Watch() : DelegatingHandler(new SocketsHttpHandler { AllowAutoRedirect = false })
{
    public ConcurrentQueue<Seen> Answers { get; } = new();

    protected override async Task<HttpResponseMessage> SendAsync(
        HttpRequestMessage request,
        CancellationToken cancellationToken
    )
    {
        var response = await base.SendAsync(request, cancellationToken);
        Answers.Enqueue(
            new Seen(
                response.StatusCode,
                response.Headers.Contains("Mcp-Session-Id"),
                response.Content.Headers.ContentType?.MediaType
            )
        );
        return response;
    }
}

/// <summary>What a client got done: the tools it saw, what the call said, the revision agreed on.</summary>
internal sealed record Used(IReadOnlyList<string> Tools, string Said, string Version);

/// <summary>What the person at a client reads instead; the text is the client's.</summary>
internal sealed class ShownException(string text) : Exception(text);
