#pragma warning disable VSTHRD200, CA1068 // The name of a tool is that of its method; the order of parameters is a part of the test.
using System.Collections.Concurrent;
using System.ComponentModel;
using System.Security.Claims;
using System.Text;
using System.Text.Json;
using Fairlead.Server.Storage;
using Fairlead.Server.Tools;
using Fairlead.Testing;
using Fairlead.Toolkit;
using Microsoft.Extensions.DependencyInjection;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;
using Shouldly;
using Xunit;

namespace Fairlead.Server.Tests.Tools;

/// <summary>What an author writes and what becomes of it (R-03, P-36, A-35, A-36, A-41, C-18).</summary>
public sealed class ToolkitTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>A forecast.</summary>
    /// <param name="City">Where it is for.</param>
    /// <param name="Degrees">Degrees Celsius.</param>
    public sealed record Forecast(string City, double Degrees);

    /// <summary>Whom to write to.</summary>
    /// <param name="Name">Who.</param>
    /// <param name="Pin">A secret of theirs.</param>
    public sealed record Contact(string Name, [property: Sensitive] string Pin);

    [FairleadTool(Category = "shared", Group = "team")]
    [RequireRole("staff")]
    public sealed class Samples
    {
        /// <summary>Tells the weather
        /// of a <see cref="Forecast"/>.</summary>
        /// <param name="city">Name of the city.</param>
        /// <param name="days">How many days ahead.</param>
        [FairleadTool(Category = "weather", Group = "open")]
        [RateLimit(5, 60), Cached(30, ResultScope.Public), Exclusive("sky"), Toolkit.Timeout(1.5), Idempotent]
        public static Forecast Weather(string city, int days = 1) => new(city, days);

        [FairleadTool]
        public static void Undocumented() { }

        [FairleadTool(Name = "renamed", Description = "Said."), RequireRole("admin", "owner")]
        [Description("Not said.")]
        public static string Named([Sensitive] string password, Contact contact) => password + contact.Name;

        public static string NoTool() => "";
    }

    private static NativeTool Tool(string name, params object[] targets) =>
        targets.SelectMany(t => NativeTool.Of(t)).Single(t => t.Name == name);

    private static NativeTool Sample(string name) => Tool(name, new Samples());

    private static JsonElement Definition(NativeTool tool) => JsonElement.Parse(tool.Definition.Span);

    private static async Task<JsonElement> RunAsync(
        NativeTool tool,
        string arguments = "{}",
        CallContext? context = null
    )
    {
        var result = await tool.RunAsync(
            Encoding.UTF8.GetBytes(arguments),
            context ?? new CallContext(EmptyProvider.Instance, cancellationToken: Token)
        );
        return JsonElement.Parse(result.Json.Span);
    }

    private static string Text(JsonElement result) => result.GetProperty("content")[0].GetProperty("text").GetString()!;

    // name, description, category, each with its defaults.
    [Fact]
    public void Tool_ThatSaysNothing_HasDefaults()
    {
        var bare = Tool("Bare", new Bare());
        (bare.Name, bare.Description, bare.Policy.Category, bare.Policy.Group).ShouldBe(
            ("Bare", "Runs Bare.", "general", null)
        );
        Sample("Weather").Description.ShouldBe("Tells the weather of a Forecast.");
        Sample("renamed").Description.ShouldBe("Said.");
        Sample("Undocumented").Policy.Category.ShouldBe("shared");
        NativeTool.Of(new Samples()).Count().ShouldBe(3);
    }

    private sealed class Bare
    {
        [FairleadTool]
        public static int Bare_() => 1;

        [FairleadTool(Name = "Bare")]
        public static int Unnamed() => 1;
    }

    // what is known of each tool, and an index of categories that names each once.
    [Fact]
    public void Tools_Registered_AreIndexedByCategory()
    {
        var time = new FakeTimeProvider();
        var all = new NativeTools(
            [.. NativeTool.Of(new Samples(), null, time), .. NativeTool.Of(new Bare(), null, time)],
            time
        );
        all.Categories["shared"].ShouldBe(["Undocumented", "renamed"]);
        all.Categories["weather"].ShouldBe(["Weather"]);
        all.Categories["general"].ShouldBe(["Bare", "Bare_"]);
        var tool = all.All.Single(t => t.Name == "Weather");
        tool.RegisteredAt.ShouldBe(time.GetUtcNow());
        (tool.Method.Name, tool.Method.DeclaringType, tool.Method.Module.Name).ShouldBe(
            ("Weather", typeof(Samples), "Fairlead.Server.Tests.dll")
        );
        tool.Method.ToString().ShouldBe("Forecast Weather(System.String, Int32)");
        Should.Throw<StoreException>(() => new NativeTools([tool, tool], time)).Message.ShouldContain("Weather");
    }

    // P-36: nothing is kept unless its author says so, and then for its caller alone unless he says otherwise.
    [Fact]
    public void Policy_OfATool_IsWhatItsAttributesSay()
    {
        var weather = Sample("Weather").Policy;
        weather.Group.ShouldBe("open");
        weather.Rate.ShouldBe(new RateRule(5, TimeSpan.FromMinutes(1)));
        weather.Cache.ShouldBe(new CacheRule(TimeSpan.FromSeconds(30), ResultScope.Public));
        weather.Cacheable.ShouldBeTrue();
        weather.Exclusive.ShouldBe("sky");
        weather.Timeout.ShouldBe(TimeSpan.FromSeconds(1.5));
        weather.Idempotent.ShouldBeTrue();
        var named = Sample("renamed").Policy;
        named.Cacheable.ShouldBeFalse();
        named.Group.ShouldBe("team");
        named.RequiredRoles.Select(r => string.Join('|', r)).ShouldBe(["admin|owner", "staff"]);
        named.Sensitive.ShouldBe(["password", "Pin"], ignoreOrder: true);
        new CachedAttribute(1).Scope.ShouldBe(ResultScope.Private);
        Should.Throw<ArgumentException>(() => new RequireRoleAttribute());
        Should.Throw<ArgumentOutOfRangeException>(() => new RateLimitAttribute(0, 1));
        Should.Throw<ArgumentOutOfRangeException>(() => new CachedAttribute(0));
        Should.Throw<ArgumentOutOfRangeException>(() => new TimeoutAttribute(0));
        Should.Throw<ArgumentException>(() => new ExclusiveAttribute(" "));
    }

    // a tool without parameters has an empty object schema, a typed result its schema.
    [Fact]
    public void Definition_OfATypedTool_HasBothSchemas()
    {
        var definition = Definition(Sample("Weather"));
        var input = definition.GetProperty("inputSchema");
        input
            .GetProperty("properties")
            .GetProperty("city")
            .GetProperty("description")
            .GetString()
            .ShouldBe("Name of the city.");
        input.GetProperty("required").EnumerateArray().Select(r => r.GetString()).ShouldBe(["city"]);
        var output = definition.GetProperty("outputSchema");
        output.GetProperty("type").GetString().ShouldBe("object");
        output
            .GetProperty("properties")
            .GetProperty("degrees")
            .GetProperty("description")
            .GetString()
            .ShouldBe("Degrees Celsius.");
        definition.GetProperty("annotations").GetProperty("idempotentHint").GetBoolean().ShouldBeTrue();
        var bare = Definition(Sample("Undocumented"));
        bare.GetProperty("inputSchema").GetProperty("type").GetString().ShouldBe("object");
        bare.TryGetProperty("outputSchema", out _).ShouldBeFalse();
    }

    [Fact]
    public async Task Run_OfATypedTool_GivesTextAndStructure()
    {
        var user = new CallContext(EmptyProvider.Instance) { User = new("u", null, ["staff"], null) };
        var result = await RunAsync(Sample("Weather"), """{"city":"Rome","days":2.0}""", user);
        Text(result).ShouldBe("""{"city":"Rome","degrees":2}""");
        result.GetProperty("structuredContent").GetProperty("degrees").GetDouble().ShouldBe(2);
        Text(await RunAsync(Sample("Undocumented"), "{}", user)).ShouldBe("");
    }

    private sealed class Secretive
    {
        [FairleadTool(Name = "pin")]
        public static string Pin([Sensitive] string word, [Sensitive] int pin, int open) => $"{word}{pin}{open}";
    }

    // What is told of a mistake comes back in results and logs: no sensitive value is in it.
    [Theory]
    [InlineData("""{"word":4711,"pin":1,"open":1}""", "The parameter 'word' must be a string, not this number.")]
    [InlineData(
        """{"word":"","pin":4711.5,"open":1}""",
        "The parameter 'pin' must be a whole number, not this number."
    )]
    [InlineData(
        """{"word":"","pin":47110000000,"open":1}""",
        "The parameter 'pin' must be a whole number of at most 32 bits."
    )]
    [InlineData(
        """{"word":"","pin":1,"open":1.5}""",
        "The parameter 'open' must be a whole number, not the number 1.5."
    )]
    public async Task Mistake_InASensitiveArgument_DoesNotRepeatIt(string arguments, string said) =>
        Text(await RunAsync(Tool("pin", new Secretive()), arguments)).ShouldBe(said);

    // P-78, a guarded tool: nobody, somebody without the role, somebody with one role of two rules, somebody with both.
    [Theory]
    [InlineData(null, "tool_user_needed")]
    [InlineData("", "tool_role_missing")]
    [InlineData("staff", "tool_role_missing")]
    [InlineData("owner", "tool_role_missing")]
    [InlineData("Staff,Owner", "tool_role_missing")]
    [InlineData("staff,owner", null)]
    public async Task Run_OfAGuardedTool_NeedsARoleOfEachRule(string? roles, string? reason)
    {
        var context = new CallContext(EmptyProvider.Instance)
        {
            User = roles is null ? null : new CallUser("u", "u", roles.Split(','), null),
        };
        var arguments = """{"password":"x","contact":{"name":"y","pin":"1"}}"""u8.ToArray();
        var result = await Sample("renamed").RunAsync(arguments, context);
        result.IsRefusal.ShouldBe(reason is not null);
        var json = JsonElement.Parse(result.Json.Span);
        if (reason is null)
            Text(json).ShouldBe("xy");
        else
            json.GetProperty("data").GetProperty("reason").GetString().ShouldBe(reason);
    }

    private sealed class Slow(TaskCompletionSource entered)
    {
        [FairleadTool(Name = "listens"), Toolkit.Timeout(5)]
        public async Task<string> Listens(CancellationToken token)
        {
            entered.SetResult();
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, token);
            return "";
        }

        [FairleadTool(Name = "deaf"), Toolkit.Timeout(5)]
        public async Task<string> Deaf()
        {
            entered.SetResult();
            await new TaskCompletionSource().Task;
            return "";
        }

        [FairleadTool(Name = "blocks"), Toolkit.Timeout(5)]
        public string Blocks(CancellationToken token)
        {
            entered.SetResult();
            token.WaitHandle.WaitOne();
            token.ThrowIfCancellationRequested();
            return "";
        }

        [FairleadTool(Name = "endless")]
        public async Task<string> Endless()
        {
            entered.SetResult();
            await new TaskCompletionSource().Task;
            return "";
        }
    }

    [Theory]
    [InlineData("listens")]
    [InlineData("deaf")]
    [InlineData("blocks")]
    public async Task Run_OverItsTime_IsAnErrorResult(string name)
    {
        var time = new FakeTimeProvider();
        var entered = new TaskCompletionSource();
        var running = RunAsync(
            Tool(name, new Slow(entered)),
            "{}",
            new CallContext(EmptyProvider.Instance, time, Token)
        );
        await entered.Task.WaitAsync(Token);
        time.Advance(TimeSpan.FromSeconds(5));
        var result = await running.WaitAsync(Token);
        result.GetProperty("isError").GetBoolean().ShouldBeTrue();
        Text(result).ShouldBe("The tool did not end within 5 s.");
    }

    // A tool that hears no cancellation does not keep its caller.
    [Fact]
    public async Task Run_OfADeafTool_EndsWithItsCall()
    {
        var entered = new TaskCompletionSource();
        using var call = new CancellationTokenSource();
        var running = RunAsync(
            Tool("endless", new Slow(entered)),
            "{}",
            new CallContext(EmptyProvider.Instance, cancellationToken: call.Token)
        );
        await entered.Task.WaitAsync(Token);
        await call.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => running.WaitAsync(Token));
    }

    private sealed class Noted(string name, ConcurrentQueue<string> notes) : IToolMiddleware
    {
        public async ValueTask<ToolResult> InvokeAsync(ToolRun run, ToolNext next)
        {
            notes.Enqueue($"{name} in {run.Tool}");
            if (run.Arguments.TryGetProperty("stop", out var stop) && stop.GetString() == name)
                throw new InvalidOperationException("secret");
            var result = await next(run);
            notes.Enqueue($"{name} out {result.IsError}");
            return result;
        }
    }

    private sealed class Stoppable
    {
        [FairleadTool(Name = "go")]
        public static string Go(string stop = "") =>
            stop == "tool" ? throw new ToolFailedException("the tool stopped") : "gone";
    }

    // three of them, in order on the way in and in reverse on the way out; whatever throws is an error result.
    [Theory]
    [InlineData("", "a in go,b in go,c in go,c out False,b out False,a out False", "gone")]
    [InlineData("tool", "a in go,b in go,c in go,c out True,b out True,a out True", "the tool stopped")]
    [InlineData("b", "a in go,b in go", "The tool failed (InvalidOperationException)")]
    public async Task Run_WithMiddleware_GoesThroughItInOrder(string stop, string order, string said)
    {
        var notes = new ConcurrentQueue<string>();
        var tool = Tool("go", new Stoppable());
        tool.Use([new Noted("a", notes), new Noted("b", notes), new Noted("c", notes)]);
        var result = await RunAsync(tool, $$"""{"stop":"{{stop}}"}""");
        string.Join(',', notes).ShouldBe(order);
        Text(result).ShouldBe(said);
        result.TryGetProperty("isError", out _).ShouldBe(stop.Length > 0);
    }

    private sealed class Official
    {
        [
            McpServerTool(Name = "all", UseStructuredContent = true),
            Description("Takes what the official package gives.")
        ]
        public static async Task<int> All(
            int a,
            CancellationToken token,
            IServiceProvider services,
            IProgress<ProgressNotificationValue> progress,
            McpServer server,
            ClaimsPrincipal user,
            Uri service,
            [FromKeyedServices("k")] Version keyed,
            long? big = null,
            DayOfWeek day = DayOfWeek.Friday,
            string[]? names = null
        )
        {
            progress.Report(new ProgressNotificationValue { Progress = 1 });
            token.IsCancellationRequested.ShouldBeFalse();
            services.GetRequiredService<Uri>().ShouldBe(service);
            keyed.ShouldBe(new Version(1, 2));
            user.IsInRole("staff").ShouldBeTrue();
            var answer = await server.ElicitAsync(
                new ElicitRequestParams { Message = "Sure?", RequestedSchema = new() },
                token
            );
            return a + (int)(big ?? 0) + (int)day + (names?.Length ?? 0) + (answer.Action == "accept" ? 1000 : 0);
        }

        [McpServerTool(Name = "blocks")]
        public static IEnumerable<ContentBlock> Blocks() =>
            [
                new TextContentBlock { Text = "one" },
                new ImageContentBlock { Data = new byte[] { 1 }, MimeType = "image/png" },
            ];

        [McpServerTool(Name = "whole")]
        public static CallToolResult Whole() =>
            new() { Content = [new TextContentBlock { Text = "no" }], IsError = true };
    }

    private sealed class Answering(IServiceProvider services) : CallContext(services)
    {
        public List<double> Progress { get; } = [];

        protected override ValueTask<JsonElement> AskAsync(string method, JsonElement parameters)
        {
            method.ShouldBe("elicitation/create");
            parameters.GetProperty("message").GetString().ShouldBe("Sure?");
            return new(JsonElement.Parse("""{"action":"accept","content":{}}"""));
        }

        protected override void OnProgress(ProgressNotificationValue value) => Progress.Add(value.Progress);
    }

    // C-18: tools of the official attribute run as they are; what is not an argument is not in the schema.
    [Fact]
    public async Task Official_Tool_GetsWhatItsPackageGives()
    {
        await using var services = new ServiceCollection()
            .AddSingleton(new Uri("https://example.com/"))
            .AddKeyedSingleton("k", new Version(1, 2))
            .BuildServiceProvider();
        var tool = NativeTool.Of(new Official(), services).Single(t => t.Name == "all");
        Definition(tool)
            .GetProperty("inputSchema")
            .GetProperty("properties")
            .EnumerateObject()
            .Select(p => p.Name)
            .ShouldBe(["a", "big", "day", "names"]);
        Definition(tool).GetProperty("outputSchema").GetProperty("required")[0].GetString().ShouldBe("result");
        var context = new Answering(services) { User = new("u", "Ann", ["staff"], null) };
        var result = await RunAsync(tool, """{"a":1,"big":40,"names":["x","y"]}""", context);
        Text(result).ShouldBe("1048");
        result.GetProperty("structuredContent").GetProperty("result").GetInt32().ShouldBe(1048);
        context.Progress.ShouldBe([1]);
        Text(await RunAsync(tool, """{"a":1,"big":1e30}""", context))
            .ShouldBe("The parameter 'big' must be a whole number of at most 64 bits.");
        Text(await RunAsync(tool, """{"a":1,"day":"Someday"}""", context))
            .ShouldStartWith("The parameter 'day' must be one of");
    }

    [Fact]
    public async Task Result_OfContentBlocks_IsSentAsItIs()
    {
        var blocks = await RunAsync(Tool("blocks", new Official()));
        blocks.GetProperty("content").GetArrayLength().ShouldBe(2);
        blocks.GetProperty("content")[1].GetProperty("mimeType").GetString().ShouldBe("image/png");
        var whole = await RunAsync(Tool("whole", new Official()));
        whole.GetProperty("isError").GetBoolean().ShouldBeTrue();
        Text(whole).ShouldBe("no");
    }
}
