using System.Text;
using System.Text.Json;
using Fairlead.Protocol;
using Fairlead.Protocol.Http;
using Fairlead.Server.Services.Channels;
using Fairlead.Server.Storage;

namespace Fairlead.Server.Services.Supervision;

/// <summary>What reading one kind of list gave.</summary>
/// <param name="Items">The items, or null when the list could not be read.</param>
/// <param name="Problem">Why it could not be read, or what was left out; null when all is well.</param>
internal readonly record struct ListRead(List<CatalogueItem>? Items, string? Problem);

/// <summary>
/// Reads a service's lists page by page. A service is not trusted to end: pages, items, bytes and cursors are bounded
/// (R48: a cursor is opaque, the empty one too). One reader is one reading of all lists.
/// </summary>
internal sealed class ListReader(ServiceId service, IChannel channel, ServicesOptions options, TimeProvider time)
{
    private long bytes;

    /// <summary>The lists there are, in the order they are read.</summary>
    public static readonly ItemKind[] Kinds =
    [
        ItemKind.Tool,
        ItemKind.Prompt,
        ItemKind.Resource,
        ItemKind.ResourceTemplate,
    ];

    /// <summary>
    /// Whether the service declares this list. Tools are always asked for: they are what services are for, and one that
    /// has none may say so.
    /// </summary>
    public bool Offers(ItemKind kind) =>
        kind == ItemKind.Tool
        || JsonScan.Has(channel.Hello.Capabilities.Span, kind == ItemKind.Prompt ? "prompts"u8 : "resources"u8);

    public async Task<ListRead> ReadAsync(ItemKind kind, CancellationToken cancellationToken)
    {
        var items = new List<CatalogueItem>();
        var cursors = new HashSet<string>(StringComparer.Ordinal);
        string? cursor = null;
        for (var page = 0; page < options.MostPages; page++)
        {
            if (bytes > options.MostListBytes)
                return new ListRead(items, TooManyBytes(kind, items.Count));
            var (next, problem, more) = await ReadPageAsync(kind, cursor, items, cancellationToken);
            if (problem is not null)
                return new ListRead(null, problem);
            if (bytes > options.MostListBytes)
                return new ListRead(items, TooManyBytes(kind, items.Count));
            if (!more)
                return new ListRead(items, null);
            if (items.Count >= options.MostItems)
                return new ListRead(
                    items,
                    $"{MethodOf(kind).Wire()} has more than {options.MostItems} items; the rest is left out"
                );
            if (!cursors.Add(next!))
                return new ListRead(
                    items,
                    $"{MethodOf(kind).Wire()} goes in circles; it was cut at the repeated cursor"
                );
            cursor = next;
        }
        return new ListRead(
            items,
            $"{MethodOf(kind).Wire()} has more than {options.MostPages} pages; the rest is left out"
        );
    }

    /// <summary>Tools whose header annotations break a rule, to be left out on modern HTTP (R20): name and reason.</summary>
    public static List<(string Name, string Reason)> WithInvalidHeaders(IEnumerable<CatalogueItem> items)
    {
        var found = new List<(string, string)>();
        foreach (var item in items.Where(i => i.Kind == ItemKind.Tool))
        {
            ParamHeaders.Read(JsonScan.Value(item.Definition.Span, "inputSchema"u8), out var invalid);
            if (invalid is not null)
                found.Add((item.Name, invalid));
        }
        return found;
    }

    private async Task<(string? Next, string? Problem, bool More)> ReadPageAsync(
        ItemKind kind,
        string? cursor,
        List<CatalogueItem> items,
        CancellationToken cancellationToken
    )
    {
        var method = MethodOf(kind);
        using var limit = new CancellationTokenSource(options.ListTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            using var reply = await channel.CallAsync(Request(method, cursor), HouseEvents.None, either.Token);
            return reply.Kind switch
            {
                ChannelReplyKind.Result => TakePage(kind, reply.Json.Span, items),
                ChannelReplyKind.Error when IsAbsent(reply.Json.Span) => default,
                ChannelReplyKind.Error => (
                    null,
                    $"{method.Wire()}: {Handshakes.Text(reply.Json.Span, "message"u8) ?? "error"}",
                    false
                ),
                _ => (null, $"{method.Wire()}: {reply.Detail ?? reply.Failure.ToString()}", false),
            };
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return (null, $"{method.Wire()}: no answer within {options.ListTimeout.TotalSeconds:0.#} s", false);
        }
    }

    private (string? Next, string? Problem, bool More) TakePage(
        ItemKind kind,
        ReadOnlySpan<byte> result,
        List<CatalogueItem> items
    )
    {
        var array = JsonScan.Value(result, MemberOf(kind));
        if (!array.StartsWith((byte)'['))
            return (null, $"{MethodOf(kind).Wire()}: the answer is no list", false);
        var reader = new Utf8JsonReader(array);
        reader.Read();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray && items.Count < options.MostItems)
        {
            var start = (int)reader.TokenStartIndex;
            var isObject = reader.TokenType == JsonTokenType.StartObject;
            reader.Skip();
            var definition = array[start..(int)reader.BytesConsumed];
            if (!isObject || Handshakes.Text(definition, NameOf(kind)) is not { Length: > 0 } name)
                continue;
            bytes += definition.Length;
            if (bytes > options.MostListBytes)
                break;
            items.Add(
                new CatalogueItem
                {
                    Service = service,
                    Kind = kind,
                    Name = name,
                    Definition = definition.ToArray(),
                    Position = items.Count,
                }
            );
        }
        var next = Handshakes.Text(result, "nextCursor"u8);
        return (next, null, next is not null);
    }

    private string TooManyBytes(ItemKind kind, int taken) =>
        $"its lists have more than {options.MostListBytes} bytes; {MethodOf(kind).Wire()} is cut after {taken} items";

    private ChannelCall Request(McpMethod method, string? cursor)
    {
        var members = new List<string>(2);
        if (cursor is not null)
            members.Add("\"cursor\":" + Encoding.UTF8.GetString(JsonText.Quote(cursor)));
        if (channel.Hello.Era == Era.Modern)
            members.Add(Encoding.UTF8.GetString(Handshakes.MetaMember));
        return new ChannelCall { Method = method, Params = Encoding.UTF8.GetBytes($"{{{string.Join(',', members)}}}") };
    }

    private static bool IsAbsent(ReadOnlySpan<byte> error) =>
        int.TryParse(JsonScan.Value(error, "code"u8), null, out var code) && code == McpErrorCode.MethodNotFound;

    private static McpMethod MethodOf(ItemKind kind) =>
        kind switch
        {
            ItemKind.Tool => McpMethod.ToolsList,
            ItemKind.Prompt => McpMethod.PromptsList,
            ItemKind.Resource => McpMethod.ResourcesList,
            _ => McpMethod.ResourcesTemplatesList,
        };

    private static ReadOnlySpan<byte> MemberOf(ItemKind kind) =>
        kind switch
        {
            ItemKind.Tool => "tools"u8,
            ItemKind.Prompt => "prompts"u8,
            ItemKind.Resource => "resources"u8,
            _ => "resourceTemplates"u8,
        };

    private static ReadOnlySpan<byte> NameOf(ItemKind kind) =>
        kind switch
        {
            ItemKind.Resource => "uri"u8,
            ItemKind.ResourceTemplate => "uriTemplate"u8,
            _ => "name"u8,
        };
}
