using System.Buffers;
using System.Collections.Frozen;
using System.Globalization;
using System.Text.Json;
using Fairlead.Server.Services.Channels;
using Fairlead.Server.Tools.Schemas;

namespace Fairlead.Server.Tools.Http;

/// <summary>
/// Runs one HTTP tool (R-15…R-17): arguments are checked and become a request, the answer becomes a result. Whatever
/// happens is a result; only cancellation throws.
/// </summary>
internal sealed class HttpToolAdapter
{
    private static readonly JsonElement NoArguments = JsonElement.Parse("{}");
    private readonly HttpTool tool;
    private readonly JsonElement input;
    private readonly JsonSchema schema;
    private readonly JsonSelect? select;

    /// <exception cref="FormatException">The tool cannot be used; the message says why.</exception>
    public HttpToolAdapter(HttpTool tool)
    {
        this.tool = tool;
        var definition = HttpToolDefinition.Write(tool);
        Definition = definition;
        input = JsonElement.Parse(definition.Span).GetProperty("inputSchema"u8);
        schema = JsonSchema.Compile(input);
        select = tool.Select is { } path ? JsonSelect.Parse(path) : null;
    }

    /// <summary>The tool's name.</summary>
    public string Name => tool.Name;

    /// <summary>The definition as <c>tools/list</c> shows it, one JSON object.</summary>
    public ReadOnlyMemory<byte> Definition { get; }

    /// <summary>Runs it.</summary>
    /// <param name="arguments">Raw <c>arguments</c> object, or empty.</param>
    /// <param name="address">Where the service is.</param>
    /// <param name="headers">The service's own headers.</param>
    /// <param name="http">What requests go out by.</param>
    /// <param name="time">The clock of the timeout.</param>
    /// <param name="cancellationToken">Ends the request.</param>
    /// <returns>A <c>tools/call</c> result.</returns>
    public async ValueTask<byte[]> RunAsync(
        ReadOnlyMemory<byte> arguments,
        Uri address,
        IReadOnlyCollection<KeyValuePair<string, string>> headers,
        HttpMessageInvoker http,
        TimeProvider time,
        CancellationToken cancellationToken
    )
    {
        var given = arguments.IsEmpty ? NoArguments : JsonElement.Parse(arguments.Span);
        if (schema.Check(given) is { } fault)
            return ResultWriter.Error(ArgumentMistake.Text(fault, input, FrozenSet<string>.Empty));
        var building = new HttpToolRequest(address, tool);
        HttpRequestMessage request;
        try
        {
            request = building.Build(given, headers);
        }
        catch (FormatException mistake)
        {
            return HttpToolAnswer.Failed("invalid_arguments", mistake.Message);
        }
        using var late = new CancellationTokenSource(building.Timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancellationToken);
        try
        {
            using (request)
            using (var response = await http.SendAsync(request, either.Token))
            {
                var body = await ReadAsync(response, either.Token);
                return body is null
                    ? HttpToolAnswer.Failed(
                        "too_large",
                        string.Create(CultureInfo.InvariantCulture, $"The answer is larger than {tool.MaxBytes} bytes.")
                    )
                    : HttpToolAnswer.Of(response, body, tool, select, Page(given));
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return HttpToolAnswer.Failed(
                "timeout",
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"There was no answer within {building.Timeout.TotalSeconds:0.###} s."
                )
            );
        }
        catch (Exception failure) when (failure is HttpRequestException or IOException)
        {
            var (type, error) = HttpToolAnswer.Explain(failure);
            return HttpToolAnswer.Failed(type, error);
        }
    }

    private int Page(JsonElement given) =>
        tool.PageSize is not null && given.TryGetProperty("page"u8, out var page) && page.TryGetInt32(out var number)
            ? number
            : 1;

    // Read as it comes: a length may be missing or wrong, and nothing beyond the limit is kept.
    private async Task<byte[]?> ReadAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        if (response.Content.Headers.ContentLength > tool.MaxBytes)
            return null;
        var body = new ArrayBufferWriter<byte>();
        await using var stream = await response.Content.ReadAsStreamAsync(cancellationToken);
        int count;
        while ((count = await stream.ReadAsync(body.GetMemory(8192), cancellationToken)) > 0)
        {
            body.Advance(count);
            if (body.WrittenCount > tool.MaxBytes)
                return null;
        }
        return body.WrittenSpan.ToArray();
    }
}
