using Fairlead.Architecture.Planted;
using Fairlead.Architecture.Rules;
using Fairlead.Server.Services.Planted;
using Shouldly;
using Xunit;

namespace Fairlead.Architecture;

public sealed class VocabularyTests
{
    /// <summary>Interfaces with one implementation that stay, with the reason.</summary>
    private static readonly Dictionary<string, string> Seams = new()
    {
        ["Fairlead.Server.Services.Channels.IChannel"] = "the era seam: stdio, HTTP and native tools stand behind it",
        ["Fairlead.Server.Services.Channels.ICallEvents"] =
            "the era seam, towards the call: Services must not know Gateway",
        ["Fairlead.Server.Hosting.Rest.IRestOutcome"] = "reads any RestResult<T> without knowing T",
        ["Fairlead.Server.Gateway.Replies.IReply"] = "answers leave by HTTP or by the stdio front",
        ["Fairlead.Server.Services.Channels.IChannelEvents"] = "the era seam, towards supervision",
    };

    [Fact]
    public void Types_OfTheTree_HaveTellingNames() => Vocabulary.CheckSuffixes(Shipped.Types).ShouldBeEmpty();

    [Fact]
    public void Names_OfTheTree_UseTheFixedWords() => Vocabulary.CheckWords(Shipped.Types).ShouldBeEmpty();

    [Fact]
    public void Interfaces_OfTheTree_HaveTwoImplementationsOrAReason() =>
        Interfaces.Check(Shipped.Types, Seams).ShouldBeEmpty();

    [Fact]
    public void Seams_OfTheList_Exist() => Seams.Keys.ShouldAllBe(s => Shipped.Types.Any(t => t.FullName == s));

    [Theory]
    [InlineData(typeof(ChannelManager))]
    [InlineData(typeof(JsonHelper))]
    [InlineData(typeof(StringUtils))]
    [InlineData(typeof(MailService))]
    public void Type_WithAnEmptySuffix_IsCaught(Type type) => Vocabulary.CheckSuffixes([type]).Count.ShouldBe(1);

    [Theory]
    [InlineData(typeof(KnownService))]
    [InlineData(typeof(Planted.Queue<>))]
    public void Type_WithATellingName_IsAllowed(Type type) => Vocabulary.CheckSuffixes([type]).ShouldBeEmpty();

    [Theory]
    [InlineData(typeof(DashboardPage))]
    [InlineData(typeof(Page))]
    public void Name_WithAForeignWord_IsCaught(Type type) => Vocabulary.CheckWords([type]).ShouldNotBeEmpty();

    [Fact]
    public void Interface_WithOneImplementation_IsCaught() =>
        Interfaces.Check([typeof(ILonely), typeof(Lonely)], Seams).Count.ShouldBe(1);

    [Fact]
    public void Interface_WithOneImplementationAndAReason_IsAllowed() =>
        Interfaces
            .Check(
                [typeof(ILonely), typeof(Lonely)],
                new Dictionary<string, string> { [typeof(ILonely).FullName!] = "planted" }
            )
            .ShouldBeEmpty();

    [Fact]
    public void Interface_WithTwoImplementations_IsAllowed() =>
        Interfaces
            .Check(
                [
                    typeof(IShared),
                    typeof(FirstShared),
                    typeof(SecondShared),
                    typeof(IOf<>),
                    typeof(OfText),
                    typeof(OfNumber),
                ],
                Seams
            )
            .ShouldBeEmpty();
}
