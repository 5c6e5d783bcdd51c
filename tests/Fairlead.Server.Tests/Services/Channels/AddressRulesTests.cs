using System.Net;
using Fairlead.Server.Services.Channels;
using Shouldly;
using Xunit;

namespace Fairlead.Server.Tests.Services.Channels;

public sealed class AddressRulesTests
{
    [Theory]
    [InlineData("169.254.169.254")]
    [InlineData("169.254.0.1")]
    [InlineData("168.63.129.16")]
    [InlineData("100.100.100.200")]
    [InlineData("0.0.0.0")]
    [InlineData("224.0.0.1")]
    [InlineData("255.255.255.255")]
    [InlineData("::")]
    [InlineData("fe80::1")]
    [InlineData("ff02::1")]
    [InlineData("fd00:ec2::254")]
    [InlineData("::ffff:169.254.169.254")]
    [InlineData("64:ff9b::a9fe:a9fe")]
    [InlineData("2002:a9fe:a9fe::1")]
    [InlineData("::169.254.169.254")]
    public void Allows_MetadataLinkLocalAndUnroutable_Never(string address) // R81
    {
        AddressRules.Allows(IPAddress.Parse(address), refusePrivate: false).ShouldBeFalse();
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("10.1.2.3")]
    [InlineData("172.16.0.1")]
    [InlineData("192.168.1.1")]
    [InlineData("100.64.0.1")]
    [InlineData("::1")]
    [InlineData("fd12:3456::1")]
    [InlineData("::ffff:10.1.2.3")]
    [InlineData("64:ff9b:1::7f00:1")]
    [InlineData("::ffff:0:10.1.2.3")]
    [InlineData("2001:0:a9fe::1")]
    [InlineData("64:ff9b::7f00:1")]
    public void Allows_Private_UnlessRefused(string address)
    {
        AddressRules.Allows(IPAddress.Parse(address), refusePrivate: false).ShouldBeTrue();
        AddressRules.Allows(IPAddress.Parse(address), refusePrivate: true).ShouldBeFalse();
    }

    [Theory]
    [InlineData("93.184.216.34")]
    [InlineData("2606:2800:220:1::1")]
    [InlineData("172.32.0.1")]
    public void Allows_Public_Always(string address) =>
        AddressRules.Allows(IPAddress.Parse(address), refusePrivate: true).ShouldBeTrue();
}
