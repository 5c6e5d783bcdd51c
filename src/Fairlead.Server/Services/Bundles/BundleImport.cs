using Fairlead.Server.Services.Import;
using Fairlead.Server.Storage;

namespace Fairlead.Server.Services.Bundles;

/// <summary>Brings a bundle into the store: its files into the data folder, its command line as a service.</summary>
internal sealed class BundleImport(BundleStore bundles, ServiceImport import)
{
    /// <summary>Plans it and, where <paramref name="decide"/> says so, does it. Without that nothing is left behind.</summary>
    /// <param name="content">The bundle.</param>
    /// <param name="sha256">What it must be; null when nobody said.</param>
    /// <param name="choices">What the operator says beside it.</param>
    /// <param name="decide">Whether the plan is done.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="BundleException">The bundle is refused.</exception>
    /// <exception cref="FormatException">A value was given that nothing asks for.</exception>
    public async Task<(ImportPlan Plan, StoreError? Error)> RunAsync(
        Stream content,
        string? sha256,
        ImportChoices choices,
        Func<ImportPlan, bool> decide,
        CancellationToken cancellationToken
    )
    {
        using var staged = await bundles.StageAsync(content, sha256, cancellationToken);
        var document = BundleManifest.Read(staged.Files, BundleStore.Reference(staged.Sha256), choices.Values);
        var plan = import.Plan(document, choices);
        if (!decide(plan))
            return (plan, null);
        // Files first: a crash after this leaves a folder that is swept, not a service without its program.
        bundles.Keep(staged);
        var done = await import.ImportAsync(plan, cancellationToken);
        return (plan, done.Error);
    }
}
