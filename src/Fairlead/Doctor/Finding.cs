using System.Text.Json.Serialization;

namespace Fairlead.Doctor;

/// <summary>How bad a finding is. Only a fault makes the command fail.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<Severity>))]
internal enum Severity
{
    [JsonStringEnumMemberName("ok")]
    Ok,

    [JsonStringEnumMemberName("warning")]
    Warning,

    [JsonStringEnumMemberName("fault")]
    Fault,
}

/// <summary>What one check saw.</summary>
/// <param name="Severity">How bad it is.</param>
/// <param name="Check">Name of the check that saw it.</param>
/// <param name="Where">File, address, service or setting it is about.</param>
/// <param name="What">What was seen, in one line; never a secret.</param>
/// <param name="Mend">What to do, a command to paste where there is one; null when all is well.</param>
internal sealed record Finding(Severity Severity, string Check, string Where, string What, string? Mend = null);

/// <summary>Printed by <c>doctor --json</c>.</summary>
internal sealed record DoctorReport(int Faults, int Warnings, IReadOnlyList<Finding> Findings);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true)]
[JsonSerializable(typeof(DoctorReport))]
internal sealed partial class DoctorJson : JsonSerializerContext;
