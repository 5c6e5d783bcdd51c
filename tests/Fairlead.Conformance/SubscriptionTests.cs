using System.Net;
using System.Text.Json;
using Fairlead.Protocol;
using Fairlead.Server.Gateway;
using Fairlead.Server.Tests.Gateway;
using Fairlead.Testing;
using Shouldly;
using Xunit;

namespace Fairlead.Conformance;

/// <summary><c>subscriptions/listen</c> (spec 2026-07-28 patterns/subscriptions; R9, R41).</summary>
public sealed class SubscriptionTests
{
    private const string All =
        """{"toolsListChanged":true,"promptsListChanged":true,"resourcesListChanged":true,"resourceSubscriptions":["test://note"]}""";

    private static HttpRequestMessage Listen(string filter, string id = "1") =>
        Modern.Request("subscriptions/listen", $",\"notifications\":{filter}", id: id);

    private static string SubscriptionOf(JsonElement message) =>
        (message.Has("params") ? message.At("params") : message.At("result"))
            .At("_meta", "io.modelcontextprotocol/subscriptionId")
            .GetRawText();

    private static void ChangeTools(Face face)
    {
        var now = face.Host.Time.GetUtcNow().Ticks;
        face.Host.Change(p => p.Kind == Server.Storage.ItemKind.Tool, p => p with { Description = $"d{now}" });
        face.Host.Time.Advance(TimeSpan.FromSeconds(2));
        face.Host.Apply();
    }

    private static void Update(Face face, string uri) =>
        face.Host.Slots.Notice(
            face.Slot,
            McpMethod.NotificationsResourcesUpdated,
            System.Text.Encoding.UTF8.GetBytes($$"""{"uri":"{{uri}}"}""")
        );

    [Theory]
    [InlineData("1")]
    [InlineData("\"1\"")]
    [InlineData("\"sub-ü\"")]
    public async Task Listen_FirstMessage_IsTheAcknowledgement(string id)
    {
        await using var face = await Face.StartAsync();
        await using var open = await face.OpenAsync(Listen(All, id));
        open.Head.StatusCode.ShouldBe(HttpStatusCode.OK);
        open.Head.Content.Headers.ContentType!.MediaType.ShouldBe("text/event-stream");
        var first = (await open.NextAsync())!.Value;
        first.At("method").GetString().ShouldBe("notifications/subscriptions/acknowledged");
        first.Has("id").ShouldBeFalse();
        SubscriptionOf(first).ShouldBe(id);
    }

    [Fact]
    public async Task Listen_Acknowledgement_HoldsWhatIsHonoured()
    {
        await using var face = await Face.StartAsync();
        await using var open = await face.OpenAsync(
            Listen(
                """{"toolsListChanged":true,"promptsListChanged":false,"resourceSubscriptions":["test://none","test://note"]}"""
            )
        );
        (await open.NextAsync())!
            .Value.At("params", "notifications")
            .GetRawText()
            .ShouldBe("""{"toolsListChanged":true,"resourceSubscriptions":["test://note"]}""");
    }

    [Fact]
    public async Task Listen_EveryMessage_CarriesTheSubscription()
    {
        await using var face = await Face.StartAsync();
        await using var open = await face.OpenAsync(Listen(All, "\"s\""));
        SubscriptionOf((await open.NextAsync())!.Value).ShouldBe("\"s\"");
        ChangeTools(face);
        var changed = (await open.NextAsync())!.Value;
        changed.At("method").GetString().ShouldBe("notifications/tools/list_changed");
        changed.Has("id").ShouldBeFalse();
        SubscriptionOf(changed).ShouldBe("\"s\"");
        Update(face, "test://note");
        var updated = (await open.NextAsync())!.Value;
        updated.At("method").GetString().ShouldBe("notifications/resources/updated");
        updated.At("params", "uri").GetString().ShouldBe("test://note");
        SubscriptionOf(updated).ShouldBe("\"s\"");
    }

    [Theory]
    [InlineData("""{"promptsListChanged":true}""", "notifications/prompts/list_changed")]
    [InlineData("""{"resourcesListChanged":true}""", "notifications/resources/list_changed")]
    [InlineData("""{"resourceSubscriptions":["test://note"]}""", "notifications/resources/updated")]
    [InlineData("""{"toolsListChanged":true}""", "notifications/tools/list_changed")]
    public async Task Listen_Change_ReachesOnlyWhoAsked(string filter, string expected)
    {
        await using var face = await Face.StartAsync();
        await using var open = await face.OpenAsync(Listen(filter));
        (await open.NextAsync()).ShouldNotBeNull();
        // All kinds of changes at once; the first that arrives must be the one that was asked for, and the only one.
        face.Host.Change(
            _ => true,
            p =>
                p with
                {
                    ExposedName =
                        p.Kind == Server.Storage.ItemKind.ResourceTemplate ? "test://thing/{id}" : p.ExposedName,
                }
        );
        face.Host.Change(
            p => p.Kind is Server.Storage.ItemKind.Tool or Server.Storage.ItemKind.Prompt,
            p => p with { Description = "new" }
        );
        face.Host.Apply();
        Update(face, "test://other");
        Update(face, "test://note");
        (await open.NextAsync())!.Value.At("method").GetString().ShouldBe(expected);
        face.Host.InFlight.All.Single().Cancel(CancelCause.Draining);
        (await open.NextAsync())!.Value.Has("result").ShouldBeTrue();
    }

    [Fact]
    public async Task Listen_TwoAtOnce_AreToldApart()
    {
        await using var face = await Face.StartAsync();
        await using var tools = await face.OpenAsync(Listen("""{"toolsListChanged":true}""", "1"));
        await using var note = await face.OpenAsync(Listen("""{"resourceSubscriptions":["test://note"]}""", "2"));
        SubscriptionOf((await tools.NextAsync())!.Value).ShouldBe("1");
        SubscriptionOf((await note.NextAsync())!.Value).ShouldBe("2");
        ChangeTools(face);
        Update(face, "test://note");
        SubscriptionOf((await tools.NextAsync())!.Value).ShouldBe("1");
        SubscriptionOf((await note.NextAsync())!.Value).ShouldBe("2");
    }

    [Fact]
    public async Task Listen_GatewayStops_EndsGracefully()
    {
        await using var face = await Face.StartAsync();
        await using var open = await face.OpenAsync(Listen(All, "\"last\""));
        (await open.NextAsync()).ShouldNotBeNull();
        face.Host.InFlight.All.Single().Cancel(CancelCause.Draining);
        var end = (await open.NextAsync())!.Value;
        end.At("id").GetString().ShouldBe("last");
        end.At("result", "resultType").GetString().ShouldBe("complete");
        SubscriptionOf(end).ShouldBe("\"last\"");
        (await open.NextAsync()).ShouldBeNull();
    }

    [Fact]
    public async Task Listen_ClosedByTheClient_IsForgotten()
    {
        await using var face = await Face.StartAsync();
        await using (var open = await face.OpenAsync(Listen(All)))
        {
            (await open.NextAsync()).ShouldNotBeNull();
            face.Host.InFlight.Count.ShouldBe(1);
        }
        await Eventually.UntilAsync(() => face.Host.InFlight.Count == 0);
    }

    // A service's log belongs to a call or to nobody; it is no change notification.
    [Fact]
    public async Task Listen_LogOfAService_NeverArrives()
    {
        await using var face = await Face.StartAsync();
        await using var open = await face.OpenAsync(Listen(All));
        (await open.NextAsync()).ShouldNotBeNull();
        face.Host.Slots.Notice(
            face.Slot,
            McpMethod.NotificationsMessage,
            """{"level":"emergency","data":"x"}"""u8.ToArray()
        );
        Update(face, "test://note");
        (await open.NextAsync())!.Value.At("method").GetString().ShouldBe("notifications/resources/updated");
    }

    [Theory]
    [InlineData("")]
    [InlineData(",\"notifications\":5")]
    [InlineData(",\"notifications\":{\"toolsListChanged\":\"yes\"}")]
    [InlineData(",\"notifications\":{\"resourceSubscriptions\":[null]}")]
    [InlineData(",\"notifications\":{\"resourceSubscriptions\":\"test://note\"}")]
    public async Task Listen_WithoutAFilter_IsInvalidParams(string parameters)
    {
        await using var face = await Face.StartAsync();
        (await face.AskAsync("subscriptions/listen", parameters)).Code.ShouldBe(McpErrorCode.InvalidParams);
    }

    [Fact]
    public async Task Stream_InSilence_IsKeptAliveByComments()
    {
        await using var face = await Face.StartAsync();
        using var response = await face.Host.Client().SendAsync(Listen(All), HttpCompletionOption.ResponseHeadersRead);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
        while (await reader.ReadLineAsync() is { Length: > 0 }) { }
        var next = reader.ReadLineAsync();
        await Eventually.UntilAsync(() =>
        {
            face.Host.Time.Advance(TimeSpan.FromSeconds(5));
            return next.IsCompleted;
        });
        (await next).ShouldBe(":");
    }
}
