using System.Security.Cryptography;
using System.Text;
using BenchmarkDotNet.Attributes;
using Fairlead.Protocol;
using Fairlead.Server.Gateway;
using Fairlead.Server.Gateway.Routing;
using Fairlead.Server.Services;
using Fairlead.Server.Storage;
using Fairlead.Server.Tools;

namespace Fairlead.Micro;

/// <summary>From key and tool name to the route, in a table of 50 groups with 1,000 tools each, and its list.</summary>
public class RouteFinding
{
    private const int Groups = 50;
    private const int Tools = 1000;
    private const string Key = "mcp_key_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
    private const string Name = "tool_0777";

    private readonly string key = Key;
    private RouteTable table = RouteTable.Empty;
    private StoreSnapshot snapshot = StoreSnapshot.Empty;
    private RouteTableBuilder? builder;

    [GlobalSetup]
    public void Make()
    {
        var options = new GatewayOptions();
        builder = new RouteTableBuilder(
            new ServiceSlots(TimeProvider.System),
            new NativeTools([], TimeProvider.System),
            options,
            static (_, _) => null
        );
        var service = new ServiceConfig
        {
            Id = new ServiceId("service"),
            Name = "service",
            Enabled = true,
            Position = 0,
            Definition = new ServiceDefinition
            {
                Transport = ServiceTransport.StreamableHttp,
                Url = "http://127.0.0.1/mcp",
            },
        };
        snapshot = new StoreSnapshot(
            1,
            [service],
            [.. Enumerable.Range(0, Groups).Select(i => Group(i, service.Id))],
            [
                .. from g in Enumerable.Range(0, Groups)
                from t in Enumerable.Range(0, Tools)
                select Publication(g, t, service.Id),
            ],
            [.. Enumerable.Range(0, Tools).Select(t => Item(t, service.Id))]
        );
        table = builder.Build(snapshot);
        if (ByKeyAndName() is null)
            throw new InvalidOperationException("the route is not found");
    }

    [Benchmark]
    public int Digest() => KeyDigest.OfKey(key).GetHashCode();

    [Benchmark]
    public object? ByKeyAndName() =>
        table.ByKey.TryGetValue(KeyDigest.OfKey(key), out var found) ? found.Group.Tools.GetValueOrDefault(Name) : null;

    [Benchmark]
    public int ListOfAThousand() => table.ById[new GroupId("group0")].ToolList.Page(Era.Modern, null)!.Value.Length;

    /// <summary>The price of any change to the store: the whole table anew.</summary>
    [Benchmark]
    public object Rebuild() => builder!.Build(snapshot);

    private static GroupConfig Group(int i, ServiceId service) =>
        new()
        {
            Id = new GroupId($"group{i}"),
            Name = $"group {i}",
            Description = "",
            ServerCode = $"code{i}",
            Enabled = true,
            KeyHashes = [new KeyHash(Sha256(i == 0 ? Key : $"mcp_key_{i}"), null)],
            Services = [service],
        };

    private static PublicationConfig Publication(int group, int tool, ServiceId service) =>
        new()
        {
            Id = new PublicationId($"p{group}.{tool}"),
            Group = new GroupId($"group{group}"),
            Kind = ItemKind.Tool,
            ExposedName = $"tool_{tool:0000}",
            Service = service,
            UpstreamName = $"tool_{tool:0000}",
            Enabled = true,
            Removed = false,
        };

    private static CatalogueItem Item(int tool, ServiceId service) =>
        new()
        {
            Service = service,
            Kind = ItemKind.Tool,
            Name = $"tool_{tool:0000}",
            Definition = Encoding.UTF8.GetBytes(
                $"{{\"name\":\"tool_{tool:0000}\",\"description\":\"Looks up a record of the catalogue and returns it as text.\",\"inputSchema\":{{\"type\":\"object\",\"properties\":{{\"text\":{{\"type\":\"string\"}}}},\"required\":[\"text\"]}}}}"
            ),
            Position = tool,
        };

    private static string Sha256(string text) => Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
}
