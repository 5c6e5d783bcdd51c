using System.Net;
using System.Text;
using Fairlead.Server.Identity;
using Fairlead.Server.Storage;
using Fairlead.Server.Telemetry;
using Fairlead.Server.Tests.Caching;
using Fairlead.Server.Tests.Hosting;
using Fairlead.Server.Tests.Storage;
using Shouldly;
using Xunit;

namespace Fairlead.Server.Tests.Identity;

public sealed class SignInTests
{
    private const string Login = "/api/v1/auth/login";
    private const string Me = "/api/v1/auth/me";

    [Fact]
    public async Task Login_Right_GivesATokenForAnHour()
    {
        // P-76
        await using AdminHost host = await AdminHost.StartAsync();
        Answer answer = await host.PostAsync(Login, $$"""{"username":"carol","password":"{{AdminHost.Password}}"}""");
        answer.Data.GetProperty("token_type").GetString().ShouldBe("Bearer");
        answer.Data.GetProperty("expires_in").GetInt32().ShouldBe(3600);
        host.Token = answer.Data.GetProperty("access_token").GetString();
        Answer me = await host.GetAsync(Me);
        me.Data.GetProperty("username").GetString().ShouldBe("carol");
        me.Data.GetProperty("roles")[0].GetString().ShouldBe("customer");
        me.Data.GetProperty("tier").GetString().ShouldBe("gold");

        host.Time.Advance(TimeSpan.FromSeconds(3599));
        (await host.GetAsync(Me)).Status.ShouldBe(200);
        host.Time.Advance(TimeSpan.FromSeconds(2));
        (await host.GetAsync(Me)).Code.ShouldBe("TOKEN_EXPIRED");
    }

    [Fact]
    public async Task Refusals_AreToldApartAndAudited()
    {
        // P-77, P-78, A-56
        await using AdminHost host = await AdminHost.StartAsync();
        string admin = host.Token!;
        await RefusedAsync(null, "AUTHENTICATION_REQUIRED", "Bearer");
        await RefusedAsync(
            admin[..^2] + (admin[^2] == 'A' ? 'B' : 'A') + admin[^1],
            "TOKEN_INVALID",
            "Bearer error=\"invalid_token\""
        );
        await RefusedAsync(
            "mcp_key_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            "TOKEN_INVALID",
            "Bearer error=\"invalid_token\"",
            "This is a group"
        );
        host.Token = admin;
        (await host.PostAsync("/api/v1/auth/logout")).Status.ShouldBe(200);
        await RefusedAsync(admin, "TOKEN_REVOKED", "Bearer error=\"invalid_token\"");
        host.Token = await host.SignInAsync("carol");
        Answer forbidden = await host.GetAsync("/api/v1/mcp/groups");
        (forbidden.Status, forbidden.Code).ShouldBe((403, "AUTHORIZATION_FAILED"));

        await host.Get<RefusalLog>().WriteDueAsync(all: true, default);
        (IReadOnlyList<AuditRow> rows, _) = await host.Get<AuditLog>()
            .ReadAsync(new("access.refused", null, null, null, null), 0, 50, default);
        rows.Sum(Count).ShouldBe(5);
        rows.Select(row => row.Record.Result)
            .Distinct()
            .ShouldBe(
                ["AUTHENTICATION_REQUIRED", "TOKEN_INVALID", "TOKEN_REVOKED", "AUTHORIZATION_FAILED"],
                ignoreOrder: true
            );
        rows.ShouldAllBe(row => row.Record.Resource == "GET /api/v1/mcp/groups");

        async Task RefusedAsync(string? token, string code, string challenge, string said = "")
        {
            host.Token = token;
            Answer answer = await host.GetAsync("/api/v1/mcp/groups");
            (answer.Status, answer.Code).ShouldBe((401, code));
            answer.Text.ShouldContain(said);
            answer.Headers.WwwAuthenticate.ToString().ShouldBe(challenge);
        }
    }

    [Fact]
    public async Task Tokens_SurviveARestartAndRevocationsToo()
    {
        using var folder = new TempFolder();
        var options = new StorageOptions { DataDirectory = folder.Path };
        string kept;
        string revoked;
        await using (TestStore store = await TestStore.OpenAsync(options))
        {
            UserStore users = Users(store);
            UserRow user = (await users.AddAsync("carol", "password", ["customer"], null, default)).Require();
            kept = Issuer(store).Issue(user).Text;
            IssuedToken token = Issuer(store).Issue(user);
            revoked = token.Text;
            await users.RevokeAsync(token.User, default);
        }
        await using TestStore again = await TestStore.OpenAsync(options);
        var reader = new TokenReader(Key(again), again.Watcher, TimeProvider.System);
        reader.TryRead(kept, out UserIdentity? found, out TokenFailure reason).ShouldBeTrue();
        (found!.Username, reason).ShouldBe(("carol", TokenFailure.None));
        reader.TryRead(revoked, out _, out reason).ShouldBeFalse();
        reason.ShouldBe(TokenFailure.Revoked);

        TokenKey Key(TestStore store) => new(new IdentityOptions(), store.Get<Server.Storage.Secrets.MasterKey>());
        TokenIssuer Issuer(TestStore store) => new(Key(store), new IdentityOptions(), TimeProvider.System);
    }

    [Fact] // P-76, C-06: none given is derived from the master key, and so never empty
    public async Task Secret_NotGiven_IsOfTheMasterKey()
    {
        await using AdminHost host = await AdminHost.StartAsync();
        byte[] derived = host.Get<Server.Storage.Secrets.MasterKey>().Derive("jwt");
        derived.Length.ShouldBe(32);
        Jwt.TryVerify(host.Token!, derived, out _).ShouldBeTrue();
    }

    [Fact] // C-06: in production an empty secret stops the start
    public async Task Secret_Empty_StopsTheStart()
    {
        var refused = await Should.ThrowAsync<StoreException>(() =>
            AdminHost.StartWholeAsync(("Identity:JwtSecret", ""))
        );
        refused.Message.ShouldStartWith("JWT_SECRET or JWT_SECRET_KEY (Identity:JwtSecret) is set and empty.");
        new IdentityOptions { JwtSecret = "", InDevelopment = true }
            .Validate()
            .ShouldBeEmpty();
    }

    [Fact] // C-06: in development it is random, another one in each run, and a warning says so
    public async Task Secret_EmptyInDevelopment_IsRandomAndToldOf()
    {
        var logs = new LogLines();
        await using AdminHost host = await AdminHost.StartAsync(
            identity: new IdentityOptions { JwtSecret = "", InDevelopment = true },
            logs: logs
        );
        logs.All.ShouldContain(l => l.StartsWith("Warning: JWT_SECRET is empty"));
        TokenKey key = host.Get<TokenKey>();
        Jwt.TryVerify(host.Token!, key.Bytes, out _).ShouldBeTrue();
        key.Bytes.Length.ShouldBe(32);
        var other = new TokenKey(host.Get<IdentityOptions>(), host.Get<Server.Storage.Secrets.MasterKey>());
        other.Bytes.ShouldNotBe(key.Bytes);
        Jwt.TryVerify(host.Token!, [], out _).ShouldBeFalse("no empty key signs");
    }

    [Fact] // C-06
    public async Task GivenSecret_SignsAndMustBeLongEnough()
    {
        await using AdminHost one = await AdminHost.StartAsync(
            identity: new IdentityOptions { JwtSecret = new string('s', 32) }
        );
        Jwt.TryVerify(one.Token!, Encoding.UTF8.GetBytes(new string('s', 32)), out _).ShouldBeTrue();
        new IdentityOptions { JwtSecret = new string('s', 31) }
            .Validate()
            .ShouldHaveSingleItem()
            .ShouldContain("32 bytes");
    }

    [Fact]
    public async Task Login_Wrong_SaysTheSameForKnownAndUnknownUsersAndSlowsDown()
    {
        await using AdminHost host = await AdminHost.StartAsync();
        string unknown = (await host.PostAsync(Login, """{"username":"nobody","password":"x"}"""))
            .Json.GetProperty("error")
            .GetRawText();
        for (int i = 0; i < 5; i++)
        {
            Answer wrong = await host.PostAsync(Login, """{"username":"carol","password":"x"}""");
            wrong.Status.ShouldBe(401);
            wrong.Json.GetProperty("error").GetRawText().ShouldBe(unknown);
        }
        // The right password waits too, or guessing would go on through the wait.
        Answer slowed = await host.PostAsync(Login, $$"""{"username":"carol","password":"{{AdminHost.Password}}"}""");
        (slowed.Status, slowed.Code).ShouldBe((429, "RATE_LIMIT_EXCEEDED"));
        slowed.Headers.RetryAfter!.Delta.ShouldBe(TimeSpan.FromSeconds(1));
        slowed.Json.GetProperty("error").GetProperty("message").GetString().ShouldBe("Rate limit exceeded");
        slowed.Text.ShouldContain("failed sign-ins of this user");
        // Nobody else is held up, and the wait passes.
        await host.SignInAsync("admin");
        host.Time.Advance(TimeSpan.FromSeconds(1));
        await host.SignInAsync("carol");
        await host.Get<RefusalLog>().WriteDueAsync(all: true, default);
        (await CountAsync("AUTHENTICATION_FAILED")).ShouldBe(6);
        (await CountAsync("RATE_LIMIT_EXCEEDED")).ShouldBe(1);

        async Task<int> CountAsync(string result) =>
            (await host.Get<AuditLog>().ReadAsync(new("auth.login", null, result, null, null), 0, 9, default)).Rows.Sum(
                Count
            );
    }

    [Fact]
    public async Task Login_ManyGuessesAtOnce_AreNotLookedAtBeyondTheFreeOnes()
    {
        await using AdminHost host = await AdminHost.StartAsync();
        Answer[] answers = await Task.WhenAll(
            Enumerable.Range(0, 100).Select(_ => host.PostAsync(Login, """{"username":"carol","password":"x"}"""))
        );
        answers.Count(a => a.Code == "AUTHENTICATION_FAILED").ShouldBe(5);
        answers.Count(a => a.Code == "RATE_LIMIT_EXCEEDED").ShouldBe(95);
    }

    [Fact]
    public void Throttle_OneAddress_DoublesAndForgetsAndLeavesOthersAlone()
    {
        var time = new Fairlead.Testing.FakeTimeProvider();
        var throttle = new LoginThrottle(time);
        var here = IPAddress.Parse("192.0.2.1");
        for (int i = 0; i < 8; i++)
            Guess(throttle, time, "Admin", here);
        throttle.Begin("admin", here).ShouldBe(TimeSpan.FromSeconds(8));
        throttle.Begin("admin", IPAddress.Parse("::ffff:192.0.2.1")).ShouldBe(TimeSpan.FromSeconds(8));
        throttle.Begin("admin", IPAddress.Parse("192.0.2.2")).ShouldBe(TimeSpan.Zero);
        throttle.Begin("other", here).ShouldBe(TimeSpan.Zero);
        time.Advance(TimeSpan.FromMinutes(16));
        throttle.Begin("admin", here).ShouldBe(TimeSpan.Zero);
        throttle.Begin("admin", here).ShouldBe(TimeSpan.Zero);
    }

    [Fact]
    public void Throttle_RightOrUndecided_CountsNothing()
    {
        var throttle = new LoginThrottle(new Fairlead.Testing.FakeTimeProvider());
        var here = IPAddress.Parse("192.0.2.1");
        for (int i = 0; i < 60; i++)
        {
            throttle.Begin("admin", here).ShouldBe(TimeSpan.Zero);
            throttle.Succeeded("admin", here);
            throttle.Begin("admin", here).ShouldBe(TimeSpan.Zero);
            throttle.Undecided("admin", here);
        }
    }

    [Fact]
    public void Throttle_ManyAddresses_MeetsTheCountOfTheUser()
    {
        var throttle = new LoginThrottle(new Fairlead.Testing.FakeTimeProvider());
        for (int i = 0; i < 50; i++)
            throttle.Begin("admin", new IPAddress([2, 0, 0, (byte)i])).ShouldBe(TimeSpan.Zero);
        throttle.Begin("admin", IPAddress.Parse("192.0.2.9")).ShouldBe(TimeSpan.FromSeconds(1));
    }

    [Fact]
    public async Task FirstAdmin_IsMadeOnceWithALongPassword()
    {
        using var folder = new TempFolder();
        await using TestStore store = await TestStore.OpenAsync(new StorageOptions { DataDirectory = folder.Path });
        UserStore users = Users(store);
        string password = (await users.EnsureAdminAsync(null, default)).ShouldNotBeNull();
        password.Length.ShouldBeGreaterThanOrEqualTo(16);
        (await users.EnsureAdminAsync(null, default)).ShouldBeNull();
        (await users.EnsureAdminAsync("given password", default)).ShouldBeNull();
        UserRow admin = (await users.VerifyAsync("admin", password, default)).ShouldNotBeNull();
        admin.Roles.ShouldBe(["admin"]);
        (await users.VerifyAsync("admin", password + "x", default)).ShouldBeNull();
        (await users.VerifyAsync("nobody", password, default)).ShouldBeNull();
        await Should.ThrowAsync<StoreException>(() => users.EnsureAdminAsync("short", default));
    }

    private static int Count(AuditRow row) =>
        row.Record.Details is { } details
            ? System.Text.Json.JsonDocument.Parse(details).RootElement.GetProperty("count").GetInt32()
            : 1;

    private static void Guess(
        LoginThrottle throttle,
        Fairlead.Testing.FakeTimeProvider time,
        string user,
        IPAddress from
    )
    {
        while (throttle.Begin(user, from) is { Ticks: > 0 } wait)
            time.Advance(wait);
    }

    private static UserStore Users(TestStore store) =>
        new(store.Get<StoreWriter>(), new Microsoft.AspNetCore.Identity.PasswordHasher<UserRow>(), TimeProvider.System);
}
