using System.Text.Json;
using Fairlead.Server.Storage;

namespace Fairlead.Server.Services.Dialects;

/// <summary>Our own: <c>mcpServers</c> with all a definition has. Whatever no other dialect claims is read as this.</summary>
internal sealed class FairleadDialect : Dialect
{
    public override string Name => "fairlead";

    public override (string Key, int PerSecond)? Timeout => ("timeout", 1);

    public override string? TypeOf(ServiceTransport transport) => Wire(transport);

    /// <summary>A transport by its name in the API.</summary>
    public static string Wire(ServiceTransport transport) =>
        transport switch
        {
            ServiceTransport.Stdio => "stdio",
            ServiceTransport.Sse => "sse",
            ServiceTransport.Auto => "auto",
            ServiceTransport.HttpTools => "http-tools",
            _ => "streamable-http",
        };

    public override void Write(Utf8JsonWriter json, ServiceDefinition definition)
    {
        if (!definition.DependsOn.IsDefaultOrEmpty)
        {
            json.WriteStartArray("dependsOn");
            foreach (var name in definition.DependsOn)
                json.WriteStringValue(name);
            json.WriteEndArray();
        }
        if (definition.Trust is { } trust)
            json.WriteString("trust", JsonNamingPolicy.SnakeCaseLower.ConvertName(trust.ToString()));
        if (definition.AllowPrivate is { } allowPrivate)
            json.WriteBoolean("allowPrivate", allowPrivate);
        if (definition.Lazy)
            json.WriteBoolean("lazy", true);
        if (definition.IdleSeconds is { } idle)
            json.WriteNumber("idleSeconds", idle);
        if (definition.RestartOnError is { } restart)
            json.WriteBoolean("restartOnError", restart);
        if (definition.MaxRestarts is { } most)
            json.WriteNumber("maxRestarts", most);
        if (definition.RestartDelaySeconds is { } delay)
            json.WriteNumber("restartDelaySeconds", delay);
        if (definition.MaxMemoryMb is { } memory)
            json.WriteNumber("maxMemoryMb", memory);
        if (definition.Nice is { } nice)
            json.WriteNumber("nice", nice);
    }
}
