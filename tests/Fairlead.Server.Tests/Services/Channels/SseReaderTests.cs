using System.Text;
using Fairlead.Server.Services.Channels;
using Shouldly;
using Xunit;

namespace Fairlead.Server.Tests.Services.Channels;

public sealed class SseReaderTests
{
    [Theory]
    [InlineData("data: a\n\n", "a")]
    [InlineData("data:a\r\n\r\n", "a")]
    [InlineData("data: a\r\r", "a")]
    [InlineData("\uFEFFdata: a\n\n", "a")]
    [InlineData(": comment\ndata: a\ndata: b\n\n", "a\nb")]
    [InlineData("data\n\n", "")]
    [InlineData("data:  a\n\n", " a")]
    [InlineData("data: one\n\ndata: two\n\n", "one|two")]
    [InlineData("event: ping\n\ndata: a\n\n", "a")]
    [InlineData("data: a", "")]
    [InlineData("data: a\n", "")]
    public async Task Read_AnySplitOfTheBytes_GivesTheSameEvents(string text, string events)
    {
        foreach (var step in (int[])[1, 2, 3, 1000])
        {
            var found = await ReadAllAsync(new Dribble(Encoding.UTF8.GetBytes(text), step));
            string.Join('|', found).ShouldBe(events, $"read {step} bytes at a time");
        }
    }

    [Fact]
    public async Task Read_IdOfACutEvent_DoesNotMoveThePlaceToResumeFrom()
    {
        var bytes = Encoding.UTF8.GetBytes("id: 1\ndata: a\n\nid: 2\ndata: b\n");
        using var reader = new SseReader(new Dribble(bytes, 7), 1000);
        while (await reader.ReadAsync(CancellationToken.None) == SseRead.Event)
            continue;
        reader.LastEventId.ShouldBe("1");
    }

    [Fact]
    public async Task Read_IdRetryAndName_AreTaken()
    {
        using var reader = new SseReader(
            new Dribble(Encoding.UTF8.GetBytes("id: x\nretry: 50\nevent: other\ndata: a\n\ndata: b\n\n"), 5),
            1000
        );
        await reader.ReadAsync(CancellationToken.None);
        (reader.LastEventId, reader.Retry, reader.Name).ShouldBe(("x", TimeSpan.FromMilliseconds(50), "other"));
        await reader.ReadAsync(CancellationToken.None);
        reader.Name.ShouldBe("message");
    }

    [Theory]
    [InlineData("data: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")]
    [InlineData("data: aaaaaaaa\ndata: aaaaaaaa\ndata: aaaaaaaa\n")]
    [InlineData("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")]
    public async Task Read_EventAboveTheLimit_IsTooLarge(string text)
    {
        using var reader = new SseReader(new Dribble(Encoding.UTF8.GetBytes(text), 3), 20);
        (await reader.ReadAsync(CancellationToken.None)).ShouldBe(SseRead.TooLarge);
    }

    private static async Task<List<string>> ReadAllAsync(Stream stream)
    {
        using var reader = new SseReader(stream, 1000);
        var found = new List<string>();
        while (await reader.ReadAsync(CancellationToken.None) == SseRead.Event)
            found.Add(Encoding.UTF8.GetString(reader.Data.Span));
        return found;
    }

    /// <summary>A stream that gives few bytes at a time, as a network does.</summary>
    private sealed class Dribble(byte[] bytes, int step) : MemoryStream(bytes)
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            base.ReadAsync(buffer[..Math.Min(step, buffer.Length)], cancellationToken);
    }
}
