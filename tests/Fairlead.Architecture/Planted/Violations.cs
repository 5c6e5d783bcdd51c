#pragma warning disable CA1852, CA1823, CS0169, IDE0051, RCS1213, CA1040, CA1805, CA1515, S1144
// What the rules must catch. Nothing uses these types but the tests that feed them to a rule.

namespace Fairlead.Architecture.Planted
{
    internal sealed class ChannelManager;

    internal sealed class JsonHelper;

    internal sealed class StringUtils;

    internal sealed class MailService;

    internal sealed class Queue<T>;

    internal sealed class DashboardPage;

    internal sealed class Page
    {
        internal static int VirtualServerCount => 0;
    }

    internal interface ILonely;

    internal sealed class Lonely : ILonely;

    internal interface IShared;

    internal sealed class FirstShared : IShared;

    internal sealed class SecondShared : IShared;

    internal interface IOf<T>;

    internal sealed class OfText : IOf<string>;

    internal sealed class OfNumber : IOf<int>;
}

namespace Fairlead.Server.Services.Planted
{
    internal sealed class KnownService;
}
