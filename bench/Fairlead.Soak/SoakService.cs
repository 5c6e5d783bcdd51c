using System.Text.Json;

namespace Fairlead.Soak;

/// <summary>What the soak does with a service.</summary>
internal enum Part
{
    /// <summary>Called all the time; its calls must not notice the others.</summary>
    Steady,

    /// <summary>Stopped and started over and over.</summary>
    Cycled,

    /// <summary>Killed now and then; it must come back by itself.</summary>
    Killed,

    /// <summary>Does what no service should.</summary>
    Bad,
}

/// <summary>
/// A service of the soak: a shell that knows a handful of requests, so that twenty of them leave the machine to the
/// gateway, with a habit of its own.
/// </summary>
internal sealed record SoakService(string Name, Part Part, string Script)
{
    /// <summary>Answers the requests it knows; the name is its first argument.</summary>
    public const string Serve = """
        while IFS= read -r line; do
          id=${line#*'"id":'}
          id=${id%%[,\}]*}
          case $line in
            *'"tools/call"'*) result='{"content":[{"type":"text","text":"ok"}]}' ;;
            *'"initialize"'*) result='{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},"serverInfo":{"name":"s","version":"1"}}' ;;
            *'"tools/list"'*) result='{"tools":[{"name":"'$1'_tool","inputSchema":{"type":"object"}}]}' ;;
            *'"ping"'*) result='{}' ;;
            *'"server/discover"'*) result= ;;
            *) continue ;;
          esac
          if [ -n "$result" ]
          then printf '{"jsonrpc":"2.0","id":%s,"result":%s}\n' "$id" "$result"
          else printf '{"jsonrpc":"2.0","id":%s,"error":{"code":-32601,"message":"unknown"}}\n' "$id"
          fi
        done
        """;

    public static IReadOnlyList<SoakService> All { get; } =
    [
        .. Enumerable.Range(1, 4).Select(i => new SoakService($"steady{i}", Part.Steady, Serve)),
        .. Enumerable.Range(1, 4).Select(i => new SoakService($"cycled{i}", Part.Cycled, Serve)),
        .. Enumerable.Range(1, 4).Select(i => new SoakService($"killed{i}", Part.Killed, Serve)),
        new("leaks_children", Part.Bad, "sleep 1000 & sleep 1001 & (sleep 3; kill -9 $$) &\n" + Serve),
        new(
            "double_forks",
            Part.Bad,
            "(setsid sh -c 'sleep 1002 & exec sleep 1003' &)\n(sleep 2; kill $$) &\n" + Serve
        ),
        new(
            "floods_stderr",
            Part.Bad,
            "(while :; do echo 'the same line of a service that talks a lot, again and again and again' >&2; done) &\n"
                + Serve
        ),
        new(
            "floods_stdout",
            Part.Bad,
            "i=0; while [ $i -lt 3000 ]; do echo 'no JSON here'; i=$((i+1)); done\n" + Serve
        ),
        new("hangs", Part.Bad, "while :; do sleep 5; done"),
        new("never_answers", Part.Bad, "while read -r line; do :; done; sleep 1004"),
        new("dies", Part.Bad, "sleep 0.2; exit 1"),
        new("ignores_term", Part.Bad, "trap '' TERM HUP INT; sleep 1005 &\n" + Serve + "\nsleep 1006"),
    ];

    public string Tool => $"{Name}_tool";

    /// <summary>All of them as a client's configuration, each process and what it starts marked by its environment.</summary>
    public static string Configuration(string mark) =>
        "{\"mcpServers\":{" + string.Join(',', All.Select(s => s.Entry(mark))) + "}}";

    private string Entry(string mark) =>
        $"\"{Name}\":{{\"command\":\"sh\",\"args\":[\"-c\",{JsonSerializer.Serialize(Script)},\"sh\",\"{Name}\"],"
        + $"\"env\":{{\"{Census.Variable}\":\"{mark}\"}}}}";
}
