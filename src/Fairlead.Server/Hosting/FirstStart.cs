using Fairlead.Server.Groups;
using Fairlead.Server.Identity;
using Fairlead.Server.Services;
using Fairlead.Server.Services.Import;
using Fairlead.Server.Storage;
using Fairlead.Server.Tools;
using Microsoft.Extensions.Hosting;

namespace Fairlead.Server.Hosting;

/// <summary>What the operator must be told once: secrets that nobody can read again from the outside.</summary>
internal sealed record FirstStartReport(string? AdminPassword, string? DefaultKey, IReadOnlyList<string> Services);

/// <summary>
/// Fills an empty store: the admin, the services of the given file, and the group <c>default</c> that publishes them
/// and the native tools. Each step is done once for ever: a crash in between is made good at the next start.
/// </summary>
internal sealed class FirstStart(
    StoreWatcher store,
    UserStore users,
    GroupStore groups,
    ServiceImport import,
    NativePublications publications,
    NativeTools native,
    FirstStartOptions options
) : IHostedService
{
    public const string DefaultGroup = "default";

    /// <summary>Null when there was nothing to do.</summary>
    public FirstStartReport? Report { get; private set; }

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        // The group is made last, so a store that has it was filled to the end.
        if (store.Current.Groups.Length > 0)
        {
            await publications.SyncAsync(native.Names, cancellationToken);
            return;
        }
        var imported = options.McpConfig is null ? [] : await ImportAsync(options.McpConfig, cancellationToken);
        var password = await users.EnsureAdminAsync(options.AdminPassword, cancellationToken);
        var group = await groups.CreateAsync(
            new GroupDraft
            {
                Name = DefaultGroup,
                ServerCode = DefaultGroup,
                Description = "",
                PublishNative = true,
                Services = [.. store.Current.Services.Select(s => s.Id)],
                CreatedBy = "first-start",
            },
            options.DefaultKey,
            cancellationToken
        );
        if (!group.Ok)
            throw new StoreException($"The group 'default' could not be made: {group.Error!.Message}");
        await publications.SyncAsync(native.Names, cancellationToken);
        Report = new FirstStartReport(password, group.Value!.Key, imported);
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private async Task<IReadOnlyList<string>> ImportAsync(string path, CancellationToken cancellationToken)
    {
        return await import.ImportAsync(await File.ReadAllTextAsync(path, cancellationToken), cancellationToken);
    }
}
