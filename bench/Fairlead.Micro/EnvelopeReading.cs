using System.Text;
using BenchmarkDotNet.Attributes;
using Fairlead.Protocol;

namespace Fairlead.Micro;

/// <summary>The one strict read of a client's message, by size and by shape.</summary>
public class EnvelopeReading
{
    private byte[] message = [];

    /// <summary>A text of that many bytes, or a list of small records.</summary>
    [Params("100 B text", "2 KB text", "64 KB text", "2 KB records", "16 KB members")]
    public string Arguments { get; set; } = "";

    [GlobalSetup]
    public void Make()
    {
        var arguments = Arguments switch
        {
            "100 B text" => Text(100),
            "2 KB text" => Text(2048),
            "64 KB text" => Text(65536),
            "2 KB records" => Records(2048),
            _ => Members(16384),
        };
        message = Encoding.UTF8.GetBytes(
            $"{{\"jsonrpc\":\"2.0\",\"id\":100000000001,\"method\":\"tools/call\",\"params\":{{\"name\":\"echo\",\"arguments\":{arguments}}}}}"
        );
        if (EnvelopeReader.Read(message, EnvelopeLimits.Default, out _) != EnvelopeFault.None)
            throw new InvalidOperationException("the message is refused");
    }

    [Benchmark]
    public Envelope Read()
    {
        EnvelopeReader.Read(message, EnvelopeLimits.Default, out var envelope);
        return envelope;
    }

    private static string Text(int size)
    {
        var lines = new StringBuilder();
        while (lines.Length < size)
            lines.Append("The harbour pilot boards two miles out and takes the ship past the sho\\n");
        return $"{{\"text\":\"{lines.ToString(0, size).TrimEnd('\\')}\"}}";
    }

    private static string Records(int size)
    {
        var records = new List<string>();
        for (var i = 0; records.Sum(r => r.Length + 1) < size; i++)
            records.Add(
                $"{{\"id\":{i},\"name\":\"record {i}\",\"price\":{i}.5,\"tags\":[\"a\",\"b\"],\"active\":true}}"
            );
        return $"{{\"records\":[{string.Join(',', records)}]}}";
    }

    private static string Members(int size)
    {
        var members = new List<string>();
        for (var i = 0; members.Sum(m => m.Length + 1) < size; i++)
            members.Add($"\"member_{i}\":{i}");
        return $"{{{string.Join(',', members)}}}";
    }
}
