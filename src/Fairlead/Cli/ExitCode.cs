namespace Fairlead.Cli;

/// <summary>What the commands tell the shell; a promise, listed by <c>--help</c>.</summary>
internal static class ExitCode
{
    public const int Ok = 0;
    public const int Failed = 1;
    public const int WrongUsage = 2;
    public const int NotReachable = 3;
    public const int NotAuthorised = 4;
    public const int NotFound = 5;
    public const int ServiceFailed = 6;

    /// <summary>An interrupt (Ctrl-C) ended it.</summary>
    public const int Interrupted = 130;

    public static readonly IReadOnlyList<(int Code, string Meaning)> All =
    [
        (Ok, "done"),
        (Failed, "failed"),
        (WrongUsage, "wrong usage, or input the gateway does not accept"),
        (NotReachable, "no gateway answers at this address"),
        (NotAuthorised, "not signed in, or not allowed"),
        (NotFound, "no such service, group, tool or user"),
        (ServiceFailed, "the service or tool reported an error"),
        (Interrupted, "interrupted"),
    ];

    /// <summary>What the code is called where <c>--json</c> tells of it.</summary>
    public static string Name(int code) =>
        code switch
        {
            WrongUsage => "wrong_usage",
            NotReachable => "not_reachable",
            NotAuthorised => "not_authorised",
            NotFound => "not_found",
            ServiceFailed => "service_failed",
            Interrupted => "interrupted",
            _ => "failed",
        };
}
