using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Fairlead.Server.Identity;
using Fairlead.Server.Storage;
using Fairlead.Server.Telemetry;
using Fairlead.Toolkit;
using Fairlead.Toolkit.Protection;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using ModelContextProtocol.Server;

namespace Fairlead.Server.Tools.Samples;

internal sealed record StoredSensitive(bool success, string name);

/// <summary>No log keeps a member of this name.</summary>
internal sealed record RetrievedSensitive(string name, string secret);

internal sealed record MaskedInfo(
    IReadOnlyList<string> updated,
    string? email = null,
    string? phone = null,
    string? id_card = null
);

/// <summary>
/// Values that lie encrypted in the database, bound to their row (P-80), and are shown masked (P-85); removing others' is
/// audited (P-90, P-91).
/// </summary>
[FairleadTool(Group = SamplesFeature.Group, Category = "sensitive")]
internal sealed class SensitiveSamples(SampleDb db, UserProfiles profiles, SampleAudit audit, TimeProvider time)
{
    private const int MostValues = 50;
    private const string IdCard = "id_card";

    [McpServerTool(Name = "store_sensitive_data", Idempotent = true, OpenWorld = false, UseStructuredContent = true)]
    [Description("Keeps a value of yours encrypted, under a name.")]
    public async Task<StoredSensitive> StoreSensitiveDataAsync(
        CallContext context,
        [Description("Its name."), StringLength(50, MinimumLength = 1)] string name,
        [Description("The value, at most 4000 characters."), StringLength(4000), Sensitive] string value
    )
    {
        var caller = Callers.Require(context);
        await KeepAsync(context, caller.Id, name, value);
        return new(true, name);
    }

    [McpServerTool(Name = "retrieve_sensitive_data", ReadOnly = true, OpenWorld = false, UseStructuredContent = true)]
    [Description("Gives you a value back that you have kept.")]
    public async Task<RetrievedSensitive> RetrieveSensitiveDataAsync(
        CallContext context,
        [Description("Its name.")] string name
    )
    {
        var caller = Callers.Require(context);
        var token = context.CancellationToken;
        var row =
            await db.UseAsync(
                rows => rows.SampleSensitive.SingleOrDefaultAsync(r => r.UserId == caller.Id && r.Name == name, token),
                token
            ) ?? throw Missing(name);
        return new(name, Encryption(context).Decrypt(row.Value, Bound(caller.Id, name)));
    }

    [McpServerTool(Name = "update_user_info", Idempotent = true, OpenWorld = false, UseStructuredContent = true)]
    [Description("Changes what is known of you, and shows it masked.")]
    public async Task<MaskedInfo> UpdateUserInfoAsync(
        CallContext context,
        [Description("Mail."), Email, Sensitive] string? email = null,
        [Description("Phone."), Sensitive] string? phone = null,
        [Description("Number of the identity card."), StringLength(18, MinimumLength = 15), Sensitive]
            string? id_card = null
    )
    {
        var caller = Callers.Require(context);
        var change = new ContactChange(email, phone, null);
        Failure.ThrowIfAny("Nothing was changed.", change.Check());
        var done = await profiles.SetAsync(caller.Id, change, context.CancellationToken);
        if (done != ContactResult.Done)
            throw done == ContactResult.Unknown
                ? Failure.NoUser(caller.Id)
                : Failure.Of("conflict", "Nothing was changed.", new FieldProblem("email", "another user has it"));
        if (id_card is not null)
            await KeepAsync(context, caller.Id, IdCard, id_card);
        return new(
            id_card is null ? change.Names : [.. change.Names, IdCard],
            email is null ? null : PersonalData.Email(email),
            phone is null ? null : PersonalData.Phone(phone),
            id_card is null ? null : PersonalData.IdCard(id_card)
        );
    }

    [RequireRole(IdentityFeature.AdminRole)]
    [McpServerTool(Name = "delete_sensitive_data", Idempotent = true, OpenWorld = false, UseStructuredContent = true)]
    [Description("Removes a user's encrypted value. For administrators.")]
    public async Task<StoredSensitive> DeleteSensitiveDataAsync(
        CallContext context,
        [Description("Id of the user.")] string user_id,
        [Description("Name of the value.")] string name
    )
    {
        var admin = Callers.Require(context);
        var token = context.CancellationToken;
        var gone = await db.UseAsync(
            rows => rows.SampleSensitive.Where(r => r.UserId == user_id && r.Name == name).ExecuteDeleteAsync(token),
            token
        );
        await audit.WriteAsync(
            admin,
            "samples.delete_sensitive_data",
            $"user {user_id} {name}",
            gone > 0 ? AuditRecord.Success : "NOT_FOUND"
        );
        return gone > 0 ? new(true, name) : throw Missing(name);
    }

    private Task<int> KeepAsync(CallContext context, string user, string name, string value)
    {
        var token = context.CancellationToken;
        var sealedValue = Encryption(context).Encrypt(value, Bound(user, name));
        return db.UseAsync(
            async rows =>
            {
                if (!await rows.Users.AnyAsync(u => u.Id == user, token))
                    throw Failure.NoUser(user);
                var known = await rows.SampleSensitive.Where(r => r.UserId == user).ToListAsync(token);
                if (known.Find(r => r.Name == name) is { } row)
                    (row.Value, row.UpdatedAt) = (sealedValue, time.GetUtcNow());
                else if (known.Count >= MostValues)
                    throw Failure.Of("too_many", $"A user keeps at most {MostValues} values.");
                else
                    rows.Add(
                        new SampleSensitiveRow
                        {
                            Id = NewId.At(time),
                            UserId = user,
                            Name = name,
                            Value = sealedValue,
                            CreatedAt = time.GetUtcNow(),
                            UpdatedAt = time.GetUtcNow(),
                        }
                    );
                return await rows.SaveChangesAsync(token);
            },
            token
        );
    }

    // Asked for in the call: making its keys takes a moment, which programs without samples need not spend.
    private static IFieldEncryption Encryption(CallContext context) =>
        context.Services.GetRequiredService<IFieldEncryption>();

    private static string Bound(string user, string name) => $"sample_sensitive_data.value/{user}/{name}";

    private static ToolFailedException Missing(string name) => Failure.Of("not_found", $"Nothing is kept as {name}.");
}

/// <summary>Writes into the audit trail what sample tools do that must be found again; on disk when it returns.</summary>
internal sealed class SampleAudit(AuditLog audit, TimeProvider time)
{
    // What is done is done, also for a client that went away.
    public Task WriteAsync(CallUser who, string action, string resource, string result) =>
        audit.WriteAsync(
            new AuditRecord
            {
                At = time.GetUtcNow(),
                UserId = who.Id,
                Action = action,
                Resource = resource,
                Result = result,
            },
            CancellationToken.None
        );
}
