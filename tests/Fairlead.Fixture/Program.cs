using Fairlead.Fixture;

if (args is ["--help"])
{
    Console.WriteLine(FixtureOptions.Usage);
    return 0;
}
var options = FixtureOptions.Parse(args);
if (options.Stderr is { } text)
    await Console.Error.WriteLineAsync(text);
if (options.Delay > 0)
    await Task.Delay(TimeSpan.FromMilliseconds(options.Delay), TimeProvider.System);
var service = new FixtureService(options);
if (options.Transport is "http" or "sse")
    await HttpHost.RunAsync(service, options);
else
    await new StdioHost(service, options).RunAsync();
return 0;
