namespace Fairlead.Server.Storage;

/// <summary>Id of a group row: UUIDv7 as text (design.md "Ids").</summary>
internal readonly record struct GroupId(string Value)
{
    public static GroupId New(TimeProvider time) => new(NewId.At(time));

    public override string ToString() => Value;
}

/// <summary>Id of a service row.</summary>
internal readonly record struct ServiceId(string Value)
{
    public static ServiceId New(TimeProvider time) => new(NewId.At(time));

    public override string ToString() => Value;
}

/// <summary>Id of a published tool, prompt or resource row.</summary>
internal readonly record struct PublicationId(string Value)
{
    public static PublicationId New(TimeProvider time) => new(NewId.At(time));

    public override string ToString() => Value;
}

/// <summary>Id of a user row.</summary>
internal readonly record struct UserId(string Value)
{
    public static UserId New(TimeProvider time) => new(NewId.At(time));

    public override string ToString() => Value;
}

/// <summary>Makes time-ordered ids from the injected clock.</summary>
internal static class NewId
{
    public static string At(TimeProvider time) => Guid.CreateVersion7(time.GetUtcNow()).ToString();
}
