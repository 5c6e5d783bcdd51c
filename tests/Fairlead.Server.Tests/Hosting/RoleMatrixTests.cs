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
    };

    [Fact]
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
                    string? code = answer.Code is "AUTHENTICATION_REQUIRED" or "AUTHORIZATION_FAILED"
                        ? answer.Code
                        : null;
                    code.ShouldBe(refusal, $"{name} as {role}: {answer.Text}");
                }
            }
        }
    }
}
