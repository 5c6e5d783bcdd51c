using System.Text.Json;
using Fairlead.Server.Storage;

namespace Fairlead.Server.Groups.Views;

/// <summary>A view put to a definition: what clients see of the tool, and what of the view does not fit.</summary>
/// <param name="Definition">The definition as clients see it, but for name and description.</param>
/// <param name="Values">Fixed values as they go to the tool.</param>
/// <param name="Parameters">Names of the parameters that callers see.</param>
/// <param name="Problems">What does not fit.</param>
internal sealed record CompiledView(
    ReadOnlyMemory<byte> Definition,
    IReadOnlyList<FixedValue> Values,
    IReadOnlyList<string> Parameters,
    IReadOnlyList<ViewProblem> Problems
)
{
    /// <summary>Whether the tool must not be offered: a value that an administrator fixed would not hold.</summary>
    public bool IsHeld => Problems.Any(static problem => problem.Holds);

    /// <summary>Puts a view to the definition its owner lists.</summary>
    /// <param name="definition">One JSON object.</param>
    /// <param name="view">The view.</param>
    /// <param name="secret">The value of a secret; null when there is none.</param>
    public static CompiledView Of(ReadOnlyMemory<byte> definition, ToolViewConfig view, Func<string, string?> secret)
    {
        try
        {
            return Of(JsonElement.Parse(definition.Span), view, secret);
        }
        catch (Exception broken) when (broken is JsonException or InvalidOperationException)
        {
            // Half a surrogate pair, or nested too deeply: services may list what no text can hold. One such tool must
            // not be in the way of a whole table.
            const string Text = "The tool's definition cannot be read.";
            return new CompiledView(definition, [], [], [new ViewProblem("view", Text, Holds: true)]);
        }
    }

    private static CompiledView Of(JsonElement own, ToolViewConfig view, Func<string, string?> secret)
    {
        JsonElement input = own.TryGetProperty("inputSchema", out JsonElement found) ? found : default;
        IReadOnlyList<FixedValue> values = FixedValue.Of(view, secret);
        JsonElement known = ViewFit.Properties(input);
        return new CompiledView(
            ViewedDefinition.Render(own, view),
            values,
            known.ValueKind is JsonValueKind.Object
                ?
                [
                    .. known
                        .EnumerateObject()
                        .Select(static one => one.Name)
                        .Where(name => !view.Hidden.Contains(name) && !view.Fixed.ContainsKey(name)),
                ]
                : [],
            ViewFit.Check(input, view, values)
        );
    }
}
