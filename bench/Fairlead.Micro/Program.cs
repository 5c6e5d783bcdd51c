// Costs of the hot path's parts, in nanoseconds: dotnet run -c Release --project bench/Fairlead.Micro [-- --filter '*Route*']
// --within NS: prints only whether each takes at most so long; exit code 3 when one does not, 1 when one did not run.
using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Diagnosers;
using BenchmarkDotNet.Exporters;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Loggers;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using Fairlead.Micro;

var limit = Limit.Take(ref args);

// In this process: generated projects would not know the repository's central packages.
var config = new ManualConfig()
    .AddJob(Job.ShortRun.WithToolchain(InProcessEmitToolchain.Instance))
    .AddColumnProvider(DefaultColumnProviders.Instance)
    .AddDiagnoser(MemoryDiagnoser.Default)
    .AddExporter(MarkdownExporter.GitHub)
    .AddLogger(limit is null ? ConsoleLogger.Default : NullLogger.Instance)
    .WithArtifactsPath("artifacts/bench/micro");
if (limit is not null)
    // What was built for a run has its optimisations; its own libraries need not be looked at each time.
    config.WithOptions(ConfigOptions.DisableOptimizationsValidator);
var summaries = BenchmarkSwitcher
    .FromAssembly(typeof(Program).Assembly)
    .Run(args.Length == 0 ? ["--filter", "*"] : args, config);
return limit?.Judge(summaries) ?? 0;
