using Fairlead.Protocol;
using Fairlead.Server.Services;
using Fairlead.Server.Services.Supervision;
using Fairlead.Server.Storage;
using Fairlead.Server.Tests.Gateway;
using Shouldly;
using Xunit;

namespace Fairlead.Conformance;

/// <summary>Lists of services, read as a client (spec 2026-07-28 utilities/pagination; R48).</summary>
public sealed class CatalogueTests
{
    private static async Task<(List<string> Names, List<string?> Cursors)> ReadAsync(
        params (string Tool, string? Next)[] pages
    )
    {
        var cursors = new List<string?>();
        var channel = new ScriptedChannel(
            Revision.V20260728,
            call =>
            {
                cursors.Add(JsonScan.Text(call.Call.Params.Span, "cursor"u8));
                var (tool, next) = pages[cursors.Count - 1];
                var more = next is null ? "" : $",\"nextCursor\":\"{next}\"";
                return Task.FromResult(Face.Text($$"""{"tools":[{{GatewayHost.Tool(tool)}}]{{more}}}"""));
            }
        );
        var reader = new ListReader(new ServiceId("svc"), channel, new ServicesOptions(), TimeProvider.System);
        var read = await reader.ReadAsync(ItemKind.Tool, CancellationToken.None);
        read.Problem.ShouldBeNull();
        return ([.. read.Items!.Select(i => i.Name)], cursors);
    }

    [Fact]
    public async Task Lists_OverManyPages_AreReadWholeByOpaqueCursors()
    {
        var (names, cursors) = await ReadAsync(("a", "x 1/ü=="), ("b", "0"), ("c", null));
        names.ShouldBe(["a", "b", "c"]);
        cursors.ShouldBe([null, "x 1/ü==", "0"]);
    }

    [Fact]
    public async Task Cursor_Empty_IsFollowed()
    {
        var (names, cursors) = await ReadAsync(("a", ""), ("b", null));
        names.ShouldBe(["a", "b"]);
        cursors.ShouldBe([null, ""]);
    }
}
