namespace Fairlead.Server.Telemetry.Redact;

/// <summary>
/// Masks one value whose kind is known (P-81…P-84). Values too short for their kind are masked whole (C-37): showing
/// them unchanged would be the leak.
/// </summary>
internal static class PersonalData
{
    private const int PhoneLength = 11;
    private const int IdCardLength = 18;
    private const int BankCardLength = 16;

    /// <summary><c>alice@x.com</c> → <c>a***e@x.com</c>: first and last of the local part; 2 or fewer all stars (P-81).</summary>
    public static string Email(string value)
    {
        var at = value.LastIndexOf('@');
        if (at < 0)
            return Stars(value.Length);
        var local = value[..at];
        return (local.Length <= 2 ? Stars(local.Length) : $"{local[0]}***{local[^1]}") + value[at..];
    }

    /// <summary><c>13812348888</c> → <c>138****8888</c> (P-82).</summary>
    public static string Phone(string value) => Middle(value, PhoneLength, 3, 4, 4);

    /// <summary>First 6 and last 4 around eight stars (P-83).</summary>
    public static string IdCard(string value) => Middle(value, IdCardLength, 6, 8, 4);

    /// <summary>Twelve stars and the last 4 (P-84).</summary>
    public static string BankCard(string value) => Middle(value, BankCardLength, 0, 12, 4);

    /// <summary>All stars (P-84).</summary>
    public static string Password(string value) => Stars(value.Length);

    /// <summary>Digits of unknown kind, told apart by how many there are.</summary>
    public static string Digits(string value) =>
        value.Length switch
        {
            < BankCardLength => Phone(value),
            IdCardLength => IdCard(value),
            _ => BankCard(value),
        };

    private static string Middle(string value, int shortest, int head, int stars, int tail) =>
        value.Length < shortest ? Stars(value.Length) : value[..head] + Stars(stars) + value[^tail..];

    private static string Stars(int count) => new('*', count);
}
