using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Loader;

namespace Fairlead.Server.Storage.Sqlite;

/// <summary>
/// Binds Microsoft.Data.Sqlite to the operating system's SQLite (dependencies.md, "SQLite"). The managed layer asks
/// for a newer SQLitePCLRaw.core than is to be had; 2.0.6 has every member it calls, so it is handed over by name.
/// </summary>
internal static class SystemSqlite
{
    private static readonly string[] LibraryNames =
        OperatingSystem.IsWindows() ? ["winsqlite3.dll", "sqlite3.dll"]
        : OperatingSystem.IsMacOS() ? ["libsqlite3.dylib"]
        : ["libsqlite3.so.0", "libsqlite3.so"];

    // A library is the right place here: the binding must stand before the first SQLite type is touched, whoever hosts us.
#pragma warning disable CA2255
    [ModuleInitializer]
#pragma warning restore CA2255
    internal static void Install() => AssemblyLoadContext.Default.Resolving += ResolveCore;

    /// <summary>Chooses the native library. Called by the engine before its first connection; repeating it is harmless.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    internal static void Bind() => Binding.Ensure();

    private static Assembly? ResolveCore(AssemblyLoadContext context, AssemblyName name)
    {
        if (name.Name != "SQLitePCLRaw.core")
            return null;
        string path = Path.Combine(AppContext.BaseDirectory, "SQLitePCLRaw.core.dll");
        return File.Exists(path) ? context.LoadFromAssemblyPath(path) : null;
    }

    // A type of its own, so that SQLitePCLRaw types are first met after Install ran.
    private static class Binding
    {
        static Binding()
        {
            var provider = new SQLitePCL.SQLite3Provider_e_sqlite3();
            NativeLibrary.SetDllImportResolver(
                provider.GetType().Assembly,
                static (name, _, _) => name == "e_sqlite3" ? Load() : IntPtr.Zero
            );
            SQLitePCL.raw.SetProvider(provider);
        }

        public static void Ensure() { }

        private static IntPtr Load()
        {
            foreach (string candidate in LibraryNames)
                if (NativeLibrary.TryLoad(candidate, out IntPtr handle))
                    return handle;
            throw new StoreException(
                "The operating system's SQLite library was not found (Debian: apt-get install libsqlite3-0)."
            );
        }
    }
}
