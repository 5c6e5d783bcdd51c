using System.ComponentModel;
using Microsoft.AspNetCore.Mvc;

namespace Fairlead.Server.Hosting.Rest;

/// <summary>Paging of every list: <c>?page=1&amp;page_size=50</c>. Use with <c>[AsParameters]</c>.</summary>
internal sealed record PageQuery(
    [property: FromQuery(Name = "page"), Description("Page, from 1.")] int? Page,
    [property: FromQuery(Name = "page_size"), Description("Rows per page, 1 to 1000; 50 unless given.")] int? PageSize
)
{
    public const int DefaultSize = 50;
    public const int MaxSize = 1000;

    public int Number => Page ?? 1;
    public int Size => PageSize ?? DefaultSize;
    public int Skip => (Number - 1) * Size;

    /// <summary>What is wrong; null when fine.</summary>
    public RestError? Check()
    {
        if (Number is < 1 or > 1_000_000)
            return RestResult.Fail("INVALID_PARAMETER", "page is 1 to 1000000.", "page");
        if (Size is < 1 or > MaxSize)
            return RestResult.Fail("INVALID_PARAMETER", $"page_size is 1 to {MaxSize}.", "page_size");
        return null;
    }
}
