namespace Fairlead.Server.Caching.Memory;

/// <summary>Who goes first when a cache is full (P-38).</summary>
internal enum EvictionPolicy
{
    /// <summary>What was not read or written for the longest time.</summary>
    Lru,

    /// <summary>What was read least often; of those the oldest.</summary>
    Lfu,

    /// <summary>What was written first.</summary>
    Fifo,

    /// <summary>What expires first; what never does goes last.</summary>
    Ttl,
}
