using System.Text.Json;
using Fairlead.Server.Services.Import;
using Fairlead.Server.Storage;

namespace Fairlead.Server.Services.Dialects;

/// <summary>
/// What mcpstore takes (contracts.md section 4.2): a map, a single service, a list; <c>auth</c>, <c>token</c> and
/// <c>api_key</c> become headers. An address that ends in <c>/sse</c> is SSE, as its documentation has it.
/// </summary>
internal sealed class McpStoreDialect : Dialect
{
    public override string Name => "mcpstore";

    public override bool IsToldBy(JsonElement root, IReadOnlyList<JsonElement> services) =>
        AnyHas(services, "working_dir", "keep_alive", "package_name", "auth", "token", "api_key");

    public override bool Take(EntryFields entry, string key, JsonElement value)
    {
        switch (key)
        {
            case "auth" or "token" when value.ValueKind == JsonValueKind.String:
                entry.Headers["Authorization"] = $"Bearer {value.GetString()}";
                return true;
            case "api_key" when value.ValueKind == JsonValueKind.String:
                entry.Headers["X-API-Key"] = value.GetString()!;
                return true;
            default:
                return false;
        }
    }

    public override (string Key, int PerSecond)? Timeout => ("timeout", 1);

    public override string? TypeOf(ServiceTransport transport) => FairleadDialect.Wire(transport);
}
