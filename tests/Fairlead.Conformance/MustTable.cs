using System.Globalization;
using System.Text;

namespace Fairlead.Conformance;

/// <summary>One MUST: where it stands, what it asks, what proves it or why nothing has to.</summary>
internal sealed record MustRow(
    string File,
    int Number,
    string Level,
    string Role,
    string Asks,
    IReadOnlyList<string> Proofs,
    string? ReasonCode,
    string Reason
);

/// <summary>The rows of musts.txt.</summary>
internal sealed record MustTable(IReadOnlyList<MustRow> Rows, IReadOnlyDictionary<string, string> Reasons)
{
    private const string ByCode = "no: ";

    public static MustTable Read(string path)
    {
        var rows = new List<MustRow>();
        var reasons = new Dictionary<string, string>(StringComparer.Ordinal);
        var file = "";
        foreach (
            var line in File.ReadLines(path).Where(l => l.Length > 0 && !l.StartsWith("# ", StringComparison.Ordinal))
        )
        {
            var parts = line.Split(" | ");
            if (line.StartsWith("## ", StringComparison.Ordinal))
                file = line[3..];
            else if (line.StartsWith("reason ", StringComparison.Ordinal))
                reasons.Add(parts[0]["reason ".Length..], parts[1]);
            else
                rows.Add(Row(file, parts, reasons));
        }
        return new MustTable(rows, reasons);
    }

    public string ToMarkdown()
    {
        var text = new StringBuilder(Head);
        foreach (var (code, reason) in Reasons)
            text.Append(CultureInfo.InvariantCulture, $"- *{code}*: {reason}\n");
        foreach (var file in Rows.GroupBy(r => r.File))
        {
            text.Append(
                CultureInfo.InvariantCulture,
                $"\n## {file.Key}\n\n| # | level | role | asks | proof, or why none |\n| --- | --- | --- | --- | --- |\n"
            );
            foreach (var row in file)
            {
                var proof =
                    row.Proofs.Count > 0 ? string.Join(", ", row.Proofs.Select(p => $"`{p}`"))
                    : row.ReasonCode is { } code ? $"*{code}*"
                    : row.Reason;
                text.Append(
                    CultureInfo.InvariantCulture,
                    $"| {row.Number} | {row.Level} | {row.Role} | {row.Asks} | {proof} |\n"
                );
            }
        }
        return text.ToString();
    }

    private string Head
    {
        get
        {
            var proven = Rows.Count(r => r.Proofs.Count > 0);
            return $"""
                # Conformance

                Two suites hold the protocol. Both run in `./test.sh`.

                - **Handshake revisions (2025-11-25)**: every server scenario of the official `@modelcontextprotocol/conformance`
                  suite, pending ones included, directly against a fixture service and through the gateway in front of it, over
                  Streamable HTTP and over stdio. Check by check, nothing may be worse through the gateway
                  (`tests/Conformance/test/scenarios.test.js` prints the table). The scenarios that hold for **2025-06-18** run once more
                  the same ways in that revision; the suite has none for older ones and no way to choose what `initialize` asks for, so a
                  forwarder in front of both sides writes it, and the test holds that nothing else was agreed on or named in a header.
                - **2026-07-28**: `tests/Fairlead.Conformance`, raw requests against the real data plane, and the table below: every
                  MUST, MUST NOT and REQUIRED of the specification's folders basic, server and client, in the order in which it
                  stands in its file, with the tests that prove it or the reason why none has to.

                The official clients of both eras, the Inspector's command line and curl go through a running gateway in
                `tests/Conformance/test/clients.test.js`; every message the gateway writes, towards clients and towards services,
                is validated against `schema.json` of its revision in `messages.test.js` and `traffic.test.js` there. Every client at every
                revision it can speak, with good and bad keys, is the table of [clients.md](clients.md).

                This file is written from `tests/Fairlead.Conformance/musts.txt`. {Rows.Count} rows, {proven} of them with a test.
                Roles: S we as a server towards clients, C we as a client towards services, A authorisation.

                Reasons that many rows share:


                """.Replace("\r\n", "\n", StringComparison.Ordinal);
        }
    }

    private static MustRow Row(string file, string[] parts, Dictionary<string, string> reasons)
    {
        if (parts.Length != 5)
            throw new InvalidDataException($"{file}: '{string.Join(" | ", parts)}' has not five columns");
        var last = parts[4];
        var code = last.StartsWith(ByCode, StringComparison.Ordinal) ? last[ByCode.Length..] : null;
        var proofs = code is null && !last.EndsWith('.') ? last.Split("; ") : [];
        return new MustRow(
            file,
            int.Parse(parts[0], CultureInfo.InvariantCulture),
            parts[1],
            parts[2],
            parts[3],
            proofs,
            code,
            code is not null ? reasons[code]
                : proofs.Length == 0 ? last
                : ""
        );
    }
}
