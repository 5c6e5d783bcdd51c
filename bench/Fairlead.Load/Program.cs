using Fairlead.Load;

try
{
    var arguments = new Arguments(args);
    return arguments.Verb switch
    {
        "run" => await new LoadRun(arguments, Target.All(arguments), "YARP", LoadDefaults.All).RunAsync(),
        "native" => await new NativeRun(arguments).RunAsync(),
        "idle" => await IdleMeasure.RunAsync(arguments),
        "list" => await ListMeasure.RunAsync(arguments),
        "sessions" => await SessionMeasure.RunAsync(arguments),
        "start" => await StartMeasure.RunAsync(arguments),
        _ => throw new ArgumentException(Usage.Text),
    };
}
catch (Exception e)
    when (e is BrokenRunException or ArgumentException or TimeoutException or System.Net.Sockets.SocketException)
{
    await Console.Error.WriteLineAsync($"FAILED: {e.Message}");
    return 1;
}
