using System.Text;
using System.Text.Json.Nodes;

namespace Fairlead.Fixture;

/// <summary>Serves over standard input and output, one message a line.</summary>
internal sealed class StdioHost(FixtureService service, FixtureOptions options) : MessageHost(service, options)
{
    private readonly FixtureOptions options = options;
    private readonly Stream output = Console.OpenStandardOutput();
    private readonly SemaphoreSlim writing = new(1, 1);

    public async Task RunAsync()
    {
        using var input = new StreamReader(Console.OpenStandardInput());
        while (await input.ReadLineAsync() is { } line)
        {
            if (JsonNode.Parse(line) is JsonObject message)
                OnMessage(message);
        }
        if (options.IgnoreStdinEnd)
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System);
    }

    protected override async Task WriteAsync(string json)
    {
        var bytes = Encoding.UTF8.GetBytes(json + "\n");
        await writing.WaitAsync();
        try
        {
            await output.WriteAsync(bytes);
            await output.FlushAsync();
        }
        finally
        {
            writing.Release();
        }
    }
}
