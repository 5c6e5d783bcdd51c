namespace Fairlead.Architecture;

/// <summary>Compares text with a checked-in file, or rewrites the file when asked to.</summary>
internal static class Golden
{
    public static bool IsWriting => Environment.GetEnvironmentVariable("FAIRLEAD_GOLDEN") == "write";

    public static void Check(string path, string actual, bool write)
    {
        if (write)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllText(path, actual);
            return;
        }
        var expected = File.Exists(path) ? File.ReadAllText(path) : "";
        if (expected == actual)
            return;
        var old = expected.Split('\n');
        var now = actual.Split('\n');
        var lines = old.Except(now).Select(l => "-" + l).Concat(now.Except(old).Select(l => "+" + l));
        throw new GoldenDiffersException(
            $"""
            {Path.GetFileName(path)} differs:
            {string.Join('\n', lines)}
            If the change is meant, run FAIRLEAD_GOLDEN=write dotnet test tests/Fairlead.Architecture and commit the file.
            """
        );
    }
}

/// <summary>What the code shows is not what the checked-in file says.</summary>
internal sealed class GoldenDiffersException(string message) : Exception(message);
