using System.Text.Json;
using Fairlead.Server.Tools.Schemas;

namespace Fairlead.Server.Gateway.Finding;

/// <summary>What clients are listed of a group that lists no tools of its own.</summary>
internal static class FinderDefinitions
{
    /// <summary>Longest query in characters.</summary>
    public const int MaxQuery = 1000;

    /// <summary>Most tools of one answer.</summary>
    public const int MaxLimit = 50;

    /// <summary>Tools of one answer where the caller says nothing.</summary>
    public const int DefaultLimit = 10;

    public static readonly byte[] Find =
        """
        {"name":"find_tools","title":"Find tools","description":"Finds tools of this server by words in their names and descriptions, in English or Chinese, and returns their definitions, best first. Call what was found with call_tool.","inputSchema":{"type":"object","properties":{"query":{"type":"string","maxLength":1000,"description":"Words for what the tool should do; empty lists all tools."},"limit":{"type":"integer","minimum":1,"maximum":50,"default":10,"description":"Most tools to return."},"cursor":{"type":"string","maxLength":64,"description":"nextCursor of an answer, to go on with the same query."}},"required":["query"],"additionalProperties":false},"outputSchema":{"type":"object","properties":{"tools":{"type":"array","items":{"type":"object"},"description":"Definitions: name, description, inputSchema and more."},"total":{"type":"integer","description":"How many tools fit the query."},"nextCursor":{"type":"string","description":"There are more."}},"required":["tools","total"]},"annotations":{"title":"Find tools","readOnlyHint":true,"destructiveHint":false,"idempotentHint":true,"openWorldHint":false}}
        """u8.ToArray();

    public static readonly byte[] Call =
        """
        {"name":"call_tool","title":"Call a tool","description":"Calls a tool of this server that find_tools returned, and returns what it answers.","inputSchema":{"type":"object","properties":{"name":{"type":"string","description":"The tool's name."},"arguments":{"type":"object","description":"The tool's own arguments, as its inputSchema says."}},"required":["name"],"additionalProperties":false},"annotations":{"title":"Call a tool","readOnlyHint":false}}
        """u8.ToArray();

    /// <summary>The input schema of <c>find_tools</c>, and compiled.</summary>
    public static readonly JsonElement FindInput = JsonElement.Parse(Find).GetProperty("inputSchema");
    public static readonly JsonSchema FindSchema = JsonSchema.Compile(FindInput);
}
