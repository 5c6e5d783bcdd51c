namespace Fairlead.Server.Storage;

/// <summary>Kinds as they are stored and shown.</summary>
internal static class ItemKindText
{
    public static string ToText(this ItemKind kind) =>
        kind switch
        {
            ItemKind.Tool => "tool",
            ItemKind.Prompt => "prompt",
            ItemKind.Resource => "resource",
            ItemKind.ResourceTemplate => "resource_template",
            _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, null),
        };

    public static ItemKind Parse(string text) =>
        text switch
        {
            "tool" => ItemKind.Tool,
            "prompt" => ItemKind.Prompt,
            "resource" => ItemKind.Resource,
            "resource_template" => ItemKind.ResourceTemplate,
            _ => throw new FormatException($"Unknown kind '{text}' in the store."),
        };

    public static string ToText(this ItemState state) =>
        state switch
        {
            ItemState.Held => "held",
            ItemState.Pending => "pending",
            _ => "served",
        };

    public static ItemState State(string text) =>
        text switch
        {
            "served" => ItemState.Served,
            "held" => ItemState.Held,
            "pending" => ItemState.Pending,
            _ => throw new FormatException($"Unknown state '{text}' in the store."),
        };

    public static string ToText(this PinState state) =>
        state switch
        {
            PinState.Held => "held",
            PinState.Rejected => "rejected",
            _ => "approved",
        };

    public static PinState Pin(string text) =>
        text switch
        {
            "approved" => PinState.Approved,
            "held" => PinState.Held,
            "rejected" => PinState.Rejected,
            _ => throw new FormatException($"Unknown state '{text}' in the store."),
        };
}
