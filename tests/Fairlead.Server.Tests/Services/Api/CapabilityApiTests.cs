using System.Text;
using System.Text.Json;
using Fairlead.Server.Storage;
using Fairlead.Server.Tests.Hosting;
using Fairlead.Server.Tests.Storage;
using Shouldly;
using Xunit;

namespace Fairlead.Server.Tests.Services.Api;

/// <summary>The catalogue of capabilities across services (S-12).</summary>
public sealed class CapabilityApiTests
{
    private const string Capabilities = "/api/v1/capabilities";

    [Fact]
    public async Task List_OfTwoServices_HasOwnersStatesAndTimes()
    {
        await using var host = await AdminHost.StartAsync();
        var files = await host.AddServiceAsync("files", "read", "write");
        await host.AddServiceAsync("web", "fetch");
        var first = host.Time.GetUtcNow().UtcDateTime;
        host.Time.Advance(TimeSpan.FromMinutes(5));
        await SaveAsync(
            host,
            files,
            ("read", "{\"name\":\"read\",\"title\":\"Other\"}"),
            ("list", "{\"name\":\"list\"}")
        );

        var all = (await host.GetAsync(Capabilities)).Data.EnumerateArray().ToList();
        all.Select(c => $"{c.GetProperty("service").GetString()}/{c.GetProperty("name").GetString()}")
            .ShouldBe(["files/read", "files/list", "web/fetch"]);
        var read = all[0];
        read.GetProperty("state").GetString().ShouldBe("held");
        read.GetProperty("title").GetString().ShouldBe("Other");
        read.GetProperty("changed_at").GetDateTime().ShouldBe(first.AddMinutes(5).AddSeconds(1));
        all[2].GetProperty("changed_at").GetDateTime().ShouldBe(first);
        (await host.GetAsync($"{Capabilities}?state=held")).Data.GetArrayLength().ShouldBe(1);
        (await host.GetAsync($"{Capabilities}?service=web&kind=tool")).Data.GetArrayLength().ShouldBe(1);
        (await host.GetAsync($"{Capabilities}?kind=odd")).Field.ShouldBe("kind");
        (await host.GetAsync($"{Capabilities}?service=none")).Code.ShouldBe("SERVICE_NOT_FOUND");

        var changes = (await host.GetAsync($"{Capabilities}/changes?service=files")).Data.EnumerateArray().ToList();
        Names(changes[0], "added").ShouldBe(["tool/list"]);
        Names(changes[0], "changed").ShouldBe(["tool/read"]);
        Names(changes[0], "removed").ShouldBe(["tool/write"]);
        Names(changes[1], "added").ShouldBe(["tool/read", "tool/write"]);
    }

    [Fact]
    public async Task Changes_OfAServiceThatNeverRests_AreBounded()
    {
        await using var host = await AdminHost.StartAsync();
        var id = await host.AddServiceAsync("restless");
        for (var i = 0; i < CatalogueChange.MostOfOne + 10; i++)
            await SaveAsync(host, id, ($"t{i}", "{\"name\":\"t\"}"));
        var (rows, total) = await host.Get<CatalogueStore>().ChangesAsync(id, 0, 10, default);
        total.ShouldBe(CatalogueChange.MostOfOne);
        StoreJson.ReadChange(rows[0].What).Added.ShouldBe([$"tool/t{CatalogueChange.MostOfOne + 9}"]);
        await SaveAsync(host, id, [.. Enumerable.Range(0, 60).Select(n => ($"many{n}", "{\"name\":\"m\"}"))]);
        (rows, _) = await host.Get<CatalogueStore>().ChangesAsync(id, 0, 1, default);
        StoreJson.ReadChange(rows[0].What).Added.ShouldContain("and 10 more");
    }

    private static IEnumerable<string?> Names(JsonElement change, string sort) =>
        change.GetProperty(sort).EnumerateArray().Select(n => n.GetString());

    private static Task SaveAsync(AdminHost host, ServiceId id, params (string Name, string Json)[] tools)
    {
        // Readings are a second apart at least.
        host.Time.Advance(TimeSpan.FromSeconds(1));
        return host.Get<CatalogueStore>()
            .SaveAsync(
                id,
                [
                    .. tools.Select(
                        (t, i) =>
                            TestStore.Items(id, ItemKind.Tool, t.Name)[0] with
                            {
                                Definition = Encoding.UTF8.GetBytes(t.Json),
                                Position = i,
                            }
                    ),
                ],
                null,
                default
            );
    }
}
