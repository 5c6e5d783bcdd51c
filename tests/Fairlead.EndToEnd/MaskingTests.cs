using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Fairlead.Testing;
using Shouldly;
using Xunit;

namespace Fairlead.EndToEnd;

/// <summary>Somebody's data goes through the product and is nowhere in what the product keeps (P-85).</summary>
[Trait("Category", "integration")]
public sealed class MaskingTests
{
    private const string Email = "canary.person@example.org";
    private const string Phone = "13812348888";
    private const string IdCard = "110101199003071234";
    private const string BankCard = "6222021234567890";
    private const string Password = "canary-password-1";

    [Fact] // P-81…P-85, C-37
    public async Task PersonalData_OfCalls_IsUsedAndNeverKept()
    {
        var arguments = JsonSerializer.Serialize(
            new { text = $"mail {Email} call {Phone} id {IdCard} card {BankCard}", password = Password }
        );
        string data;
        string said;
        await using (var product = await Product.StartAsync("\"svc\":" + Product.Fixture()))
        {
            data = product.Data;
            await product.ServicesRunAsync();
            await OptInAsync(product);
            // What the service answers is the original: masking is for what is kept.
            var (_, echoed) = await product.CallAsync("echo", arguments);
            foreach (var value in new[] { Email, Phone, IdCard, BankCard })
                echoed.GetRawText().ShouldContain(value);
            // Every way in which a call can end badly, too.
            await product.CallAsync("add", $$"""{"numbers":["{{Email}} {{Phone}}"]}""");
            await product.CallAsync("no_such_tool", arguments);
            await product.CallAsync("echo", arguments, key: "mcp_key_" + new string('C', 43));
            (await product.TerminateAsync()).ShouldBe(0);
            said = product.Output + product.Errors;
        }
        var kept = string.Concat(
            Directory
                .EnumerateFiles(data, "*", SearchOption.AllDirectories)
                .Where(f => !f.EndsWith("mcp.json", StringComparison.Ordinal))
                .Select(f => Encoding.UTF8.GetString(File.ReadAllBytes(f)))
        );
        kept.ShouldContain("c***n@example.org", Case.Sensitive, "the bodies are there, masked");
        kept.ShouldContain("138****8888");
        kept.ShouldContain("110101********1234");
        kept.ShouldContain("************7890");
        foreach (var value in new[] { Email, "canary.person", Phone, IdCard, BankCard, Password })
        {
            kept.Contains(value, StringComparison.Ordinal).ShouldBeFalse($"{value} is kept");
            said.ShouldNotContain(value);
        }
    }

    // Bodies of calls that went well are kept where a group asks for it.
    private static async Task OptInAsync(Product product)
    {
        using var client = product.Client(null);
        var token = await SendAsync(
            HttpMethod.Post,
            "auth/login",
            new { username = "admin", password = Product.Password }
        );
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue(
            "Bearer",
            token.GetProperty("access_token").GetString()
        );
        var groups = await SendAsync(HttpMethod.Get, "mcp/groups", null);
        var id = groups.EnumerateArray().Single(g => g.GetProperty("server_code").GetString() == "default");
        await SendAsync(HttpMethod.Put, $"mcp/groups/{id.GetProperty("id").GetString()}", new { log_bodies = true });

        async Task<JsonElement> SendAsync(HttpMethod method, string path, object? body)
        {
            using var request = new HttpRequestMessage(method, new Uri("/api/v1/" + path, UriKind.Relative));
            if (body is not null)
                request.Content = new StringContent(JsonSerializer.Serialize(body), Encoding.UTF8, "application/json");
            using var answer = await client.SendAsync(request);
            var text = await answer.Content.ReadAsStringAsync();
            answer.IsSuccessStatusCode.ShouldBeTrue(text);
            return JsonElement.Parse(text).GetProperty("data");
        }
    }
}
