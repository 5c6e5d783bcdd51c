using System.Data.Common;
using System.Text;
using Fairlead.Server.Storage;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Fairlead.Server.Live;

/// <summary>
/// Brings live messages to the other nodes by NOTIFY of the store they share. A message too long for it is left out: its
/// reader finds it in the conversation, where it is stored in any case.
/// </summary>
internal sealed partial class LiveBus(IStoreEngine engine, TimeProvider time, ILogger<LiveBus> logger)
{
    private const string Channel = "fairlead_live";

    // A payload of NOTIFY is less than 8000 bytes.
    private const int MaxBytes = 7900;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);
    private readonly string node = Guid.CreateVersion7(time.GetUtcNow()).ToString("N");

    /// <summary>Tells the other nodes; never throws.</summary>
    public async Task TellAsync(string user, ReadOnlyMemory<byte> message)
    {
        var text = $"{node}\n{user}\n{Encoding.UTF8.GetString(message.Span)}";
        if (Encoding.UTF8.GetByteCount(text) > MaxBytes)
            return;
        try
        {
            using var patience = new CancellationTokenSource(Patience, time);
            await using DbConnection connection = await engine.OpenAsync(patience.Token);
            await using var command = connection.CreateCommand();
            command.CommandText = $"SELECT pg_notify('{Channel}', @text)";
            var parameter = command.CreateParameter();
            (parameter.ParameterName, parameter.Value) = ("text", text);
            command.Parameters.Add(parameter);
            await command.ExecuteNonQueryAsync(patience.Token);
        }
        catch (Exception failure)
        {
            LogUntold(failure);
        }
    }

    /// <summary>Hears until the connection is lost (throws) or cancelled.</summary>
    public async Task ListenAsync(Action<string, ReadOnlyMemory<byte>> heard, CancellationToken cancellationToken)
    {
        await using var opened = await engine.OpenAsync(cancellationToken);
        var connection = (NpgsqlConnection)opened;
        connection.Notification += (_, told) =>
        {
            if (
                told.Channel == Channel
                && told.Payload.Split('\n', 3) is [var from, var user, var text]
                && from != node
            )
                heard(user, Encoding.UTF8.GetBytes(text));
        };
        await using (var command = connection.CreateCommand())
        {
            command.CommandText = $"LISTEN {Channel}";
            await command.ExecuteNonQueryAsync(cancellationToken);
        }
        while (true)
            await connection.WaitAsync(cancellationToken);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "A live message did not reach the other nodes")]
    private partial void LogUntold(Exception failure);
}
