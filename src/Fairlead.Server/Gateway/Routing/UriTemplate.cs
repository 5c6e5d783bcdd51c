using System.Text;
using System.Text.RegularExpressions;

namespace Fairlead.Server.Gateway.Routing;

/// <summary>
/// Says whether a URI can come from an RFC 6570 template. Only for finding the owner; the owner expands it itself.
/// Each expression becomes one character class, so matching is linear (non-backtracking).
/// </summary>
internal sealed partial class UriTemplate(string template)
{
    // Made at the first question: a table is built at every change of the store, and most templates are never asked.
    private readonly Lazy<Regex> pattern = new(() => Compile(template));

    public bool Matches(string uri) => pattern.Value.IsMatch(uri);

    private static Regex Compile(string template)
    {
        var text = new StringBuilder("^");
        var last = 0;
        foreach (Match m in Expression().Matches(template))
        {
            text.Append(Regex.Escape(template[last..m.Index]));
            // {+path} and {#fragment} may hold reserved characters, the others stop at a separator.
            text.Append(
                m.Groups["op"].Value is "+" or "#" ? ".*"
                : m.Groups["op"].Value is "?" or "&" ? "[^#]*"
                : "[^/?#]*"
            );
            last = m.Index + m.Length;
        }
        text.Append(Regex.Escape(template[last..])).Append('$');
        return new Regex(text.ToString(), RegexOptions.NonBacktracking | RegexOptions.CultureInvariant);
    }

    [GeneratedRegex(@"\{(?<op>[+#./;?&]?)[^{}]*\}", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Expression();
}
