using Fairlead.Server.Gateway;
using Shouldly;
using Xunit;

namespace Fairlead.Server.Tests.Gateway;

public sealed class CallNumberTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 21, 6, 0, 0, 123, TimeSpan.Zero);

    [Fact]
    public void At_Moment_IsAVersion7NumberOfIt()
    {
        var number = CallNumber.At(Now);

        number.Version.ShouldBe(7);
        number.Variant.ShouldBeInRange(8, 11);
        var milliseconds = Convert.ToInt64(number.ToString("N")[..12], 16);
        milliseconds.ShouldBe(Now.ToUnixTimeMilliseconds());
    }

    [Fact]
    public async Task At_SameMomentManyTimes_IsNeverTheSame()
    {
        const int each = 20_000;
        var numbers = await Task.WhenAll(
            Enumerable
                .Range(0, 4)
                .Select(_ => Task.Run(() => Enumerable.Range(0, each).Select(_ => CallNumber.At(Now)).ToList()))
        );

        numbers.SelectMany(n => n).Distinct().Count().ShouldBe(4 * each);
    }
}
