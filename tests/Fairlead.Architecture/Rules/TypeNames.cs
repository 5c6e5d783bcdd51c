using System.Reflection;

namespace Fairlead.Architecture.Rules;

/// <summary>Names of types as C# writes them, with the outermost nullable mark of reference types.</summary>
internal static class TypeNames
{
    private static readonly NullabilityInfoContext Nullability = new();

    private static readonly Dictionary<Type, string> Keywords = new()
    {
        [typeof(void)] = "void",
        [typeof(bool)] = "bool",
        [typeof(byte)] = "byte",
        [typeof(char)] = "char",
        [typeof(short)] = "short",
        [typeof(ushort)] = "ushort",
        [typeof(int)] = "int",
        [typeof(uint)] = "uint",
        [typeof(long)] = "long",
        [typeof(ulong)] = "ulong",
        [typeof(float)] = "float",
        [typeof(double)] = "double",
        [typeof(decimal)] = "decimal",
        [typeof(string)] = "string",
        [typeof(object)] = "object",
    };

    public static string Of(ParameterInfo parameter) =>
        Of(parameter.ParameterType) + Mark(parameter.ParameterType, Nullability.Create(parameter));

    public static string Of(PropertyInfo property) =>
        Of(property.PropertyType) + Mark(property.PropertyType, Nullability.Create(property));

    public static string Of(FieldInfo field) => Of(field.FieldType) + Mark(field.FieldType, Nullability.Create(field));

    public static string Of(Type type)
    {
        if (type.IsByRef)
            return Of(type.GetElementType()!);
        if (type.IsArray)
            return Of(type.GetElementType()!) + "[" + new string(',', type.GetArrayRank() - 1) + "]";
        if (type.IsPointer)
            return Of(type.GetElementType()!) + "*";
        if (Nullable.GetUnderlyingType(type) is { } inner)
            return Of(inner) + "?";
        if (Keywords.TryGetValue(type, out var keyword))
            return keyword;
        if (type.IsGenericParameter)
            return type.Name;
        var outer = type.DeclaringType is { } declaring ? Plain(declaring) + "." : "";
        return outer + Plain(type) + Arguments(type);
    }

    private static string Plain(Type type) => type.Name.Split('`')[0];

    private static string Arguments(Type type) =>
        type.IsGenericType ? $"<{string.Join(", ", type.GetGenericArguments().Select(Of))}>" : "";

    private static string Mark(Type type, NullabilityInfo info) =>
        !type.IsValueType
        && !type.IsByRef
        && (info.ReadState is NullabilityState.Nullable || info.WriteState is NullabilityState.Nullable)
            ? "?"
            : "";
}
