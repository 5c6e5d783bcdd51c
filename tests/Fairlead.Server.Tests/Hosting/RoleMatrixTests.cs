using System.Text;
using Microsoft.AspNetCore.Routing;
using Shouldly;
using Xunit;

namespace Fairlead.Server.Tests.Hosting;

/// <summary>Role × endpoint, from the list of endpoints: a new one without authorisation fails here.</summary>
public sealed class RoleMatrixTests
{
    /// <summary>Endpoints that are not for administrators only, and who may call them. Everything else needs role admin.</summary>
    private static readonly Dictionary<string, string> Exceptions = new()
    {
        ["auth.login"] = "anyone",
        ["auth.logout"] = "user",
        ["auth.me"] = "user",
        ["auth.register"] = "anyone",
        // Of the user himself; consultants have all of the conversations.
        ["live"] = "user",
        ["chat.conversations.list"] = "user",
        ["chat.conversations.begin"] = "user",
        ["chat.conversations.get"] = "user",
        ["chat.conversations.claim"] = "user",
        ["chat.conversations.ai"] = "user",
        ["chat.messages.list"] = "user",
        ["chat.messages.send"] = "user",
        ["chat.messages.feedback"] = "user",
        ["notifications.list"] = "user",
        ["notifications.read"] = "user",
        // Of groups that let the user in, and of what the user submitted.
        ["executions.submit"] = "user",
        ["executions.batch"] = "user",
        ["executions.list"] = "user",
        ["executions.get"] = "user",
        ["executions.cancel"] = "user",
    };

    /// <summary>All that is mapped outside the API, and what it says to somebody without credentials.</summary>
    private static readonly Dictionary<string, int> Outside = new()
    {
        ["mcp"] = 401,
        ["mcp/v1"] = 401,
        ["mcp/{code}"] = 401,
        ["{code}/mcp"] = 401,
        ["sse"] = 401,
        ["{code}/sse"] = 401,
        ["messages"] = 404,
        ["mcp/messages"] = 404,
        ["health"] = 200,
        ["health/live"] = 200,
        ["health/ready"] = 200,
        ["openapi.json"] = 200,
    };

    [Fact] // P-75: least privilege, deny by default; on a fresh install
    public async Task Endpoints_OfTheApi_LetInOnlyWhomTheyShould()
    {
        await using AdminHost host = await AdminHost.StartWholeAsync();
        RouteEndpoint[] endpoints =
        [
            .. host
                .Endpoints.OfType<RouteEndpoint>()
                .Where(endpoint =>
                    endpoint.RoutePattern.RawText!.TrimStart('/').StartsWith("api/", StringComparison.Ordinal)
                ),
        ];
        endpoints.Length.ShouldBeGreaterThan(15);
        foreach (RouteEndpoint endpoint in endpoints)
        {
            string name = endpoint.Metadata.GetRequiredMetadata<IEndpointNameMetadata>().EndpointName;
            string who = Exceptions.GetValueOrDefault(name, "admin");
            string path = endpoint.RoutePattern.RawText!.Replace("{id}", "x").Replace("{service}", "x");
            foreach (string method in endpoint.Metadata.GetRequiredMetadata<HttpMethodMetadata>().HttpMethods)
            {
                host.Token = null;
                await ExpectAsync("anonymous", who is "anyone" ? null : "AUTHENTICATION_REQUIRED");
                host.Token = await host.SignInAsync("carol");
                await ExpectAsync("customer", who is "admin" ? "AUTHORIZATION_FAILED" : null);
                host.Token = await host.SignInAsync("admin");
                await ExpectAsync("admin", null);

                async Task ExpectAsync(string role, string? refusal)
                {
                    Answer answer = await host.SendAsync(new HttpMethod(method), path, method is "GET" ? null : "{}");
                    SaysNothingOfItsInside(answer.Text);
                    if (refusal is not null)
                        answer.Status.ShouldBe(role is "anonymous" ? 401 : 403, $"{name} as {role}: {answer.Text}");
                    string? code = answer.Code is "AUTHENTICATION_REQUIRED" or "AUTHORIZATION_FAILED"
                        ? answer.Code
                        : null;
                    code.ShouldBe(refusal, $"{name} as {role}: {answer.Text}");
                }
            }
        }
    }

    [Fact] // P-75: whoever maps a new endpoint outside the API says here what it shows to anybody
    public async Task Endpoints_OutsideTheApi_AreKnownAndClosed()
    {
        await using AdminHost host = await AdminHost.StartWholeAsync();
        host.Token = null;
        RouteEndpoint[] endpoints =
        [
            .. host
                .Endpoints.OfType<RouteEndpoint>()
                .Where(e => !e.RoutePattern.RawText!.TrimStart('/').StartsWith("api/", StringComparison.Ordinal)),
        ];
        endpoints
            .Select(e => e.RoutePattern.RawText!.TrimStart('/'))
            .Distinct()
            .ShouldBe(Outside.Keys, ignoreOrder: true);
        foreach (RouteEndpoint endpoint in endpoints)
        {
            string pattern = endpoint.RoutePattern.RawText!.TrimStart('/');
            IReadOnlyList<string> methods = endpoint.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods
                is { Count: > 0 } some
                ? some
                : ["GET", "POST", "DELETE"];
            foreach (string method in methods)
            {
                using var request = new HttpRequestMessage(
                    new HttpMethod(method),
                    pattern.Replace("{code}", "default")
                );
                if (method is "POST")
                    request.Content = new StringContent("{}", Encoding.UTF8, "application/json");
                using HttpResponseMessage response = await host.Client.SendAsync(
                    request,
                    HttpCompletionOption.ResponseHeadersRead
                );
                ((int)response.StatusCode).ShouldBe(Outside[pattern], $"{method} {pattern}");
                if (Outside[pattern] >= 400)
                    SaysNothingOfItsInside(await response.Content.ReadAsStringAsync());
            }
        }
    }

    // P-75: no stack, no type of ours or of the framework.
    private static void SaysNothingOfItsInside(string text)
    {
        foreach (var inside in new[] { "   at ", "Exception:", "System.", "Microsoft.", "Fairlead.Server", ".cs:line" })
            text.ShouldNotContain(inside, Case.Sensitive);
    }
}
