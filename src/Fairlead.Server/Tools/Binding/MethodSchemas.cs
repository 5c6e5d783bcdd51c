using System.ComponentModel;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;

namespace Fairlead.Server.Tools.Binding;

/// <summary>JSON Schemas of methods, from their C# types, descriptions and XML documentation.</summary>
internal static class MethodSchemas
{
    /// <summary>How tools' values are read and written: the official package's way.</summary>
    public static JsonSerializerOptions Json => McpJsonUtilities.DefaultOptions;

    /// <summary>What a tool takes.</summary>
    public static JsonElement Input(MethodInfo method, ParameterPlan plan) =>
        AIJsonUtilities.CreateFunctionJsonSchema(
            method,
            title: "",
            description: "",
            serializerOptions: Json,
            inferenceOptions: new AIJsonSchemaCreateOptions
            {
                IncludeParameter = plan.IsArgument,
                ParameterDescriptionProvider = p =>
                    p.GetCustomAttribute<DescriptionAttribute>()?.Description ?? XmlDocs.Parameter(method, p.Name!),
                TransformSchemaNode = Describe,
            }
        );

    /// <summary>What a tool gives, where that is an object with known members; else null.</summary>
    public static JsonElement? Output(Type type)
    {
        if (type == typeof(void) || type == typeof(object) || type == typeof(string) || IsContent(type))
            return null;
        return AIJsonUtilities.CreateJsonSchema(
            type,
            serializerOptions: Json,
            inferenceOptions: new AIJsonSchemaCreateOptions { TransformSchemaNode = Describe }
        );
    }

    /// <summary>Whether a schema is of an object and nothing else, as structured results must be in every revision.</summary>
    public static bool IsObject(JsonElement schema) =>
        schema.ValueKind == JsonValueKind.Object
        && schema.TryGetProperty("type", out var type)
        && type.ValueKind == JsonValueKind.String
        && type.ValueEquals("object"u8);

    /// <summary>Whether a value of the type is sent as it is instead of as JSON.</summary>
    public static bool IsContent(Type type) =>
        type.IsAssignableTo(typeof(ContentBlock))
        || type.IsAssignableTo(typeof(AIContent))
        || type.IsAssignableTo(typeof(CallToolResult))
        || type.IsAssignableTo(typeof(IEnumerable<ContentBlock>))
        || type.IsAssignableTo(typeof(IEnumerable<AIContent>));

    private static JsonNode Describe(AIJsonSchemaCreateContext context, JsonNode node)
    {
        if (
            context.PropertyInfo?.AttributeProvider is PropertyInfo property
            && node is JsonObject schema
            && !schema.ContainsKey("description")
            && XmlDocs.Property(property) is { } text
        )
            schema.Insert(0, "description", text);
        return node;
    }
}
