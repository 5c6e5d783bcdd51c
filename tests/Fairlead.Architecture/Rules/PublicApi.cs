using System.Reflection;
using System.Text;

namespace Fairlead.Architecture.Rules;

/// <summary>
/// Renders what other people's code can see of an assembly, one line a member, sorted, so that a change of a promise
/// shows in review as a changed line.
/// </summary>
internal static class PublicApi
{
    private const BindingFlags Declared =
        BindingFlags.Public
        | BindingFlags.NonPublic
        | BindingFlags.Instance
        | BindingFlags.Static
        | BindingFlags.DeclaredOnly;

    public static string Render(IEnumerable<Type> types)
    {
        var text = new StringBuilder();
        foreach (var type in types.Where(t => t.IsVisible).OrderBy(t => t.FullName, StringComparer.Ordinal))
        {
            text.Append(Head(type)).Append('\n');
            foreach (var line in Members(type).Order(StringComparer.Ordinal))
                text.Append("    ").Append(line).Append('\n');
        }
        return text.ToString();
    }

    private static string Head(Type type)
    {
        var kind =
            type.IsEnum ? "enum"
            : type.IsInterface ? "interface"
            : typeof(Delegate).IsAssignableFrom(type) ? "delegate"
            : type.IsValueType ? "struct"
            : type.IsAbstract && type.IsSealed ? "static class"
            : type.IsAbstract ? "abstract class"
            : type.IsSealed ? "sealed class"
            : "class";
        var bases = new List<string>();
        if (type.BaseType is { } b && b != typeof(object) && b != typeof(ValueType) && b != typeof(Enum))
            bases.Add(TypeNames.Of(b));
        if (!type.IsEnum)
            bases.AddRange(
                type.GetInterfaces().Where(i => i.IsVisible).Select(TypeNames.Of).Order(StringComparer.Ordinal)
            );
        return $"{kind} {type.Namespace}.{TypeNames.Of(type)}"
            + (bases.Count == 0 ? "" : $" : {string.Join(", ", bases)}");
    }

    private static IEnumerable<string> Members(Type type)
    {
        if (type.IsEnum)
        {
            return Enum.GetNames(type)
                .Select(n => $"{n} = {Convert.ChangeType(Enum.Parse(type, n), Enum.GetUnderlyingType(type))}");
        }
        var fields = type.GetFields(Declared)
            .Where(f => f.IsPublic || f.IsFamily || f.IsFamilyOrAssembly)
            .Select(Field);
        var constructors = type.GetConstructors(Declared).Where(IsSeen).Select(c => $"new({Parameters(c)})");
        var properties = type.GetProperties(Declared).Select(Property).Where(p => p.Length > 0);
        var events = type.GetEvents(Declared)
            .Where(e => e.AddMethod is { } add && IsSeen(add))
            .Select(e => $"event {TypeNames.Of(e.EventHandlerType!)} {e.Name}");
        var methods = type.GetMethods(Declared)
            .Where(m => IsSeen(m) && (!m.IsSpecialName || m.Name.StartsWith("op_", StringComparison.Ordinal)))
            .Where(m => !m.Name.Contains('<', StringComparison.Ordinal))
            .Select(Method);
        return [.. fields, .. constructors, .. properties, .. events, .. methods];
    }

    private static string Field(FieldInfo field)
    {
        var how =
            field.IsLiteral ? "const "
            : field.IsStatic ? "static "
            : "";
        var value = field.IsLiteral ? $" = {Literal(field.GetRawConstantValue())}" : "";
        return $"{how}{(field.IsInitOnly ? "readonly " : "")}{TypeNames.Of(field)} {field.Name}{value}";
    }

    private static string Property(PropertyInfo property)
    {
        var get = property.GetMethod is { } g && IsSeen(g) ? " get;" : "";
        var set = property.SetMethod is { } s && IsSeen(s) ? (IsInit(s) ? " init;" : " set;") : "";
        if (get.Length + set.Length == 0)
            return "";
        var accessor = property.GetMethod ?? property.SetMethod!;
        var required = property.IsDefined(typeof(System.Runtime.CompilerServices.RequiredMemberAttribute))
            ? "required "
            : "";
        var index = property.GetIndexParameters() is { Length: > 0 } p ? $"[{string.Join(", ", p.Select(One))}]" : "";
        return $"{How(accessor)}{required}{TypeNames.Of(property)} {property.Name}{index} {{{get}{set} }}";
    }

    private static string Method(MethodInfo method)
    {
        var generic = method.IsGenericMethodDefinition
            ? $"<{string.Join(", ", method.GetGenericArguments().Select(TypeNames.Of))}>"
            : "";
        return $"{How(method)}{TypeNames.Of(method.ReturnParameter)} {method.Name}{generic}({Parameters(method)})";
    }

    private static string How(MethodBase method) =>
        (method.IsFamily || method.IsFamilyOrAssembly ? "protected " : "")
        + (
            method.IsStatic ? "static "
            : method.DeclaringType!.IsInterface ? ""
            : method.IsAbstract ? "abstract "
            : method.IsVirtual && !method.IsFinal ? (IsOverride(method) ? "override " : "virtual ")
            : ""
        );

    private static string Parameters(MethodBase method) => string.Join(", ", method.GetParameters().Select(One));

    private static string One(ParameterInfo parameter)
    {
        var how =
            parameter.IsOut ? "out "
            : parameter.ParameterType.IsByRef ? (parameter.IsIn ? "in " : "ref ")
            : parameter.IsDefined(typeof(ParamArrayAttribute)) ? "params "
            : "";
        var value = parameter.HasDefaultValue ? $" = {Literal(parameter.RawDefaultValue)}" : "";
        return $"{how}{TypeNames.Of(parameter)} {parameter.Name}{value}";
    }

    private static string Literal(object? value) =>
        value switch
        {
            null => "default",
            string s => $"\"{s}\"",
            char c => $"'{c}'",
            bool b => b ? "true" : "false",
            _ => value.ToString()!,
        };

    private static bool IsSeen(MethodBase method) => method.IsPublic || method.IsFamily || method.IsFamilyOrAssembly;

    private static bool IsOverride(MethodBase method) =>
        method is MethodInfo info && info.GetBaseDefinition().DeclaringType != info.DeclaringType;

    private static bool IsInit(MethodInfo setter) =>
        setter
            .ReturnParameter.GetRequiredCustomModifiers()
            .Contains(typeof(System.Runtime.CompilerServices.IsExternalInit));
}
