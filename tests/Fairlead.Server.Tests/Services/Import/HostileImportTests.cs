using Fairlead.Server.Services.Dialects;
using Fairlead.Server.Services.Import;
using Shouldly;
using Xunit;

namespace Fairlead.Server.Tests.Services.Import;

/// <summary>Files that are wrong or mean harm are refused by the field (S-02, security.md section 0).</summary>
public sealed class HostileImportTests
{
    [Theory]
    [InlineData("""{"command":"a\u0000b"}""", "command")]
    [InlineData("""{"command":"a","args":["x\u0000"]}""", "args")]
    [InlineData("""{"command":"a","args":[1]}""", "args")]
    [InlineData("""{"command":"a","args":{"0":"x"}}""", "args")]
    [InlineData("""{"command":["a"]}""", "command")]
    [InlineData("""{"command":"a","env":{"A":{"B":1}}}""", "env.A")]
    [InlineData("""{"command":"a","env":{"A=B":"1"}}""", "env.A=B")]
    [InlineData("""{"command":"a","env":{"A":"\u0000"}}""", "env.A")]
    [InlineData("""{"command":"a","cwd":"/x\u0000"}""", "cwd")]
    [InlineData("""{"command":"a","cwd":7}""", "cwd")]
    [InlineData("""{"command":"a","timeout":"soon"}""", "timeout")]
    [InlineData("""{"command":"a","timeout":1e400}""", "timeout")]
    [InlineData("""{"command":"a","disabled":"yes"}""", "disabled")]
    [InlineData("""{"command":"a","dependsOn":"b"}""", "dependsOn")]
    [InlineData("""{"command":"a","maxRestarts":1.5}""", "maxRestarts")]
    [InlineData("""{"url":"file:///etc/passwd"}""", "url")]
    [InlineData("""{"url":"unix:///run/x.sock"}""", "url")]
    [InlineData("""{"url":"http://h/","headers":{"A":"1\r\nB: 2"}}""", "headers.A")]
    [InlineData("""{"url":"http://h/","headers":["A"]}""", "headers")]
    [InlineData("""{"type":"ws","url":"ws://h/"}""", "transport")]
    [InlineData("""{"command":"npx","args":["mcp-remote","http://h/","--header","no colon"]}""", "args")]
    [InlineData("17", "")]
    public void Read_Hostile_NamesTheField(string service, string field) =>
        ImportReader
            .Read($$$"""{"mcpServers":{"s":{{{service}}}}}""")
            .Single()
            .Problems.Select(p => p.Field)
            .ShouldContain(field);

    [Fact]
    public void Read_TooManyArguments_NamesTheField() =>
        ImportReader
            .Read($$"""{"command":"a","name":"s","args":[{{string.Join(',', Enumerable.Repeat("\"x\"", 201))}}]}""")
            .Single()
            .Problems.Select(p => p.Field)
            .ShouldBe(["args"]);

    [Theory]
    [InlineData("""{"mcpServers":{"a":{"command":"x"},"a":{"command":"y"}}}""")]
    [InlineData("""{"mcpServers":{"a":{"command":"x","command":"y"}}}""")]
    [InlineData("""{"manifest_version":"0.3","name":"x","server":{}}""")]
    public void Read_AmbiguousOrNoFile_IsRefused(string text) =>
        Should.Throw<FormatException>(() => ImportReader.Read(text)).Message.ShouldNotBeEmpty();

    [Fact]
    public void Read_Huge_IsRefused()
    {
        Should.Throw<FormatException>(() => ImportReader.Read(new string(' ', ImportReader.MaxBytes) + "{}"));
        var many = string.Join(
            ',',
            Enumerable.Range(0, ImportReader.MaxServices + 1).Select(i => $$"""{"name":"s{{i}}","command":"a"}""")
        );
        Should.Throw<FormatException>(() => ImportReader.Read($"[{many}]")).Message.ShouldContain("1000");
        Should.Throw<FormatException>(() =>
            ImportReader.Read(string.Concat(Enumerable.Repeat("[", 100)) + string.Concat(Enumerable.Repeat("]", 100)))
        );
    }

    [Theory]
    [InlineData("""{"name":"no-namespace","packages":[]}""", "name")]
    [InlineData("""{"name":"a/b"}""", "packages")]
    [InlineData("""{"name":"a/b","packages":{}}""", "packages")]
    [InlineData(
        """{"name":"a/b","packages":[{"registryType":"cargo","identifier":"x"}]}""",
        "packages[0].registryType"
    )]
    [InlineData(
        """{"name":"a/b","packages":[{"registryType":"npm","identifier":"--eval=evil","version":"1"}]}""",
        "packages[0].identifier"
    )]
    [InlineData(
        """{"name":"a/b","packages":[{"registryType":"npm","identifier":"x y","version":"1"}]}""",
        "packages[0].identifier"
    )]
    [InlineData(
        """{"name":"a/b","packages":[{"registryType":"npm","identifier":"x","version":"latest"}]}""",
        "packages[0].version"
    )]
    [InlineData(
        """{"name":"a/b","packages":[{"registryType":"npm","identifier":"x","version":"^1.0"}]}""",
        "packages[0].version"
    )]
    [InlineData(
        """{"name":"a/b","packages":[{"registryType":"npm","identifier":"x","runtimeHint":"sh"}]}""",
        "packages[0].runtimeHint"
    )]
    [InlineData(
        """{"name":"a/b","packages":[{"registryType":"npm","identifier":"x","packageArguments":[{"type":"named"}]}]}""",
        "packages[0].packageArguments[0].name"
    )]
    [InlineData(
        """{"name":"a/b","packages":[{"registryType":"mcpb","identifier":"https://h/x.mcpb"}]}""",
        "packages[0].fileSha256"
    )]
    [InlineData(
        """{"name":"a/b","packages":[{"registryType":"npm","identifier":"x","transport":{"type":"sse","url":"http://h"}}]}""",
        "packages[0].transport"
    )]
    [InlineData("""{"name":"a/b","remotes":[{"type":"carrier","url":"http://h"}]}""", "remotes[0].type")]
    [InlineData("""{"name":"a/b","remotes":[{"type":"http","url":"file:///x"}]}""", "url")]
    public void Read_HostileServerJson_NamesTheField(string json, string field) =>
        ImportReader
            .Read(json, new ImportChoices { Format = ServerJson.Format })
            .Entries.Single()
            .Problems.Select(p => p.Field)
            .ShouldContain(field);

    [Theory]
    [InlineData("a = 1\na = 2")]
    [InlineData("[a]\n[a]")]
    [InlineData("a = \"open")]
    [InlineData("a = 0xFFFFFFFFFFFFFFFFFFF")]
    [InlineData("a = [1, 2")]
    [InlineData("a = 1 b = 2")]
    [InlineData("a.b = 1\na = 2")]
    [InlineData("= 1")]
    [InlineData("a = \"\\q\"")]
    public void Toml_Wrong_IsRefusedWithTheLine(string toml) =>
        Should.Throw<FormatException>(() => Toml.ToJson(toml)).Message.ShouldContain("line ");

    [Fact]
    public void Toml_NestedDeeply_IsRefusedAndNotAStackOverflow() =>
        Should.Throw<FormatException>(() => Toml.ToJson("a = " + new string('[', 100_000)));

    [Fact]
    public void Toml_EveryKindOfValue_IsRead() =>
        System
            .Text.Encoding.UTF8.GetString(
                Toml.ToJson(
                    """"
                    # who
                    a.b = 0x1F # so
                    "quoted key" = 'C:\new'
                    long = """
                    one \
                       two "quoted"
                    """
                    [t]
                    n = -1_000
                    f = 6.5e-1
                    d = 1979-05-27 07:32:00Z
                    y = [true, [1, 2,], { x = "\u00e9", y.z = 2 }]
                    [[l]]
                    i = 1
                    [l.sub]
                    j = 2
                    [[l]]
                    i = 3
                    """"
                ).Span
            )
            .ShouldBe(
                """{"a":{"b":31},"quoted key":"C:\\new","long":"one two \u0022quoted\u0022\n","t":{"n":-1000,"f":0.65,"d":"1979-05-27 07:32:00Z","y":[true,[1,2],{"x":"\u00E9","y":{"z":2}}]},"l":[{"i":1,"sub":{"j":2}},{"i":3}]}"""
            );
}
