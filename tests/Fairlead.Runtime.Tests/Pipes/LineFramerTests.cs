using System.Text;
using Fairlead.Runtime.Pipes;
using Shouldly;
using Xunit;

namespace Fairlead.Runtime.Tests.Pipes;

// security.md section 5: "framing by newline on bytes; any split works"
public sealed class LineFramerTests
{
    [Theory]
    [InlineData("a\nb\n", "a|b")]
    [InlineData("a\r\nb\r\n", "a|b")]
    [InlineData("\n\r\n \t\r\na\n", "a")]
    [InlineData("a\nunfinished", "a")]
    [InlineData("a\rb\n", "a\rb")]
    [InlineData(" a \n", " a ")]
    [InlineData("", "")]
    public void Lines_OfKnownInput_AreCutAtLineEnds(string input, string expected) =>
        Run(Encoding.UTF8.GetBytes(input), [], 100).ShouldBe((expected, false));

    [Theory]
    [InlineData("12345678\n", "12345678", false)]
    [InlineData("12345678\r\n", "12345678", false)]
    [InlineData("ok\n123456789\nlater\n", "ok", true)]
    [InlineData("ok\n1234567890", "ok", true)]
    [InlineData("ok\n12345678\r", "ok", false)]
    public void Lines_AtTheLimitOfEight_OverflowByOneByte(string input, string expected, bool overflow) =>
        Run(Encoding.UTF8.GetBytes(input), [], 8).ShouldBe((expected, overflow));

    [Fact]
    public void Lines_OfRandomInput_AreTheSameHoweverItIsSplit()
    {
        var random = new Random(20260101);
        for (var round = 0; round < 3_000; round++)
        {
            var limit = random.Next(1, 40);
            var input = new byte[random.Next(0, 300)];
            for (var i = 0; i < input.Length; i++)
                input[i] = "ab{ \r\n\n\u00e9"u8[random.Next(9)];

            var got = Run(input, Cuts(random, input.Length), limit);

            got.ShouldBe(Reference(input, limit), $"round {round}");
        }
    }

    [Fact]
    public void Lines_OfManySizes_SurviveGrowthAndCompaction()
    {
        var random = new Random(7);
        for (var round = 0; round < 60; round++)
        {
            var text = new StringBuilder();
            while (text.Length < 1_500_000)
                text.Append((char)('a' + random.Next(26)), random.Next(1, 1 << random.Next(1, 19))).Append('\n');
            var input = Encoding.ASCII.GetBytes(text.ToString());

            Run(input, Cuts(random, input.Length, 200_000), 1 << 20).ShouldBe(Reference(input, 1 << 20));
        }
    }

    [Fact]
    public void Buffer_OfAnEndlessLine_StaysNearTheLimit()
    {
        using var framer = new LineFramer(1 << 20);
        var largest = 0;
        while (!framer.Overflowed)
        {
            var free = framer.Free();
            largest = Math.Max(largest, framer.Pending + free.Length);
            free.Fill((byte)'x');
            framer.Advance(free.Length);
            framer.TryRead(out _).ShouldBeFalse();
        }
        largest.ShouldBeLessThanOrEqualTo(2 << 20);
    }

    private static List<int> Cuts(Random random, int length, int most = 12)
    {
        var cuts = new List<int>();
        for (var at = 0; at < length; at += cuts[^1])
            cuts.Add(random.Next(1, most));
        return cuts;
    }

    private static (string Lines, bool Overflow) Run(byte[] input, List<int> cuts, int limit)
    {
        using var framer = new LineFramer(limit);
        var lines = new List<string>();
        var at = 0;
        foreach (var cut in cuts.Append(int.MaxValue))
        {
            var wanted = Math.Min(cut, input.Length - at);
            while (wanted > 0 && !framer.Overflowed)
            {
                var part = framer.Free();
                part.Length.ShouldBeGreaterThan(0);
                var count = Math.Min(wanted, part.Length);
                input.AsSpan(at, count).CopyTo(part);
                framer.Advance(count);
                at += count;
                wanted -= count;
                while (framer.TryRead(out var line))
                    lines.Add(Encoding.Latin1.GetString(line.Span));
            }
        }
        return (string.Join('|', lines), framer.Overflowed);
    }

    // The same rules said simply, on the whole input at once.
    private static (string Lines, bool Overflow) Reference(byte[] input, int limit)
    {
        var lines = new List<string>();
        var pieces = Encoding.Latin1.GetString(input).Split('\n');
        foreach (var piece in pieces[..^1])
        {
            var line = piece.EndsWith('\r') ? piece[..^1] : piece;
            if (line.Length > limit)
                return (string.Join('|', lines), true);
            if (line.Trim(' ', '\t', '\r').Length > 0)
                lines.Add(line);
        }
        return (string.Join('|', lines), pieces[^1].Length > limit + 1);
    }
}
