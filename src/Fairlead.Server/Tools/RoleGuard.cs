using Fairlead.Server.Gateway.Replies;
using Fairlead.Toolkit;

namespace Fairlead.Server.Tools;

/// <summary>
/// Lets a guarded tool run only for a user with the roles it asks for. No user, an unreadable token and a missing role
/// all mean no; the first two are told apart from the third, so that a client knows what to send.
/// </summary>
internal static class RoleGuard
{
    /// <summary>The JSON-RPC error object for a caller who may not; null for one who may.</summary>
    public static byte[]? Refuse(NativeTool tool, CallContext context)
    {
        var rules = tool.Policy.RequiredRoles;
        if (rules.IsEmpty)
            return null;
        if (context.User is not { } user)
            return Error(
                Condition.ToolUserNeeded,
                context,
                $"The tool {tool.Name} is restricted: send a user's token in X-User-Token"
            );
        foreach (var rule in rules)
        {
            if (!rule.Any(user.Roles.Contains))
                return Error(
                    Condition.ToolRoleMissing,
                    context,
                    $"The tool {tool.Name} needs the role {string.Join(" or ", rule)}"
                );
        }
        return null;
    }

    private static byte[] Error(Condition condition, CallContext context, string detail) =>
        ErrorTable.Answer(condition, context.RequestId.ToString(), detail).A.ToArray();
}
