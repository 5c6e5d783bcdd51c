using System.Collections.Concurrent;
using System.ComponentModel;
using System.Reflection;
using System.Text;
using System.Xml;
using System.Xml.Linq;

namespace Fairlead.Server.Tools.Binding;

/// <summary>Texts of XML documentation, from the file beside an assembly; read once, empty where there is none.</summary>
internal sealed class XmlDocs
{
    private static readonly ConcurrentDictionary<Assembly, XmlDocs> Files = new();
    private readonly Dictionary<string, XElement> members = [];

    private XmlDocs(string file)
    {
        if (!File.Exists(file))
            return;
        try
        {
            foreach (var member in XDocument.Load(file).Descendants("member"))
            {
                if (member.Attribute("name")?.Value is { } name)
                    members[name] = member;
            }
        }
        catch (XmlException)
        {
            // A broken file is as good as none: descriptions are made of names then.
        }
    }

    /// <summary>What a method does, by its <c>[Description]</c> or its documentation; null when nothing says so.</summary>
    public static string? Describe(MethodInfo method) =>
        method.GetCustomAttribute<DescriptionAttribute>()?.Description
        ?? Of(method.Module.Assembly, Id(method), "summary");

    /// <summary>What a parameter is.</summary>
    public static string? Parameter(MethodInfo method, string name) =>
        Find(method.Module.Assembly, Id(method)) is { } member ? Text(Param(member, name)) : null;

    /// <summary>What a property is: its own summary, or the parameter of a positional record.</summary>
    public static string? Property(PropertyInfo property)
    {
        if (property.DeclaringType is not { } type)
            return null;
        return Of(type.Assembly, $"P:{Name(type)}.{property.Name}", "summary")
            ?? (Find(type.Assembly, $"T:{Name(type)}") is { } record ? Text(Param(record, property.Name)) : null);
    }

    private static string? Of(Assembly assembly, string id, string element) =>
        Text(Find(assembly, id)?.Element(element));

    private static XElement? Find(Assembly assembly, string id) =>
        assembly.IsDynamic || assembly.Location.Length == 0
            ? null
            : Files
                .GetOrAdd(assembly, static a => new XmlDocs(Path.ChangeExtension(a.Location, ".xml")))
                .members.GetValueOrDefault(id);

    private static XElement? Param(XElement member, string name) =>
        member.Elements("param").FirstOrDefault(p => p.Attribute("name")?.Value == name);

    // One line; a reference is said by its last name.
    private static string? Text(XElement? element)
    {
        if (element is null)
            return null;
        var text = new StringBuilder();
        foreach (var node in element.DescendantNodes())
        {
            if (node is XText words)
                text.Append(words.Value);
            else if (node is XElement { IsEmpty: true } reference)
                text.Append(
                    (reference.Attribute("langword") ?? reference.Attribute("name"))?.Value
                        ?? reference.Attribute("cref")?.Value.Split('.', '(')[^1]
                );
        }
        var line = string.Join(' ', text.ToString().Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
        return line.Length == 0 ? null : line;
    }

    private static string Id(MethodInfo method)
    {
        var parameters = string.Join(',', method.GetParameters().Select(p => Name(p.ParameterType)));
        var id = $"M:{Name(method.DeclaringType!)}.{method.Name}";
        return parameters.Length == 0 ? id : $"{id}({parameters})";
    }

    // A type as the compiler names it in documentation.
    private static string Name(Type type)
    {
        if (type.IsArray)
            return Name(type.GetElementType()!) + (type.GetArrayRank() == 1 ? "[]" : "[0:,0:]");
        if (type.IsByRef)
            return Name(type.GetElementType()!) + "@";
        if (!type.IsConstructedGenericType)
            return (type.FullName ?? type.Name).Replace('+', '.');
        var open = (type.GetGenericTypeDefinition().FullName ?? type.Name).Replace('+', '.');
        var tick = open.IndexOf('`', StringComparison.Ordinal);
        return $"{(tick < 0 ? open : open[..tick])}{{{string.Join(',', type.GetGenericArguments().Select(Name))}}}";
    }
}
