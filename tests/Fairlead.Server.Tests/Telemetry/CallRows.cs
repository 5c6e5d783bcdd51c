using Fairlead.Server.Telemetry;

namespace Fairlead.Server.Tests.Telemetry;

/// <summary>Rows for tests, told apart by a number.</summary>
internal static class CallRows
{
    public static readonly DateTimeOffset Start = new(2026, 3, 10, 12, 0, 0, TimeSpan.Zero);

    public static CallLogRow Row(int number, DateTimeOffset? at = null) =>
        new()
        {
            At = at ?? Start.AddMilliseconds(number),
            RequestId = new Guid(number, 0, 0, new byte[8]),
            Method = "tools/call",
            Name = $"tool{number % 3}",
            GroupId = $"group{number % 2}",
            ServiceId = number % 4 == 0 ? null : "service",
            CallerAppId = $"app{number % 5}",
            UserId = "user",
            Success = number % 10 != 0,
            ErrorCode = number % 10 == 0 ? -31001 : 0,
            ErrorMessage = number % 10 == 0 ? "the service ended" : null,
            DurationMicroseconds = 1500 + number,
            RequestBody = number % 10 == 0 ? """{"a":1}"""u8.ToArray() : null,
        };

    public static CallLogRow[] Rows(int count) => [.. Enumerable.Range(1, count).Select(n => Row(n))];
}
