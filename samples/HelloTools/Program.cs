using Fairlead.Server.Hosting;
using Fairlead.Toolkit;

var builder = WebApplication.CreateBuilder(args);
builder.AddFairlead().AddTools<HelloTools>();
var app = builder.Build();
app.MapFairlead();
await app.StartAsync();
await app.ShowFirstStartAsync(made => Console.WriteLine($"Key of the group: {made.DefaultKey}"), default);
await app.WaitForShutdownAsync();

internal sealed class HelloTools
{
    /// <summary>Greets somebody by name.</summary>
    /// <param name="name">Whom to greet.</param>
    [FairleadTool]
    public static string Hello(string name, CallContext context) => $"Hello {name}, from {context.Group}!";
}
