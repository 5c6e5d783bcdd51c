using System.Data.Common;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Fairlead.Server.Storage;
using Fairlead.Toolkit;
using Microsoft.Extensions.DependencyInjection;

namespace Fairlead.Server.Tools.Samples;

/// <summary>
/// The store as sample tools use it. Where there is none, or it does not answer, a tool fails with a code instead of an
/// exception (P-09).
/// </summary>
internal sealed class SampleDb(IServiceProvider services)
{
    public const string NotInitialized = "database_not_initialized";

    /// <exception cref="ToolFailedException">There is no database.</exception>
    public async Task<T> UseAsync<T>(Func<FairleadDb, Task<T>> use, CancellationToken cancellationToken)
    {
        var writer =
            services.GetService<StoreWriter>()
            ?? throw Failure.Of(NotInitialized, "This gateway runs without a database.");
        try
        {
            return await writer.RecordAsync(use, cancellationToken);
        }
        catch (DbException)
        {
            throw Failure.Of(NotInitialized, "The database does not answer; try again later.");
        }
    }

    /// <summary>Whether the database answers.</summary>
    public async Task<bool> IsThereAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await UseAsync(db => db.Database.CanConnectAsync(cancellationToken), cancellationToken);
        }
        catch (ToolFailedException)
        {
            return false;
        }
    }
}

/// <summary>An error result a program can tell apart: its text is JSON with a code.</summary>
internal static class Failure
{
    // The text is shown to models and people: what is not English stays readable.
    private static readonly SampleJson Json = new(
        new JsonSerializerOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }
    );

    public static ToolFailedException Of(string code, string message, params FieldProblem[] details) =>
        new(JsonSerializer.Serialize(new FailureText(code, message, details), Json.FailureText));

    /// <summary>Refuses arguments that are wrong, each with what is wrong with it.</summary>
    /// <exception cref="ToolFailedException">There is one.</exception>
    public static void ThrowIfAny(string message, IEnumerable<(string Field, string Problem)> wrong)
    {
        FieldProblem[] all = [.. wrong.Select(static w => new FieldProblem(w.Field, w.Problem))];
        if (all.Length > 0)
            throw Of("invalid_input", message, all);
    }

    public static ToolFailedException NoUser(string id) => Of("not_found", $"There is no user {id}.");
}

/// <param name="Field">Name of the argument.</param>
/// <param name="Problem">What is wrong with it.</param>
internal sealed record FieldProblem(
    [property: JsonPropertyName("field")] string Field,
    [property: JsonPropertyName("problem")] string Problem
);

/// <param name="Code">What went wrong, for programs.</param>
/// <param name="Message">The same for people and models.</param>
/// <param name="Details">Each argument that is wrong.</param>
internal sealed record FailureText(
    [property: JsonPropertyName("code")] string Code,
    [property: JsonPropertyName("message")] string Message,
    [property: JsonPropertyName("details")] IReadOnlyList<FieldProblem> Details
);

[JsonSerializable(typeof(FailureText))]
internal sealed partial class SampleJson : JsonSerializerContext;
