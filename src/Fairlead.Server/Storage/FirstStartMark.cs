using System.Data.Common;
using Fairlead.Server.Storage.Secrets;
using Microsoft.EntityFrameworkCore;

namespace Fairlead.Server.Storage;

/// <summary>
/// Whether this store had its first start, and what its operator must still be told of it. Written in the transaction of
/// the first start itself, so that no crash leaves one without the other. Every start asks, so reads are raw ADO.
/// </summary>
internal sealed class FirstStartMark(IStoreEngine engine, Sealer sealer)
{
    /// <summary>Marks the store as started; <paramref name="notice"/> is kept, sealed, until it was shown.</summary>
    public void Put(FairleadDb db, ReadOnlySpan<byte> notice) =>
        db.FirstStart.Add(new FirstStartRow { Notice = sealer.Seal("first_start", "notice", "1", notice) });

    /// <summary>The same question as <see cref="IsDoneAsync(CancellationToken)"/> as a part of the change.</summary>
    public static Task<bool> IsDoneAsync(FairleadDb db, CancellationToken cancellationToken) =>
        db.FirstStart.AnyAsync(cancellationToken);

    public async Task<bool> IsDoneAsync(CancellationToken cancellationToken) =>
        await ScalarAsync("SELECT id FROM first_start", cancellationToken) is not null;

    /// <summary>What was not shown yet; null when there is nothing.</summary>
    public async Task<byte[]?> ReadNoticeAsync(CancellationToken cancellationToken) =>
        await ScalarAsync("SELECT notice FROM first_start", cancellationToken) is string notice
            ? sealer.Open("first_start", "notice", "1", notice)
            : null;

    /// <summary>It was shown: nobody can read it again.</summary>
    public Task ForgetNoticeAsync(CancellationToken cancellationToken) =>
        ScalarAsync("UPDATE first_start SET notice = NULL", cancellationToken);

    private async Task<object?> ScalarAsync(string sql, CancellationToken cancellationToken)
    {
        await using DbConnection connection = await engine.OpenAsync(cancellationToken);
        await using DbCommand command = connection.CreateCommand();
#pragma warning disable CA2100 // Literals above.
        command.CommandText = sql;
#pragma warning restore CA2100
        return await command.ExecuteScalarAsync(cancellationToken);
    }
}
