using System.Reflection;
using System.Security.Claims;
using System.Text;
using System.Text.Json;
using Fairlead.Toolkit;
using Fairlead.Toolkit.Protection;
using Microsoft.Extensions.DependencyInjection;
using ModelContextProtocol;
using ModelContextProtocol.Server;

namespace Fairlead.Server.Tools.Binding;

/// <summary>Where the values of a method's parameters come from: the call's arguments, or the call itself.</summary>
internal sealed class ParameterPlan
{
    private readonly ParameterInfo[] parameters;
    private readonly Func<CallContext, object?>?[] given;
    private readonly (byte[] Name, int Index, ValueReader Reader)[] named;
    private readonly object?[] defaults;

    public ParameterPlan(MethodInfo method, IServiceProvider services, JsonSerializerOptions options)
    {
        parameters = method.GetParameters();
        given = [.. parameters.Select(p => Given(p, services))];
        named =
        [
            .. parameters
                .Select((p, i) => (p, i))
                .Where(p => given[p.i] is null)
                .Select(p => (Encoding.UTF8.GetBytes(p.p.Name!), p.i, new ValueReader(p.p.ParameterType, options))),
        ];
        defaults = [.. parameters.Select((p, i) => given[i] is null ? Default(p) : null)];
    }

    /// <summary>Whether a parameter is one of the arguments a client sends.</summary>
    public bool IsArgument(ParameterInfo parameter) => given[parameter.Position] is null;

    /// <summary>The parameters that clients send, in order.</summary>
    public IReadOnlyList<ParameterInfo> Named => [.. named.Select(n => parameters[n.Index])];

    /// <summary>Names of the arguments, in order.</summary>
    public IEnumerable<string> Names => named.Select(n => parameters[n.Index].Name!);

    /// <summary>The values for one run; null with the mistake where an argument cannot be read.</summary>
    /// <param name="arguments">The arguments; an object, or undefined when there are none.</param>
    /// <param name="context">The call.</param>
    /// <param name="mistake">What is wrong, with the parameter's name.</param>
    public object?[]? Bind(JsonElement arguments, CallContext context, out string? mistake)
    {
        mistake = null;
        if (parameters.Length == 0)
            return [];
        var values = Frame(context);
        if (arguments.ValueKind != JsonValueKind.Object)
            return values;
        foreach (var member in arguments.EnumerateObject())
        {
            foreach (var (name, index, reader) in named)
            {
                if (!member.NameEquals(name))
                    continue;
                values[index] = reader.Read(member.Value, out var problem);
                if (problem is null)
                    break;
                mistake = $"The parameter '{parameters[index].Name}'{problem}";
                return null;
            }
        }
        return values;
    }

    /// <summary>The values for one run where the arguments are plain and fit; else null, and the long way is gone.</summary>
    public object?[]? TryBind(QuickArguments quick, ReadOnlySpan<byte> arguments, CallContext context)
    {
        var values = Frame(context);
        return quick.TryBind(arguments, values) ? values : null;
    }

    // What does not come from the client, and what holds where the client says nothing.
    private object?[] Frame(CallContext context)
    {
        var values = new object?[parameters.Length];
        defaults.CopyTo(values, 0);
        for (var i = 0; i < given.Length; i++)
        {
            if (given[i] is { } of)
                values[i] = of(context);
        }
        return values;
    }

    private static object? Default(ParameterInfo parameter)
    {
        if (parameter.HasDefaultValue && parameter.DefaultValue is { } value)
        {
            var type = Nullable.GetUnderlyingType(parameter.ParameterType) ?? parameter.ParameterType;
            return type.IsEnum ? Enum.ToObject(type, value) : value;
        }
        return parameter.ParameterType.IsValueType && Nullable.GetUnderlyingType(parameter.ParameterType) is null
            ? Activator.CreateInstance(parameter.ParameterType)
            : null;
    }

    // What the official package binds, and our context.
    private static Func<CallContext, object?>? Given(ParameterInfo parameter, IServiceProvider services)
    {
        var type = parameter.ParameterType;
        if (type == typeof(CancellationToken))
            return static c => c.CancellationToken;
        if (type.IsAssignableTo(typeof(CallContext)))
            return static c => c;
        if (type == typeof(IServiceProvider))
            return static c => c.Services;
        if (type == typeof(IProgress<ProgressNotificationValue>))
            return static c => new ContextProgress(c);
        if (type == typeof(McpServer))
            return static c => new ClientServer(c);
        if (type == typeof(ClaimsPrincipal))
            return static c => Principal(c.User);
        if (parameter.GetCustomAttribute<FromKeyedServicesAttribute>() is { } keyed)
            return c => c.Services.GetRequiredKeyedService(type, keyed.Key);
        // Its keys are slow to make: from here on they are made in the background.
        if (type == typeof(IFieldEncryption))
            services.GetService(type);
        return services.GetService<IServiceProviderIsService>()?.IsService(type) == true
            ? c => c.Services.GetRequiredService(type)
            : null;
    }

    private static ClaimsPrincipal? Principal(CallUser? user) =>
        user is null
            ? null
            : new ClaimsPrincipal(
                new ClaimsIdentity(
                    [
                        new Claim(ClaimTypes.NameIdentifier, user.Id),
                        .. user.Name is null ? (IEnumerable<Claim>)[] : [new Claim(ClaimTypes.Name, user.Name)],
                        .. user.Roles.Select(r => new Claim(ClaimTypes.Role, r)),
                    ],
                    "fairlead"
                )
            );

    private sealed class ContextProgress(CallContext context) : IProgress<ProgressNotificationValue>
    {
        public void Report(ProgressNotificationValue value) => context.OnProgress(value);
    }
}
