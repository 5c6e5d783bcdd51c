using System.Text.Json.Nodes;

namespace Fairlead.Fixture;

/// <summary>A failure that becomes a JSON-RPC error.</summary>
internal sealed class RpcException(int code, string message, JsonObject? data = null) : Exception(message)
{
    public int Code => code;

    public JsonObject? Details => data;
}

/// <summary>What the service can do, whatever carries it: lists, tools, prompts, resources, both eras.</summary>
internal sealed class FixtureService(FixtureOptions options)
{
    private const string Modern = "2026-07-28";
    private const string MetaPrefix = "io.modelcontextprotocol/";
    private static readonly string[] LegacyVersions = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"];
    private readonly FixtureTools tools = new(options);

    public FixtureTools Tools => tools;

    public static bool IsModern(JsonObject message) =>
        message["params"]?["_meta"]?[MetaPrefix + "protocolVersion"] is not null;

    /// <summary>Answers one request; null for a notification.</summary>
    public async Task<JsonObject?> HandleAsync(JsonObject message, Peer peer, CancellationToken cancellationToken)
    {
        var id = message["id"]?.DeepClone();
        if (id is null)
            return null;
        try
        {
            var result = await ResultAsync(message, peer, cancellationToken);
            if (IsModern(message))
                result["resultType"] ??= "complete";
            return new JsonObject
            {
                ["jsonrpc"] = "2.0",
                ["id"] = id,
                ["result"] = result,
            };
        }
        catch (RpcException e)
        {
            return Error(id, e.Code, e.Message, e.Details);
        }
    }

    public static JsonObject Error(JsonNode? id, int code, string text, JsonObject? data = null)
    {
        var error = new JsonObject { ["code"] = code, ["message"] = text };
        if (data is not null)
            error["data"] = data;
        return new JsonObject
        {
            ["jsonrpc"] = "2.0",
            ["id"] = id,
            ["error"] = error,
        };
    }

    private async Task<JsonObject> ResultAsync(JsonObject message, Peer peer, CancellationToken cancellationToken)
    {
        var method = (string)message["method"]!;
        var parameters = message["params"] as JsonObject ?? [];
        CheckEra(message, method, parameters);
        return method switch
        {
            "initialize" => Initialize(parameters),
            "server/discover" => Discover(),
            "ping" => [],
            "tools/list" => Page("tools", tools.List(), parameters),
            "tools/call" => await tools.CallAsync(message, parameters, peer, cancellationToken),
            "prompts/list" => Page(
                "prompts",
                [Json("""{"name":"greet","arguments":[{"name":"who","required":true}]}""")],
                parameters
            ),
            "prompts/get" => GetPrompt(parameters),
            "resources/list" => Page(
                "resources",
                [Json("""{"uri":"test://note","name":"note","mimeType":"text/plain"}""")],
                parameters
            ),
            "resources/templates/list" => Page(
                "resourceTemplates",
                [Json("""{"uriTemplate":"test://item/{id}","name":"item"}""")],
                parameters
            ),
            "resources/read" => Read(parameters),
            "resources/subscribe" or "resources/unsubscribe" or "logging/setLevel" => [],
            "completion/complete" => Json("""{"completion":{"values":["one","two"],"total":2,"hasMore":false}}"""),
            _ => throw new RpcException(-32601, $"Method not found: {method}"),
        };
    }

    private void CheckEra(JsonObject message, string method, JsonObject parameters)
    {
        if (method == "server/discover" && !options.Modern)
            throw new RpcException(-32601, "Method not found");
        if (method == "initialize" && !options.Legacy)
            throw new RpcException(-32601, $"Method not found; this service speaks {Modern}");
        if (!options.Legacy && !IsModern(message))
            throw new RpcException(-32602, "missing _meta");
        var version = (string?)parameters["_meta"]?[MetaPrefix + "protocolVersion"];
        if (options.Modern && version is not null && version != Modern)
            throw new RpcException(
                -32022,
                "Unsupported protocol version",
                new JsonObject { ["supported"] = new JsonArray(Modern), ["requested"] = version }
            );
    }

    private static JsonObject Json(string text) => JsonNode.Parse(text)!.AsObject();

    private static JsonObject Capabilities() =>
        Json(
            """{"tools":{"listChanged":true},"prompts":{"listChanged":true},"resources":{"listChanged":true,"subscribe":true},"logging":{},"completions":{}}"""
        );

    private static JsonObject Initialize(JsonObject parameters)
    {
        var asked = (string?)parameters["protocolVersion"];
        return new JsonObject
        {
            ["protocolVersion"] = LegacyVersions.Contains(asked) ? asked : LegacyVersions[^1],
            ["capabilities"] = Capabilities(),
            ["serverInfo"] = Json("""{"name":"fixture","version":"1.0.0"}"""),
            ["instructions"] = "A service for tests.",
        };
    }

    private static JsonObject Discover() =>
        new()
        {
            ["supportedVersions"] = new JsonArray(Modern),
            ["capabilities"] = Capabilities(),
            ["instructions"] = "A service for tests.",
            ["ttlMs"] = 0,
            ["cacheScope"] = "public",
            ["_meta"] = new JsonObject
            {
                [MetaPrefix + "serverInfo"] = Json("""{"name":"fixture","version":"1.0.0"}"""),
            },
        };

    private JsonObject Page(string name, IReadOnlyList<JsonObject> items, JsonObject parameters)
    {
        tools.CountList();
        var start = int.Parse((string?)parameters["cursor"] ?? "0", System.Globalization.CultureInfo.InvariantCulture);
        if (options.Loop)
            start = 0;
        var page = new JsonArray([.. items.Skip(start).Take(options.Page)]);
        var result = new JsonObject { [name] = page };
        if (options.Loop)
            result["nextCursor"] = "0";
        else if (start + page.Count < items.Count)
            result["nextCursor"] = (start + page.Count).ToString(System.Globalization.CultureInfo.InvariantCulture);
        return result;
    }

    private static JsonObject GetPrompt(JsonObject parameters)
    {
        if ((string?)parameters["name"] != "greet")
            throw new RpcException(-32602, "unknown prompt");
        var text = $"Greet {parameters["arguments"]?["who"]}";
        return new JsonObject
        {
            ["messages"] = new JsonArray(new JsonObject { ["role"] = "user", ["content"] = FixtureTools.Text(text) }),
        };
    }

    private static JsonObject Read(JsonObject parameters)
    {
        var uri = (string?)parameters["uri"] ?? "";
        if (!uri.StartsWith("test://", StringComparison.Ordinal) || uri.EndsWith("/missing", StringComparison.Ordinal))
            throw new RpcException(
                IsModern(new JsonObject { ["params"] = parameters.DeepClone() }) ? -32602 : -32002,
                "no such resource"
            );
        if (uri.EndsWith("/binary", StringComparison.Ordinal))
            return new JsonObject
            {
                ["contents"] = new JsonArray(
                    new JsonObject
                    {
                        ["uri"] = uri,
                        ["mimeType"] = "application/octet-stream",
                        ["blob"] = "AQL/",
                    }
                ),
            };
        return new JsonObject
        {
            ["contents"] = new JsonArray(
                new JsonObject
                {
                    ["uri"] = uri,
                    ["mimeType"] = "text/plain",
                    ["text"] = $"content of {uri}",
                }
            ),
        };
    }
}
