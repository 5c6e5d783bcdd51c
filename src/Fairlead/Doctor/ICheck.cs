namespace Fairlead.Doctor;

/// <summary>
/// One thing the doctor looks at. It changes nothing, needs no other check and may throw: that is a finding, too.
/// </summary>
internal interface ICheck
{
    /// <summary>One word, unique; what it found so far is kept when it runs out of time.</summary>
    string Name { get; }

    /// <summary>Whether it looks at this machine, which makes no sense for a gateway elsewhere.</summary>
    bool IsLocal => true;

    IAsyncEnumerable<Finding> RunAsync(Site site, CancellationToken cancellationToken);
}
