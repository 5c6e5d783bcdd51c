using Fairlead.Architecture.Rules;
using Shouldly;
using Xunit;

namespace Fairlead.Architecture;

/// <summary>Layers stand on those below them and on nothing else (I-29).</summary>
public sealed class ArrowTests
{
    [Fact]
    public void Projects_OfTheTree_FollowTheArrows() =>
        Arrows.Check(Repository.Files("src", ".csproj").Select(Dependencies.OfProject)).ShouldBeEmpty();

    [Fact]
    public void Assemblies_OfTheTree_FollowTheArrows() =>
        Arrows.Check(Shipped.Assemblies.Select(Dependencies.OfAssembly)).ShouldBeEmpty();

    [Theory]
    [InlineData("Fairlead.Protocol", "Fairlead.Runtime")]
    [InlineData("Fairlead.Protocol", "Fairlead.Toolkit")]
    [InlineData("Fairlead.Runtime", "Fairlead.Toolkit")]
    [InlineData("Fairlead.Runtime", "Fairlead.Server")]
    [InlineData("Fairlead.Toolkit", "Fairlead.Runtime")]
    [InlineData("Fairlead.Client", "Fairlead.Server")]
    [InlineData("Fairlead.Server", "Fairlead.Client")]
    [InlineData("Fairlead.Server", "fairlead")]
    [InlineData("Fairlead.Other", "Fairlead.Protocol")]
    [InlineData("Fairlead.Protocol", "Microsoft.AspNetCore.Http.Abstractions")]
    [InlineData("Fairlead.Protocol", "Npgsql")]
    [InlineData("Fairlead.Protocol", "System.Diagnostics.Process")]
    [InlineData("Fairlead.Runtime", "Microsoft.AspNetCore.Routing")]
    [InlineData("Fairlead.Runtime", "Microsoft.EntityFrameworkCore")]
    [InlineData("Fairlead.Toolkit", "System.Data.Common")]
    [InlineData("Fairlead.Client", "Microsoft.Data.Sqlite")]
    public void Arrow_AgainstTheDesign_IsCaught(string from, string to) =>
        Arrows.Check([new Dependencies(from, [to])]).Count.ShouldBe(1);

    [Theory]
    [InlineData("Fairlead", "Fairlead.Server")]
    [InlineData("Fairlead.Server", "Fairlead.Protocol")]
    [InlineData("Fairlead.Runtime", "System.Diagnostics.Process")]
    [InlineData("Fairlead.Server", "Npgsql")]
    public void Arrow_OfTheDesign_IsAllowed(string from, string to) =>
        Arrows.Check([new Dependencies(from, [to])]).ShouldBeEmpty();

    [Fact]
    public void ProjectFile_WithAPlantedReference_IsCaught()
    {
        const string Text = """
            <Project Sdk="Microsoft.NET.Sdk"><ItemGroup>
              <ProjectReference Include="..\Fairlead.Server\Fairlead.Server.csproj" />
              <PackageReference Include="Npgsql" />
            </ItemGroup></Project>
            """;
        var project = Dependencies.OfProject(new SourceFile("src/Fairlead.Protocol/Fairlead.Protocol.csproj", Text));
        Arrows
            .Check([project])
            .ShouldBe(["Fairlead.Protocol → Fairlead.Server", "Fairlead.Protocol must not know Npgsql"]);
    }

    [Fact]
    public void Assembly_WhoseMetadataNamesWhatItMustNotKnow_IsCaught()
    {
        var server = Dependencies.OfAssembly(Shipped.Named("Fairlead.Server"));
        server.On.ShouldContain("Fairlead.Protocol");
        Arrows.Check([server with { Project = "Fairlead.Protocol" }]).ShouldNotBeEmpty();
    }
}
