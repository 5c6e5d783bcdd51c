using Fairlead.Client;

namespace Fairlead.Cli;

/// <summary>What an import would do, in words.</summary>
internal static class ImportPlanView
{
    public const string Conflict = "conflict";

    /// <summary>Prints a plan; a problem is wrong input, as it would be in earnest.</summary>
    public static int Tell(Output output, ImportResult plan)
    {
        if (output.IsJson)
            output.Json(plan, CliJson.Default.ImportResult);
        else
            Print(output, plan);
        var wrong = plan.Services.Any(s => s.Problems.Count > 0 || s.Missing.Any(m => m.Required));
        if (!wrong && plan.Services.All(s => s.Action != Conflict))
            return ExitCode.Ok;
        var code = wrong ? ExitCode.WrongUsage : ExitCode.Failed;
        output.Problem(code, "Nothing of this would be imported as it is.");
        return code;
    }

    /// <summary>What services lack and run without, or fail for want of.</summary>
    public static void TellMissing(Output output, ImportResult done)
    {
        foreach (var service in done.Services)
        foreach (var missing in service.Missing.Where(m => !m.Required))
            output.Note($"{service.Name}: {missing.Kind} {missing.Name}: {missing.Message}.");
    }

    private static void Print(Output output, ImportResult plan)
    {
        output.Table(
            "The file holds no services.",
            ["NAME", "TRANSPORT", "WOULD BE", "STARTS"],
            plan.Services.Select(s => new[] { s.Name, s.Transport, WouldBe(s), s.Starts })
        );
        var missing = plan.Services.SelectMany(s => s.Missing.Select(m => (s.Name, Need: m))).ToList();
        if (missing.Count == 0)
            return;
        output.Line("");
        output.Table(
            "",
            ["NAME", "LACKS", "WHAT", "NEEDED", "WHY"],
            missing.Select(m =>
                new[] { m.Name, m.Need.Kind, m.Need.Name, GroupView.YesNo(m.Need.Required), m.Need.Message }
            )
        );
    }

    private static string WouldBe(ImportEntry service) =>
        service.Problems.Count > 0
            ? $"refused: {string.Join("; ", service.Problems.Select(p => $"{p.Field} {p.Message}"))}"
            : service.Action switch
            {
                "unchanged" => "left as it is: registered already",
                "update" => "replaced",
                Conflict => "refused: registered with another definition; --update replaces it",
                _ => service.Enabled ? "registered and started" : "registered, not started",
            };
}
