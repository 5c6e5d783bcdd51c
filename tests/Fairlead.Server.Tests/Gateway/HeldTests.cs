using System.Text.Json;
using Fairlead.Protocol;
using Fairlead.Server.Storage;
using Shouldly;
using Xunit;

namespace Fairlead.Server.Tests.Gateway;

/// <summary>What waits for a review is in no list, and whoever knows its name is told why (security.md section 4.1).</summary>
public sealed class HeldTests
{
    [Theory]
    [InlineData("tools/list", "tools", "tools/call", "\"name\":\"t\",\"arguments\":{}", "t")]
    [InlineData("prompts/list", "prompts", "prompts/get", "\"name\":\"p\"", "p")]
    [InlineData("resources/templates/list", "resourceTemplates", "resources/read", "\"uri\":\"x://1\"", "x://1")]
    public async Task Held_Item_LeavesListsAndIsRefused(
        string list,
        string member,
        string use,
        string args,
        string name
    )
    {
        await using var host = new GatewayHost();
        var channel = new ScriptedChannel(
            Revision.V20260728,
            _ => Task.FromResult(ScriptedChannel.Result("""{"resultType":"complete","content":[]}"""))
        );
        host.AddService(
            "svc",
            channel,
            (ItemKind.Tool, "t", GatewayHost.Tool("t")),
            (ItemKind.Prompt, "p", """{"name":"p"}"""),
            (ItemKind.ResourceTemplate, "x://{id}", """{"uriTemplate":"x://{id}","name":"x"}""")
        );
        host.AddGroup("default", GatewayHost.Key, null, "svc");
        await host.StartAsync();
        var client = host.Client();
        (await CountAsync()).ShouldBe(1);
        (await ErrorAsync()).ShouldBeNull();

        host.SetState("svc", ItemState.Held);
        host.Apply();
        (await CountAsync()).ShouldBe(0);
        var error = (await ErrorAsync()).ShouldNotBeNull();
        error.GetProperty("code").GetInt32().ShouldBe(-31007);
        var data = error.GetProperty("data");
        data.GetProperty("reason").GetString().ShouldBe("definition_changed");
        data.GetProperty("server").GetString().ShouldBe("svc");
        data.GetProperty("retryable").GetBoolean().ShouldBeFalse();
        data.GetProperty("outcome").GetString().ShouldBe("none");
        data.GetProperty("requestId").GetString().ShouldNotBeNullOrEmpty();
        channel.Received.Count.ShouldBe(1); // the service heard nothing of the second call

        host.SetState("svc", ItemState.Pending);
        host.Apply();
        (await ErrorAsync())!.Value.GetProperty("code").GetInt32().ShouldBe(-32602);

        host.SetState("svc", ItemState.Served);
        host.Apply();
        (await CountAsync()).ShouldBe(1);
        (await ErrorAsync()).ShouldBeNull();

        async Task<int> CountAsync() =>
            (await SendAsync(list, "", null)).GetProperty("result").GetProperty(member).GetArrayLength();

        async Task<JsonElement?> ErrorAsync() =>
            (await SendAsync(use, args, name)).TryGetProperty("error", out var found) ? found : null;

        async Task<JsonElement> SendAsync(string method, string parameters, string? named)
        {
            using var response = await client.SendAsync(Wire.Modern(method, parameters, named));
            return JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement;
        }
    }
}
