#!/usr/bin/env bash
# Twenty services, eight of them misbehaving, stopped, started and killed for ten minutes, the gateway killed once: nothing
# may be left over and the healthy ones may not notice. bench/soak.sh [--minutes 10] [--cycles 1000] [--no-build]
# Exit codes: 0 all met, 1 a broken run, 3 a target missed.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
. eng/setup.sh

build=1 options=()
for argument; do
  case $argument in
    --no-build) build= ;;
    *) options+=("$argument") ;;
  esac
done
out=$root/artifacts/bench work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if [ -n "$build" ]; then
  need_dotnet
  need_sqlite || exit 1
  say "Building"
  dotnet publish src/Fairlead -c Release --use-current-runtime --no-self-contained -p:PublishReadyToRun=true \
    -p:NuGetLockFilePath=obj/publish.lock.json -o "$out/fairlead" -v quiet -clp:NoSummary </dev/null || exit 1
  dotnet publish bench/Fairlead.Soak -c Release -o "$out/Fairlead.Soak" -v quiet -clp:NoSummary </dev/null || exit 1
fi
url=http://127.0.0.1:${FAIRLEAD_BENCH_PORT:-18100}
export FAIRLEAD_DEFAULT_KEY=mcp_key_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8
export FAIRLEAD_ADMIN_PASSWORD=bench-Password-1
# Limits stay in the path, but high enough not to refuse.
cat >"$work/config.json" <<JSON
{
  "Fairlead": {
    "Gateway": { "CallsPerMinute": 600000000 },
    "Limits": { "UserCalls": 600000000, "RestPerMinute": 600000000, "RestBurst": 1000000 },
    "Services": { "Recovery": { "StartsPerMinute": 600 } }
  }
}
JSON
echo "$(date -u +%F) · $(nproc) cores · load $(cut -d' ' -f1-3 /proc/loadavg)"
"$out/Fairlead.Soak/Fairlead.Soak" --url "$url" --key "$FAIRLEAD_DEFAULT_KEY" --password "$FAIRLEAD_ADMIN_PASSWORD" \
  "${options[@]}" -- "$out/fairlead/fairlead" serve --urls "$url" --data "$work/data" --mcp-config "{config}" \
  --config "$work/config.json"
