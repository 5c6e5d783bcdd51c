using System.Text;
using Fairlead.Server.Storage;
using Shouldly;
using Xunit;

namespace Fairlead.Server.Tests.Storage;

public sealed class StoreJsonTests
{
    // What stores in the field hold: reading it must work for ever, writing it may only change with the schema number.
    private const string Golden = """
        {"schema":1,"transport":"Stdio","command":"cat","args":["-u"],"env":{"TOKEN":"canary-env-secret"},"headers":{},"depends_on":[],"lazy":false,"extensions":{}}
        """;

    private const string GoldenView = """
        {"schema":1,"name":"look","title":"Look","hidden":["mode"],"fixed":{"root":"/srv","size":1.50},"read_only_hint":true}
        """;

    [Fact]
    public void View_ReadAndWritten_HasTheGoldenForm()
    {
        ToolViewConfig view = StoreJson.ReadView(GoldenView);
        view.Hidden.ShouldBe(["mode"]);
        view.Fixed["root"].GetString().ShouldBe("/srv");
        StoreJson.Write(view).ShouldBe(GoldenView);
        StoreJson.ReadView("""{"schema":1}""").IsEmpty.ShouldBeTrue();
        Should.Throw<StoreException>(() => StoreJson.ReadView("""{"schema":2}"""));
    }

    [Fact]
    public void Definition_Written_HasTheGoldenForm() =>
        Encoding.UTF8.GetString(StoreJson.Write(TestStore.Definition())).ShouldBe(Golden);

    [Fact]
    public void Definition_Read_IsWhatWasWritten() =>
        StoreJson
            .Write(StoreJson.ReadDefinition(Encoding.UTF8.GetBytes(Golden)))
            .ShouldBe(Encoding.UTF8.GetBytes(Golden));

    [Fact]
    public void Definition_WithAbsentMembers_HasTheirDefaults()
    {
        ServiceDefinition read = StoreJson.ReadDefinition(
            """{"schema":1,"transport":"StreamableHttp","url":"http://x"}"""u8
        );
        read.Args.ShouldBeEmpty();
        read.Env.ShouldBeEmpty();
        read.Headers.ShouldBeEmpty();
        read.Extensions.ShouldBeEmpty();
        read.DependsOn.ShouldBeEmpty();
        read.Lazy.ShouldBeFalse();
        read.RestartOnError.ShouldBeNull();
        StoreJson.Write(read).ShouldNotBeEmpty();
    }

    [Fact]
    public void Definition_OfANewerProgram_IsRefused() =>
        Should.Throw<StoreException>(() => StoreJson.ReadDefinition("""{"schema":2,"transport":"Stdio"}"""u8));
}
