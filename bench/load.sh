#!/usr/bin/env bash
# Measures the gateway with everything on against YARP on this machine: bench/load.sh [--quick] [--no-build] [options]
# Options go to "Fairlead.Load run" (--targets, --payloads, --connections, --rounds, --seconds). Needs about 10 minutes,
# with --quick half a minute: then only answers and log rows are checked, no targets.
# Exit codes: 0 all targets met, 1 a wrong answer, a missing log row or a broken run, 3 a target missed.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
. eng/setup.sh

build=1 quick= options=()
for argument; do
  case $argument in
    --no-build) build= ;;
    --quick) quick=1 options+=("$argument") ;;
    *) options+=("$argument") ;;
  esac
done

port=${FAIRLEAD_BENCH_PORT:-18100}
echo_url=http://127.0.0.1:$((port + 1)) yarp_url=http://127.0.0.1:$((port + 2)) url=http://127.0.0.1:$port
out=$root/artifacts/bench work=$(mktemp -d)
pids=()
finish() {
  local pid
  for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null; done
  for pid in "${pids[@]}"; do wait "$pid" 2>/dev/null; done
  rm -rf "$work"
}
trap finish EXIT
trap 'exit 1' INT TERM

if [ -n "$build" ]; then
  need_dotnet
  need_sqlite || exit 1
  say "Building"
  dotnet publish src/Fairlead -c Release --use-current-runtime --no-self-contained -p:PublishReadyToRun=true \
    -p:NuGetLockFilePath=obj/publish.lock.json -o "$out/fairlead" -v quiet -clp:NoSummary </dev/null || exit 1
  for project in EchoService YarpProxy Fairlead.Load; do
    dotnet publish "bench/$project" -c Release -o "$out/$project" -v quiet -clp:NoSummary </dev/null || exit 1
  done
fi
load=$out/Fairlead.Load/Fairlead.Load gateway=$out/fairlead/fairlead

# The same for all that are measured, as run.sh does it (docs/performance.md).
export DOTNET_ThreadPool_UnfairSemaphoreSpinLimit=0
export FAIRLEAD_DEFAULT_KEY=mcp_key_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8
export FAIRLEAD_ADMIN_PASSWORD=bench-Password-1

# Limits stay in the path, but high enough not to refuse.
cat >"$work/config.json" <<JSON
{ "Fairlead": { "Gateway": { "CallsPerMinute": 600000000, "ConcurrentCalls": 10000, "MaxSessions": 5000 } } }
JSON
cat >"$work/services.json" <<JSON
{
  "mcpServers": {
    "legacy": { "url": "$echo_url/legacy/mcp" },
    "modern": { "url": "$echo_url/modern/mcp" },
    "stdio": { "command": "$out/EchoService/EchoService", "args": ["--stdio"] }
  }
}
JSON
echo "{ \"mcpServers\": { \"many\": { \"url\": \"$echo_url/many/mcp\" } } }" >"$work/many.json"

# start NAME COMMAND...: starts in the background; $! is its process.
start() {
  local log=$work/$1.log
  shift
  "$@" >"$log" 2>&1 </dev/null &
  pids+=($!)
}

# stop PID: ends one program that was started here.
stop() {
  kill "$1" 2>/dev/null
  wait "$1" 2>/dev/null
}

# until_up URL PID LOG: waits until an address answers.
until_up() {
  local i
  for i in $(seq 300); do
    curl -s -o /dev/null --max-time 1 "$1" && return 0
    kill -0 "$2" 2>/dev/null || break
    sleep 0.1
  done
  say "$1 does not answer:"
  tail -20 "$3" >&2
  exit 1
}

# serve DATA CONFIG: the gateway with a data folder and, at its first start, services.
serve() {
  start gateway "$gateway" serve --urls "$url" --data "$1" --mcp-config "$2" --config "$work/config.json"
  gateway_pid=$!
  until_up "$url/health/ready" "$gateway_pid" "$work/gateway.log"
}

worst=0
measure() {
  timeout 900 "$load" "$@"
  local code=$?
  if [ $code -eq 3 ]; then
    [ $worst -ne 0 ] || worst=3
  elif [ $code -ne 0 ]; then
    say "The gateway's last words:"
    tail -20 "$work/gateway.log" >&2
    exit 1
  fi
}

echo "$(date -u +%F) · $(nproc) × $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1) · .NET $(dotnet --version) · load $(cut -d' ' -f1-3 /proc/loadavg)"
start echo "$out/EchoService/EchoService" --url "$echo_url"
echo_pid=$!
start yarp "$out/YarpProxy/YarpProxy" --url "$yarp_url" --to "$echo_url"
yarp_pid=$!
until_up "$echo_url" "$echo_pid" "$work/echo.log"
until_up "$yarp_url" "$yarp_pid" "$work/yarp.log"

serve "$work/data" "$work/services.json"
measure run --echo "$echo_url,$echo_pid" --yarp "$yarp_url,$yarp_pid" --gateway "$url,$gateway_pid" \
  --key "$FAIRLEAD_DEFAULT_KEY" --log "$work/data/logs" --json "$out/load.json" "${options[@]}"
stop "$gateway_pid"

if [ -z "$quick" ]; then
  # A store that exists, a gateway that has just started: what a restart costs and what an idle one holds.
  measure start --url "$url" --key "$FAIRLEAD_DEFAULT_KEY" -- \
    "$gateway" serve --urls "$url" --data "$work/data" --config "$work/config.json"
  serve "$work/data" "$work/services.json"
  measure sessions --gateway "$url,$gateway_pid" --key "$FAIRLEAD_DEFAULT_KEY"
  stop "$gateway_pid"
  serve "$work/many" "$work/many.json"
  measure list --gateway "$url,$gateway_pid" --key "$FAIRLEAD_DEFAULT_KEY"
  stop "$gateway_pid"
fi
[ $worst -eq 0 ] && echo "All targets met." || echo "Some targets were missed: see MISS above."
exit $worst
