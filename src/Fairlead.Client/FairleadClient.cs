using System.Net;
using Fairlead.Client.Rest;

namespace Fairlead.Client;

/// <summary>Gives the access token of the next REST request; null sends none.</summary>
public delegate ValueTask<string?> AccessTokenProvider(CancellationToken cancellationToken);

/// <summary>
/// A gateway, as its administrators and callers see it: REST under <c>/api/v1</c> and MCP under <c>/mcp</c>. Safe for use
/// by many threads at once.
/// </summary>
/// <remarks>
/// Every method throws <see cref="FairleadApiException"/> when the gateway refuses, <see cref="HttpRequestException"/>
/// when it cannot be reached and <see cref="TimeoutException"/> when it does not answer in time.
/// </remarks>
public sealed class FairleadClient : IDisposable
{
    private readonly HttpClient http;
    private readonly bool ownsHttp;
    private readonly Uri root;
    private readonly FairleadClientOptions options;
    private readonly RestConnection rest;
    private string? signedIn;

    /// <summary>A client with its own connections.</summary>
    /// <param name="address">Where the gateway listens, e.g. <c>http://127.0.0.1:8000</c>.</param>
    /// <param name="token">Gives access tokens; null where <see cref="SignInAsync"/> is used.</param>
    /// <param name="options">Null takes the defaults.</param>
    /// <exception cref="ArgumentException">The address is not an absolute http or https URL.</exception>
    public FairleadClient(Uri address, AccessTokenProvider? token = null, FairleadClientOptions? options = null)
        : this(OwnHttp(address), address, token, options, ownsHttp: true) { }

    /// <summary>A client on the caller's connections; <see cref="HttpClient.BaseAddress"/> says where the gateway is.</summary>
    /// <param name="http">Stays the caller's: it is not disposed. Its own timeout bounds MCP calls too.</param>
    /// <param name="token">Gives access tokens; null where <see cref="SignInAsync"/> is used.</param>
    /// <param name="options">Null takes the defaults.</param>
    /// <exception cref="ArgumentException">The base address is missing, or not an http or https URL.</exception>
    public FairleadClient(HttpClient http, AccessTokenProvider? token = null, FairleadClientOptions? options = null)
        : this(http, http?.BaseAddress!, token, options, ownsHttp: false) { }

    private FairleadClient(
        HttpClient http,
        Uri address,
        AccessTokenProvider? token,
        FairleadClientOptions? options,
        bool ownsHttp
    )
    {
        this.http = http;
        this.ownsHttp = ownsHttp;
        this.options = options ?? new FairleadClientOptions();
        root = Root(address);
        rest = new RestConnection(http, new Uri(root, "api/v1/"), token ?? SignedInAsync, this.options);
        var follower = new RestFollower(http, new Uri(root, "api/v1/"), token ?? SignedInAsync, this.options);
        Services = new ServicesClient(rest, follower, this.options);
        Groups = new GroupsClient(rest);
        Tools = new ToolsClient(rest);
        Calls = new CallsClient(rest, follower);
        Users = new UsersClient(rest);
        Secrets = new SecretsClient(rest);
        Registry = new RegistryClient(rest);
        Reviews = new ReviewsClient(rest);
        Executions = new ExecutionsClient(rest);
        Breakers = new BreakersClient(rest);
    }

    /// <summary>Upstream MCP servers.</summary>
    public ServicesClient Services { get; }

    /// <summary>Definitions of services that wait for a decision.</summary>
    public ReviewsClient Reviews { get; }

    /// <summary>Groups and their keys.</summary>
    public GroupsClient Groups { get; }

    /// <summary>Published tools, as administered.</summary>
    public ToolsClient Tools { get; }

    /// <summary>Tools that run in the background.</summary>
    public ExecutionsClient Executions { get; }

    /// <summary>Breakers of tools that fail too often.</summary>
    public BreakersClient Breakers { get; }

    /// <summary>The call log.</summary>
    public CallsClient Calls { get; }

    /// <summary>Users.</summary>
    public UsersClient Users { get; }

    /// <summary>Secrets of services.</summary>
    public SecretsClient Secrets { get; }

    /// <summary>The registry the gateway is configured with.</summary>
    public RegistryClient Registry { get; }

    internal TimeProvider Time => options.Time;

    /// <summary>The MCP endpoint of a group.</summary>
    /// <param name="key">The group's key, <c>mcp_key_…</c>.</param>
    /// <param name="code">The group's server code; null uses <c>/mcp</c>, where the key alone names the group.</param>
    /// <param name="userToken">Access token of the user a group restricted to roles or tiers asks for; null sends none.</param>
    public FairleadMcpClient Mcp(string key, string? code = null, string? userToken = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(key);
        var path = code is null ? "mcp" : $"mcp/{Uri.EscapeDataString(code)}";
        return new FairleadMcpClient(http, new Uri(root, path), key, userToken, options);
    }

    /// <summary>Returns when the gateway answers; needs no sign-in.</summary>
    /// <exception cref="FairleadApiException">Something else listens at this address.</exception>
    public Task PingAsync(CancellationToken cancellationToken = default) =>
        rest.PingAsync(new Uri(root, "health/live"), cancellationToken);

    /// <summary>Signs in; later requests of this client carry the token, unless it was given a provider.</summary>
    /// <exception cref="FairleadApiException">
    /// <c>AUTHENTICATION_FAILED</c> for a wrong name or password, <c>RATE_LIMIT_EXCEEDED</c> after too many tries.
    /// </exception>
    public async Task<AccessToken> SignInAsync(
        string username,
        string password,
        CancellationToken cancellationToken = default
    )
    {
        var token = await rest.SendAnonymousAsync(
            "auth/login",
            RestConnection.Json(new SignInRequest(username, password), ClientJson.Default.SignInRequest),
            ClientJson.Default.EnvelopeAccessToken,
            cancellationToken
        );
        signedIn = token.Value;
        return token;
    }

    /// <summary>Revokes the access token in use.</summary>
    public async Task SignOutAsync(CancellationToken cancellationToken = default)
    {
        await rest.SendAsync(
            HttpMethod.Post,
            "auth/logout",
            null,
            ClientJson.Default.EnvelopeSignedInUser,
            cancellationToken
        );
        signedIn = null;
    }

    /// <summary>The user the access token names.</summary>
    public Task<SignedInUser> WhoAmIAsync(CancellationToken cancellationToken = default) =>
        rest.GetAsync("auth/me", ClientJson.Default.EnvelopeSignedInUser, cancellationToken);

    /// <inheritdoc/>
    public void Dispose()
    {
        if (ownsHttp)
            http.Dispose();
    }

    private ValueTask<string?> SignedInAsync(CancellationToken cancellationToken) => new(signedIn);

    private static Uri Root(Uri? address)
    {
        if (address is not { IsAbsoluteUri: true } || address.Scheme is not ("http" or "https"))
            throw new ArgumentException("The gateway's address is an absolute http or https URL.", nameof(address));
        return address.AbsolutePath.EndsWith('/') ? address : new Uri(address.GetLeftPart(UriPartial.Path) + "/");
    }

    private static HttpClient OwnHttp(Uri? address)
    {
        var checkedAddress = Root(address);
        return new HttpClient(
            new SocketsHttpHandler
            {
                // A redirect would carry the token to where nobody meant it to go.
                AllowAutoRedirect = false,
                UseCookies = false,
                AutomaticDecompression = DecompressionMethods.All,
                ConnectTimeout = TimeSpan.FromSeconds(10),
                UseProxy = !checkedAddress.IsLoopback,
            }
        )
        {
            // A tool may take minutes; REST requests have their own limit.
            Timeout = Timeout.InfiniteTimeSpan,
        };
    }
}
