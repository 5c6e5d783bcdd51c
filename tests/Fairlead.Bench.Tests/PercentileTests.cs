using Fairlead.Toolkit.Measures;
using Shouldly;
using Xunit;

namespace Fairlead.Bench.Tests;

// C-38, P-51: one function, linear interpolation.
public sealed class PercentileTests
{
    [Theory]
    [InlineData(0, 10)]
    [InlineData(0.25, 17.5)]
    [InlineData(0.5, 25)]
    [InlineData(0.95, 38.5)]
    [InlineData(1, 40)]
    public void Percentile_BetweenTwoValues_IsInterpolated(double share, double expected) =>
        Percentile.Of([10, 20, 30, 40], share).ShouldBe(expected, 1e-9);

    [Theory]
    [InlineData(0)]
    [InlineData(0.99)]
    [InlineData(1)]
    public void Percentile_OfOneValue_IsThatValue(double share) => Percentile.Of([7], share).ShouldBe(7);

    [Fact]
    public void Percentile_OfNothing_SaysSo() =>
        Should.Throw<ArgumentException>(() => Percentile.Of([], 0.5)).Message.ShouldContain("at least one value");

    [Theory]
    [InlineData(-0.01)]
    [InlineData(1.01)]
    [InlineData(double.NaN)]
    public void Percentile_OfAShareOutOfRange_NamesIt(double share) =>
        Should.Throw<ArgumentOutOfRangeException>(() => Percentile.Of([1], share)).ParamName.ShouldBe("share");
}
