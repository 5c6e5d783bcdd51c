using System.Text.Json;
using System.Text.RegularExpressions;

namespace Fairlead.Server.Tools.Schemas;

/// <summary>
/// What of a value schemas at its place have looked at, for the <c>unevaluated</c> keywords. Made only where they are.
/// </summary>
internal sealed class Looked
{
    private HashSet<string>? names;
    private HashSet<int>? indexes;

    public void Add(string name) => (names ??= []).Add(name);

    public void Add(int index) => (indexes ??= []).Add(index);

    public bool Has(string name) => names?.Contains(name) ?? false;

    public bool Has(int index) => indexes?.Contains(index) ?? false;

    public void Add(Looked other)
    {
        if (other.names is not null)
            (names ??= []).UnionWith(other.names);
        if (other.indexes is not null)
            (indexes ??= []).UnionWith(other.indexes);
    }
}

/// <summary>One check of one value. Knows how much was done, and what was wrong first.</summary>
internal sealed partial class SchemaRun
{
    /// <summary>Most steps of one check: some milliseconds.</summary>
    internal const int MaxSteps = 100_000;

    // A schema may lead back to itself without going deeper into the value.
    private const int MaxDepth = 128;

    private int steps;
    private int depth;
    private int trials;
    private string? exhausted;
    private SchemaFault? fault;
    private readonly List<SchemaResource> scope = [];

    /// <summary>The first thing wrong with a value; null when it fits.</summary>
    public SchemaFault? Check(SchemaNode root, JsonElement value)
    {
        try
        {
            var fits = Fits(root, value, null);
            if (exhausted is not null)
                return new SchemaFault(exhausted, "", value, root.Source);
            return fits ? null : fault;
        }
        catch (RegexMatchTimeoutException)
        {
            return new SchemaFault("effort", "", value, root.Source);
        }
    }

    private bool Fits(SchemaNode node, JsonElement value, Looked? looked)
    {
        if (node.Constant is { } constant)
            return constant || Fail("false", node, value);
        if (++steps > MaxSteps)
            exhausted ??= "effort";
        if (depth >= MaxDepth)
            exhausted ??= "depth";
        if (exhausted is not null)
            return false;
        depth++;
        var moved = scope.Count == 0 || scope[^1] != node.Resource;
        if (moved)
            scope.Add(node.Resource);
        // Whoever asks what was looked at gets it from all that stands at this place.
        var own = node.UnevaluatedItems is not null || node.UnevaluatedProperties is not null ? new Looked() : looked;
        var fits =
            Typed(node, value)
            && InPlace(node, value, own)
            && (
                value.ValueKind switch
                {
                    JsonValueKind.Object => !node.HasObjectRules || Object(node, value, own),
                    JsonValueKind.Array => Array(node, value, own),
                    JsonValueKind.String => Text(node, value),
                    JsonValueKind.Number => Number(node, value),
                    _ => true,
                }
            );
        if (fits && own != looked)
            looked?.Add(own!);
        if (moved)
            scope.RemoveAt(scope.Count - 1);
        depth--;
        return fits;
    }

    private bool Typed(SchemaNode node, JsonElement value)
    {
        if (node.Types != JsonTypes.None && !Is(node.Types, value))
            return Fail("type", node, value);
        if (node.Const is { } only && !JsonElement.DeepEquals(only, value))
            return Fail("const", node, value);
        if (node.Enum is not { } several)
            return true;
        foreach (var one in several)
        {
            if (JsonElement.DeepEquals(one, value))
                return true;
        }
        return Fail("enum", node, value);
    }

    private static bool Is(JsonTypes types, JsonElement value) =>
        value.ValueKind switch
        {
            JsonValueKind.Object => types.HasFlag(JsonTypes.Object),
            JsonValueKind.Array => types.HasFlag(JsonTypes.Array),
            JsonValueKind.String => types.HasFlag(JsonTypes.String),
            JsonValueKind.Number => types.HasFlag(JsonTypes.Number)
                || (types.HasFlag(JsonTypes.Integer) && JsonNumber.IsWhole(value)),
            JsonValueKind.True or JsonValueKind.False => types.HasFlag(JsonTypes.Boolean),
            _ => types.HasFlag(JsonTypes.Null),
        };

    // The keywords that put other schemas to the same value.
    private bool InPlace(SchemaNode node, JsonElement value, Looked? looked)
    {
        if (node.Ref is { } other && !Fits(other, value, looked))
            return false;
        if (node.DynamicRef is not null && !Fits(Dynamic(node), value, looked))
            return false;
        foreach (var each in node.AllOf ?? [])
        {
            if (!Fits(each, value, looked))
                return false;
        }
        if (node.AnyOf is { } any)
        {
            var hits = 0;
            foreach (var each in any)
            {
                // All are tried only where somebody wants to know what they looked at.
                if ((hits == 0 || looked is not null) && Tried(each, value, looked))
                    hits++;
            }
            if (hits == 0)
                return Fail("anyOf", node, value);
        }
        if (node.OneOf is { } one)
        {
            var hits = 0;
            foreach (var each in one)
                hits += Tried(each, value, looked) ? 1 : 0;
            if (hits != 1)
                return Fail("oneOf", node, value);
        }
        if (node.Not is { } not && Tried(not, value, null))
            return Fail("not", node, value);
        if (node.If is { } test)
        {
            var next = Tried(test, value, looked) ? node.Then : node.Else;
            if (next is not null && !Fits(next, value, looked))
                return false;
        }
        return true;
    }

    private SchemaNode Dynamic(SchemaNode node)
    {
        if (node.DynamicName is not { } name)
            return node.DynamicRef!;
        foreach (var resource in scope)
        {
            if (resource.DynamicAnchors.TryGetValue(name, out var outermost))
                return outermost;
        }
        return node.DynamicRef!;
    }

    // Whether a schema fits, where it is no fault when it does not.
    private bool Tried(SchemaNode node, JsonElement value, Looked? looked)
    {
        trials++;
        var seen = looked is null ? null : new Looked();
        var fits = Fits(node, value, seen);
        trials--;
        if (fits && seen is not null)
            looked!.Add(seen);
        return fits;
    }

    private static bool Within(int count, int min, int max) => count >= min && (max < 0 || count <= max);

    private bool Fail(string keyword, SchemaNode node, JsonElement value, string? name = null)
    {
        // Texts are made only for what is told.
        if (trials == 0)
            fault ??= new SchemaFault(keyword, "", value, node.Source, name);
        return false;
    }

    // On the way out of a fault: where it is.
    private bool Below(string step)
    {
        if (trials == 0 && fault is not null)
        {
            var path = fault.Path;
            fault = fault with { Path = path.Length == 0 || path[0] == '[' ? step + path : $"{step}.{path}" };
        }
        return false;
    }
}
