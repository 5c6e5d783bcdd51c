using System.Text.Json;
using Fairlead.Server.Storage;
using Microsoft.Extensions.Logging;

namespace Fairlead.Serve;

/// <summary>The file of <c>--config</c>, looked at before it is loaded so that a mistake is told with its place.</summary>
internal static partial class ConfigFile
{
    private const string Root = "Fairlead";

    private static readonly JsonDocumentOptions Lenient = new()
    {
        AllowTrailingCommas = true,
        CommentHandling = JsonCommentHandling.Skip,
    };

    /// <returns>The full path.</returns>
    /// <exception cref="StoreException">There is no such file, it is no JSON object, or nobody reads a key of its root.</exception>
    public static string Check(string file)
    {
        var path = Path.GetFullPath(file);
        if (!File.Exists(path))
            throw new StoreException($"--config: there is no file {path}");
        try
        {
            using var json = JsonDocument.Parse(File.ReadAllText(path), Lenient);
            if (json.RootElement.ValueKind != JsonValueKind.Object)
                throw new StoreException($"{path} must hold an object: {Example}");
            foreach (var member in json.RootElement.EnumerateObject())
            {
                if (!member.Name.Equals(Root, StringComparison.OrdinalIgnoreCase))
                    throw new StoreException(
                        $"{path}: '{member.Name}' is no setting here; all settings are inside \"{Root}\": {Example}"
                    );
            }
            return path;
        }
        catch (JsonException e)
        {
            throw new StoreException(
                $"{path} is not valid JSON at line {e.LineNumber + 1}, position {e.BytePositionInLine + 1}.",
                e
            );
        }
    }

    /// <summary>Says where the settings come from (P-15): how many the file has, or that there is none.</summary>
    public static void Tell(ILogger log, string? file)
    {
        if (file is null)
        {
            LogNone(log);
            return;
        }
        using var json = JsonDocument.Parse(File.ReadAllText(file), Lenient);
        LogRead(log, Path.GetFullPath(file), Count(json.RootElement));
    }

    private static int Count(JsonElement of) =>
        of.ValueKind switch
        {
            JsonValueKind.Object => of.EnumerateObject().Sum(static m => Count(m.Value)),
            JsonValueKind.Array => of.EnumerateArray().Sum(Count),
            _ => 1,
        };

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "No --config file: the defaults hold, but for what the environment and the command line set"
    )]
    private static partial void LogNone(ILogger log);

    [LoggerMessage(Level = LogLevel.Information, Message = "{File} has {Count} settings")]
    private static partial void LogRead(ILogger log, string file, int count);

    private const string Example = """{"Fairlead":{"Gateway":{…}}}""";
}
