using Fairlead.Server.Groups;
using Fairlead.Server.Identity;
using Fairlead.Server.Storage;
using Fairlead.Server.Telemetry;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace Fairlead.Server.Hosting;

/// <summary>Work on a store itself, by whoever may read its files: the way back in when nobody can sign in any more.</summary>
public static class LocalStore
{
    /// <summary>Gives a user a new password, audited; a gateway that runs on the store honours it at once.</summary>
    /// <param name="configuration">Settings as for <see cref="FairleadFeature.AddFairlead"/>.</param>
    /// <param name="username">Name of the user.</param>
    /// <param name="password">8 to 256 characters.</param>
    /// <param name="cancellationToken">Gives up before it is stored.</param>
    /// <exception cref="StoreException">There is no store or no such user, or the password is too short or too long.</exception>
    public static async Task SetPasswordAsync(
        IConfiguration configuration,
        string username,
        string password,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(password);
        if (password.Length is < UserStore.MinPasswordLength or > UserStore.MaxPasswordLength)
            throw new StoreException(
                $"A password has {UserStore.MinPasswordLength} to {UserStore.MaxPasswordLength} characters."
            );
        var options = FairleadOptions.Bind(configuration);
        var storage = options.Storage;
        if (
            storage.Provider is StorageProvider.Sqlite
            && !File.Exists(Path.Combine(storage.DataDirectory, "fairlead.db"))
        )
            throw new StoreException(
                $"There is no store in {Path.GetFullPath(storage.DataDirectory)}: name its folder with --data."
            );
        var services = new ServiceCollection();
        services.AddLogging();
        // A chain of its own: the gateway that may be running goes on with its own.
        services.AddStorage(
            storage with
            {
                NodeName = storage.NodeName[..Math.Min(storage.NodeName.Length, 90)] + "/local",
            }
        );
        services.AddAudit();
        services.AddIdentity(options.Identity);
        services.AddGroups();
        await using var provider = services.BuildServiceProvider();
        var watcher = provider.GetRequiredService<StoreWatcher>();
        await watcher.StartAsync(cancellationToken);
        try
        {
            var done = await provider
                .GetRequiredService<UserStore>()
                .SetPasswordAsync(username, password, cancellationToken);
            await provider
                .GetRequiredService<AuditLog>()
                .WriteAsync(
                    new AuditRecord
                    {
                        At = provider.GetRequiredService<TimeProvider>().GetUtcNow(),
                        UserId = "system",
                        Action = "users.set-password",
                        Resource = $"user {username}",
                        Result = done.Ok ? AuditRecord.Success : done.Error!.Code,
                    },
                    cancellationToken
                );
            if (!done.Ok)
                throw new StoreException(done.Error!.Message);
        }
        finally
        {
            await watcher.StopAsync(CancellationToken.None);
        }
    }
}
