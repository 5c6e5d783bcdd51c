using Fairlead.Server.Storage;
using Microsoft.Extensions.DependencyInjection;

namespace Fairlead.Server.Tools.Samples;

/// <summary>
/// The sample tools: how tools are written, on real data. They are published in the group <c>samples</c> only, which the
/// first start makes, disabled; where it is not, a group with that code that publishes native tools gets them.
/// </summary>
internal static class SamplesFeature
{
    public const string Group = "samples";

    /// <summary>Server code of the group agents have their tools from.</summary>
    public const string Assistant = "assistant";

    // what an agent needs to know of a customer, and can do for him.
    private static readonly HashSet<string> ForAgents =
    [
        "get_user_profile",
        "search_users",
        "analyze_customer",
        "get_customer_preferences",
        "set_customer_preference",
        "get_conversation_data",
        "summarize_consultation",
        "optimize_treatment",
        "generate_treatment_plan",
        "get_service_info",
    ];

    /// <summary>Needs Storage, Caching, State, Identity, Telemetry and Services.</summary>
    public static IServiceCollection AddSamples(this IServiceCollection services, SamplesOptions options)
    {
        services.AddSingleton(options);
        services.AddSingleton<SampleDb>();
        services.AddSingleton<SampleSearch>();
        services.AddSingleton<SampleAudit>();
        Add<UserSamples>(services);
        Add<AccountSamples>(services);
        Add<SensitiveSamples>(services);
        Add<CustomerSamples>(services);
        Add<ConsultationSamples>(services);
        Add<TreatmentSamples>(services);
        Add<ProjectSamples>(services);
        Add<ProjectDocuments>(services, ItemKind.Resource);
        Add<CacheSamples>(services);
        Add<ChatSamples>(services);
        Add<SearchSamples>(services);
        Add<ProductionSearch>(services);
        Add<WorkSamples>(services);
        Add<OperationSamples>(services);
        return services;
    }

    private static void Add<T>(IServiceCollection services, ItemKind kind = ItemKind.Tool)
        where T : class
    {
        services.AddSingleton<T>();
        services.AddSource(kind, static p => p.GetRequiredService<T>());
        if (kind == ItemKind.Tool)
            services.AddSingleton(
                new NativeSource(kind, typeof(T), static p => p.GetRequiredService<T>())
                {
                    Group = Assistant,
                    Only = ForAgents,
                }
            );
    }
}
