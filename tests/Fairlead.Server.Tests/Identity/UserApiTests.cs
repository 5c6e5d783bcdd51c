using Fairlead.Server.Identity;
using Fairlead.Server.Storage;
using Fairlead.Server.Telemetry;
using Fairlead.Server.Tests.Hosting;
using Shouldly;
using Xunit;

namespace Fairlead.Server.Tests.Identity;

/// <summary>Administration of users, and what becomes of their access tokens (P-76, P-77, A-56).</summary>
public sealed class UserApiTests
{
    private const string Users = "/api/v1/users";
    private const string Me = "/api/v1/auth/me";

    [Fact]
    public async Task User_LivesFromBeingMadeToBeingRemoved()
    {
        await using AdminHost host = await AdminHost.StartAsync();
        Answer made = await host.PostAsync(
            Users,
            $$"""{"username":"李雷","password":"{{AdminHost.Password}}","roles":["doctor"],"tier":"gold"}"""
        );
        made.Status.ShouldBe(201, made.Text);
        made.Text.ShouldNotContain(AdminHost.Password);
        made.Text.ShouldNotContain("hash");
        string id = made.Data.GetProperty("id").GetString()!;
        (await host.GetAsync(Users))
            .Data.EnumerateArray()
            .Select(u => u.GetProperty("username").GetString())
            .ShouldBe(["admin", "carol", "李雷"], ignoreOrder: true);
        (await host.GetAsync($"{Users}?page=2&page_size=2")).Data.GetArrayLength().ShouldBe(1);
        (await host.GetAsync($"{Users}/{Uri.EscapeDataString("李雷")}"))
            .Data.GetProperty("id")
            .GetString()
            .ShouldBe(id);

        Answer changed = await host.PutAsync($"{Users}/{id}", """{"roles":["admin"],"tier":""}""");
        changed.Data.GetProperty("roles")[0].GetString().ShouldBe("admin");
        changed.Data.GetProperty("tier").GetString().ShouldBeNull();
        (await host.PutAsync($"{Users}/{id}", """{"tier":"silver"}"""))
            .Data.GetProperty("roles")
            .GetArrayLength()
            .ShouldBe(1);
        await host.SignInAsync("李雷");

        (await host.DeleteAsync($"{Users}/{id}")).Status.ShouldBe(200);
        (await host.DeleteAsync($"{Users}/{id}")).Code.ShouldBe("NOT_FOUND");
        (await host.GetAsync($"{Users}/{id}")).Code.ShouldBe("NOT_FOUND");
    }

    [Fact]
    public async Task User_WithNullForRoles_HasNone()
    {
        await using AdminHost host = await AdminHost.StartAsync();
        Answer made = await host.PostAsync(
            Users,
            $$"""{"username":"dave","password":"{{AdminHost.Password}}","roles":null}"""
        );
        made.Status.ShouldBe(201, made.Text);
        made.Data.GetProperty("roles").GetArrayLength().ShouldBe(0);
    }

    // Each change by itself ends what was signed in before it, at once; signing in again works where it should.
    [Theory]
    [InlineData("POST", "/disable", null, false)]
    [InlineData("DELETE", "", null, false)]
    [InlineData("PUT", "", """{"roles":["customer","doctor"]}""", true)]
    [InlineData("PUT", "", """{"tier":"silver"}""", true)]
    [InlineData("PUT", "/password", $$"""{"password":"{{AdminHost.Password}}"}""", true)]
    public async Task Token_OfAUserWhoChanged_DiesAtOnce(string method, string path, string? body, bool maySignIn)
    {
        await using AdminHost host = await AdminHost.StartAsync();
        string admin = host.Token!;
        string carol = host.Token = await host.SignInAsync("carol");
        (await host.GetAsync(Me)).Status.ShouldBe(200);

        host.Token = admin;
        (await host.SendAsync(new HttpMethod(method), $"{Users}/carol{path}", body)).Status.ShouldBe(200);
        // Nobody else is signed out.
        (await host.GetAsync(Me)).Status.ShouldBe(200);

        host.Token = carol;
        Answer refused = await host.GetAsync(Me);
        (refused.Status, refused.Code).ShouldBe((401, "TOKEN_REVOKED"));
        host.Get<TokenReader>().TryRead(carol, out _, out TokenFailure reason).ShouldBeFalse();
        reason.ShouldBe(TokenFailure.Revoked);
        if (maySignIn)
        {
            host.Token = await host.SignInAsync("carol");
            (await host.GetAsync(Me)).Status.ShouldBe(200);
        }
    }

    [Fact]
    public async Task Token_OfADisabledUser_StaysDeadWhenTheUserIsBack()
    {
        await using AdminHost host = await AdminHost.StartAsync();
        string admin = host.Token!;
        string carol = await host.SignInAsync("carol");
        await host.PostAsync($"{Users}/carol/disable");
        await host.PostAsync($"{Users}/carol/enable");
        host.Token = carol;
        (await host.GetAsync(Me)).Code.ShouldBe("TOKEN_REVOKED");
        host.Token = await host.SignInAsync("carol");
        (await host.GetAsync(Me)).Status.ShouldBe(200);
        host.Token = admin;
        (await host.GetAsync(Me)).Status.ShouldBe(200);
    }

    // Who signed in with the old password while it was being changed has a token of the old generation.
    [Fact]
    public async Task Token_IssuedForWhatWasReadBeforeTheChange_IsDead()
    {
        await using AdminHost host = await AdminHost.StartAsync();
        UserRow before = (
            await host.Get<UserStore>().VerifyAsync("carol", AdminHost.Password, default)
        ).ShouldNotBeNull();
        await host.PutAsync($"{Users}/carol/password", """{"password":"another password"}""");
        host.Time.Advance(TimeSpan.FromSeconds(5));
        host.Token = host.Get<TokenIssuer>().Issue(before).Text;
        (await host.GetAsync(Me)).Code.ShouldBe("TOKEN_REVOKED");
    }

    [Fact]
    public async Task Change_ThatChangesNothing_LeavesTokensAlone()
    {
        await using AdminHost host = await AdminHost.StartAsync();
        string admin = host.Token!;
        string carol = await host.SignInAsync("carol");
        (await host.PostAsync($"{Users}/carol/enable")).Status.ShouldBe(200);
        (await host.PutAsync($"{Users}/carol", """{"roles":["customer"],"tier":"gold"}""")).Status.ShouldBe(200);
        host.Token = carol;
        (await host.GetAsync(Me)).Status.ShouldBe(200);
        host.Token = admin;
    }

    [Fact]
    public async Task Floors_GoOnceTheLastTokenHasExpired()
    {
        await using AdminHost host = await AdminHost.StartAsync();
        await host.PostAsync($"{Users}/carol/disable");
        host.Now.TokenFloors.Count.ShouldBe(1);
        host.Time.Advance(TimeSpan.FromHours(26));
        host.Token = await host.SignInAsync("admin");
        (await host.PutAsync($"{Users}/admin", """{"tier":"gold"}""")).Status.ShouldBe(200);
        host.Now.TokenFloors.Count.ShouldBe(1);
        host.Now.TokenFloors.Values.Single().ShouldBe(1);
    }

    [Theory]
    [InlineData("POST", "/disable", null)]
    [InlineData("DELETE", "", null)]
    [InlineData("PUT", "", """{"roles":["customer"]}""")]
    public async Task LastAdministrator_CannotBeLost(string method, string path, string? body)
    {
        await using AdminHost host = await AdminHost.StartAsync();
        Answer refused = await host.SendAsync(new HttpMethod(method), $"{Users}/admin{path}", body);
        (refused.Status, refused.Code).ShouldBe((409, "CONFLICT"), refused.Text);
        refused.Text.ShouldContain("last administrator");
        (await host.GetAsync(Me)).Data.GetProperty("roles")[0].GetString().ShouldBe("admin");

        // A disabled one does not count; one who can sign in does.
        await host.PostAsync(
            Users,
            $$"""{"username":"second","password":"{{AdminHost.Password}}","roles":["admin"]}"""
        );
        await host.PostAsync($"{Users}/second/disable");
        (await host.SendAsync(new HttpMethod(method), $"{Users}/admin{path}", body)).Code.ShouldBe("CONFLICT");
        await host.PostAsync($"{Users}/second/enable");
        (await host.SendAsync(new HttpMethod(method), $"{Users}/admin{path}", body)).Status.ShouldBe(200);
    }

    [Theory]
    [InlineData("""{"password":"long enough"}""", "MISSING_PARAMETER", "username")]
    [InlineData("""{"username":"","password":"long enough"}""", "INVALID_PARAMETER", "username")]
    [InlineData("""{"username":"a/b","password":"long enough"}""", "INVALID_PARAMETER", "username")]
    [InlineData("""{"username":"..","password":"long enough"}""", "INVALID_PARAMETER", "username")]
    [InlineData("""{"username":"dave"}""", "MISSING_PARAMETER", "password")]
    [InlineData("""{"username":"dave","password":"short"}""", "INVALID_PARAMETER", "password")]
    [InlineData("""{"username":"dave","password":"long enough","roles":[""]}""", "INVALID_PARAMETER", "roles")]
    [InlineData("""{"username":"carol","password":"long enough"}""", "CONFLICT", "username")]
    public async Task User_ThatIsWrong_IsRefusedByField(string body, string code, string field)
    {
        await using AdminHost host = await AdminHost.StartAsync();
        Answer answer = await host.PostAsync(Users, body);
        (answer.Code, answer.Field).ShouldBe((code, field), answer.Text);
        answer.Text.ShouldNotContain("long enough");
    }

    [Fact]
    public async Task Changes_AreAuditedWithoutPasswords()
    {
        await using AdminHost host = await AdminHost.StartAsync();
        await host.PostAsync(Users, """{"username":"dave","password":"canary-password"}""");
        await host.PutAsync($"{Users}/dave/password", """{"password":"canary-password-2"}""");
        await host.DeleteAsync($"{Users}/dave");
        (IReadOnlyList<AuditRow> rows, _) = await host.Get<AuditLog>()
            .ReadAsync(new(null, null, null, null, null), 0, 50, default);
        AuditRow[] users = [.. rows.Where(r => r.Record.Action.StartsWith("users.", StringComparison.Ordinal))];
        users.Select(r => r.Record.Action).ShouldBe(["users.remove", "users.set-password", "users.add"]);
        users.ShouldAllBe(r => r.Record.Resource == "user dave" && r.Record.Result == "success");
        (await host.GetAsync("/api/v1/audit")).Text.ShouldNotContain("canary");
    }
}
