using System.Globalization;
using Fairlead.Server.Telemetry.Redact;
using Shouldly;
using Xunit;

namespace Fairlead.Server.Tests.Telemetry;

/// <summary>Masked forms of texts that come again (P-81).</summary>
public sealed class MaskMemoTests
{
    private int masked;

    private MaskMemo Memo() =>
        new(text =>
        {
            masked++;
            return TextMask.Apply(text);
        });

    [Fact]
    public void Text_ThatComesAgain_IsMaskedOnce_AndIsTheSameString()
    {
        var memo = Memo();
        var first = memo.Of("Bearer abcdefghijklmnop".ToString(CultureInfo.InvariantCulture));
        first.ShouldNotBeNull().ShouldNotContain("abcdefghijklmnop");
        memo.Of(string.Concat("Bearer ", "abcdefghijklmnop")).ShouldBeSameAs(first);
        masked.ShouldBe(1);
        memo.Of(null).ShouldBeNull();
    }

    [Fact]
    public void Texts_WithoutEnd_AreNotAllRemembered()
    {
        var memo = Memo();
        for (var i = 0; i <= MaskMemo.Most; i++)
            memo.Of($"tool{i}").ShouldBe($"tool{i}");
        memo.Of("tool0");
        masked.ShouldBe(MaskMemo.Most + 2);
        var message = new string('x', 200);
        memo.Of(message).ShouldBe(message);
        memo.Of(message).ShouldBe(message);
        masked.ShouldBe(MaskMemo.Most + 4);
    }
}
