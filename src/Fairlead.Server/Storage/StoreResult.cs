using System.Diagnostics.CodeAnalysis;

namespace Fairlead.Server.Storage;

/// <summary>Why an administrative change was refused. Codes are those of the REST error table.</summary>
internal sealed record StoreError(string Code, string Message, string? Field = null);

/// <summary>A value, or the reason why there is none.</summary>
internal readonly record struct StoreResult<T>
    where T : class
{
    private StoreResult(T? value, StoreError? error) => (Value, Error) = (value, error);

    public T? Value { get; }
    public StoreError? Error { get; }

    [MemberNotNullWhen(true, nameof(Value))]
    [MemberNotNullWhen(false, nameof(Error))]
    public bool Ok => Error is null;

    /// <summary>Also for interfaces, which no operator converts.</summary>
    public static StoreResult<T> Of(T value) => new(value, null);

    public static implicit operator StoreResult<T>(T value) => new(value, null);

    public static implicit operator StoreResult<T>(StoreError error) => new(null, error);

    /// <summary>The value; throws where the caller knows that it cannot fail.</summary>
    public T Require() => Ok ? Value : throw new InvalidOperationException($"{Error.Code}: {Error.Message}");
}

/// <summary>Makes results of interface types, which convert to nothing by themselves.</summary>
internal static class StoreResult
{
    public static StoreResult<T> Of<T>(T value)
        where T : class => StoreResult<T>.Of(value);
}
