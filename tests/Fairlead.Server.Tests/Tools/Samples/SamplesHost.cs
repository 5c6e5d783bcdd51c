using System.Net.Http.Headers;
using System.Text.Json;
using Fairlead.Server.Groups;
using Fairlead.Server.Identity;
using Fairlead.Server.Tests.Gateway;
using Fairlead.Server.Tests.Hosting;
using Fairlead.Server.Tools;
using Fairlead.Server.Tools.Schemas;
using Shouldly;

namespace Fairlead.Server.Tests.Tools.Samples;

/// <summary>The whole product with its group <c>samples</c> enabled, called as a client does.</summary>
internal sealed class SamplesHost : IAsyncDisposable
{
    private readonly Dictionary<string, string> tokens = [];
    private readonly string key;

    private SamplesHost(AdminHost admin, string key) => (Admin, this.key) = (admin, key);

    public AdminHost Admin { get; }

    /// <summary>Starts with users <c>admin</c>, <c>carol</c> (customer) and <c>cora</c> (consultant).</summary>
    public static async Task<SamplesHost> StartAsync(params (string Key, string Value)[] settings)
    {
        var admin = await AdminHost.StartWholeAsync(settings);
        var group = admin.Now.Groups.Single(g => g.ServerCode == "samples");
        var shown = await admin.GetAsync($"/api/v1/mcp/groups/{group.Id}/api-key");
        (await admin.Get<GroupStore>().SetEnabledAsync(group.Id, true, default)).Require();
        await admin.Get<UserStore>().AddAsync("cora", AdminHost.Password, ["consultant"], null, default);
        return new SamplesHost(admin, shown.Data.GetProperty("api_key").GetString()!);
    }

    public async Task<string> IdAsync(string username) =>
        (await Admin.Get<UserStore>().FindAsync(username, default))!.Id;

    /// <summary>Any request of the group, as a user or as nobody.</summary>
    public async Task<JsonElement> AskAsync(HttpRequestMessage request, string? user = null)
    {
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        request.Headers.Accept.ParseAdd("application/json, text/event-stream");
        if (user is not null)
            request.Headers.Add("X-User-Token", await TokenAsync(user));
        using var response = await Admin.Client.SendAsync(request);
        return await response.JsonAsync();
    }

    public async Task<string> TokenAsync(string user) =>
        tokens.TryGetValue(user, out var known) ? known : tokens[user] = await Admin.SignInAsync(user);

    /// <summary>The whole JSON-RPC answer of a call.</summary>
    public Task<JsonElement> AnswerAsync(string tool, string arguments = "{}", string? user = null) =>
        AskAsync(
            Wire.Modern(
                "tools/call",
                $"\"name\":\"{tool}\",\"arguments\":{arguments}",
                name: tool,
                path: "/samples/mcp"
            ),
            user
        );

    /// <summary>The structured result of a call that succeeds.</summary>
    public async Task<JsonElement> CallAsync(string tool, string arguments = "{}", string? user = null)
    {
        var answer = await AnswerAsync(tool, arguments, user);
        answer.TryGetProperty("result", out var result).ShouldBeTrue(answer.GetRawText());
        result.TryGetProperty("isError", out _).ShouldBeFalse(answer.GetRawText());
        var data = result.GetProperty("structuredContent");
        // What a tool says it returns is what it returns.
        var shape = JsonElement.Parse(Definition(tool).Span).GetProperty("outputSchema");
        (JsonSchema.Compile(shape).Check(data)).ShouldBeNull($"{tool}: {data.GetRawText()}");
        return data;
    }

    private ReadOnlyMemory<byte> Definition(string tool) => Admin.Get<NativeTools>().Find(tool, "samples")!.Definition;

    /// <summary>The code of a call that fails by its own doing.</summary>
    public async Task<string> FailAsync(string tool, string arguments = "{}", string? user = null)
    {
        var text = await ErrorAsync(tool, arguments, user);
        text.ShouldStartWith("{");
        using var json = JsonDocument.Parse(text);
        json.RootElement.GetProperty("message").GetString().ShouldNotBeNullOrEmpty();
        return json.RootElement.GetProperty("code").GetString()!;
    }

    /// <summary>The text of an error result.</summary>
    public async Task<string> ErrorAsync(string tool, string arguments = "{}", string? user = null)
    {
        var answer = await AnswerAsync(tool, arguments, user);
        answer.TryGetProperty("result", out var result).ShouldBeTrue(answer.GetRawText());
        result.TryGetProperty("isError", out _).ShouldBeTrue(answer.GetRawText());
        return result.GetProperty("content")[0].GetProperty("text").GetString()!;
    }

    public ValueTask DisposeAsync() => Admin.DisposeAsync();
}
