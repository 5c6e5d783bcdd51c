using Fairlead.Server.Tests.Storage;
using Fairlead.Testing;
using Xunit;

[assembly: AssemblyFixture(typeof(PostgresFixture))]

namespace Fairlead.Server.Tests.Storage;

/// <summary>One PostgreSQL for all tests of this assembly, started by the first that asks.</summary>
public sealed class PostgresFixture : IAsyncDisposable
{
    private readonly Lock gate = new();
    private Task<PostgresServer>? server;

    public Task<PostgresServer> ServerAsync()
    {
        Assert.SkipWhen(
            PostgresServer.Binaries is null && !PostgresServer.Required,
            "PostgreSQL is not installed (Debian: apt-get install postgresql)"
        );
        lock (gate)
            return server ??= PostgresServer.StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (server is not null)
            await (await server).DisposeAsync();
    }
}
