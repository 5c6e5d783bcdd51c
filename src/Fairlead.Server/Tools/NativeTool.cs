using System.Buffers;
using System.Reflection;
using System.Text.Json;
using Fairlead.Protocol;
using Fairlead.Toolkit;
using Microsoft.Extensions.AI;
using ModelContextProtocol;
using ModelContextProtocol.Server;

namespace Fairlead.Server.Tools;

/// <summary>
/// A C# method marked <c>[McpServerTool]</c>, as a tool: its definition and how to run it. Schemas come from the
/// method's types and descriptions.
/// </summary>
internal sealed class NativeTool
{
    private static readonly JsonElement NoArguments = JsonElement.Parse("{}");
    private readonly AIFunction function;
    private readonly ArgumentCheck check;

    private NativeTool(AIFunction function, McpServerToolAttribute attribute)
    {
        this.function = function;
        check = new ArgumentCheck(function.JsonSchema);
        Name = attribute.Name ?? function.Name;
        Definition = Describe(attribute);
    }

    public string Name { get; }

    /// <summary>The definition as <c>tools/list</c> shows it, one JSON object.</summary>
    public ReadOnlyMemory<byte> Definition { get; }

    /// <summary>All tools of an object: its public methods marked <c>[McpServerTool]</c>, in order of their names.</summary>
    public static IEnumerable<NativeTool> Of(object target) =>
        from method in target.GetType().GetMethods(BindingFlags.Public | BindingFlags.Instance | BindingFlags.Static)
        let attribute = method.GetCustomAttribute<McpServerToolAttribute>()
        where attribute is not null
        orderby attribute.Name ?? method.Name
        select new NativeTool(
            AIFunctionFactory.Create(
                method,
                method.IsStatic ? null : target,
                new AIFunctionFactoryOptions
                {
                    Name = attribute.Name ?? method.Name,
                    MarshalResult = static (value, _, _) => new(Marshal(value)),
                }
            ),
            attribute
        );

    /// <summary>Runs the tool. A failure inside it is a result with <c>isError</c>; only cancellation throws.</summary>
    /// <param name="arguments">Raw <c>arguments</c> object, or empty.</param>
    /// <param name="context">What the tool may ask of its surroundings, by type.</param>
    /// <param name="cancellationToken">Reaches the tool's own token parameter.</param>
    public async ValueTask<byte[]> RunAsync(
        ReadOnlyMemory<byte> arguments,
        IDictionary<object, object?> context,
        CancellationToken cancellationToken
    )
    {
        try
        {
            var given = new AIFunctionArguments { Context = context };
            if (!arguments.IsEmpty)
            {
                var sent = JsonElement.Parse(arguments.Span);
                if (check.Find(sent) is { } wrong)
                    return Render(wrong, isError: true);
                foreach (var member in sent.EnumerateObject())
                    given[member.Name] = member.Value;
            }
            else if (check.Find(NoArguments) is { } missing)
            {
                return Render(missing, isError: true);
            }
            return Render(await function.InvokeAsync(given, cancellationToken), isError: false);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            throw;
        }
        catch (Exception e) when (e is ToolFailedException or McpException)
        {
            return Render(e.Message, isError: true);
        }
        catch (Exception e)
        {
            return Render($"The tool failed ({e.GetType().Name})", isError: true);
        }
    }

    private ReadOnlyMemory<byte> Describe(McpServerToolAttribute attribute)
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("name"u8, Name);
            if (attribute.Title is not null)
                json.WriteString("title"u8, attribute.Title);
            json.WriteString("description"u8, function.Description);
            json.WritePropertyName("inputSchema"u8);
            function.JsonSchema.WriteTo(json);
            json.WriteStartObject("annotations"u8);
            json.WriteBoolean("readOnlyHint"u8, attribute.ReadOnly);
            // The attribute's default is true, which would contradict a tool that only reads.
            json.WriteBoolean("destructiveHint"u8, attribute.Destructive && !attribute.ReadOnly);
            json.WriteBoolean("idempotentHint"u8, attribute.Idempotent);
            json.WriteBoolean("openWorldHint"u8, attribute.OpenWorld);
            json.WriteEndObject();
            json.WriteEndObject();
        }
        return buffer.WrittenMemory;
    }

    private static JsonElement? Marshal(object? value)
    {
        try
        {
            return value is null
                ? null
                : JsonSerializer.SerializeToElement(value, AIJsonUtilities.DefaultOptions.GetTypeInfo(value.GetType()));
        }
        catch (ArgumentException)
        {
            // JSON has no infinity and no "not a number".
            throw new ToolFailedException("The result holds a number that is not finite.");
        }
    }

    // The function hands back its value as a JsonElement, already in the schema's form.
    private static byte[] Render(object? value, bool isError)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using (var json = new Utf8JsonWriter(buffer))
        {
            var element = value as JsonElement?;
            var text = value switch
            {
                null => "",
                string s => s,
                JsonElement { ValueKind: JsonValueKind.String } e => e.GetString()!,
                JsonElement { ValueKind: JsonValueKind.Null } => "",
                JsonElement e => e.GetRawText(),
                _ => value.ToString() ?? "",
            };
            json.WriteStartObject();
            json.WriteStartArray("content"u8);
            json.WriteStartObject();
            json.WriteString("type"u8, "text"u8);
            json.WriteString("text"u8, text);
            json.WriteEndObject();
            json.WriteEndArray();
            if (element is { ValueKind: JsonValueKind.Object } structured)
            {
                json.WritePropertyName("structuredContent"u8);
                structured.WriteTo(json);
            }
            if (isError)
                json.WriteBoolean("isError"u8, true);
            json.WriteEndObject();
        }
        return buffer.WrittenSpan.ToArray();
    }
}
