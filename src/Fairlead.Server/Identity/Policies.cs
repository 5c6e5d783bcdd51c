namespace Fairlead.Server.Identity;

/// <summary>Who may call an endpoint.</summary>
internal static class Policies
{
    /// <summary>Users with role <c>admin</c>: the default of every REST endpoint .</summary>
    public const string Admin = "admin";

    /// <summary>Any signed-in user.</summary>
    public const string User = "user";

    /// <summary>Nobody in particular: for signing in only.</summary>
    public const string Anyone = "anyone";
}
