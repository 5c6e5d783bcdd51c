using System.Globalization;

namespace Fairlead.Load;

/// <summary>Options of the form <c>--name value</c> and flags; what stands after <c>--</c> is a command.</summary>
internal sealed class Arguments
{
    private readonly string[] own;

    public Arguments(string[] args)
    {
        var end = Array.IndexOf(args, "--");
        own = end < 0 ? args : args[..end];
        Command = end < 0 ? [] : args[(end + 1)..];
    }

    public string[] Command { get; }

    public string Verb => own.Length > 0 ? own[0] : "";

    public bool Has(string flag) => own.Contains(flag);

    public string? Value(string name)
    {
        var at = Array.IndexOf(own, name);
        return at >= 0 && at + 1 < own.Length ? own[at + 1] : null;
    }

    public string Required(string name) =>
        Value(name) ?? throw new ArgumentException($"{name} is missing\n{Usage.Text}");

    public int Number(string name, int fallback) =>
        Value(name) is { } text ? int.Parse(text, CultureInfo.InvariantCulture) : fallback;

    public double Real(string name, double fallback) =>
        Value(name) is { } text ? double.Parse(text, CultureInfo.InvariantCulture) : fallback;

    public IReadOnlyList<int> Numbers(string name, params int[] fallback) =>
        Value(name) is { } text
            ? [.. text.Split(',').Select(t => int.Parse(t, CultureInfo.InvariantCulture))]
            : fallback;

    /// <summary>An address and the process that serves it: <c>http://127.0.0.1:8000,4711</c>.</summary>
    public Endpoint Endpoint(string name)
    {
        var parts = Required(name).Split(',');
        return new Endpoint(new Uri(parts[0]), int.Parse(parts[1], CultureInfo.InvariantCulture));
    }
}

/// <summary>Where a measured program listens, and its process.</summary>
internal sealed record Endpoint(Uri Uri, int Pid);

internal static class Usage
{
    public const string Text = """
        Fairlead.Load run      --echo URL,PID --yarp URL,PID --gateway URL,PID --key KEY [--log FOLDER]
                               [--targets a,b] [--payloads 100,2048,65536] [--connections 1,16,64]
                               [--rounds 3] [--seconds 1.5] [--quick] [--json FILE]
                               drives tools/call over all targets in turn and compares CPU per call with YARP's
        Fairlead.Load native   --bare URL,PID --gateway URL,PID --unlogged URL,PID --key KEY [--log FOLDER]
                               [--targets a,b] [--payloads 100,2048] [--rounds 5] [--seconds 1] [--limits 1.3,1.1]
                               [--quick] [--json FILE]
                               native tools through the gateway, against the same methods in bare endpoints
        Fairlead.Load idle     --gateway URL,PID [--seconds 5]                CPU of a gateway that nobody calls
        Fairlead.Load list     --gateway URL,PID --key KEY [--tools 1000]     CPU of one tools/list
        Fairlead.Load sessions --gateway URL,PID --key KEY [--count 1000]     memory of one idle legacy session
        Fairlead.Load start    --url URL --key KEY [--times 3] -- COMMAND...  start to first call of a native tool
        Exit codes: 0 all targets met, 1 a wrong answer or a broken run, 3 a target missed.
        """;
}
