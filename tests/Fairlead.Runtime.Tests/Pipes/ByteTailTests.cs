using System.Text;
using Fairlead.Runtime.Pipes;
using Shouldly;
using Xunit;

namespace Fairlead.Runtime.Tests.Pipes;

public sealed class ByteTailTests
{
    [Fact]
    public void LastLines_OfRandomAppends_AreTheEndOfTheStream()
    {
        var random = new Random(3);
        for (var round = 0; round < 500; round++)
        {
            var capacity = random.Next(20, 9_000);
            var tail = new ByteTail(capacity);
            var all = new StringBuilder();
            for (var i = random.Next(1, 60); i > 0; i--)
            {
                var part = string.Concat(Enumerable.Repeat($"line {i} ", random.Next(1, 80))) + "\n";
                all.Append(part);
                tail.Append(Encoding.ASCII.GetBytes(part));
            }

            var got = tail.LastLines(10);

            var expected = all.ToString().Split('\n').Select(l => l.TrimEnd()).Where(l => l.Length > 0).ToList();
            got.ShouldBe(expected.TakeLast(got.Count), $"round {round}");
            if (all.Length < capacity)
                got.Count.ShouldBe(Math.Min(10, expected.Count));
        }
    }

    [Fact]
    public void LastLines_WhenTheBeginningWasLost_LeaveOutTheCutLine()
    {
        var tail = new ByteTail(16);
        tail.Append("password=hunter2\nnext\n"u8);
        tail.LastLines(50).ShouldBe(["next"]);
    }
}
