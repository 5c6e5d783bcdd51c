using Fairlead.Server.Identity;
using Fairlead.Toolkit;

namespace Fairlead.Server.Tools.Samples;

/// <summary>Who may see and change what belongs to one user.</summary>
internal static class Callers
{
    public const string Consultant = "consultant";

    /// <summary>The user the call names.</summary>
    /// <exception cref="ToolFailedException">It names none.</exception>
    public static CallUser Require(CallContext context) =>
        context.User ?? throw Failure.Of("user_required", "Send a user's token in X-User-Token.");

    /// <summary>Lets through the user himself, consultants and administrators.</summary>
    /// <exception cref="ToolFailedException">The caller is none of them.</exception>
    public static CallUser RequireFor(CallContext context, string userId)
    {
        var user = Require(context);
        return user.Id == userId || IsStaff(user)
            ? user
            : throw Failure.Of("forbidden", "You may do this for yourself only.");
    }

    public static bool IsStaff(CallUser user) =>
        user.Roles.Contains(Consultant) || user.Roles.Contains(IdentityFeature.AdminRole);
}
