using System.Collections;
using System.Globalization;
using Fairlead.Toolkit;

namespace Fairlead.Server.Tools;

/// <summary>
/// What every log line of a call carries where scopes are shown (P-20): the call's id, and how long it runs, read when
/// the line is written.
/// </summary>
internal sealed class CallScope(CallContext context) : IReadOnlyList<KeyValuePair<string, object?>>
{
    public int Count => 2;

    public KeyValuePair<string, object?> this[int index] =>
        index switch
        {
            0 => new("request_id", context.RequestId),
            1 => new("elapsed", Elapsed),
            _ => throw new ArgumentOutOfRangeException(nameof(index)),
        };

    private string Elapsed => context.Elapsed.TotalSeconds.ToString("0.000", CultureInfo.InvariantCulture);

    public IEnumerator<KeyValuePair<string, object?>> GetEnumerator()
    {
        yield return this[0];
        yield return this[1];
    }

    public override string ToString() => $"request_id:{context.RequestId} elapsed:{Elapsed}";

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
