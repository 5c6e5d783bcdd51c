#!/usr/bin/env bash
# Measures the gateway with everything on against YARP on this machine: bench/load.sh [--quick] [--no-build] [options]
# Options go to "Fairlead.Load run" (--targets, --payloads, --connections, --rounds, --seconds). Needs about 10 minutes,
# with --quick half a minute: then only answers and log rows are checked, no targets.
# Exit codes: 0 all targets met, 1 a wrong answer, a missing log row or a broken run, 3 a target missed.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
. eng/setup.sh
. bench/parts.sh

port=${FAIRLEAD_BENCH_PORT:-18100}
echo_url=http://127.0.0.1:$((port + 1)) yarp_url=http://127.0.0.1:$((port + 2)) url=http://127.0.0.1:$port

if [ -n "$build" ]; then
  need_dotnet
  need_sqlite || exit 1
  say "Building"
  dotnet publish src/Fairlead -c Release --use-current-runtime --no-self-contained -p:PublishReadyToRun=true \
    -p:NuGetLockFilePath=obj/publish.lock.json -o "$out/fairlead" -v quiet -clp:NoSummary </dev/null || exit 1
  publish EchoService YarpProxy Fairlead.Load
fi
load=$out/Fairlead.Load/Fairlead.Load gateway=$out/fairlead/fairlead

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

# serve DATA CONFIG: the gateway with a data folder and, at its first start, services.
serve() {
  start gateway "$gateway" serve --urls "$url" --data "$1" --mcp-config "$2" --config "$work/config.json"
  gateway_pid=$!
  until_up "$url/health/ready" "$gateway_pid" "$work/gateway.log"
}

machine
start echo "$out/EchoService/EchoService" --url "$echo_url"
echo_pid=$!
start yarp "$out/YarpProxy/YarpProxy" --url "$yarp_url" --to "$echo_url"
yarp_pid=$!
until_up "$echo_url" "$echo_pid" "$work/echo.log"
until_up "$yarp_url" "$yarp_pid" "$work/yarp.log"

serve "$work/data" "$work/services.json"
measured "$load" run --echo "$echo_url,$echo_pid" --yarp "$yarp_url,$yarp_pid" --gateway "$url,$gateway_pid" \
  --key "$FAIRLEAD_DEFAULT_KEY" --log "$work/data/logs" --json "$out/load.json" "${options[@]}"
stop "$gateway_pid"

if [ -z "$quick" ]; then
  # A store that exists, a gateway that has just started: what a restart costs and what an idle one holds.
  measured "$load" start --url "$url" --key "$FAIRLEAD_DEFAULT_KEY" -- \
    "$gateway" serve --urls "$url" --data "$work/data" --config "$work/config.json"
  serve "$work/data" "$work/services.json"
  measured "$load" sessions --gateway "$url,$gateway_pid" --key "$FAIRLEAD_DEFAULT_KEY"
  stop "$gateway_pid"
  serve "$work/many" "$work/many.json"
  measured "$load" list --gateway "$url,$gateway_pid" --key "$FAIRLEAD_DEFAULT_KEY"
  stop "$gateway_pid"
fi
verdict
