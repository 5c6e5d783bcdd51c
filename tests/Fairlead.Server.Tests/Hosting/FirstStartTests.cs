using Fairlead.Server.Groups;
using Fairlead.Server.Hosting;
using Fairlead.Server.Storage;
using Fairlead.Server.Tests.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Shouldly;
using Xunit;

namespace Fairlead.Server.Tests.Hosting;

/// <summary>The whole product on one data folder over several starts.</summary>
public sealed class FirstStartTests : IDisposable
{
    private const string Alpha = """{"mcpServers":{"alpha":{"command":"cat","disabled":true}}}""";
    private readonly TempFolder folder = new();

    [Fact]
    public async Task Secrets_OfAStartThatFailedLate_AreShownAtTheNext()
    {
        var reached = new List<FirstStartSummary>();
        await using (WebApplication failed = Build())
        {
            failed.Lifetime.ApplicationStarted.Register(() => reached.Add(new(null, "", [])));
            await Should.ThrowAsync<IOException>(() => failed.StartAsync());
        }
        reached.ShouldBeEmpty();

        FirstStartSummary shown;
        await using (WebApplication second = Build(lateFailure: false))
        {
            await second.StartAsync();
            // Output that cannot be written to is no showing either.
            await Should.ThrowAsync<IOException>(() =>
                second.ShowFirstStartAsync(_ => throw new IOException("closed"), default)
            );
            shown = (await ShownAsync(second)).ShouldHaveSingleItem();
            (await ShownAsync(second)).ShouldBeEmpty();
            var users = second.Services.GetRequiredService<Server.Identity.UserStore>();
            (await users.VerifyAsync("admin", shown.AdminPassword!, default)).ShouldNotBeNull();
            Default(second).KeyHashes[0].Sha256Hex.ShouldBe(GroupKeys.Hash(shown.DefaultKey));
        }
        await using WebApplication third = Build(lateFailure: false);
        await third.StartAsync();
        (await ShownAsync(third)).ShouldBeEmpty();
    }

    [Fact]
    public async Task Start_AfterItsGroupsWereDeleted_MakesNothingAgain()
    {
        await using (WebApplication first = Build(lateFailure: false))
        {
            await first.StartAsync();
            FirstStartSummary shown = (await ShownAsync(first)).ShouldHaveSingleItem();
            shown.Services.ShouldBe(["alpha"]);
            Default(first).Services.ShouldBe([Store(first).Services.Single().Id]);
            Store(first).Publications.ShouldNotBeEmpty();
            foreach (var group in Store(first).Groups)
                await first.Services.GetRequiredService<GroupStore>().DeleteAsync(group.Id, default);
        }
        await using WebApplication second = Build(lateFailure: false);
        await second.StartAsync();
        (await ShownAsync(second)).ShouldBeEmpty();
        Store(second).Groups.ShouldBeEmpty();
        Store(second).Services.Select(s => s.Name).ShouldBe(["alpha"]);
    }

    // The last step fails (the group refuses its key): nothing of the import and of the admin stays.
    [Fact]
    public async Task Start_ThatFailsHalfWay_LeavesNothingBehind()
    {
        await using (WebApplication broken = Build(lateFailure: false, key: "mcp_key_short"))
            (await Should.ThrowAsync<StoreException>(() => broken.StartAsync())).Message.ShouldContain("group key");
        await using WebApplication second = Build(lateFailure: false);
        await second.StartAsync();
        Store(second).Services.Select(s => s.Name).ShouldBe(["alpha"]);
        (await ShownAsync(second)).ShouldHaveSingleItem().AdminPassword.ShouldNotBeNull();
    }

    public void Dispose() => folder.Dispose();

    private static async Task<List<FirstStartSummary>> ShownAsync(WebApplication app)
    {
        List<FirstStartSummary> shown = [];
        await app.ShowFirstStartAsync(shown.Add, default);
        return shown;
    }

    private static StoreSnapshot Store(WebApplication app) => app.Services.GetRequiredService<StoreWatcher>().Current;

    private static GroupConfig Default(WebApplication app) =>
        Store(app).Groups.Single(g => g.ServerCode == FirstStart.DefaultGroup);

    private WebApplication Build(bool lateFailure = true, string? key = null)
    {
        string file = Path.Combine(folder.Path, "mcp.json");
        File.WriteAllText(file, Alpha);
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseTestServer();
        builder.Configuration["Fairlead:Storage:DataDirectory"] = folder.Path;
        builder.Configuration["Fairlead:FirstStart:McpConfig"] = file;
        builder.AddFairlead();
        // The options refuse it before: here it stands for any failure of the last step.
        if (key is not null)
            builder.Services.AddSingleton(new FirstStartOptions { McpConfig = file, DefaultKey = key });
        if (lateFailure)
            builder.Services.AddHostedService<TakenPort>();
        WebApplication app = builder.Build();
        app.MapFairlead();
        return app;
    }

    /// <summary>Fails after everything else has started, as Kestrel does when its port is in use.</summary>
    private sealed class TakenPort : IHostedService
    {
        public Task StartAsync(CancellationToken cancellationToken) => throw new IOException("address already in use");

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
