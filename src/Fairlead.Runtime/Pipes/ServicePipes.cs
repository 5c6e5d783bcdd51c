using Microsoft.Win32.SafeHandles;

namespace Fairlead.Runtime.Pipes;

/// <summary>Our ends of a service's three standard streams.</summary>
internal readonly record struct ServicePipes(SafeFileHandle Input, SafeFileHandle Output, SafeFileHandle Error);
