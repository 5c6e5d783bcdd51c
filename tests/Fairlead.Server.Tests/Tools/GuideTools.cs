#pragma warning disable VSTHRD200 // The name of a tool is that of its method.
using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Fairlead.Toolkit;
using Fairlead.Toolkit.Protection;
using Microsoft.Extensions.Logging;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace Fairlead.Server.Tests.Tools.Guide;

// The code of docs/guide/tools.md: a test compares the two, and runs it.

public interface IWeather
{
    Task<double> ReadAsync(string city, CancellationToken cancellationToken);
}

public sealed class WeatherTools(IWeather weather)
{
    /// <summary>The temperature of a city in degrees Celsius.</summary>
    /// <param name="city">Name of the city.</param>
    [FairleadTool(Category = "weather"), Idempotent, Cached(600, ResultScope.Public), Toolkit.Timeout(5)]
    public Task<double> Temperature(string city, CancellationToken cancellationToken) =>
        weather.ReadAsync(city, cancellationToken);
}

public sealed class PlainTools
{
    [McpServerTool(Name = "reverse", ReadOnly = true), Description("Turns a text round.")]
    public static string Reverse([Description("The text.")] string text) => new([.. text.Reverse()]);
}

public sealed class OrderTools
{
    [FairleadTool(Name = "order", Category = "shop"), RequireRole("buyer", "admin"), RateLimit(10, 60)]
    public static async Task<string> Order(string article, [Sensitive] string card, CallContext context)
    {
        context.Report(1, 2, "waiting for the buyer");
        context.Log(LogLevel.Information, $"order of {article}");
        var answer = await context.ElicitAsync(
            new ElicitRequestParams { Message = $"Order {article}?", RequestedSchema = new() }
        );
        if (!answer.IsAccepted)
            throw new ToolFailedException("The buyer said no.");
        return $"{context.User!.Name} ordered {article} with {card.Length} digits";
    }
}

public sealed class Stopwatch(ILogger<Stopwatch> logger) : IToolMiddleware
{
    public async ValueTask<ToolResult> InvokeAsync(ToolRun run, ToolNext next)
    {
        var result = await next(run);
        Log.Took(logger, run.Tool, run.Context.Elapsed.TotalSeconds);
        return result;
    }
}

public interface IModel
{
    Task LoadAsync(CancellationToken cancellationToken);
    Task SaveAsync(CancellationToken cancellationToken);
}

public sealed class Warmup(IModel model) : ILifespan
{
    public Task StartAsync(CancellationToken cancellationToken) => model.LoadAsync(cancellationToken);

    public Task StopAsync(CancellationToken cancellationToken) => model.SaveAsync(cancellationToken);
}

public interface ICustomers
{
    void Keep(Customer customer, string phone);

    IEnumerable<(string Name, string Phone)> Find(string condition);

    string Read(string file);
}

public sealed record Customer(
    [property: UserName] string Name,
    [property: Email] string Mail,
    [property: Range(0, 150)] int? Age = null
);

public sealed class CustomerTools(IFieldEncryption fields, ICustomers customers)
{
    [FairleadTool(Name = "keep_customer")]
    public void Keep(Customer customer, [Sensitive, StringLength(20)] string phone) =>
        customers.Keep(customer, fields.Encrypt(phone, boundTo: customer.Name));

    [FairleadTool(Name = "find_customers")]
    public IEnumerable<string> Find([SqlSensitive] string condition) =>
        customers.Find(condition).Select(c => $"{c.Name} {PersonalData.Phone(fields.Decrypt(c.Phone, c.Name))}");

    [FairleadTool(Name = "customer_file")]
    public string File([FileName] string name) => customers.Read(name);
}

public sealed class GreetingPrompts
{
    [McpServerPrompt(Name = "greet"), Description("Has somebody greeted.")]
    public static string Greet([Description("Whom.")] string name) => $"Greet {name} in one sentence.";
}

public sealed class ManualResources
{
    [McpServerResource(UriTemplate = "manual://{page}", Name = "manual", MimeType = "text/plain")]
    public static string Page(string page) => $"Page {page} of the manual.";
}

internal static partial class Log
{
    [LoggerMessage(Level = LogLevel.Information, Message = "{Tool} took {Seconds:0.000} s")]
    public static partial void Took(ILogger logger, string tool, double seconds);
}
