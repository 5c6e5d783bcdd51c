using Fairlead.Protocol;

namespace Fairlead.Server.Gateway.Bridge;

/// <summary>Which client capability a service's question needs (spec client/*, "Capabilities"; R32, R39).</summary>
internal static class InputCapability
{
    /// <summary>Compares one input request with what the client offered.</summary>
    /// <param name="request">A value of <c>inputRequests</c>.</param>
    /// <param name="offered">The client's capabilities object.</param>
    /// <returns>
    /// Empty when the client can be asked, the missing capabilities as a JSON object when it cannot, null when the
    /// request is none that may be put to a client.
    /// </returns>
    public static string? Missing(ReadOnlySpan<byte> request, ReadOnlySpan<byte> offered)
    {
        var parameters = JsonScan.Value(request, "params"u8);
        return JsonScan.Text(request, "method"u8) switch
        {
            "elicitation/create" => Elicitation(parameters, JsonScan.Value(offered, "elicitation"u8)),
            "sampling/createMessage" => Sampling(parameters, JsonScan.Value(offered, "sampling"u8)),
            "roots/list" => JsonScan.Has(offered, "roots"u8) ? "" : """{"roots":{}}""",
            _ => null,
        };
    }

    private static string Elicitation(ReadOnlySpan<byte> parameters, ReadOnlySpan<byte> offered)
    {
        var url = JsonScan.Has(offered, "url"u8);
        if (JsonScan.Text(parameters, "mode"u8) == "url")
            return url ? "" : """{"elicitation":{"url":{}}}""";
        if (!IsObject(offered))
            return """{"elicitation":{}}""";
        // Naming no mode means form.
        return JsonScan.Has(offered, "form"u8) || !url ? "" : """{"elicitation":{"form":{}}}""";
    }

    private static string Sampling(ReadOnlySpan<byte> parameters, ReadOnlySpan<byte> offered)
    {
        if (JsonScan.Has(parameters, "tools"u8) || JsonScan.Has(parameters, "toolChoice"u8))
            return JsonScan.Has(offered, "tools"u8) ? "" : """{"sampling":{"tools":{}}}""";
        return IsObject(offered) ? "" : """{"sampling":{}}""";
    }

    private static bool IsObject(ReadOnlySpan<byte> json) => !json.IsEmpty && json[0] == (byte)'{';
}
