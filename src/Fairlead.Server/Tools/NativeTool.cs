using System.Buffers;
using System.Reflection;
using System.Text.Json;
using Fairlead.Server.Caching;
using Fairlead.Server.Hosting.Limits;
using Fairlead.Server.Tools.Binding;
using Fairlead.Server.Tools.Schemas;
using Fairlead.Toolkit;
using ModelContextProtocol;
using ModelContextProtocol.Server;

namespace Fairlead.Server.Tools;

/// <summary>How a run ended: a <c>tools/call</c> result, or a JSON-RPC error object where it was not let run.</summary>
internal readonly record struct NativeResult(ReadOnlyMemory<byte> Json, bool IsRefusal = false)
{
    /// <summary>What a limit said of it; null where none holds.</summary>
    public Permit? Permit { get; init; }
}

/// <summary>
/// A C# method as a tool: its definition, its policy and how to run it. Made once; a run costs neither reflection
/// nor a second reading of the arguments.
/// </summary>
internal sealed class NativeTool
{
    private static readonly JsonElement NoArguments = JsonElement.Parse("{}");
    private readonly MethodCall call;
    private readonly ParameterPlan plan;
    private readonly JsonElement input;
    private readonly JsonSchema schema;
    private readonly string[] names;
    private readonly bool wraps;
    private readonly QuickArguments? quick;
    private ToolNext? pipeline;

    private NativeTool(MethodInfo method, object? target, IServiceProvider services, TimeProvider time, string? group)
    {
        var official = method.GetCustomAttribute<McpServerToolAttribute>();
        var ours = method.GetCustomAttribute<FairleadToolAttribute>();
        Method = method;
        Policy = ToolPolicy.Of(method);
        if (group is not null)
            Policy = Policy with { Group = group };
        Name = ours?.Name ?? official?.Name ?? method.Name;
        Description = ours?.Description ?? XmlDocs.Describe(method) ?? $"Runs {Name}.";
        RegisteredAt = time.GetUtcNow();
        call = new MethodCall(method, target);
        plan = new ParameterPlan(method, services, MethodSchemas.Json);
        names = [.. plan.Names];
        input = MethodSchemas.Input(method, plan);
        schema = JsonSchema.Compile(input);
        if (Policy is { Timeout: null, SqlSensitive.Count: 0 })
            quick = QuickArguments.Of(input, plan.Named);
        var output =
            official is { UseStructuredContent: false, OutputSchemaType: null } && ours is null
                ? null
                : MethodSchemas.Output(official?.OutputSchemaType ?? call.ResultType);
        if (output is { } shape && !MethodSchemas.IsObject(shape))
        {
            // The official attribute asks for it; ours leaves a plain value a plain text.
            wraps = official is { UseStructuredContent: true };
            output = wraps ? Wrapped(shape) : null;
        }
        Definition = Describe(official, output);
    }

    public string Name { get; }
    public string Description { get; }

    /// <summary>The method that runs; its module and signature are the tool's .</summary>
    public MethodInfo Method { get; }
    public DateTimeOffset RegisteredAt { get; }

    /// <summary>What its attributes say of how it is to be run.</summary>
    public ToolPolicy Policy { get; }

    /// <summary>Held while it runs: of all tools with this one only one runs at a time; null for a tool that shares nothing .</summary>
    public SemaphoreSlim? Alone { get; set; }

    /// <summary>How often one may call it; null is as often as one likes.</summary>
    public NativeLimit? Limit { get; set; }

    /// <summary>Where results of <c>[Cached]</c> are kept; null keeps none.</summary>
    public ToolResultCache? Results { get; set; }

    /// <summary>Largest result; a larger one is an error.</summary>
    public int MaxResultBytes { get; set; } = ResultWriter.MostBytes;

    /// <summary>Screens what is marked <c>[SqlSensitive]</c>.</summary>
    public SqlGuard Sql { get; set; } = SqlGuard.Default;

    /// <summary>Whether it gives up its thread while it waits: only then can it wait for a client's answer.</summary>
    public bool IsAsync => call.IsAsync;

    /// <summary>The definition as <c>tools/list</c> shows it, one JSON object.</summary>
    public ReadOnlyMemory<byte> Definition { get; }

    /// <summary>
    /// All tools of an object: its public methods marked <c>[McpServerTool]</c> or <c>[FairleadTool]</c>, in order of
    /// their names.
    /// </summary>
    /// <param name="target">The object they run on.</param>
    /// <param name="services">Says which parameters are services; null for none.</param>
    /// <param name="time">The clock; null is the system's.</param>
    public static IEnumerable<NativeTool> Of(
        object target,
        IServiceProvider? services = null,
        TimeProvider? time = null
    ) => Of(target.GetType(), target, services, time);

    /// <summary>The tools of a type; without an object only its static methods can be.</summary>
    /// <param name="type">Where they are.</param>
    /// <param name="target">The object they run on.</param>
    /// <param name="services">Says which parameters are services; null for none.</param>
    /// <param name="time">The clock; null is the system's.</param>
    /// <param name="group">The group they are for, whatever their attributes say; null leaves that to them.</param>
    public static IEnumerable<NativeTool> Of(
        Type type,
        object? target,
        IServiceProvider? services,
        TimeProvider? time,
        string? group = null
    ) =>
        NativeSource
            .Methods(type, target)
            .Where(m => m.IsDefined(typeof(McpServerToolAttribute)) || m.IsDefined(typeof(FairleadToolAttribute)))
            .Select(m => new NativeTool(
                m,
                target,
                services ?? EmptyProvider.Instance,
                time ?? TimeProvider.System,
                group
            ))
            .OrderBy(t => t.Name, StringComparer.Ordinal);

    /// <summary>Puts middleware around every run, the first outermost .</summary>
    public void Use(IEnumerable<IToolMiddleware> middleware)
    {
        var all = middleware.Reverse().ToList();
        if (all.Count > 0)
            pipeline = all.Aggregate<IToolMiddleware, ToolNext>(
                InvokeAsync,
                (next, m) => run => m.InvokeAsync(run, next)
            );
    }

    /// <summary>
    /// Runs the tool. A failure inside it is a result with <c>isError</c>, a caller without a needed role gets a
    /// refusal; only cancellation throws.
    /// </summary>
    /// <param name="arguments">Raw <c>arguments</c> object, or empty.</param>
    /// <param name="context">The call.</param>
    public async ValueTask<NativeResult> RunAsync(ReadOnlyMemory<byte> arguments, CallContext context)
    {
        // Before anything of the call is looked at: deny is the default.
        if (RoleGuard.Refuse(this, context) is { } refusal)
            return new(refusal, IsRefusal: true);
        var permit = Limit?.Take(context);
        if (permit is { IsGiven: false } over)
            return new(Limit!.Refusal(over, context)) { Permit = permit };
        context.Flow();
        using var scope = context.BeginScope();
        if (Results is not { } kept || Policy.Cache is not { } rule)
            return new((await RunOnceAsync(arguments, context)).Json) { Permit = permit };
        var answer = await kept.GetOrRunAsync(
            new CacheableCall(Name, arguments, rule.Scope == ResultScope.Public ? null : Caller(context), rule.Ttl),
            async _ =>
            {
                var (json, isError) = await RunOnceAsync(arguments, context);
                return new ToolOutcome(json, isError);
            },
            context.CancellationToken
        );
        return new(answer.Result) { Permit = permit };
    }

    // A user is the same in every group; a caller without one is his group.
    private static string Caller(CallContext context) =>
        context.User is { } user ? $"user/{user.Id}" : $"group/{context.Group}";

    private async ValueTask<(byte[] Json, bool IsError)> RunOnceAsync(
        ReadOnlyMemory<byte> arguments,
        CallContext context
    )
    {
        try
        {
            var result =
                pipeline is null && Quick(arguments, context) is { } values
                    ? await InvokeAsync(values, context)
                    : await InvokeAsync(arguments, context);
            return (ResultWriter.Write(result, wraps, MaxResultBytes), result.IsError);
        }
        catch (OperationCanceledException) when (context.CancellationToken.IsCancellationRequested)
        {
            throw;
        }
        catch (Exception e)
        {
            return (ResultWriter.Error(Told(e, context)), true);
        }
    }

    private object?[]? Quick(ReadOnlyMemory<byte> arguments, CallContext context) =>
        quick is null ? null : plan.TryBind(quick, arguments.Span, context);

    private ValueTask<ToolResult> InvokeAsync(ReadOnlyMemory<byte> arguments, CallContext context)
    {
        var sent = arguments.IsEmpty ? NoArguments : JsonElement.Parse(arguments.Span);
        return pipeline is null ? InvokeAsync(sent, context) : pipeline(new ToolRun(Name, Policy, sent, context));
    }

    // The innermost of the pipeline: middleware sees a failure as a result.
    private async ValueTask<ToolResult> InvokeAsync(ToolRun run)
    {
        try
        {
            return await InvokeAsync(run.Arguments, run.Context);
        }
        catch (Exception e) when (!run.Context.CancellationToken.IsCancellationRequested)
        {
            return ToolResult.Error(Told(e, run.Context));
        }
    }

    private async ValueTask<ToolResult> InvokeAsync(JsonElement arguments, CallContext context)
    {
        if (Mistake(arguments) is { } wrong)
            return ToolResult.Error(wrong);
        if (Policy.Timeout is { } time)
            return await TimedAsync(arguments, context, time);
        return plan.Bind(arguments, context, out var mistake) is { } values
            ? await InvokeAsync(values, context)
            : ToolResult.Error(mistake!);
    }

    private async ValueTask<ToolResult> InvokeAsync(object?[] values, CallContext context)
    {
        var running = CallAsync(values, context.CancellationToken);
        // One that does not listen to its token is left behind, so that its caller is not.
        return ToolResult.Of(
            running.IsCompleted ? await running : await running.AsTask().WaitAsync(context.CancellationToken)
        );
    }

    private ValueTask<object?> CallAsync(object?[] values, CancellationToken cancellationToken) =>
        Alone is null ? call.InvokeAsync(values) : AloneAsync(values, Alone, cancellationToken);

    // What was left behind still uses the resource: it is free when the method has really ended, whoever waits for it.
    private async ValueTask<object?> AloneAsync(
        object?[] values,
        SemaphoreSlim alone,
        CancellationToken cancellationToken
    )
    {
        await alone.WaitAsync(cancellationToken);
        try
        {
            return await call.InvokeAsync(values);
        }
        finally
        {
            alone.Release();
        }
    }

    private async ValueTask<ToolResult> TimedAsync(JsonElement arguments, CallContext context, TimeSpan time)
    {
        var outer = context.CancellationToken;
        using var limit = new CancellationTokenSource(time, context.Clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(outer, limit.Token);
        context.CancellationToken = either.Token;
        try
        {
            if (plan.Bind(arguments, context, out var mistake) is not { } values)
                return ToolResult.Error(mistake!);
            // What keeps its thread can only be left behind on another one.
            var running = call.IsAsync
                ? CallAsync(values, either.Token).AsTask()
                : Task.Run(() => CallAsync(values, either.Token).AsTask(), CancellationToken.None);
            return ToolResult.Of(await running.WaitAsync(either.Token));
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested && !outer.IsCancellationRequested)
        {
            return ToolResult.Error($"The tool did not end within {time.TotalSeconds:0.###} s.");
        }
        finally
        {
            context.CancellationToken = outer;
        }
    }

    private string? Mistake(JsonElement arguments)
    {
        if (schema.Check(arguments) is { } fault)
            return ArgumentMistake.Text(fault, input, Policy.Sensitive);
        // The schema allows more; a name we do not know is a slip of the model, and silence would hide it.
        foreach (var member in arguments.EnumerateObject())
        {
            var known = false;
            foreach (var name in names)
                known |= member.NameEquals(name);
            if (!known)
                return ArgumentMistake.Unknown(member.Name, names);
        }
        return Sql.Mistake(Name, arguments, Policy.SqlSensitive);
    }

    // Messages of others may hold what a caller must not see.
    private static string Told(Exception e, CallContext context)
    {
        if (e is ToolFailedException or McpException or ClientCannotAnswerException)
            return e.Message;
        (context as NativeContext)?.Threw = true;
        return $"The tool failed ({e.GetType().Name})";
    }

    private static JsonElement Wrapped(JsonElement shape) =>
        JsonElement.Parse(
            $$"""{"type":"object","properties":{"result":{{shape.GetRawText()}}},"required":["result"]}"""
        );

    private ReadOnlyMemory<byte> Describe(McpServerToolAttribute? official, JsonElement? output)
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("name"u8, Name);
            if (official?.Title is { } title)
                json.WriteString("title"u8, title);
            json.WriteString("description"u8, Description);
            json.WritePropertyName("inputSchema"u8);
            input.WriteTo(json);
            if (output is { } shape)
            {
                json.WritePropertyName("outputSchema"u8);
                shape.WriteTo(json);
            }
            var readOnly = official?.ReadOnly ?? false;
            json.WriteStartObject("annotations"u8);
            json.WriteBoolean("readOnlyHint"u8, readOnly);
            // The attribute's default is true, which would contradict a tool that only reads.
            json.WriteBoolean("destructiveHint"u8, (official?.Destructive ?? true) && !readOnly);
            json.WriteBoolean("idempotentHint"u8, Policy.Idempotent);
            json.WriteBoolean("openWorldHint"u8, official?.OpenWorld ?? true);
            json.WriteEndObject();
            json.WriteEndObject();
        }
        return buffer.WrittenMemory;
    }
}
