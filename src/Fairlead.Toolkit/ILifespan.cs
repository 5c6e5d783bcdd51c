namespace Fairlead.Toolkit;

/// <summary>
/// What a program does before its gateway takes calls, and after the last of them (P-07). One object of it is made from
/// services; register it with <c>AddFairlead().AddLifespan&lt;T&gt;()</c>.
/// </summary>
public interface ILifespan
{
    /// <summary>Runs once, before the first request. What it throws ends the start; what had started before is stopped.</summary>
    /// <param name="cancellationToken">The start is given up.</param>
    Task StartAsync(CancellationToken cancellationToken);

    /// <summary>Runs once, after the last request, those that started last first. What it throws is logged and keeps nothing else from stopping.</summary>
    /// <param name="cancellationToken">The time for stopping is over.</param>
    Task StopAsync(CancellationToken cancellationToken);
}
