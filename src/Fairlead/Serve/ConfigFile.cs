using System.Text.Json;
using Fairlead.Server.Storage;

namespace Fairlead.Serve;

/// <summary>The file of <c>--config</c>, looked at before it is loaded so that a mistake is told with its place.</summary>
internal static class ConfigFile
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

    private const string Example = """{"Fairlead":{"Gateway":{…}}}""";
}
