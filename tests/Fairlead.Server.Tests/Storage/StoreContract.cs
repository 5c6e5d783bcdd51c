using Fairlead.Server.Groups;
using Fairlead.Server.Identity;
using Fairlead.Server.Services.Trust;
using Fairlead.Server.Storage;
using Fairlead.Server.Storage.Secrets;
using Fairlead.Server.Tools.Executions;
using Fairlead.Server.Tools.Recovery;
using Fairlead.Testing;
using Fairlead.Toolkit.Protection;
using Shouldly;
using Xunit;

namespace Fairlead.Server.Tests.Storage;

/// <summary>What every store must do; run by each provider.</summary>
public abstract class StoreContract
{
    private protected abstract Task<StorageOptions> NewStoreAsync();

    [Fact]
    public async Task Service_AddedAndReopened_IsTheSame()
    {
        StorageOptions options = await NewStoreAsync();
        ServiceConfig added;
        await using (TestStore store = await TestStore.OpenAsync(options))
        {
            added = (
                await store.Services.AddAsync(new ServiceDraft("files", TestStore.Definition()), default)
            ).Require();
            store.Now.Services.ShouldContain(service => service.Id == added.Id);
        }
        await using TestStore again = await TestStore.OpenAsync(options);
        ServiceConfig found = again.Now.Services.ShouldHaveSingleItem();
        found.Id.ShouldBe(added.Id);
        found.Enabled.ShouldBeTrue();
        found.Definition.Command.ShouldBe("cat");
        found.Definition.Args.ShouldBe(["-u"]);
        found.Definition.Env["TOKEN"].ShouldBe("canary-env-secret");
    }

    [Fact]
    public async Task Service_NameTakenOrWrong_IsRefusedWithCodeAndField()
    {
        await using TestStore store = await TestStore.OpenAsync(await NewStoreAsync());
        await store.AddServiceAsync("files");
        long epoch = store.Now.Epoch;
        (await store.Services.AddAsync(new ServiceDraft("files", TestStore.Definition()), default)).Error.ShouldBe(
            new StoreError("SERVICE_ALREADY_EXISTS", "There is already a service named files.", "name")
        );
        // Dependencies are named without regard to case, so no two may differ in it only.
        (await store.Services.AddAsync(new ServiceDraft("FILES", TestStore.Definition()), default)).Error.ShouldBe(
            new StoreError("SERVICE_ALREADY_EXISTS", "There is already a service named files.", "name")
        );
        ServiceDraft[] twice = [new("one", TestStore.Definition()), new("One", TestStore.Definition())];
        (await store.Services.AddAllAsync(twice, default)).Error!.Code.ShouldBe("SERVICE_ALREADY_EXISTS");
        (await store.Services.AddAsync(new ServiceDraft("a b", TestStore.Definition()), default)).Error!.Field.ShouldBe(
            "name"
        );
        store.Now.Epoch.ShouldBe(epoch);
        (await store.Get<SnapshotReader>().ReadEpochAsync(default)).ShouldBe(epoch);
    }

    // S-03: a file is imported whole or not at all, in one step that no crash can cut in two.
    [Fact]
    public async Task Services_AddedTogether_AreOneChangeOrNone()
    {
        await using TestStore store = await TestStore.OpenAsync(await NewStoreAsync());
        ServiceDraft[] three = [.. "cab".Select(c => new ServiceDraft($"{c}", TestStore.Definition(), c != 'a'))];
        long epoch = store.Now.Epoch;
        (await store.Services.AddAllAsync(three, default)).Require().Select(s => s.Name).ShouldBe(["c", "a", "b"]);
        store.Now.Epoch.ShouldBe(epoch + 1);
        store.Now.Services.Select(s => (s.Name, s.Enabled)).ShouldBe([("c", true), ("a", false), ("b", true)]);

        ServiceDraft[] more = [new("d", TestStore.Definition()), new("a", TestStore.Definition())];
        (await store.Services.AddAllAsync(more, default)).Error!.Code.ShouldBe("SERVICE_ALREADY_EXISTS");
        store.Now.Services.Length.ShouldBe(3);
        store.Now.Epoch.ShouldBe(epoch + 1);
    }

    [Fact]
    public async Task Service_Changes_AreInTheSnapshotWhenAcknowledged()
    {
        await using TestStore store = await TestStore.OpenAsync(await NewStoreAsync());
        ServiceId id = await store.AddServiceAsync("files");
        (await store.Services.SetEnabledAsync(id, false, default)).Require().Enabled.ShouldBeFalse();
        await store.Services.RememberRevisionAsync(id, "2025-11-25", default);
        store.Now.Services[0].KnownRevision.ShouldBe("2025-11-25");
        // What starts nothing anew finds nothing out again.
        (await store.Services.UpdateAsync(id, TestStore.Definition() with { TimeoutSeconds = 9 }, default))
            .Require()
            .KnownRevision.ShouldBe("2025-11-25");
        (await store.Services.UpdateAsync(id, TestStore.Definition("other"), default))
            .Require()
            .KnownRevision.ShouldBeNull();
        (await store.Services.RemoveAsync(id, default)).ShouldBeTrue();
        store.Now.Services.ShouldBeEmpty();
        (await store.Services.RemoveAsync(id, default)).ShouldBeFalse();
        (await store.Services.SetEnabledAsync(id, true, default)).Error!.Code.ShouldBe("SERVICE_NOT_FOUND");
    }

    [Fact]
    public async Task Catalogue_SavedAgainUnchanged_WritesNothing()
    {
        await using TestStore store = await TestStore.OpenAsync(await NewStoreAsync());
        ServiceId id = await store.AddServiceAsync("files");
        (await store.SaveToolsAsync(id, "read", "write")).ShouldBeTrue();
        long epoch = store.Now.Epoch;
        (await store.SaveToolsAsync(id, "read", "write")).ShouldBeFalse();
        await store.Services.RememberRevisionAsync(id, "2025-11-25", default);
        epoch++;
        await store.Services.RememberRevisionAsync(id, "2025-11-25", default);
        (await store.Services.SetEnabledAsync(id, true, default)).Ok.ShouldBeTrue();
        (await store.Get<SnapshotReader>().ReadEpochAsync(default)).ShouldBe(epoch);
        store.Now.Catalogue.Select(item => item.Name).ShouldBe(["read", "write"]);
    }

    [Fact]
    public async Task Publications_OfTwoServices_KeepTheirNamesThroughEverything()
    {
        StorageOptions options = await NewStoreAsync();
        ServiceId files;
        ServiceId memory;
        GroupId group;
        await using (TestStore store = await TestStore.OpenAsync(options))
        {
            files = await store.AddServiceAsync("files");
            memory = await store.AddServiceAsync("memory");
            group = await CreateAsync(store, files, memory);
            await store.SaveToolsAsync(memory, "read");
            await store.SaveToolsAsync(files, "read", "Write");
            Names(store, group)
                .ShouldBe([("read", memory), ("files_read", files), ("Write", files)], ignoreOrder: true);

            // Gone and back: a tombstone keeps the name for its owner, also against others.
            await store.SaveToolsAsync(memory);
            store.Now.Publications.Single(p => p.ExposedName == "read").Removed.ShouldBeTrue();
            ServiceId third = await store.AddServiceAsync("third");
            await store.SaveToolsAsync(third, "read");
            (await store.Get<GroupStore>().PublishAsync(group, [third], default)).Ok.ShouldBeTrue();
            Names(store, group).ShouldContain(("third_read", third));
            await store.SaveToolsAsync(memory, "read");
            Names(store, group).ShouldContain(("read", memory));
        }
        await using TestStore again = await TestStore.OpenAsync(options);
        // Removed and registered again under its name, the service gets its own names back.
        await again.Services.RemoveAsync(memory, default);
        Names(again, group).ShouldNotContain(("read", memory));
        (await again.AddServiceAsync("memory")).ShouldBe(memory);
        await again.SaveToolsAsync(memory, "read");
        await again.Get<GroupStore>().PublishAsync(group, [memory], default);
        Names(again, group).ShouldContain(("read", memory));
        again.Now.Publications.Length.ShouldBe(4);
    }

    // A-55, C-13: a name that a view gave is the tool's for ever, like the one it was given first.
    [Fact]
    public async Task Tool_Renamed_KeepsAllItsNamesFromOthers()
    {
        StorageOptions options = await NewStoreAsync();
        GroupId group;
        PublicationId read;
        PublicationId write;
        ServiceId files;
        await using (TestStore store = await TestStore.OpenAsync(options))
        {
            files = await store.AddServiceAsync("files");
            await store.SaveToolsAsync(files, "read", "write");
            group = await CreateAsync(store, files);
            read = Tool(store, "read");
            write = Tool(store, "write");
            long epoch = store.Now.Epoch;
            (await RenameAsync(store, read, "look")).ShouldBeNull();
            store.Now.Epoch.ShouldBe(epoch + 1);
            Names(store, group).ShouldBe([("look", files), ("write", files)], ignoreOrder: true);

            foreach (string taken in (string[])["read", "LOOK", "Read"])
            {
                StoreError refused = (await RenameAsync(store, write, taken))!;
                (refused.Code, refused.Field).ShouldBe(("CONFLICT", "view.name"));
                refused.Message.ShouldContain("the tool read of files");
            }
            (await RenameAsync(store, read, "see")).ShouldBeNull();
            (await RenameAsync(store, write, "look"))!.Code.ShouldBe("CONFLICT"); // a name it had
            (await RenameAsync(store, read, "look")).ShouldBeNull(); // but its own again
            (await RenameAsync(store, read, "read")).ShouldBeNull(); // the first one is no view
            store.Now.Publications.Single(p => p.Id == read).View.ShouldBeNull();
            (await RenameAsync(store, read, "look")).ShouldBeNull();
        }
        await using TestStore again = await TestStore.OpenAsync(options);
        Names(again, group).ShouldContain(("look", files));
        // What is published later gets none of them either.
        ServiceId later = await again.AddServiceAsync("later");
        await again.SaveToolsAsync(later, "look", "see", "read", "Look2");
        (await again.Get<GroupStore>().PublishAsync(group, [later], default)).Ok.ShouldBeTrue();
        Names(again, group)
            .Where(n => n.Item2 == later)
            .Select(n => n.Item1)
            .ShouldBe(["later_look", "later_see", "later_read", "Look2"], ignoreOrder: true);
        // Other groups have their own names.
        GroupId other = (
            await again
                .Get<GroupStore>()
                .CreateAsync(new GroupDraft { Name = "other", Services = [later] }, null, default)
        )
            .Require()
            .Group.Id;
        Names(again, other).Select(n => n.Item1).ShouldContain("look");
        // A view goes with the tool's row, also through its absence.
        await again.SaveToolsAsync(files, "write");
        await again.SaveToolsAsync(files, "write", "read");
        Names(again, group).ShouldContain(("look", files));
        await again.Get<GroupStore>().DeleteAsync(group, default);
        (await again.Get<StoreWriter>().ReadAsync(db => Task.FromResult(db.ToolNames.Count()), default)).ShouldBe(0);

        async Task<StoreError?> RenameAsync(TestStore store, PublicationId id, string name) =>
            (
                await store
                    .Get<ToolStore>()
                    .UpdateAsync(id, group, new ToolSettings(true, 30, null, null, new() { Name = name }), default)
            ).Error;

        static PublicationId Tool(TestStore store, string name) =>
            store.Now.Publications.Single(p => p.ExposedName == name).Id;
    }

    [Fact]
    public async Task View_Stored_IsInTheSnapshotAndIsCheckedWithTheToolsOwnSchema()
    {
        await using TestStore store = await TestStore.OpenAsync(await NewStoreAsync());
        ServiceId files = await store.AddServiceAsync("files");
        CatalogueItem item = TestStore.Items(files, ItemKind.Tool, "read")[0] with
        {
            Definition =
                """{"name":"read","inputSchema":{"type":"object","properties":{"size":{"type":"integer"},"key":{"type":"string"}}}}"""u8.ToArray(),
        };
        await store.Catalogue.SaveAsync(files, [item], null, default);
        GroupId group = await CreateAsync(store, files);
        PublicationId id = store.Now.Publications.Single().Id;
        (await SetAsync("""{"size":"x"}"""))!.Field.ShouldBe("view.fixed.size");
        (await SetAsync("""{"key":"${secret:KEY}"}"""))!.Message.ShouldContain("no secret KEY");
        store.Now.Publications.Single().View.ShouldBeNull();
        await store.Get<SecretStore>().SetAsync("KEY", "k", default);
        (await SetAsync("""{"size":1.0,"key":"${secret:KEY}"}""")).ShouldBeNull();
        ToolViewConfig view = store.Now.Publications.Single().View.ShouldNotBeNull();
        view.Fixed["size"].GetRawText().ShouldBe("1.0");
        view.Fixed["key"].GetString().ShouldBe("${secret:KEY}");
        // The secret has a user, so it stays.
        StoreError used = (await store.Get<SecretStore>().RemoveAsync("KEY", default))!;
        (used.Code, used.Message).ShouldBe(("CONFLICT", "It is used by tool read of group main."));
        // Null leaves it, empty takes it away.
        (await UpdateAsync(null)).ShouldBeNull();
        store.Now.Publications.Single().View.ShouldNotBeNull();
        (await UpdateAsync(new ToolViewConfig())).ShouldBeNull();
        store.Now.Publications.Single().View.ShouldBeNull();
        (await store.Get<SecretStore>().RemoveAsync("KEY", default)).ShouldBeNull();

        Task<StoreError?> SetAsync(string json) =>
            UpdateAsync(StoreJson.ReadView($$"""{"schema":1,"fixed":{{json}}}"""));

        async Task<StoreError?> UpdateAsync(ToolViewConfig? view) =>
            (
                await store
                    .Get<ToolStore>()
                    .UpdateAsync(id, group, new ToolSettings(true, 30, null, null, view), default)
            ).Error;
    }

    [Fact]
    public async Task Group_ThatFindsTools_IsOffByDefaultAndKept()
    {
        StorageOptions options = await NewStoreAsync();
        await using TestStore store = await TestStore.OpenAsync(options);
        GroupId group = await CreateAsync(store);
        store.Now.Groups.Single().FindTools.ShouldBeFalse();
        await store.Get<GroupStore>().UpdateAsync(group, new GroupDraft { FindTools = true }, default);
        await store.Get<GroupStore>().UpdateAsync(group, new GroupDraft { Description = "d" }, default);
        store.Now.Groups.Single().FindTools.ShouldBeTrue();
    }

    [Fact]
    public async Task Publish_SeveralServices_NamesFollowRegistrationOrder()
    {
        await using TestStore store = await TestStore.OpenAsync(await NewStoreAsync());
        ServiceId first = await store.AddServiceAsync("first");
        ServiceId second = await store.AddServiceAsync("second");
        await store.SaveToolsAsync(second, "read");
        await store.SaveToolsAsync(first, "read");
        GroupId group = await CreateAsync(store, second, first);
        Names(store, group).ShouldBe([("read", first), ("second_read", second)], ignoreOrder: true);
        store.Now.Groups[0].Services.ShouldBe([second, first]);
    }

    [Fact]
    public async Task NativeTools_Synced_ArePublishedWhereWantedAndBuriedWhenGone()
    {
        await using TestStore store = await TestStore.OpenAsync(await NewStoreAsync());
        GroupId group = await CreateAsync(store);
        var native = store.Get<NativePublications>();
        await native.SyncAsync([new(ItemKind.Tool, "now"), new(ItemKind.Tool, "sum")], default);
        Names(store, group).ShouldBeEmpty();
        await store.Get<GroupStore>().UpdateAsync(group, new GroupDraft { PublishNative = true }, default);
        Names(store, group).ShouldBe([("now", null), ("sum", null)], ignoreOrder: true);
        long epoch = store.Now.Epoch;
        await native.SyncAsync([new(ItemKind.Tool, "now"), new(ItemKind.Tool, "sum")], default);
        store.Now.Epoch.ShouldBe(epoch);
        await native.SyncAsync([new(ItemKind.Tool, "sum")], default);
        Names(store, group).ShouldBe([("sum", null)]);
    }

    [Fact]
    public async Task Group_Deleted_TakesItsToolsAlong()
    {
        //
        await using TestStore store = await TestStore.OpenAsync(await NewStoreAsync());
        ServiceId files = await store.AddServiceAsync("files");
        GroupId group = await CreateAsync(store, files);
        await store.Catalogue.SaveAsync(
            files,
            [
                .. TestStore.Items(files, ItemKind.Tool, "read"),
                .. TestStore.Items(files, ItemKind.Resource, "file:///a"),
                .. TestStore.Items(files, ItemKind.ResourceTemplate, "file:///{path}"),
                .. TestStore.Items(files, ItemKind.Prompt, "ask"),
            ],
            null,
            default
        );
        store.Now.Publications.Length.ShouldBe(4);
        (await store.Get<GroupStore>().DeleteAsync(group, default)).ShouldBeTrue();
        store.Now.Groups.ShouldBeEmpty();
        store.Now.Publications.ShouldBeEmpty();
        store.Now.Catalogue.Length.ShouldBe(4);
    }

    // with C-13, C-14, C-45, C-47: tables, columns and indexes of the source documents, on both engines
    // (C-32).
    [Theory]
    [InlineData(
        "mcp_tool_groups",
        "id name description api_key enabled created_by created_at updated_at server_code hashed_api_key user_tier_access allowed_roles previous_valid_until",
        "idx_enabled idx_created_by"
    )]
    [InlineData(
        "mcp_tools",
        "id tool_name group_id version description enabled timeout_seconds config_data created_at updated_at",
        "idx_group_enabled idx_tool_name"
    )]
    public async Task Schema_OfTheSourceDocuments_IsThere(string table, string columns, string indexes)
    {
        StorageOptions options = await NewStoreAsync();
        await using TestStore store = await TestStore.OpenAsync(options);
        bool isSqlite = options.Provider == StorageProvider.Sqlite;
        var found = await NamesAsync(
            store,
            isSqlite
                ? $"SELECT name FROM pragma_table_info('{table}')"
                : $"SELECT column_name FROM information_schema.columns WHERE table_name = '{table}'"
        );
        columns.Split(' ').Except(found).ShouldBeEmpty();
        var indexed = await NamesAsync(
            store,
            isSqlite
                ? $"SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name = '{table}'"
                : $"SELECT indexname FROM pg_indexes WHERE tablename = '{table}'"
        );
        indexes.Split(' ').Except(indexed).ShouldBeEmpty();
    }

    // C-13: a tool may be published in several groups under the same name, in one group only once.
    [Fact]
    public async Task Tool_InTwoGroups_HasItsNameInBoth()
    {
        await using TestStore store = await TestStore.OpenAsync(await NewStoreAsync());
        ServiceId files = await store.AddServiceAsync("files");
        ServiceId more = await store.AddServiceAsync("more");
        foreach (var name in new[] { "one", "two" })
            (
                await store
                    .Get<GroupStore>()
                    .CreateAsync(new GroupDraft { Name = name, Services = [files, more] }, null, default)
            ).Require();
        foreach (var service in new[] { files, more })
            await store.Catalogue.SaveAsync(
                service,
                [.. TestStore.Items(service, ItemKind.Tool, "read")],
                null,
                default
            );
        foreach (var group in store.Now.Groups)
            store
                .Now.Publications.Where(p => p.Group == group.Id)
                .Select(p => p.ExposedName)
                .ShouldBe(["read", "more_read"], ignoreOrder: true);
    }

    [Fact]
    public async Task Definition_ChangedAndApproved_IsHeldAndServedAgain() // security.md section 4.1, on both engines
    {
        await using TestStore store = await TestStore.OpenAsync(await NewStoreAsync());
        ServiceId files = await store.AddServiceAsync("files");
        CatalogueItem tool = TestStore.Items(files, ItemKind.Tool, "read")[0];
        await store.Catalogue.SaveAsync(files, [tool], "be kind", default);
        CatalogueItem other = tool with { Definition = """{"name":"read","description":"x"}"""u8.ToArray() };
        await store.Catalogue.SaveAsync(files, [other], "be kind", default);
        store.Now.Catalogue.Single().State.ShouldBe(ItemState.Held);
        var reviews = store.Get<ReviewStore>();
        var (held, total) = await reviews.ListAsync(new(files, "tool", PinState.Held), 0, 10, default);
        (total, held.Single().Before!.Text).ShouldBe((1, """{"name":"read"}"""));
        (await reviews.DecideAsync([held.Single().Row.Id], approve: true, "u1", default)).Require();
        store.Now.Catalogue.Single().State.ShouldBe(ItemState.Served);
        (await store.Services.RemoveAsync(files, default)).ShouldBeTrue();
        (await reviews.ListAsync(new(null, null, null), 0, 10, default)).Total.ShouldBe(0);
    }

    // P-96
    [Fact]
    public async Task Database_WithAThrowAwayTable_TakesAndGivesRows()
    {
        await using TestStore store = await TestStore.OpenAsync(await NewStoreAsync());
        await ExecuteAsync(store, "CREATE TABLE throw_away (id integer PRIMARY KEY, name varchar(20) NOT NULL)");
        await ExecuteAsync(store, "INSERT INTO throw_away (id, name) VALUES (1, 'kept')");
        (await NamesAsync(store, "SELECT name FROM throw_away")).ShouldBe(["kept"]);
        await ExecuteAsync(store, "DROP TABLE throw_away");
        await Should.ThrowAsync<System.Data.Common.DbException>(() => NamesAsync(store, "SELECT name FROM throw_away"));
    }

    [Fact]
    public async Task Change_OfAnotherNode_ArrivesWithinASecond()
    {
        StorageOptions options = await NewStoreAsync();
        await using TestStore one = await TestStore.OpenAsync(options);
        await using TestStore two = await TestStore.OpenAsync(options);
        StoreSnapshot? told = null;
        two.Watcher.Changed += snapshot => told = snapshot;
        ServiceId id = await one.AddServiceAsync("files");
        await Eventually.UntilAsync(() => two.Now.Services.Any(service => service.Id == id), TimeSpan.FromSeconds(2));
        // It is told right after it is there.
        await Eventually.UntilAsync(() => told is not null);
        told!.Epoch.ShouldBe(one.Now.Epoch);
    }

    [Fact] // P-77: effective on every node, and in memory: no call asks the store
    public async Task Token_RevokedOnOneNode_IsRefusedOnTheOther()
    {
        StorageOptions options = await NewStoreAsync();
        await using TestStore one = await TestStore.OpenAsync(options);
        await using TestStore two = await TestStore.OpenAsync(options);
        var users = new UserStore(
            one.Get<StoreWriter>(),
            new Microsoft.AspNetCore.Identity.PasswordHasher<UserRow>(),
            TimeProvider.System
        );
        UserRow user = (await users.AddAsync("carol", "password", ["customer"], null, default)).Require();
        var issuer = new TokenIssuer(Key(one), new IdentityOptions(), TimeProvider.System);
        var (lost, kept) = (issuer.Issue(user), issuer.Issue(user));
        var (here, there) = (Reader(one), Reader(two));
        there.TryRead(lost.Text, out _, out _).ShouldBeTrue("a token of one node holds on the other");
        await users.RevokeAsync(lost.User, default);
        here.TryRead(lost.Text, out _, out var reason).ShouldBeFalse("at once where it was revoked");
        reason.ShouldBe(TokenFailure.Revoked);
        await Eventually.UntilAsync(() => !there.TryRead(lost.Text, out _, out _), TimeSpan.FromSeconds(2));
        there.TryRead(kept.Text, out _, out _).ShouldBeTrue();

        TokenKey Key(TestStore store) => new(new IdentityOptions(), store.Get<MasterKey>());
        TokenReader Reader(TestStore store) => new(Key(store), store.Watcher, TimeProvider.System);
    }

    [Fact] // P-80, C-36: a key version made on one node is every node's, and none writes with it before
    public async Task FieldKey_MadeOnOneNode_IsReadOnTheOther()
    {
        StorageOptions options = await NewStoreAsync() with
        {
            FieldKeyIterations = StorageOptions.LeastFieldKeyIterations,
        };
        var time = new FakeTimeProvider();
        await using TestStore one = await TestStore.OpenAsync(options, time);
        await using TestStore two = await TestStore.OpenAsync(options, time);
        // Both find none, and only one of them makes it.
        await Task.WhenAll(new[] { one, two }.Select(s => s.Get<FieldKeyStore>().StartAsync(default)));
        await two.Watcher.ReloadAsync(default);
        two.Now.FieldKeys.Select(k => k.Version).ShouldBe([1]);
        var (here, there) = (one.Get<IFieldEncryption>(), two.Get<IFieldEncryption>());
        await one.Get<FieldKeyStore>().RotateAsync(default);
        there.Decrypt(here.Encrypt("before")).ShouldBe("before", "the other node does not know of version 2 yet");
        time.Advance(FieldEncryption.TakesOverAfter);
        await two.Watcher.ReloadAsync(default);
        var young = here.Encrypt("after", "row");
        young.ShouldStartWith("f1.2.");
        there.Decrypt(young, "row").ShouldBe("after");
        two.Now.FieldKeys.ShouldBe(one.Now.FieldKeys);
    }

    [Fact]
    public async Task Changes_Concurrent_AreAllKeptAndNamesStayUnique()
    {
        StorageOptions options = await NewStoreAsync();
        await using TestStore one = await TestStore.OpenAsync(options);
        await using TestStore two = await TestStore.OpenAsync(options);
        StoreResult<ServiceConfig>[] results = await Task.WhenAll(
            Enumerable
                .Range(0, 20)
                .Select(n =>
                    Task.Run(() =>
                        (n % 2 == 0 ? one : two).Services.AddAsync(
                            new ServiceDraft($"service{n / 2}", TestStore.Definition()),
                            default
                        )
                    )
                )
        );
        results.Count(result => result.Ok).ShouldBe(10);
        await one.Watcher.ReloadAsync(default);
        one.Now.Services.Select(service => service.Position).ShouldBe(Enumerable.Range(1, 10));
    }

    // of many who decide at the same time one runs it again; no node reads its snapshot anew for it.
    [Fact]
    public async Task ManualQueue_DecidedOnByMany_GivesItToOne()
    {
        await using TestStore store = await TestStore.OpenAsync(await NewStoreAsync());
        long epoch = store.Now.Epoch;
        var queue = new ManualQueue(
            store.Get<StoreWriter>(),
            store.Get<Sealer>(),
            new ToolRecoveryOptions(),
            TimeProvider.System
        );
        var request = new ExecutionRequest
        {
            Group = new GroupId("g"),
            ToolName = "pay",
            Input = """{"amount":7}"""u8.ToArray(),
            Timeout = TimeSpan.FromSeconds(2.5),
            CorrelationId = "order",
        };
        string id = (
            await queue.AddAsync(
                new RecoveryCase
                {
                    TaskId = "t",
                    Request = request,
                    Outcome = ToolOutcome.TimedOut(request.Timeout),
                    Failure = new FailureRecord
                    {
                        ExceptionId = "e",
                        TaskId = "t",
                        ToolName = "pay",
                        ExceptionType = "TimeoutException",
                        Message = "late",
                        Severity = Severity.Medium,
                        Class = FailureClass.Database,
                        Timestamp = default,
                        RetryCount = 0,
                    },
                    RetryCount = 0,
                    IsIdempotent = false,
                    RunOtherAsync = (_, _) => throw new InvalidOperationException(),
                    CancelRelated = () => 0,
                },
                default
            )
        )!;
        var (rows, total) = await queue.ListAsync(ManualState.Open, 0, 10, default);
        total.ShouldBe(1);
        rows[0].MayHaveRun.ShouldBeTrue();
        rows[0].Input.ShouldNotContain("amount");
        ExecutionRequest?[] taken = await Task.WhenAll(
            Enumerable.Range(0, 8).Select(_ => Task.Run(() => queue.TakeAsync(id, null, default)))
        );
        ExecutionRequest one = taken.Single(t => t is not null)!;
        one.Input.ToArray().ShouldBe(request.Input.ToArray());
        one.Timeout.ShouldBe(request.Timeout);
        one.CorrelationId.ShouldBe("order");
        await queue.NoteReplayAsync(id, "again", default);
        await queue.PutBackAsync(id, default);
        (await queue.ListAsync(ManualState.Replayed, 0, 10, default)).Rows.Single().ReplayedAs.ShouldBe("again");
        await store.Watcher.ReloadAsync(default);
        store.Now.Epoch.ShouldBe(epoch);
    }

    [Fact]
    public async Task Store_OfTheFirstVersion_IsBroughtUpWithAllItHolds()
    {
        StorageOptions options = await NewStoreAsync();
        string hash;
        await using (TestStore store = await TestStore.OpenAsync(options))
        {
            await CreateAsync(store, await store.AddServiceAsync("files"));
            hash = store.Now.Groups.Single().KeyHashes[0].Sha256Hex;
            await ExecuteAsync(store, "DROP TABLE mcp_tool_names");
            await ExecuteAsync(store, "ALTER TABLE mcp_tools DROP COLUMN tool_view");
            await ExecuteAsync(store, "ALTER TABLE mcp_tool_groups DROP COLUMN find_tools");
            await ExecuteAsync(store, "DROP TABLE field_keys");
            foreach (
                var table in new[]
                {
                    "system_settings",
                    "automation_steps",
                    "automation_runs",
                    "message_feedback",
                    "live_presence",
                    "notifications",
                    "messages",
                    "conversations",
                    "sample_projects",
                    "sample_treatments",
                    "sample_preferences",
                    "sample_sensitive_data",
                }
            )
                await ExecuteAsync(store, $"DROP TABLE {table}");
            await ExecuteAsync(store, "DROP INDEX uk_users_email");
            foreach (var column in new[] { "email", "phone", "avatar" })
                await ExecuteAsync(store, $"ALTER TABLE users DROP COLUMN {column}");
            await ExecuteAsync(store, "DROP TABLE session_states");
            await ExecuteAsync(store, "DROP TABLE persistent_state");
            await ExecuteAsync(store, "ALTER TABLE mcp_tool_groups DROP COLUMN log_bodies");
            await ExecuteAsync(store, "DROP TABLE first_start");
            await ExecuteAsync(store, "DROP TABLE token_floors");
            await ExecuteAsync(store, "ALTER TABLE users DROP COLUMN token_generation");
            await ExecuteAsync(store, "DROP TABLE mcp_secrets");
            await ExecuteAsync(store, "DROP TABLE mcp_catalogue_changes");
            await ExecuteAsync(store, "DROP TABLE mcp_manual_queue");
            await ExecuteAsync(store, "DROP TABLE mcp_definitions");
            foreach (var column in new[] { "hash", "state", "changed_at" })
                await ExecuteAsync(store, $"ALTER TABLE mcp_catalogue DROP COLUMN {column}");
            await ExecuteAsync(store, "ALTER TABLE mcp_services DROP COLUMN launch_hash");
            await ExecuteAsync(store, "DELETE FROM schema_version WHERE version > 1");
        }
        await using TestStore again = await TestStore.OpenAsync(options);
        GroupConfig group = again.Now.Groups.ShouldHaveSingleItem();
        group.KeyHashes[0].Sha256Hex.ShouldBe(hash);
        group.LogBodies.ShouldBeFalse();
        ServiceConfig files = again.Now.Services.ShouldHaveSingleItem();
        files.Name.ShouldBe("files");
        // What it was started from before there were pins counts as approved.
        ServiceDefinition reviewed = files.Definition with
        {
            Trust = TrustPolicy.Review,
        };
        (await again.Services.UpdateAsync(files.Id, reviewed, default)).Require().Runs.ShouldBeTrue();
        (await again.Services.UpdateAsync(files.Id, reviewed with { Command = "other" }, default))
            .Require()
            .Runs.ShouldBeFalse();
        // It has a group, so it was started long ago: nothing is imported again.
        (await again.Get<FirstStartMark>().IsDoneAsync(default)).ShouldBeTrue();
        (await again.Get<FirstStartMark>().ReadNoticeAsync(default)).ShouldBeNull();
    }

    [Fact]
    public async Task Notice_OfTheFirstStart_IsKeptSealedUntilShown()
    {
        StorageOptions options = await NewStoreAsync();
        await using (TestStore store = await TestStore.OpenAsync(options))
        {
            (await store.Get<FirstStartMark>().IsDoneAsync(default)).ShouldBeFalse();
            await store
                .Get<StoreWriter>()
                .ChangeAsync(
                    db =>
                    {
                        store.Get<FirstStartMark>().Put(db, "canary-notice"u8);
                        return Task.FromResult(0);
                    },
                    default
                );
        }
        await using TestStore again = await TestStore.OpenAsync(options);
        FirstStartMark mark = again.Get<FirstStartMark>();
        (await mark.IsDoneAsync(default)).ShouldBeTrue();
        (await mark.ReadNoticeAsync(default)).ShouldBe("canary-notice"u8.ToArray());
        await mark.ForgetNoticeAsync(default);
        (await mark.ReadNoticeAsync(default)).ShouldBeNull();
        (await mark.IsDoneAsync(default)).ShouldBeTrue();
    }

    [Fact]
    public async Task Store_OfANewerProgram_IsRefused()
    {
        StorageOptions options = await NewStoreAsync();
        await using (TestStore store = await TestStore.OpenAsync(options))
            await ExecuteAsync(store, "INSERT INTO schema_version (version, applied_at) VALUES (999, 'later')");
        StoreException refused = await Should.ThrowAsync<StoreException>(() => TestStore.OpenAsync(options));
        refused.Message.ShouldContain("schema version 999");
        refused.Message.ShouldContain("newer");
    }

    [Fact]
    public async Task Listener_ThatThrows_DoesNotHideTheChangeFromOthers()
    {
        await using TestStore store = await TestStore.OpenAsync(await NewStoreAsync());
        long seen = 0;
        store.Watcher.Changed += _ => throw new InvalidOperationException("broken listener");
        store.Watcher.Changed += snapshot => seen = snapshot.Epoch;
        await store.AddServiceAsync("files");
        seen.ShouldBe(store.Now.Epoch);
    }

    private protected static async Task ExecuteAsync(TestStore store, string sql)
    {
        await using var connection = await store.Get<IStoreEngine>().OpenAsync(default);
        await using var command = connection.CreateCommand();
#pragma warning disable CA2100 // Literals of the tests.
        command.CommandText = sql;
#pragma warning restore CA2100
        await command.ExecuteNonQueryAsync();
    }

    private static async Task<List<string>> NamesAsync(TestStore store, string sql)
    {
        await using var connection = await store.Get<IStoreEngine>().OpenAsync(default);
        await using var command = connection.CreateCommand();
#pragma warning disable CA2100 // Literals of the tests.
        command.CommandText = sql;
#pragma warning restore CA2100
        await using var reader = await command.ExecuteReaderAsync();
        var names = new List<string>();
        while (await reader.ReadAsync())
            names.Add(reader.GetString(0));
        return names;
    }

    private static async Task<GroupId> CreateAsync(TestStore store, params ServiceId[] services) =>
        (
            await store
                .Get<GroupStore>()
                .CreateAsync(new GroupDraft { Name = "main", Services = [.. services] }, null, default)
        )
            .Require()
            .Group.Id;

    private static IEnumerable<(string, ServiceId?)> Names(TestStore store, GroupId group) =>
        store
            .Now.Publications.Where(row => row.Group == group && !row.Removed)
            .Select(row => (row.ExposedName, row.Service));
}
