using System.Text.Json;
using Fairlead.Server.Tools.Schemas;
using Shouldly;
using Xunit;

namespace Fairlead.Server.Tests.Tools.Schemas;

/// <summary>
/// The official JSON Schema test suite, draft 2020-12 (R-03). Its files are not ours to carry: the folder of a checkout
/// is named by <c>FAIRLEAD_SCHEMA_SUITE</c>, and without one this is skipped.
/// </summary>
public sealed class OfficialSuiteTests
{
    private const string Meta = "https://json-schema.org/draft/2020-12/schema";

    /// <summary>What is known not to hold, each with its reason: the metaschema is a document that was not given.</summary>
    private static readonly HashSet<string> WithoutMetaschema =
    [
        "defs.json: validate definition against metaschema",
        "ref.json: remote ref, containing refs itself",
    ];

    [Fact]
    public void Check_OfEveryOfficialCase_SaysWhatTheSuiteSays()
    {
        var root = Environment.GetEnvironmentVariable("FAIRLEAD_SCHEMA_SUITE");
        Assert.SkipUnless(
            Directory.Exists(root),
            "FAIRLEAD_SCHEMA_SUITE names no checkout of the JSON Schema test suite"
        );
        var known = Remotes(Path.Combine(root!, "remotes"));
        List<string> wrong = [];
        List<string> refused = [];
        var cases = 0;
        foreach (var file in Directory.EnumerateFiles(Path.Combine(root!, "tests", "draft2020-12"), "*.json").Order())
        {
            foreach (var group in JsonElement.Parse(File.ReadAllBytes(file)).EnumerateArray())
            {
                var name = $"{Path.GetFileName(file)}: {group.GetProperty("description").GetString()}";
                JsonSchema schema;
                try
                {
                    schema = JsonSchema.Compile(group.GetProperty("schema"), known);
                }
                catch (FormatException e)
                {
                    e.Message.ShouldContain(Meta, customMessage: name);
                    refused.Add(name);
                    continue;
                }
                foreach (var test in group.GetProperty("tests").EnumerateArray())
                {
                    cases++;
                    var fault = schema.Check(test.GetProperty("data"));
                    if (fault is null != test.GetProperty("valid").GetBoolean())
                        wrong.Add(
                            $"{name} / {test.GetProperty("description").GetString()}: {fault?.Keyword ?? "fits"}"
                        );
                }
            }
        }
        wrong.ShouldBeEmpty();
        refused.ShouldBe(WithoutMetaschema, ignoreOrder: true);
        cases.ShouldBeGreaterThan(1200);
    }

    private static Dictionary<string, JsonElement> Remotes(string folder) =>
        Directory
            .EnumerateFiles(folder, "*.json", SearchOption.AllDirectories)
            .ToDictionary(
                f => "http://localhost:1234/" + Path.GetRelativePath(folder, f).Replace('\\', '/'),
                f => JsonElement.Parse(File.ReadAllBytes(f))
            );
}
