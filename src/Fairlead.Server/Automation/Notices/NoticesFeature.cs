using Fairlead.Server.Hosting.Rest;
using Fairlead.Server.Identity;
using Fairlead.Server.Storage;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Fairlead.Server.Automation.Notices;

/// <summary>What people are told, and how it reaches them (A-28, A-61…A-64).</summary>
internal static class NoticesFeature
{
    public static IServiceCollection AddNotices(this IServiceCollection services, NoticeOptions options)
    {
        services.AddSingleton(options);
        services.AddSingleton<NoticeStore>();
        services.AddSingleton<NoticeDelivery>();
        services.AddSingleton<IHostedService>(static p => p.GetRequiredService<NoticeDelivery>());
        services.AddSingleton<TellRole>(static p =>
            async (role, notice, token) =>
            {
                var store = p.GetRequiredService<NoticeStore>();
                var (online, offline) = await p.GetRequiredService<StoreWriter>()
                    .RecordAsync(
                        async db =>
                        {
                            var told = await store.AddAsync(db, role, notice, token);
                            await db.SaveChangesAsync(token);
                            return told;
                        },
                        token
                    );
                p.GetRequiredService<NoticeDelivery>().Wake();
                return online + offline;
            }
        );
        return services.AddRestJson(NoticeRestJson.Default);
    }

    public static IEndpointRouteBuilder MapNotices(this IEndpointRouteBuilder routes)
    {
        NoticeEndpoints.Map(routes.MapRest("/notifications", "notifications", Policies.User));
        return routes;
    }
}
