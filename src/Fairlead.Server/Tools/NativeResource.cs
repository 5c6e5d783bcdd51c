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

/// <summary>A C# method marked <c>[McpServerResource]</c>: one resource, or as many as its URI template names.</summary>
internal sealed class NativeResource
{
    private readonly McpServerResource resource;

    private NativeResource(MethodInfo method, object? target, IServiceProvider services)
    {
        Group = ToolPolicy.Of(method).Group;
        resource = McpServerResource.Create(
            method,
            target,
            new McpServerResourceCreateOptions
            {
                Services = services,
                Description = XmlDocs.Describe(method) ?? $"The resource {method.Name}.",
            }
        );
        Definition = resource.ProtocolResource is { } single
            ? JsonSerializer.SerializeToUtf8Bytes(single, MethodSchemas.Json.GetTypeInfo(typeof(Resource)))
            : JsonSerializer.SerializeToUtf8Bytes(
                resource.ProtocolResourceTemplate,
                MethodSchemas.Json.GetTypeInfo(typeof(ResourceTemplate))
            );
    }

    public ItemKind Kind => resource.IsTemplated ? ItemKind.ResourceTemplate : ItemKind.Resource;

    /// <summary>URI, or URI template.</summary>
    public string Uri => resource.ProtocolResource?.Uri ?? resource.ProtocolResourceTemplate.UriTemplate;
    public string? Group { get; }
    public ReadOnlyMemory<byte> Definition { get; }

    /// <summary>All resources of a type.</summary>
    public static IEnumerable<NativeResource> Of(Type type, object? target, IServiceProvider services) =>
        NativeSource
            .Methods(type, target)
            .Where(m => m.IsDefined(typeof(McpServerResourceAttribute)))
            .Select(m => new NativeResource(m, m.IsStatic ? null : target, services));

    /// <summary>Whether a URI is one of the template's.</summary>
    public bool IsMatch(string uri) => resource.IsMatch(uri);

    /// <summary>What the resource holds.</summary>
    /// <param name="uri">Its URI.</param>
    /// <param name="context">The call.</param>
    public async ValueTask<ChannelReply> ReadAsync(string uri, CallContext context)
    {
        context.Flow();
        return await ClientServer.AnswerAsync(
            context,
            RequestMethods.ResourcesRead,
            new ReadResourceRequestParams { Uri = uri },
            resource.ReadAsync,
            $"The resource {uri}"
        );
    }
}
