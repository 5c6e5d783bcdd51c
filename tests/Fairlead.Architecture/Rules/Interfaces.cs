namespace Fairlead.Architecture.Rules;

/// <summary>An interface exists with two shipped implementations, as a public promise, or as a seam with a reason.</summary>
internal static class Interfaces
{
    public static IReadOnlyList<string> Check(IReadOnlyList<Type> types, IReadOnlyDictionary<string, string> seams) =>
        [
            .. types
                .Where(t => t.IsInterface && !t.IsPublic && !t.IsNestedPublic && !seams.ContainsKey(t.FullName!))
                .Select(t =>
                    (Interface: t, Count: types.Count(c => !c.IsInterface && !c.IsAbstract && Implements(c, t)))
                )
                .Where(t => t.Count < 2)
                .Select(t =>
                    $"{t.Interface.FullName} has {t.Count} implementation(s): use the type, or give the reason"
                ),
        ];

    private static bool Implements(Type type, Type wanted) =>
        Array.Exists(type.GetInterfaces(), i => (i.IsGenericType ? i.GetGenericTypeDefinition() : i) == wanted);
}
