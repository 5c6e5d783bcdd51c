using System.Globalization;
using Fairlead.Server.Hosting.Rest;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace Fairlead.Server.Console;

/// <summary>What the framework cannot know of our API: the envelope of failures, the token, 201 for what is made.</summary>
internal static class ApiDocument
{
    private const string Scheme = "access_token";
    private const string Failure = "Failure";

    public static void Configure(OpenApiOptions options)
    {
        options.OpenApiVersion = OpenApiSpecVersion.OpenApi3_1;
        options.ShouldInclude = static api =>
            api.RelativePath?.StartsWith("api/", StringComparison.OrdinalIgnoreCase) == true;
        options.CreateSchemaReferenceId = static type =>
            type.Type == typeof(Envelope<object>) ? null : OpenApiOptions.CreateDefaultSchemaReferenceId(type);
        options.AddDocumentTransformer(DescribeAsync);
        options.AddOperationTransformer(CompleteAsync);
    }

    private static Task DescribeAsync(
        OpenApiDocument document,
        OpenApiDocumentTransformerContext context,
        CancellationToken cancellationToken
    )
    {
        document.Info = new OpenApiInfo
        {
            Title = "Fairlead",
            Version = "v1",
            Description =
                "Administration of the gateway. Every answer has the same envelope; on failure `error.code` is one of: "
                + string.Join(", ", RestCodes.All.Order(StringComparer.Ordinal))
                + ".",
        };
        // The address is the one the document was loaded from.
        document.Servers?.Clear();
        document.Components ??= new OpenApiComponents();
        document.Components.SecuritySchemes = new Dictionary<string, IOpenApiSecurityScheme>
        {
            [Scheme] = new OpenApiSecurityScheme
            {
                Type = SecuritySchemeType.Http,
                Scheme = "bearer",
                BearerFormat = "JWT",
                Description = "From POST /api/v1/auth/login.",
            },
        };
        return Task.CompletedTask;
    }

    private static async Task CompleteAsync(
        OpenApiOperation operation,
        OpenApiOperationTransformerContext context,
        CancellationToken cancellationToken
    )
    {
        OpenApiDocument document = context.Document!;
        if (document.Components?.Schemas?.ContainsKey(Failure) != true)
            document.AddComponent(
                Failure,
                await context.GetOrCreateSchemaAsync(typeof(Envelope<object>), null, cancellationToken)
            );
        IList<object> metadata = context.Description.ActionDescriptor.EndpointMetadata;
        operation.Responses ??= [];
        if (
            metadata.OfType<RestResult.CreatesMark>().Any()
            && operation.Responses.Remove(Text(StatusCodes.Status200OK), out IOpenApiResponse? made)
        )
        {
            made.Description = "Created";
            operation.Responses[Text(StatusCodes.Status201Created)] = made;
        }
        operation.Responses["default"] = new OpenApiResponse
        {
            Description = "Any failure",
            Content = new Dictionary<string, OpenApiMediaType>
            {
                ["application/json"] = new() { Schema = new OpenApiSchemaReference(Failure, document) },
            },
        };
        if (!metadata.OfType<IAllowAnonymous>().Any())
            operation.Security = [new() { [new OpenApiSecuritySchemeReference(Scheme, document)] = [] }];
    }

    private static string Text(int status) => status.ToString(CultureInfo.InvariantCulture);
}
