using Fairlead.Architecture.Rules;
using Shouldly;
using Xunit;

namespace Fairlead.Architecture;

public sealed class RoomTests
{
    /// <summary>Hosting puts all rooms together, so <c>FairleadFeature.cs</c> opens it under the product's name.</summary>
    private static readonly HashSet<string> Unopened = ["Hosting"];

    [Fact]
    public void Rooms_OfTheTree_AreThoseOfTheDesign() =>
        Rooms.Check(Repository.Files("src/Fairlead.Server", ".cs"), Unopened).ShouldBeEmpty();

    [Theory]
    [InlineData("Common/Thing.cs", "Common is no room of the design")]
    [InlineData("Live/Notifier.cs", "Live does not open with LiveFeature.cs")]
    [InlineData("Gateway/Bridge/Modern/Thing.cs", "Gateway/Bridge/Modern/Thing.cs is below two folder levels")]
    public void File_OutsideTheDesign_IsCaught(string path, string message) =>
        Rooms
            .Check(
                [new(Rooms.Server + path, ""), new(Rooms.Server + "Gateway/GatewayFeature.cs", "")],
                new HashSet<string>()
            )
            .ShouldBe([message]);

    [Fact]
    public void File_InAnOpenedRoom_IsAllowed() =>
        Rooms
            .Check(
                [
                    new(Rooms.Server + "FairleadServer.cs", ""),
                    new(Rooms.Server + "Live/LiveFeature.cs", ""),
                    new(Rooms.Server + "Live/Sockets/Frame.cs", ""),
                ],
                new HashSet<string>()
            )
            .ShouldBeEmpty();
}
