using System.Runtime.CompilerServices;
using System.Text.Json;
using Microsoft.AspNetCore.Routing;
using Shouldly;
using Xunit;

namespace Fairlead.Server.Tests.Hosting;

public sealed class ApiDocumentTests
{
    private static readonly JsonSerializerOptions Indented = new()
    {
        WriteIndented = true,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    [Fact]
    public async Task Document_IsWhatWasPromised()
    {
        await using AdminHost host = await AdminHost.StartWholeAsync();
        string text = await host.Client.GetStringAsync("/openapi.json");
        using JsonDocument document = JsonDocument.Parse(text);
        // One form whatever wrote it.
        string actual = JsonSerializer.Serialize(document.RootElement, Indented) + "\n";
        string path = Path.Combine(Folder(), "openapi.json");
        if (Environment.GetEnvironmentVariable("FAIRLEAD_GOLDEN") == "write")
        {
            Directory.CreateDirectory(Folder());
            await File.WriteAllTextAsync(path, actual);
        }
        actual.ShouldBe(
            await File.ReadAllTextAsync(path),
            "If the change is meant, run the test with FAIRLEAD_GOLDEN=write and commit the file."
        );
    }

    [Fact]
    public async Task Document_DescribesEveryEndpoint()
    {
        await using AdminHost host = await AdminHost.StartWholeAsync();
        using JsonDocument document = JsonDocument.Parse(await host.Client.GetStringAsync("/openapi.json"));
        document.RootElement.GetProperty("openapi").GetString()!.ShouldStartWith("3.1");
        var operations = document
            .RootElement.GetProperty("paths")
            .EnumerateObject()
            .SelectMany(path => path.Value.EnumerateObject())
            .ToDictionary(operation => operation.Value.GetProperty("operationId").GetString()!, o => o.Value);
        foreach (
            string name in host
                .Endpoints.OfType<RouteEndpoint>()
                .Where(endpoint => endpoint.RoutePattern.RawText!.Contains("api/v1", StringComparison.Ordinal))
                .Select(endpoint => endpoint.Metadata.GetRequiredMetadata<IEndpointNameMetadata>().EndpointName)
        )
        {
            JsonElement operation = operations[name];
            operation.GetProperty("summary").GetString().ShouldNotBeNullOrEmpty(name);
            operation.GetProperty("tags").GetArrayLength().ShouldBe(1, name);
            operation.GetProperty("responses").TryGetProperty("default", out _).ShouldBeTrue(name);
            operation.TryGetProperty("security", out _).ShouldBe(name is not ("auth.login" or "auth.register"), name);
        }
    }

    private static string Folder([CallerFilePath] string here = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "../../Golden"));
}
