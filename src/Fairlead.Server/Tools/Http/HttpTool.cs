using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Fairlead.Server.Tools.Http;

/// <summary>Where an argument of a tool goes in the request.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<HttpPlace>))]
internal enum HttpPlace
{
    [JsonStringEnumMemberName("query")]
    Query,

    [JsonStringEnumMemberName("path")]
    Path,

    [JsonStringEnumMemberName("header")]
    Header,

    /// <summary>A member of the body; the whole body where the key is empty.</summary>
    [JsonStringEnumMemberName("body")]
    Body,
}

/// <summary>One argument of a tool and where it goes.</summary>
internal sealed record HttpParameter
{
    /// <summary>The argument's name.</summary>
    public required string Name { get; init; }
    public required HttpPlace In { get; init; }

    /// <summary>Its name in the request; null is the argument's own, empty is the whole body.</summary>
    public string? Key { get; init; }
    public bool Required { get; init; }

    /// <summary>How an array or object is written: one of <see cref="HttpStyles.All"/>; default <c>form</c>, a pair each.</summary>
    public string Style { get; init; } = HttpStyles.Form;

    /// <summary>JSON Schema of the value; null takes anything.</summary>
    public JsonElement? Schema { get; init; }

    [JsonIgnore]
    public string Target => Key ?? Name;
}

/// <summary>
/// A tool that is an HTTP request: endpoint below its service's address, method, headers, content type, and how
/// arguments become the request. Stored as JSON within its service's definition.
/// </summary>
internal sealed record HttpTool
{
    /// <summary>Unique among the service's tools, 1 to 128 of letters, digits, <c>_ - .</c> and <c>/</c>.</summary>
    public required string Name { get; init; }
    public string? Title { get; init; }
    public string? Description { get; init; }

    /// <summary>GET, HEAD, POST (default), PUT, PATCH, DELETE or OPTIONS.</summary>
    public string Method { get; init; } = "POST";

    /// <summary>Path below the service's address, <c>{name}</c> stands for an argument; default the address itself.</summary>
    public string Endpoint { get; init; } = "";
    public string ContentType { get; init; } = "application/json";
    public ImmutableSortedDictionary<string, string> Headers { get; init; } =
        ImmutableSortedDictionary<string, string>.Empty;

    /// <summary>Typed arguments; null takes <c>data</c>, <c>params</c>, <c>headers</c> and <c>timeout</c> as they come .</summary>
    public ImmutableArray<HttpParameter>? Parameters { get; init; }

    /// <summary>Schemas the parameters' schemas refer to by <c>#/$defs/…</c>.</summary>
    public JsonElement? Defs { get; init; }

    /// <summary>Seconds the answer may take, 1 to 600; default 30 .</summary>
    public int TimeoutSeconds { get; init; } = 30;

    /// <summary>The part of the answer that is wanted, such as <c>$.items[*].name</c>; null is all of it.</summary>
    public string? Select { get; init; }

    /// <summary>Largest answer that is read, in bytes, 1 KiB to 8 MiB; default 1 MiB.</summary>
    public int MaxBytes { get; init; } = 1024 * 1024;

    /// <summary>Where the answer is an array: so many items at a time, by the argument <c>page</c>; null gives all.</summary>
    public int? PageSize { get; init; }

    /// <summary>The tool with its defaults where a reader of JSON left nothing.</summary>
    public HttpTool Complete() =>
        this with
        {
            Method = (Method ?? "POST").ToUpperInvariant(),
            Endpoint = Endpoint ?? "",
            ContentType = ContentType ?? "application/json",
            Headers = Headers ?? ImmutableSortedDictionary<string, string>.Empty,
            TimeoutSeconds = TimeoutSeconds == 0 ? 30 : TimeoutSeconds,
            MaxBytes = MaxBytes == 0 ? 1024 * 1024 : MaxBytes,
            Parameters = Parameters is { IsDefault: false } given
                ? [.. given.Select(p => p with { Style = p.Style ?? HttpStyles.Form })]
                : null,
        };

    /// <summary>Whether calling it twice does no more than calling it once; null goes by the method.</summary>
    public bool? Idempotent { get; init; }
}
