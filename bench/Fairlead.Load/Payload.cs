using System.Globalization;
using System.Text;

namespace Fairlead.Load;

/// <summary>What a call carries: <c>arguments</c> as JSON, and how its right answer is known.</summary>
internal sealed record Payload(int Size, string Arguments, Func<string, bool> IsRight)
{
    private const string Words =
        "The harbour pilot boards two miles out and takes the ship past the shoals, whatever the weather does. ";
    private const int LineLength = 72;

    /// <summary>
    /// A text of exactly <paramref name="size"/> bytes as JSON, with a line break now and then: what file contents and
    /// model texts look like on the wire. The tool returns it.
    /// </summary>
    public static Payload Text(int size)
    {
        var text = new StringBuilder(size);
        for (var i = 0; text.Length < size; i++)
        {
            if (text.Length % LineLength == LineLength - 2 && text.Length + 2 <= size)
                text.Append("\\n");
            else
                text.Append(Words[i % Words.Length]);
        }
        var raw = text.ToString();
        var plain = raw.Replace("\\n", "\n", StringComparison.Ordinal);
        return new Payload(size, $"{{\"text\":\"{raw}\"}}", answer => answer == plain);
    }

    /// <summary>The same text for a tool that tells its length.</summary>
    public static Payload Measured(int size)
    {
        var text = Text(size);
        var length = size - text.Arguments.Split("\\n").Length + 1;
        return text with { IsRight = answer => answer == length.ToString(CultureInfo.InvariantCulture) };
    }

    /// <summary>Numbers of about <paramref name="size"/> bytes as JSON for the native tool <c>add</c>.</summary>
    public static Payload Numbers(int size)
    {
        const int width = 7;
        var count = Math.Max(1, size / width);
        var numbers = Enumerable.Range(0, count).Select(i => 100_001 + i).ToList();
        var sum = numbers.Sum(n => (double)n);
        return new Payload(
            size,
            $"{{\"numbers\":[{string.Join(',', numbers)}]}}",
            answer => double.TryParse(answer, CultureInfo.InvariantCulture, out var got) && got == sum
        );
    }
}
