namespace Fairlead.Toolkit.Protection;

/// <summary>
/// Masks one value whose kind is known (P-81…P-84), as the gateway's own logs do: for what a tool shows or logs while it
/// works with the original (P-85). Values too short for their kind are masked whole (C-37): showing them unchanged would
/// be the leak.
/// </summary>
public static class PersonalData
{
    private const int PhoneLength = 11;
    private const int IdCardLength = 18;
    private const int BankCardLength = 16;

    /// <summary>
    /// <c>alice@x.com</c> → <c>a***e@x.com</c>: first and last of the local part; of 2 or fewer characters, and without an
    /// <c>@</c>, all stars (P-81).
    /// </summary>
    /// <param name="value">The address.</param>
    public static string Email(string value)
    {
        ArgumentNullException.ThrowIfNull(value);
        var at = value.LastIndexOf('@');
        if (at < 0)
            return Stars(value.Length);
        var local = value[..at];
        return (local.Length <= 2 ? Stars(local.Length) : $"{local[0]}***{local[^1]}") + value[at..];
    }

    /// <summary><c>13812348888</c> → <c>138****8888</c>; fewer than 11 characters are all stars (P-82).</summary>
    /// <param name="value">The number.</param>
    public static string Phone(string value) => Middle(value, PhoneLength, 3, 4, 4);

    /// <summary>First 6 and last 4 around eight stars; fewer than 18 characters are all stars (P-83).</summary>
    /// <param name="value">The number.</param>
    public static string IdCard(string value) => Middle(value, IdCardLength, 6, 8, 4);

    /// <summary>Twelve stars and the last 4; fewer than 16 characters are all stars (P-84).</summary>
    /// <param name="value">The number.</param>
    public static string BankCard(string value) => Middle(value, BankCardLength, 0, 12, 4);

    /// <summary>All stars, one for each character (P-84).</summary>
    /// <param name="value">The password.</param>
    public static string Password(string value)
    {
        ArgumentNullException.ThrowIfNull(value);
        return Stars(value.Length);
    }

    /// <summary>Digits of unknown kind, told apart by how many there are.</summary>
    internal static string Digits(string value) =>
        value.Length switch
        {
            < BankCardLength => Phone(value),
            IdCardLength => IdCard(value),
            _ => BankCard(value),
        };

    private static string Middle(string value, int shortest, int head, int stars, int tail)
    {
        ArgumentNullException.ThrowIfNull(value);
        return value.Length < shortest ? Stars(value.Length) : value[..head] + Stars(stars) + value[^tail..];
    }

    private static string Stars(int count) => new('*', count);
}
