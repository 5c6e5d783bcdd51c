namespace Fairlead.Fixture;

/// <summary>How the fixture service behaves; see <see cref="Usage"/>.</summary>
internal sealed record FixtureOptions
{
    public const string Usage = """
        Fairlead.Fixture: a small MCP service for tests; speaks JSON itself, independent of the product.
          --era legacy|modern|both   revisions it serves (legacy: 2025-11-25 and older, modern: 2026-07-28)
          --transport stdio|http|sse http prints "listening http://127.0.0.1:<port>/mcp" on its standard output, sse …/sse
          --port N                   port for http; 0 (default) takes a free one
          --on-discover error|silence|exit   what a legacy service does with server/discover (default error)
          --answer json|sse          how http answers plain calls (default json)
          --tools N                  adds N tools tool_0 … (default 0)
          --page N                   items per list page (default all); --loop repeats one cursor for ever
          --delay MS                 waits before it reads anything
          --no-get                   legacy http offers no GET stream (405)
          --session-lost 404|400     how an unknown session is answered (default 404)
          --bad-header               lists a tool with an invalid x-mcp-header
          --pretty                   writes JSON with line breaks (http only)
          --stderr TEXT              writes a line to standard error at the start
          --ignore-stdin-end         stays alive when its standard input ends
        """;

    public string Era { get; init; } = "legacy";
    public bool Legacy => Era is "legacy" or "both";
    public bool Modern => Era is "modern" or "both";
    public string Transport { get; init; } = "stdio";
    public int Port { get; init; }
    public string OnDiscover { get; init; } = "error";
    public string Answer { get; init; } = "json";
    public int Tools { get; init; }
    public int Page { get; init; } = int.MaxValue;
    public bool Loop { get; init; }
    public int Delay { get; init; }
    public bool NoGet { get; init; }
    public int SessionLost { get; init; } = 404;
    public bool BadHeader { get; init; }
    public bool Pretty { get; init; }
    public string? Stderr { get; init; }
    public bool IgnoreStdinEnd { get; init; }

    public static FixtureOptions Parse(string[] args)
    {
        var o = new FixtureOptions();
        for (var i = 0; i < args.Length; i++)
        {
            string Next() => args[++i];
            int Number() => int.Parse(Next(), System.Globalization.CultureInfo.InvariantCulture);
            o = args[i] switch
            {
                "--era" => o with { Era = Next() },
                "--transport" => o with { Transport = Next() },
                "--port" => o with { Port = Number() },
                "--on-discover" => o with { OnDiscover = Next() },
                "--answer" => o with { Answer = Next() },
                "--tools" => o with { Tools = Number() },
                "--page" => o with { Page = Number() },
                "--loop" => o with { Loop = true },
                "--delay" => o with { Delay = Number() },
                "--no-get" => o with { NoGet = true },
                "--session-lost" => o with { SessionLost = Number() },
                "--bad-header" => o with { BadHeader = true },
                "--pretty" => o with { Pretty = true },
                "--stderr" => o with { Stderr = Next() },
                "--ignore-stdin-end" => o with { IgnoreStdinEnd = true },
                _ => throw new ArgumentException($"unknown option {args[i]}\n{Usage}"),
            };
        }
        return o;
    }
}
