using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Fairlead.Load;

/// <summary>Counts the rows of the gateway's call log in its SQLite files, through the system's library.</summary>
internal sealed partial class CallLog(string folder)
{
    private const int OpenReadOnly = 1;
    private const int Error = 1;
    private const int Row = 100;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>All rows of tool calls.</summary>
    public long Calls() => Sum("select count(*) from mcp_call_logs where method = 'tools/call'");

    /// <summary>The place of the last row in its day (the id's lower 36 bits): quick however long the log is.</summary>
    public long Last() => Sum("select coalesce(max(id), 0) & 68719476735 from mcp_call_logs");

    /// <summary>Waits until the log has grown to <paramref name="rows"/>; false when it does not.</summary>
    public async Task<bool> ReachesAsync(long rows)
    {
        var waiting = Stopwatch.StartNew();
        while (Last() < rows)
        {
            if (waiting.Elapsed > Patience)
                return false;
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System);
        }
        return true;
    }

    private long Sum(string query) =>
        Directory.Exists(folder) ? Directory.GetFiles(folder, "calls-*.db").Sum(file => Single(file, query)) : 0;

    private static long Single(string file, string query)
    {
        var database = IntPtr.Zero;
        var statement = IntPtr.Zero;
        try
        {
            Check(sqlite3_open_v2(file, out database, OpenReadOnly, IntPtr.Zero), file);
            _ = sqlite3_busy_timeout(database, 5000);
            var prepared = sqlite3_prepare_v2(database, query, -1, out statement, IntPtr.Zero);
            // The gateway is just making the file: its table is not there yet.
            if (prepared == Error)
                return 0;
            Check(prepared, file);
            return sqlite3_step(statement) == Row ? sqlite3_column_int64(statement, 0) : 0;
        }
        finally
        {
            _ = sqlite3_finalize(statement);
            _ = sqlite3_close_v2(database);
        }
    }

    private static void Check(int code, string file)
    {
        if (code != 0)
            throw new InvalidOperationException($"{file}: SQLite says {code}");
    }

    private const string Library = "libsqlite3.so.0";

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int sqlite3_open_v2(string file, out IntPtr database, int flags, IntPtr vfs);

    [LibraryImport(Library)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int sqlite3_busy_timeout(IntPtr database, int milliseconds);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int sqlite3_prepare_v2(
        IntPtr database,
        string query,
        int length,
        out IntPtr statement,
        IntPtr tail
    );

    [LibraryImport(Library)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int sqlite3_step(IntPtr statement);

    [LibraryImport(Library)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial long sqlite3_column_int64(IntPtr statement, int column);

    [LibraryImport(Library)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int sqlite3_finalize(IntPtr statement);

    [LibraryImport(Library)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int sqlite3_close_v2(IntPtr database);
}
