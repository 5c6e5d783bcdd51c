using System.Text.Json;
using System.Text.Json.Serialization;
using Fairlead.Server.Groups;
using Fairlead.Server.Identity;
using Fairlead.Server.Services.Import;
using Fairlead.Server.Storage;
using Fairlead.Server.Storage.Secrets;
using Fairlead.Server.Tools;
using Fairlead.Server.Tools.Samples;
using Microsoft.Extensions.Hosting;

namespace Fairlead.Server.Hosting;

/// <summary>
/// Fills an empty store: the admin, the services of the given file, the group <c>default</c> that publishes them
/// and the native tools, the group <c>samples</c>, disabled, and the group <c>assistant</c> of
/// the agents. All of it and the mark that it was done are one transaction: it happens once for ever, whatever
/// is deleted later, and a crash leaves nothing half made. The secrets it made up stay sealed in the mark until they
/// were shown, for a start can still fail after it (a port in use).
/// </summary>
internal sealed class FirstStart(
    StoreWatcher watcher,
    StoreWriter writer,
    FirstStartMark mark,
    UserStore users,
    ServiceStore services,
    SecretStore secrets,
    GroupStore groups,
    ServiceImport import,
    NativePublications publications,
    NativeTools native,
    FirstStartOptions options,
    TimeProvider time
) : IHostedService
{
    public const string DefaultGroup = "default";

    /// <summary>What of the named file is not in a store that was filled before; null when nothing is missing.</summary>
    public McpConfigLeftOut? LeftOut { get; private set; }

    public Task StartAsync(CancellationToken cancellationToken) => watcher.WhenOpenAsync(FillAsync, cancellationToken);

    private async Task FillAsync(CancellationToken cancellationToken)
    {
        // First: the group made below publishes the native tools that are known then.
        await publications.SyncAsync(native.Names, cancellationToken);
        if (await mark.IsDoneAsync(cancellationToken))
        {
            LeftOut = options.McpConfig is { } file ? await CompareAsync(file, cancellationToken) : null;
            return;
        }
        var (drafts, values) = options.McpConfig is { } path
            ? import.Drafts(await File.ReadAllTextAsync(path, cancellationToken), path)
            : ([], new Dictionary<string, string>());
        await writer.ChangeAsync(db => FillAsync(db, drafts, values, cancellationToken), cancellationToken);
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Shows what was made to the operator, once: it is forgotten only when <paramref name="show"/> returned.</summary>
    public Task ShowAsync(Action<FirstStartSummary> show, CancellationToken cancellationToken) =>
        watcher.WhenOpenAsync(stop => ShowNoticeAsync(show, stop), cancellationToken);

    private async Task ShowNoticeAsync(Action<FirstStartSummary> show, CancellationToken cancellationToken)
    {
        if (await mark.ReadNoticeAsync(cancellationToken) is not { } notice)
            return;
        show(JsonSerializer.Deserialize(notice, FirstStartJson.Default.FirstStartSummary)!);
        await mark.ForgetNoticeAsync(CancellationToken.None);
    }

    private async Task<McpConfigLeftOut?> CompareAsync(string file, CancellationToken cancellationToken)
    {
        try
        {
            var (count, missing) = import.Compare(await File.ReadAllTextAsync(file, cancellationToken), file);
            return missing.Count > 0 ? new(file, missing, missing.Count == count, null) : null;
        }
        catch (StoreException e)
        {
            // Nothing of it would be taken anyway: the gateway starts all the same.
            return new(file, [], false, e.Message);
        }
    }

    private async Task<bool> FillAsync(
        FairleadDb db,
        IReadOnlyList<ServiceDraft> drafts,
        IReadOnlyDictionary<string, string> values,
        CancellationToken cancellationToken
    )
    {
        // Again inside the change: another node may have been faster.
        if (await FirstStartMark.IsDoneAsync(db, cancellationToken))
            return false;
        List<ServiceId> imported = [];
        IReadOnlyList<ServiceDraft> own =
        [
            .. drafts.Select(d =>
                d with
                {
                    IsTrusted = true,
                    Definition = d.Definition.Url is null
                        ? d.Definition
                        : d.Definition with
                        {
                            AllowPrivate = d.Definition.AllowPrivate ?? true,
                        },
                }
            ),
        ];
        Check(await services.AddAsync(db, own, imported, cancellationToken));
        await secrets.PutAsync(db, values, cancellationToken);
        var password = await users.EnsureAdminAsync(db, options.AdminPassword, cancellationToken);
        var key = options.DefaultKey ?? GroupKeys.New();
        var group = new GroupDraft
        {
            Name = DefaultGroup,
            ServerCode = DefaultGroup,
            Description = "",
            PublishNative = true,
            Services = [.. imported],
            CreatedBy = "first-start",
        };
        Check(await groups.CreateAsync(db, GroupId.New(time), group, key, cancellationToken));
        var samples = new GroupDraft
        {
            Name = SamplesFeature.Group,
            ServerCode = SamplesFeature.Group,
            Description = "Sample tools; they read and change this gateway's users.",
            PublishNative = true,
            CreatedBy = "first-start",
        };
        var samplesId = GroupId.New(time);
        Check(await groups.CreateAsync(db, samplesId, samples, GroupKeys.New(), cancellationToken));
        // Nobody asked for them yet: enabling the group is what lets anyone call them.
        (await db.Groups.FindAsync([samplesId.Value], cancellationToken))!.Enabled = false;
        var assistant = new GroupDraft
        {
            Name = SamplesFeature.Assistant,
            ServerCode = SamplesFeature.Assistant,
            Description = "Tools of the agents that greet and advise customers; keep its key to them.",
            PublishNative = true,
            CreatedBy = "first-start",
        };
        Check(await groups.CreateAsync(db, GroupId.New(time), assistant, GroupKeys.New(), cancellationToken));
        var summary = new FirstStartSummary(password, key, [.. drafts.Select(d => d.Name)]);
        mark.Put(db, JsonSerializer.SerializeToUtf8Bytes(summary, FirstStartJson.Default.FirstStartSummary));
        return true;
    }

    // Thrown, so that nothing of the change stays.
    private static void Check(StoreError? error)
    {
        if (error is not null)
            throw new StoreException($"The first start could not be made: {error.Message}");
    }
}

[JsonSerializable(typeof(FirstStartSummary))]
internal sealed partial class FirstStartJson : JsonSerializerContext;
