using System.ComponentModel.DataAnnotations;

namespace Fairlead.Toolkit.Protection;

/// <summary>
/// The text is a name of a user: 3 to 50 letters, digits or underscores of ASCII (P-86). A rule of the published schema, as
/// those of <c>System.ComponentModel.DataAnnotations</c> are.
/// </summary>
[AttributeUsage(AttributeTargets.Parameter | AttributeTargets.Property)]
public sealed class UserNameAttribute() : RegularExpressionAttribute("^[A-Za-z0-9_]{3,50}$");

/// <summary>
/// The text is an address of electronic mail of the usual form, <c>name@host.domain</c> (P-86): letters, digits and
/// <c>. _ % + -</c> before the sign. That somebody reads it is for a mail to find out.
/// </summary>
[AttributeUsage(AttributeTargets.Parameter | AttributeTargets.Property)]
public sealed class EmailAttribute()
    : RegularExpressionAttribute(@"^[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})*\.[A-Za-z]{2,63}$");

/// <summary>
/// The text is the name of a file and no way to it (P-88): letters and digits of ASCII, dot, underscore and hyphen, no two
/// dots in a row, not a dot alone. How long it may be is for <c>[StringLength]</c> to say.
/// </summary>
[AttributeUsage(AttributeTargets.Parameter | AttributeTargets.Property)]
public sealed class FileNameAttribute() : RegularExpressionAttribute(OnlyName)
{
    // Without looking ahead, so that it is matched in linear time.
    private const string OnlyName = @"^\.?[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*\.?$";
}
