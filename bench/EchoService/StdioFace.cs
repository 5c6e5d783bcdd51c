using System.Buffers;

namespace EchoService;

/// <summary>One line in, one line out; whatever lines came together are answered by one write.</summary>
internal static class StdioFace
{
    public static void Run(Echo echo)
    {
        using var input = Console.OpenStandardInput();
        using var output = Console.OpenStandardOutput();
        var answers = new ArrayBufferWriter<byte>(64 * 1024);
        var buffer = new byte[256 * 1024];
        var held = 0;
        int read;
        while ((read = input.Read(buffer, held, buffer.Length - held)) > 0)
        {
            held += read;
            var lines = buffer.AsSpan(0, held);
            int end;
            while ((end = lines.IndexOf((byte)'\n')) >= 0)
            {
                if (echo.Answer(Request.Read(lines[..end]), answers))
                    answers.Write("\n"u8);
                lines = lines[(end + 1)..];
            }
            held = lines.Length;
            lines.CopyTo(buffer);
            if (held == buffer.Length)
                Array.Resize(ref buffer, buffer.Length * 2);
            if (answers.WrittenCount == 0)
                continue;
            output.Write(answers.WrittenSpan);
            answers.ResetWrittenCount();
        }
    }
}
