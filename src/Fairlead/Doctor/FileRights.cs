namespace Fairlead.Doctor;

/// <summary>Rights of files, where the system has such.</summary>
internal static class FileRights
{
    public const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Reading and writing by anybody but the owner.</summary>
    public const UnixFileMode Others =
        UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.OtherRead | UnixFileMode.OtherWrite;

    /// <summary>Which of these rights the file gives; none on Windows, whose lists of rights are not looked at.</summary>
    public static UnixFileMode Given(string path, UnixFileMode among) =>
        OperatingSystem.IsWindows() ? UnixFileMode.None : File.GetUnixFileMode(path) & among;

    public static bool IsOpen(string path) => Given(path, Others) != UnixFileMode.None;
}
