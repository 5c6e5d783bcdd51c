using Fairlead.Server.Services.Import;
using Fairlead.Server.Storage;
using Shouldly;
using Xunit;

namespace Fairlead.Server.Tests.Services.Import;

public sealed class ImportReaderTests
{
    [Theory]
    [InlineData("""{"mcpServers":{"fs":{"command":"npx","args":["-y","x"]}}}""")]
    [InlineData("""{"MCPSERVERS":{"fs":{"command":"npx","args":["-y","x"]}}}""")]
    [InlineData("""{"servers":{"fs":{"type":"stdio","command":"npx","args":["-y","x"]}},"inputs":[]}""")]
    [InlineData("""{"mcp_servers":{"fs":{"command":"npx","args":["-y","x"]}}}""")]
    [InlineData("""{"name":"fs","command":"npx","args":["-y","x"]}""")]
    [InlineData("""[{"name":"fs","command":"npx","args":["-y","x"]}]""")]
    [InlineData("""{"fs":{"command":"npx","args":["-y","x"]}}""")]
    [InlineData(
        "{ // who\n \"mcpServers\": {\"fs\": {\"command\": \"npx\", \"args\": [\"-y\", \"x\",], /* so */ },}, }"
    )]
    public void Read_EveryShape_GivesTheSameService(string json) // S-03
    {
        var entry = ImportReader.Read(json).ShouldHaveSingleItem();
        entry.Problems.ShouldBeEmpty();
        entry.Name.ShouldBe("fs");
        entry.Enabled.ShouldBeTrue();
        entry.Definition.Transport.ShouldBe(ServiceTransport.Stdio);
        entry.Definition.Command.ShouldBe("npx");
        entry.Definition.Args.ShouldBe(["-y", "x"]);
    }

    [Theory]
    [InlineData("""{"url":"http://h/mcp"}""")]
    [InlineData("""{"serverUrl":"http://h/mcp"}""")]
    [InlineData("""{"httpUrl":"http://h/mcp"}""")]
    [InlineData("""{"type":"http","url":"http://h/mcp"}""")]
    [InlineData("""{"transport":"streamable_http","url":"http://h/mcp"}""")]
    [InlineData("""{"transportType":"streamableHttp","url":"http://h/mcp"}""")]
    public void Read_EveryNameOfAnAddress_IsStreamableHttp(string service)
    {
        var entry = ImportReader.Read($$$"""{"mcpServers":{"web":{{{service}}}}}""").ShouldHaveSingleItem();
        entry.Problems.ShouldBeEmpty();
        entry.Definition.Transport.ShouldBe(ServiceTransport.StreamableHttp);
        entry.Definition.Url.ShouldBe("http://h/mcp");
    }

    [Fact]
    public void Read_AllFields_AreTakenReferencesStayAndTheRestIsKept()
    {
        var entry = ImportReader
            .Read(
                """
                {"mcpServers":{"all":{"command":"run","env":{"A":"${TOKEN:-x}","N":5},"working_dir":"/w",
                "timeout":20,"disabled":true,"autoApprove":["t"],"description":"d"}}}
                """
            )
            .ShouldHaveSingleItem();
        entry.Problems.ShouldBeEmpty();
        entry.Enabled.ShouldBeFalse();
        entry.Definition.Env.ShouldBe([new("A", "${TOKEN:-x}"), new("N", "5")]);
        entry.Definition.Cwd.ShouldBe("/w");
        entry.Definition.TimeoutSeconds.ShouldBe(20);
        entry.Definition.Extensions.Keys.ShouldBe(["autoApprove", "description"]);
    }

    [Theory]
    [InlineData("""{"command":"a","url":"http://h/"}""", "url")]
    [InlineData("{}", "command")]
    [InlineData("""{"command":"a","args":"x"}""", "args")]
    [InlineData("""{"command":5}""", "command")]
    [InlineData("""{"command":"a","env":["A"]}""", "env")]
    [InlineData("""{"url":"not an address"}""", "url")]
    [InlineData("""{"type":"sse","command":"a"}""", "url")]
    [InlineData("""{"type":"carrier-pigeon","url":"http://h/"}""", "transport")]
    [InlineData("""{"command":"a","timeout":9999}""", "timeout")]
    [InlineData("""{"url":"http://h/","headers":{"Bad Name":"x"}}""", "headers.Bad Name")]
    public void Read_Wrong_NamesTheField(string service, string field) // S-02
    {
        var entry = ImportReader.Read($$$"""{"mcpServers":{"s":{{{service}}}}}""").ShouldHaveSingleItem();
        entry.Problems.Select(p => p.Field).ShouldContain(field);
    }

    [Theory]
    [InlineData("sse", "Sse")]
    [InlineData("auto", "Auto")]
    [InlineData("streamableHttp", "StreamableHttp")]
    public void Read_ATransport_IsTaken(string transport, string expected) // S-03
    {
        var entry = ImportReader
            .Read($$$"""{"mcpServers":{"s":{"transport":"{{{transport}}}","url":"http://h/mcp"} } }""")
            .Single();
        entry.Problems.ShouldBeEmpty();
        entry.Definition.Transport.ToString().ShouldBe(expected);
    }

    [Theory]
    [InlineData("my server!", "my-server")]
    [InlineData("医疗", "service")]
    [InlineData("ok_1-2", "ok_1-2")]
    public void Read_NameWithOtherCharacters_IsMadeValid(string name, string expected) =>
        ImportReader.Read($$$$"""{"mcpServers":{"{{{{name}}}}":{"command":"a"}}}""").Single().Name.ShouldBe(expected);

    [Theory]
    [InlineData("not json")]
    [InlineData("17")]
    [InlineData("""{"unrelated":true}""")]
    [InlineData("[1]")]
    public void Read_NoKnownShape_IsRefusedWithAReason(string text) =>
        Should.Throw<FormatException>(() => ImportReader.Read(text)).Message.ShouldNotBeEmpty();
}
