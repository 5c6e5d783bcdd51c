using Fairlead.Server.Tools.Native;
using Shouldly;
using Xunit;

namespace Fairlead.Server.Tests.Tools;

/// <summary>The sample of P-93: none, one, several, and zero among them.</summary>
public sealed class CalculatorTests
{
    [Fact]
    public void Add_Nothing_IsZero() => CalculatorTools.Add([]).ShouldBe(0);

    [Fact]
    public void Add_One_IsThatOne() => CalculatorTools.Add([2.5]).ShouldBe(2.5);

    [Fact]
    public void Add_Several_IsTheirSum() => CalculatorTools.Add([1, 2.5, -4]).ShouldBe(-0.5);

    [Fact]
    public void Add_WithZeros_ChangesNothing() => CalculatorTools.Add([0, 7, 0]).ShouldBe(7);
}
