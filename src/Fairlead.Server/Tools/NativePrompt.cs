using System.Reflection;
using System.Text;
using System.Text.Json;
using Fairlead.Protocol;
using Fairlead.Server.Services.Channels;
using Fairlead.Server.Storage;
using Fairlead.Server.Tools.Binding;
using Fairlead.Toolkit;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace Fairlead.Server.Tools;

/// <summary>
/// A C# method marked <c>[McpServerPrompt]</c>. The official package binds and renders it: prompts are asked for by
/// people, so what its way costs does not matter here.
/// </summary>
internal sealed class NativePrompt
{
    private readonly McpServerPrompt prompt;

    private NativePrompt(MethodInfo method, object? target, IServiceProvider services)
    {
        Group = ToolPolicy.Of(method).Group;
        prompt = McpServerPrompt.Create(
            method,
            target,
            new McpServerPromptCreateOptions
            {
                Services = services,
                Description = XmlDocs.Describe(method) ?? $"The prompt {method.Name}.",
            }
        );
        Definition = JsonSerializer.SerializeToUtf8Bytes(
            prompt.ProtocolPrompt,
            MethodSchemas.Json.GetTypeInfo(typeof(Prompt))
        );
    }

    public string Name => prompt.ProtocolPrompt.Name;
    public string? Group { get; }
    public ReadOnlyMemory<byte> Definition { get; }

    /// <summary>All prompts of a type.</summary>
    public static IEnumerable<NativePrompt> Of(Type type, object? target, IServiceProvider services) =>
        NativeSource
            .Methods(type, target)
            .Where(m => m.IsDefined(typeof(McpServerPromptAttribute)))
            .Select(m => new NativePrompt(m, m.IsStatic ? null : target, services));

    /// <summary>The prompt with its arguments put in.</summary>
    /// <param name="parameters">The <c>params</c> of <c>prompts/get</c>.</param>
    /// <param name="context">The call.</param>
    public async ValueTask<ChannelReply> GetAsync(ReadOnlyMemory<byte> parameters, CallContext context)
    {
        context.Flow();
        var arguments = JsonScan.Value(parameters.Span, "arguments"u8);
        var given = new GetPromptRequestParams
        {
            Name = Name,
            Arguments = arguments.IsEmpty
                ? null
                : JsonElement.Parse(arguments).EnumerateObject().ToDictionary(a => a.Name, a => a.Value),
        };
        return await ClientServer.AnswerAsync(
            context,
            RequestMethods.PromptsGet,
            given,
            prompt.GetAsync,
            $"The prompt {Name}"
        );
    }
}
