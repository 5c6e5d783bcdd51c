using System.Buffers;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;

namespace Fairlead.Server.Tools.Http;

/// <summary>Arguments of a call as an HTTP request .</summary>
internal sealed class HttpToolRequest(Uri address, HttpTool tool)
{
    // What the connection itself needs; nobody sets these.
    private static readonly HashSet<string> Reserved = new(StringComparer.OrdinalIgnoreCase)
    {
        "Host",
        "Content-Length",
        "Transfer-Encoding",
        "Connection",
        "Upgrade",
        "TE",
        "Trailer",
        "Expect",
        "Keep-Alive",
        "Proxy-Authorization",
        "Proxy-Connection",
    };

    private readonly StringBuilder query = new();
    private readonly Dictionary<string, string> headers = new(StringComparer.OrdinalIgnoreCase);
    private readonly List<(string Name, JsonElement Value)> members = [];
    private JsonElement? whole;
    private string bodyStyle = HttpStyles.Form;
    private string path = tool.Endpoint;

    /// <summary>How long the answer may take.</summary>
    public TimeSpan Timeout { get; private set; } = TimeSpan.FromSeconds(tool.TimeoutSeconds);

    /// <summary>The request.</summary>
    /// <param name="arguments">Checked against the tool's schema.</param>
    /// <param name="service">The service's own headers: credentials, which no call replaces.</param>
    /// <exception cref="FormatException">An argument cannot be what the request needs; the message names it.</exception>
    public HttpRequestMessage Build(JsonElement arguments, IEnumerable<KeyValuePair<string, string>> service)
    {
        foreach (var (name, value) in tool.Headers)
            headers[name] = value;
        if (tool.Parameters is { } parameters)
            TakeTyped(arguments, parameters);
        else
            TakeFree(arguments);
        foreach (var (name, value) in service)
            headers[name] = value;
        var request = new HttpRequestMessage(new HttpMethod(tool.Method), Address());
        request.Content = Content();
        foreach (var (name, value) in headers)
        {
            if (Reserved.Contains(name))
                throw new FormatException($"The header '{name}' belongs to the connection.");
            if (value.AsSpan().ContainsAny('\r', '\n', '\0'))
                throw new FormatException($"The header '{name}' must not contain line breaks.");
            if (name.Equals("Content-Type", StringComparison.OrdinalIgnoreCase))
                continue;
            if (!request.Headers.TryAddWithoutValidation(name, value))
                request.Content?.Headers.TryAddWithoutValidation(name, value);
        }
        if (request.Headers.Accept.Count == 0)
            request.Headers.Accept.ParseAdd("application/json, text/*;q=0.9, */*;q=0.5");
        return request;
    }

    private void TakeTyped(JsonElement arguments, IEnumerable<HttpParameter> parameters)
    {
        foreach (var parameter in parameters)
        {
            if (
                arguments.ValueKind != JsonValueKind.Object
                || !arguments.TryGetProperty(parameter.Name, out var value)
                || (value.ValueKind == JsonValueKind.Null && parameter.In != HttpPlace.Body)
            )
                continue;
            switch (parameter.In)
            {
                case HttpPlace.Path:
                    path = path.Replace(
                        $"{{{parameter.Target}}}",
                        HttpStyles.Segment(parameter.Name, parameter.Target, value, parameter.Style),
                        StringComparison.Ordinal
                    );
                    break;
                case HttpPlace.Query:
                    AddQuery(parameter.Target, value, parameter.Style);
                    break;
                case HttpPlace.Header:
                    headers[parameter.Target] = HttpStyles.Header(value, parameter.Style);
                    break;
                default:
                    if (parameter.Target.Length == 0)
                        (whole, bodyStyle) = (value, parameter.Style);
                    else
                        members.Add((parameter.Target, value));
                    break;
            }
        }
        if (path.Contains('{', StringComparison.Ordinal))
            throw new FormatException($"The endpoint {tool.Endpoint} needs an argument that was not given.");
    }

    private void TakeFree(JsonElement arguments)
    {
        if (arguments.ValueKind != JsonValueKind.Object)
            return;
        if (arguments.TryGetProperty("params"u8, out var parameters))
        {
            foreach (var pair in parameters.EnumerateObject())
                AddQuery(pair.Name, pair.Value, FreeStyle(pair.Value));
        }
        if (arguments.TryGetProperty("headers"u8, out var given))
        {
            foreach (var header in given.EnumerateObject())
                headers[header.Name] = HttpStyles.Text(header.Value);
        }
        if (arguments.TryGetProperty("timeout"u8, out var timeout))
            Timeout = TimeSpan.FromSeconds(Math.Min(timeout.GetDouble(), tool.TimeoutSeconds));
        if (arguments.TryGetProperty("data"u8, out var data))
            whole = data;
    }

    private Uri Address()
    {
        var root = address.GetLeftPart(UriPartial.Path).TrimEnd('/');
        var below = path.TrimStart('/');
        var text = new StringBuilder(root);
        if (below.Length > 0)
            text.Append('/').Append(below);
        var own = address.Query.TrimStart('?');
        var sign = below.Contains('?', StringComparison.Ordinal) ? '&' : '?';
        foreach (var part in (string[])[own, query.ToString()])
        {
            if (part.Length == 0)
                continue;
            text.Append(sign).Append(part);
            sign = '&';
        }
        var uri = new Uri(text.ToString());
        // Dots in what was filled in must not lead out of the service's own part of the host.
        var within =
            uri.AbsolutePath.Length >= address.AbsolutePath.TrimEnd('/').Length
            && uri.AbsolutePath.StartsWith(address.AbsolutePath.TrimEnd('/'), StringComparison.Ordinal)
            && uri.Host == address.Host
            && uri.Port == address.Port;
        return within ? uri : throw new FormatException("The arguments lead out of the service's address.");
    }

    private HttpContent? Content()
    {
        if (tool.Method is "GET" or "HEAD" || (whole is null && members.Count == 0))
            return tool.Method is "POST" or "PUT" or "PATCH" ? new ByteArrayContent([]) : null;
        var type = MediaTypeHeaderValue.Parse(
            headers.TryGetValue("Content-Type", out var own) ? own : tool.ContentType
        );
        HttpContent content = type.MediaType switch
        {
            "application/x-www-form-urlencoded" => new ByteArrayContent(Encoding.UTF8.GetBytes(Form())),
            "multipart/form-data" => Multipart(),
            { } media when IsJson(media) => new ByteArrayContent(Json()),
            _ when whole is { ValueKind: JsonValueKind.Object } || members.Count > 0 => new ByteArrayContent(
                Encoding.UTF8.GetBytes(Form())
            ),
            _ => new ByteArrayContent(Encoding.UTF8.GetBytes(whole is { } text ? HttpStyles.Text(text) : "")),
        };
        if (content is not MultipartFormDataContent)
            content.Headers.ContentType = type;
        return content;
    }

    public static bool IsJson(string? media) =>
        media is "application/json" or "text/json" || (media?.EndsWith("+json", StringComparison.Ordinal) ?? false);

    private byte[] Json()
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            if (whole is { } value && members.Count == 0)
                value.WriteTo(json);
            else
            {
                json.WriteStartObject();
                foreach (var (name, member) in Members())
                {
                    json.WritePropertyName(name);
                    member.WriteTo(json);
                }
                json.WriteEndObject();
            }
        }
        return buffer.WrittenSpan.ToArray();
    }

    private string Form() =>
        string.Join(
            '&',
            Members()
                .SelectMany(m => HttpStyles.Pairs(m.Name, m.Value, MemberStyle(m.Value)))
                .Select(p => $"{Escape(p.Name)}={Escape(p.Value)}")
        );

    private MultipartFormDataContent Multipart()
    {
        var content = new MultipartFormDataContent();
        foreach (var (name, value) in Members())
        {
            foreach (var pair in HttpStyles.Pairs(name, value, MemberStyle(value)))
            {
                if (File(pair.Value) is { } file)
                    content.Add(file, pair.Name, pair.Name);
                else
                    content.Add(new StringContent(pair.Value), pair.Name);
            }
        }
        return content;
    }

    // JSON has no bytes: a file is a data URI.
    private static ByteArrayContent? File(string value)
    {
        const string Base64 = ";base64,";
        if (
            !value.StartsWith("data:", StringComparison.Ordinal)
            || value.IndexOf(Base64, StringComparison.Ordinal) is not (> 0 and var at)
        )
            return null;
        try
        {
            var file = new ByteArrayContent(Convert.FromBase64String(value[(at + Base64.Length)..]));
            if (MediaTypeHeaderValue.TryParse(value["data:".Length..at], out var type))
                file.Headers.ContentType = type;
            return file;
        }
        catch (FormatException)
        {
            return null;
        }
    }

    // An object inside a form is JSON unless its document says how else.
    private string MemberStyle(JsonElement value) => bodyStyle == HttpStyles.DeepObject ? bodyStyle : FreeStyle(value);

    private static string FreeStyle(JsonElement value) =>
        value.ValueKind == JsonValueKind.Object ? HttpStyles.Json : HttpStyles.Form;

    private IEnumerable<(string Name, JsonElement Value)> Members() =>
        whole is { ValueKind: JsonValueKind.Object } all
            ? members.Concat(all.EnumerateObject().Select(p => (p.Name, p.Value)))
            : members;

    private void AddQuery(string name, JsonElement value, string style)
    {
        foreach (var (key, text) in HttpStyles.Pairs(name, value, style))
            query.Append(query.Length == 0 ? "" : "&").Append(Escape(key)).Append('=').Append(Escape(text));
    }

    private static string Escape(string text) => Uri.EscapeDataString(text);
}
