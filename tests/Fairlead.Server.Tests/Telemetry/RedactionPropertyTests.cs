using System.Text;
using System.Text.Json;
using Fairlead.Server.Telemetry.Redact;
using Shouldly;
using Xunit;

namespace Fairlead.Server.Tests.Telemetry;

/// <summary>Random bodies with a planted secret: it never survives, and what is left is JSON of the allowed size.</summary>
public sealed class RedactionPropertyTests
{
    private const int Runs = 3000;
    private const string Canary = "CaNaRy7q";

    private static readonly string[] SecretKeys =
    [
        "password",
        "Api-Key",
        "access_token",
        "clientSecret",
        "AUTHORIZATION",
        "Set-Cookie",
    ];

    private static readonly string[] Words =
    [
        "tool",
        "error",
        "call",
        "the",
        "naïve",
        "北京",
        "a.b",
        "x-y",
        "{",
        "\"",
        "\\",
        ":",
        "=",
        ",",
        "@",
        "+",
        "42",
        "…",
        "\n",
    ];

    [Fact]
    public void Secret_InARandomBody_NeverSurvives()
    {
        var survived = new List<string>();
        for (var seed = 0; seed < Runs; seed++)
        {
            var random = new Random(seed);
            var json = Escape(Body(random), random);
            json.Contains(Canary, StringComparison.OrdinalIgnoreCase).ShouldBeTrue();
            var max = random.Next(256, 2000);
            var masked = Redaction.Mask(Encoding.UTF8.GetBytes(json), max);

            masked.Length.ShouldBeLessThanOrEqualTo(max);
            using var parsed = JsonDocument.Parse(masked);
            if (Encoding.UTF8.GetString(masked).Contains(Canary, StringComparison.OrdinalIgnoreCase))
                survived.Add($"{seed}: {json} → {Encoding.UTF8.GetString(masked)}");
        }
        survived.ShouldBeEmpty();
    }

    [Fact]
    public void Body_OfRandomBytes_BecomesJsonOfTheAllowedSize()
    {
        for (var seed = 0; seed < Runs; seed++)
        {
            var random = new Random(seed);
            var bytes = new byte[random.Next(0, 3000)];
            random.NextBytes(bytes);
            // Something that begins like JSON, every other time.
            if (seed % 2 == 0)
                Encoding.UTF8.GetBytes("{\"a\":[\"").AsSpan(0, Math.Min(7, bytes.Length)).CopyTo(bytes);
            var masked = Redaction.Mask(bytes, 256);
            masked.Length.ShouldBeLessThanOrEqualTo(256);
            using var parsed = JsonDocument.Parse(masked);
        }
    }

    private static string Body(Random random)
    {
        var depth = random.Next(0, 6);
        var json = Planted(random);
        for (var i = 0; i < depth; i++)
        {
            var before = Enumerable.Range(0, random.Next(0, 4)).Select(_ => Quoted(Prose(random, 5))).ToList();
            json =
                random.Next(2) == 0
                    ? $"[{string.Concat(before.Select(b => b + ","))}{json},{random.Next()}]"
                    : $"{{{string.Concat(before.Select((b, n) => $"\"k{n}\":{b},"))}\"inner\":{json},\"n\":null}}";
        }
        return json;
    }

    private static string Planted(Random random)
    {
        var key = SecretKeys[random.Next(SecretKeys.Length)];
        var (before, after) = (Prose(random, 4).TrimEnd('\\'), Prose(random, 4));
        return random.Next(10) switch
        {
            0 => $"{{{Quoted(key)}:{Quoted(before + Canary + after)}}}",
            1 => $"{{{Quoted(key)}:[{{\"x\":{Quoted(Canary)}}}]}}",
            2 => Quoted($"{before} Bearer {Canary} {after}"),
            3 => Quoted($"{before} mcp_key_{Canary}-{Canary} {after}"),
            4 => Quoted($"{before} eyJhbGciOi.{Canary}.{Canary} {after}"),
            5 => Quoted($"{before} {key}={Canary}"),
            6 => Quoted($"{before} {key}: '{Canary}' {after}"),
            7 => Quoted($"{before} {{{Quoted(key)}:{Quoted(Canary)}}} {after}"),
            8 => Quoted($"https://app:{Canary}@host/ {after}"),
            _ => $"{{{Quoted("mcp_key_" + Canary)}:{random.Next()}}}",
        };
    }

    private static string Prose(Random random, int most) =>
        string.Join(' ', Enumerable.Range(0, random.Next(most)).Select(_ => Words[random.Next(Words.Length)]));

    private static string Quoted(string text) => JsonSerializer.Serialize(text);

    // Some letters of keys and texts written as \uXXXX: the same JSON. Nothing inside an escape is touched, and the
    // planted secret stays readable, so that it can be looked for.
    private static string Escape(string json, Random random)
    {
        var text = new StringBuilder();
        for (var i = 0; i < json.Length; i++)
        {
            if (json[i] == '\\')
                text.Append(json[i++]).Append(json[i]);
            else if (json.AsSpan(i).StartsWith(Canary, StringComparison.Ordinal))
            {
                text.Append(Canary);
                i += Canary.Length - 1;
            }
            else if (
                json[i] is 's' or 'k' or 'A'
                && i > 0
                && char.IsAsciiLetter(json[i - 1])
                && !InEscape(json, i)
                && random.Next(20) == 0
            )
                text.Append($"\\u{(int)json[i]:x4}");
            else
                text.Append(json[i]);
        }
        return text.ToString();
    }

    private static bool InEscape(string json, int at) =>
        json.LastIndexOf('\\', at) is >= 0 and var slash && at - slash < 6;
}
