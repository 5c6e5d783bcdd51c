using System.Text.Json;
using Fairlead.Server.Storage;
using Microsoft.Extensions.Logging;

namespace Fairlead.Server.State;

/// <summary>
/// <c>server_state.json</c> in the data folder (P-34): a copy of the persistent state for people and for moving to another
/// store, written at the stop, whole or not at all. The store is what counts: from the file come only names it lacks.
/// </summary>
internal sealed partial class StateFile(PersistentState state, StorageOptions storage, ILogger<StateFile> logger)
{
    public const string Name = "server_state.json";
    private const long MaxBytes = 64 * 1024 * 1024;

    public string Path { get; } = System.IO.Path.Combine(storage.DataDirectory, Name);

    /// <summary>Takes over what the store lacks. A file that is damaged is warned of and set aside.</summary>
    public async Task LoadAsync(CancellationToken cancellationToken)
    {
        SortedDictionary<string, JsonElement>? read;
        try
        {
            var file = new FileInfo(Path);
            if (!file.Exists)
                return;
            if (file.Length > MaxBytes)
                throw new JsonException($"it has {file.Length} bytes, more than {MaxBytes}");
            read = JsonSerializer.Deserialize(
                await File.ReadAllBytesAsync(Path, cancellationToken),
                StateJson.Default.SortedDictionaryStringJsonElement
            );
            if (read is null || read.Keys.Any(name => name.Length is 0 or > 200))
                throw new JsonException("it is no object of named values");
        }
        catch (Exception wrong) when (wrong is JsonException or IOException or UnauthorizedAccessException)
        {
            LogDamaged(Path, wrong.Message);
            return;
        }
        foreach (var (name, value) in read)
            await state.AddAsync(name, value, cancellationToken);
    }

    /// <summary>Writes all of it beside the file and moves it there, so that no crash leaves half of it.</summary>
    public async Task SaveAsync(CancellationToken cancellationToken)
    {
        var all = new SortedDictionary<string, JsonElement>(StringComparer.Ordinal);
        foreach (var (name, value) in await state.AllAsync(cancellationToken))
            all[name] = value;
        var temporary = Path + ".new";
        File.Delete(temporary);
        DataFolder.EnsurePrivate(temporary);
        await using (var file = new FileStream(temporary, FileMode.Truncate, FileAccess.Write))
        {
            await JsonSerializer.SerializeAsync(
                file,
                all,
                StateJson.Default.SortedDictionaryStringJsonElement,
                cancellationToken
            );
#pragma warning disable CA1849 // Only this overload reaches the disk.
            file.Flush(flushToDisk: true);
#pragma warning restore CA1849
        }
        File.Move(temporary, Path, overwrite: true);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{File} cannot be read and is left out: {Problem}")]
    private partial void LogDamaged(string file, string problem);
}
