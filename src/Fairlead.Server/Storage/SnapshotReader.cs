using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Data.Common;
using Fairlead.Server.Services.Trust;
using Fairlead.Server.Storage.Secrets;

namespace Fairlead.Server.Storage;

/// <summary>
/// Reads a whole snapshot in one transaction and one round trip. Raw ADO: building Entity Framework's model would cost
/// most of the second a start may take.
/// </summary>
internal sealed class SnapshotReader(IStoreEngine engine, Sealer sealer)
{
    private const string Sql = """
        SELECT value FROM epoch;
        SELECT id, name, enabled, position, definition, known_revision, launch_hash
            FROM mcp_services WHERE removed_at IS NULL ORDER BY position, id;
        SELECT group_id, service_id FROM mcp_group_services ORDER BY group_id, position, service_id;
        SELECT id, name, description, server_code, enabled, hashed_api_key, previous_hashed_api_key,
            previous_valid_until, allowed_roles, user_tier_access, calls_per_minute, concurrent_calls, publish_native,
            log_bodies, find_tools
            FROM mcp_tool_groups ORDER BY id;
        SELECT id, group_id, 'tool', tool_name, service_id, upstream_name, enabled, removed_at, timeout_seconds,
            description, tool_view FROM mcp_tools ORDER BY id;
        SELECT id, group_id, kind, exposed_name, service_id, upstream_name, enabled, removed_at, timeout_seconds,
            description, NULL FROM mcp_publications ORDER BY id;
        SELECT service_id, kind, name, definition, position, hash, state, changed_at
            FROM mcp_catalogue ORDER BY service_id, kind, position;
        SELECT jti FROM revoked_tokens;
        SELECT user_id, generation FROM token_floors;
        SELECT name, id, value, updated_at FROM mcp_secrets;
        SELECT version, master_key_id, salt, iterations, created_at FROM field_keys ORDER BY version DESC
        """;

    public async Task<StoreSnapshot> ReadAsync(CancellationToken cancellationToken)
    {
        await using DbConnection connection = await engine.OpenAsync(cancellationToken);
        await using DbTransaction transaction = await engine.BeginReadAsync(connection, cancellationToken);
        await using DbCommand command = connection.CreateCommand();
        command.Transaction = transaction;
        command.CommandText = Sql;
        await using DbDataReader reader = await command.ExecuteReaderAsync(cancellationToken);

        List<long> epoch = await AllAsync(reader, static row => row.GetInt64(0), cancellationToken);
        List<ServiceConfig> services = await AllAsync(reader, Service, cancellationToken);
        ILookup<string, ServiceId> links = (
            await AllAsync(reader, static row => (row.GetString(0), new ServiceId(row.GetString(1))), cancellationToken)
        ).ToLookup(static link => link.Item1, static link => link.Item2);
        List<GroupConfig> groups = await AllAsync(reader, row => Group(row, links), cancellationToken);
        List<PublicationConfig> tools = await AllAsync(reader, Publication, cancellationToken);
        List<PublicationConfig> others = await AllAsync(reader, Publication, cancellationToken);
        List<CatalogueItem> catalogue = await AllAsync(reader, Item, cancellationToken);
        List<string> revoked = await AllAsync(reader, static row => row.GetString(0), cancellationToken);
        List<(string User, int Generation)> floors = await AllAsync(
            reader,
            static row => (row.GetString(0), row.GetInt32(1)),
            cancellationToken
        );
        FrozenDictionary<string, SealedSecret> secrets = (
            await AllAsync(reader, Secret, cancellationToken)
        ).ToFrozenDictionary(static secret => secret.Key, static secret => secret.Value, StringComparer.Ordinal);
        List<FieldKeyVersion> fieldKeys = await AllAsync(reader, FieldKey, cancellationToken);
        return new StoreSnapshot(
            epoch[0],
            [.. services.Select(service => Stamped(service, secrets))],
            [.. groups],
            [.. tools, .. others],
            [.. catalogue]
        )
        {
            Secrets = secrets,
            FieldKeys = [.. fieldKeys],
            RevokedTokens = revoked.ToFrozenSet(),
            TokenFloors = floors.ToFrozenDictionary(static floor => floor.User, static floor => floor.Generation),
        };
    }

    /// <summary>The current epoch: the one cheap question of the poll.</summary>
    public async Task<long> ReadEpochAsync(CancellationToken cancellationToken)
    {
        await using DbConnection connection = await engine.OpenAsync(cancellationToken);
        await using DbCommand command = connection.CreateCommand();
        command.CommandText = "SELECT value FROM epoch";
        return (long)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    private static async Task<List<T>> AllAsync<T>(
        DbDataReader reader,
        Func<DbDataReader, T> read,
        CancellationToken cancellationToken
    )
    {
        List<T> rows = [];
        while (await reader.ReadAsync(cancellationToken))
            rows.Add(read(reader));
        await reader.NextResultAsync(cancellationToken);
        return rows;
    }

    private ServiceConfig Service(DbDataReader row)
    {
        string id = row.GetString(0);
        ServiceDefinition definition = StoreJson.ReadDefinition(
            sealer.Open("mcp_services", "definition", id, row.GetString(4))
        );
        return new ServiceConfig
        {
            Id = new ServiceId(id),
            Name = row.GetString(1),
            Enabled = row.GetBoolean(2),
            Position = row.GetInt32(3),
            Definition = definition,
            KnownRevision = Text(row, 5),
            IsHeld = Text(row, 6) is { } approved && approved != PinnedDefinition.OfLaunch(definition).Hash,
        };
    }

    private static KeyValuePair<string, SealedSecret> Secret(DbDataReader row) =>
        new(
            row.GetString(0),
            new SealedSecret(row.GetString(1), row.GetString(2), row.GetFieldValue<DateTimeOffset>(3))
        );

    private static FieldKeyVersion FieldKey(DbDataReader row) =>
        new(
            row.GetInt32(0),
            row.GetString(1),
            row.GetString(2),
            row.GetInt32(3),
            DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(4))
        );

    private static ServiceConfig Stamped(ServiceConfig service, FrozenDictionary<string, SealedSecret> secrets) =>
        SecretStore.Stamp(service.Definition.Texts, secrets) is { } stamp
            ? service with
            {
                Definition = service.Definition with { SecretStamp = stamp },
            }
            : service;

    private static GroupConfig Group(DbDataReader row, ILookup<string, ServiceId> links)
    {
        string id = row.GetString(0);
        ImmutableArray<KeyHash> hashes = [new KeyHash(row.GetString(5), null)];
        if (Text(row, 6) is { } previous)
            hashes = hashes.Add(new KeyHash(previous, row.GetFieldValue<DateTimeOffset>(7)));
        return new GroupConfig
        {
            Id = new GroupId(id),
            Name = row.GetString(1),
            Description = Text(row, 2) ?? "",
            ServerCode = row.GetString(3),
            Enabled = row.GetBoolean(4),
            KeyHashes = hashes,
            AllowedRoles = [.. StoreJson.ReadList(row.GetString(8))],
            UserTierAccess = [.. StoreJson.ReadList(row.GetString(9))],
            CallsPerMinute = Number(row, 10),
            ConcurrentCalls = Number(row, 11),
            PublishNative = row.GetBoolean(12),
            LogBodies = row.GetBoolean(13),
            FindTools = row.GetBoolean(14),
            Services = [.. links[id]],
        };
    }

    private static PublicationConfig Publication(DbDataReader row)
    {
        ToolViewConfig? view = Text(row, 10) is { } json ? StoreJson.ReadView(json) : null;
        return new PublicationConfig
        {
            Id = new PublicationId(row.GetString(0)),
            Group = new GroupId(row.GetString(1)),
            Kind = ItemKindText.Parse(row.GetString(2)),
            ExposedName = view?.Name ?? row.GetString(3),
            Service = Text(row, 4) is { } service ? new ServiceId(service) : null,
            UpstreamName = row.GetString(5),
            Enabled = row.GetBoolean(6),
            Removed = !row.IsDBNull(7),
            TimeoutSeconds = row.GetInt32(8),
            Description = Text(row, 9),
            View = view,
        };
    }

    private static CatalogueItem Item(DbDataReader row) =>
        new()
        {
            Service = new ServiceId(row.GetString(0)),
            Kind = ItemKindText.Parse(row.GetString(1)),
            Name = row.GetString(2),
            Definition = row.GetFieldValue<byte[]>(3),
            Position = row.GetInt32(4),
            Hash = Text(row, 5),
            State = ItemKindText.State(row.GetString(6)),
            ChangedAt = row.IsDBNull(7) ? null : row.GetFieldValue<DateTimeOffset>(7),
        };

    private static string? Text(DbDataReader row, int column) => row.IsDBNull(column) ? null : row.GetString(column);

    private static int? Number(DbDataReader row, int column) => row.IsDBNull(column) ? null : row.GetInt32(column);
}
