#!/usr/bin/env bash
# Measures native tools through the whole gateway against the same methods in bare endpoints of ASP.NET Core, and the parts
# of the path that every call pays for: bench/native.sh [--quick] [--no-build] [options]
# Options go to "Fairlead.Load native" (--targets, --payloads, --rounds, --seconds, --limits). Needs about 4 minutes and
# building; with --quick half a minute: then only answers and log rows are checked, no targets. --calls: calls alone,
# without the idle gateway and the parts of the path.
# Exit codes: 0 all targets met, 1 a wrong answer, a missing log row or a broken run, 3 a target missed.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
. eng/setup.sh
. bench/parts.sh

port=${FAIRLEAD_BENCH_PORT:-18110}
bare_url=http://127.0.0.1:$((port + 1)) unlogged_url=http://127.0.0.1:$((port + 2)) url=http://127.0.0.1:$port

if [ -n "$build" ]; then
  need_dotnet
  need_sqlite || exit 1
  say "Building"
  publish NativeHost Fairlead.Load
  [ -n "$quick$calls" ] || publish Fairlead.Micro
fi
load=$(program Fairlead.Load) host=$(program NativeHost)

machine
start bare "$host" --bare --url "$bare_url"
bare_pid=$!
start gateway "$host" --gateway --url "$url" --data "$work/data" --config "$work/config.json"
gateway_pid=$!
start unlogged "$host" --gateway --no-log --url "$unlogged_url" --data "$work/unlogged" --config "$work/config.json"
unlogged_pid=$!
until_up "$bare_url" "$bare_pid" "$work/bare.log"
until_up "$url/health/ready" "$gateway_pid" "$work/gateway.log"
until_up "$unlogged_url/health/ready" "$unlogged_pid" "$work/unlogged.log"

measured "$load" native --bare "$bare_url,$bare_pid" --gateway "$url,$gateway_pid" \
  --unlogged "$unlogged_url,$unlogged_pid" --key "$FAIRLEAD_DEFAULT_KEY" --log "$work/data/logs" \
  --json "$out/native.json" "${options[@]}"
if [ -z "$quick$calls" ]; then
  measured "$load" idle --gateway "$url,$gateway_pid"
  for pid in "$bare_pid" "$gateway_pid" "$unlogged_pid"; do stop "$pid"; done
  # Controller, breaker and look-ups in the cache: at most 2 µs each.
  measured "$(program Fairlead.Micro)" --within 2000 --filter '*CallGuards*' '*CacheLookup*'
fi
verdict
