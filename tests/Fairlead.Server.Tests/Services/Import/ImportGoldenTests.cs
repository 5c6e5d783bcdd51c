using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Fairlead.Server.Services.Bundles;
using Fairlead.Server.Services.Dialects;
using Fairlead.Server.Services.Import;
using Fairlead.Server.Storage;
using Fairlead.Server.Tests.Storage;
using Shouldly;
using Xunit;

namespace Fairlead.Server.Tests.Services.Import;

/// <summary>A file as each client writes it, and what is made of it (S-03).</summary>
public sealed class ImportGoldenTests
{
    private static readonly JsonSerializerOptions Style = new()
    {
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public static TheoryData<string, string> Files { get; } =
        new()
        {
            { "claude-desktop/claude_desktop_config.json", "claude-desktop" },
            { "claude-code/.mcp.json", "claude-code" },
            { "cursor/mcp.json", "cursor" },
            { "vscode/mcp.json", "vscode" },
            { "windsurf/mcp_config.json", "windsurf" },
            { "cline/cline_mcp_settings.json", "cline" },
            { "gemini/settings.json", "gemini" },
            { "codex/config.toml", "codex" },
            { "dify/plugin.json", "dify" },
            { "dify/agent-plugin.json", "dify" },
            { "mcpstore/services.json", "mcpstore" },
            { "fairlead/services.json", "fairlead" },
            { "server-json/server.json", "server-json" },
            { "server-json/server-legacy.json", "server-json" },
        };

    [Theory]
    [MemberData(nameof(Files))]
    public async Task Plan_OfARealFile_IsTheGoldenOne(string file, string format)
    {
        await using var rig = await ImportRig.StartAsync();
        // By what is in it alone: the name tells nothing here.
        var plan = rig.Import.Plan(ImportRig.Read(file), new ImportChoices());
        plan.Format.ShouldBe(format);
        var actual = Render(plan);
        actual.ShouldNotContain("canary", Case.Insensitive);
        ImportRig.Check(file + ".plan", actual);
    }

    [Fact]
    public async Task Plan_OfABundle_IsTheGoldenOne()
    {
        await using var rig = await ImportRig.StartAsync();
        var document = BundleManifest.Read(
            Path.GetDirectoryName(ImportRig.PathOf("mcpb/manifest.json"))!,
            BundleStore.Reference(new string('a', 64)),
            new Dictionary<string, string>()
        );
        ImportRig.Check("mcpb/manifest.json.plan", Render(rig.Import.Plan(document, new ImportChoices())));
    }

    [Theory]
    [MemberData(nameof(Files))]
    public async Task Import_ExportedAgain_ChangesNothing(string file, string format)
    {
        await using var rig = await ImportRig.StartAsync();
        var plan = rig.Import.Plan(ImportRig.Read(file), new ImportChoices { Values = rig.ValuesOf(file) });
        var usable = plan with { Entries = [.. plan.Entries.Where(e => e.Problems.Count == 0)] };
        (await rig.Import.ImportAsync(usable, default)).Require().Length.ShouldBe(usable.Entries.Count);
        var dialect = DialectTable.Named(format == "server-json" ? "fairlead" : format)!;
        var exported = DialectWriter.Write(dialect, [.. rig.Store.Now.Services.OrderBy(s => s.Position)]);
        exported.ShouldNotContain("canary", Case.Insensitive);
        var again = rig.Import.Plan(exported, new ImportChoices { Format = dialect.Name });
        again
            .Entries.Select(e => (e.Name, e.Action))
            .ShouldBe(usable.Entries.Select(e => (e.Name, ImportAction.Unchanged)), exported);
        again.Entries.Select(e => e.Enabled).ShouldBe(usable.Entries.Select(e => e.Enabled || !dialect.CanDisable));
    }

    private static string Render(ImportPlan plan) =>
        new JsonArray([
            .. plan.Entries.Select(e =>
                (JsonNode)
                    new JsonObject
                    {
                        ["name"] = e.Name,
                        ["enabled"] = e.Enabled,
                        ["definition"] = JsonNode.Parse(StoreJson.Write(e.Definition)),
                        ["secrets"] = new JsonArray([.. e.Secrets.Keys.Select(k => (JsonNode)k)]),
                        ["needs"] = new JsonArray([
                            .. e.Needs.Select(n =>
                                (JsonNode)$"{n.Kind}{(n.Required ? "!" : "")} {n.Name}: {n.Message}"
                            ),
                        ]),
                        ["problems"] = new JsonArray([.. e.Problems.Select(p => (JsonNode)$"{p.Field} {p.Message}")]),
                    }
            ),
        ]).ToJsonString(Style) + "\n";
}
