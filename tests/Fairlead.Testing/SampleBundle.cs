using System.IO.Compression;
using System.Text;

namespace Fairlead.Testing;

/// <summary>An MCPB bundle of a small node server whose one tool tells the arguments it was started with.</summary>
public static class SampleBundle
{
    public const string Server = """
        const lines = require("readline").createInterface({ input: process.stdin });
        const say = (id, result) => console.log(JSON.stringify({ jsonrpc: "2.0", id, result }));
        lines.on("line", line => {
          const { id, method, params } = JSON.parse(line);
          if (method === "initialize")
            say(id, { protocolVersion: params.protocolVersion, capabilities: { tools: {} }, serverInfo: { name: "b", version: "1" } });
          else if (method === "tools/list")
            say(id, { tools: [{ name: "args", description: process.argv.slice(2).join("|"), inputSchema: { type: "object" } }] });
          else if (method === "tools/call")
            say(id, { content: [{ type: "text", text: process.argv.slice(2).join("|") }] });
          else if (id !== undefined && method === "ping") say(id, {});
          else if (id !== undefined)
            console.log(JSON.stringify({ jsonrpc: "2.0", id, error: { code: -32601, message: "no" } }));
        });
        """;

    public const string Manifest = """
        {"manifest_version":"0.3","name":"hello","version":"1.0.0","description":"d","author":{"name":"a"},
        "server":{"type":"node","entry_point":"server/index.js","mcp_config":{"command":"node",
        "args":["${__dirname}/server/index.js","--key","${user_config.api_key}","${user_config.folders}","${user_config.extra}","--n=${user_config.n}"],
        "env":{"MODE":"x"},"platform_overrides":{"linux":{"env":{"MODE":"linux"}}}}},
        "user_config":{"api_key":{"type":"string","title":"t","description":"The key","required":true,"sensitive":true},
        "folders":{"type":"directory","title":"t","description":"f","multiple":true,"default":["${DOCUMENTS}","/b"]},
        "extra":{"type":"string","title":"t","description":"e"},
        "n":{"type":"number","title":"t","description":"n","min":1,"max":9,"default":3}}}
        """;

    /// <summary>An archive of text files.</summary>
    public static byte[] Zip(params (string Name, string Text)[] files)
    {
        using var stream = new MemoryStream();
        using (var zip = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var (name, text) in files)
            {
                using var to = zip.CreateEntry(name).Open();
                to.Write(Encoding.UTF8.GetBytes(text));
            }
        }
        return stream.ToArray();
    }

    /// <summary>A bundle that runs.</summary>
    public static byte[] Good(string name = "hello") =>
        Zip(("manifest.json", Manifest.Replace("hello", name, StringComparison.Ordinal)), ("server/index.js", Server));
}
