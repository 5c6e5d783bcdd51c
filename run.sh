#!/usr/bin/env bash
# Builds and starts the gateway: ./run.sh [--no-build] [arguments of "fairlead serve"]
# Defaults: --urls http://127.0.0.1:8000 --data ./data, and on an empty store the services of samples/mcp.json.
set -euo pipefail
cd "$(dirname "$0")"
. eng/setup.sh

build=1 arguments=() data=$root/data urls= config=
while [ $# -gt 0 ]; do
  case $1 in
    --no-build) build= ;;
    --data) data=${2:?--data needs a folder}; arguments+=("$1" "$2"); shift ;;
    --data=*) data=${1#*=}; arguments+=("$1") ;;
    *)
      case $1 in --urls | --urls=*) urls=1 ;; --mcp-config | --mcp-config=*) config=1 ;; esac
      arguments+=("$1")
      ;;
  esac
  shift
done
[ -n "$urls" ] || arguments+=(--urls http://127.0.0.1:8000)
case " ${arguments[*]} " in *" --data"*) ;; *) arguments+=(--data "$data") ;; esac

need_sqlite || exit 1

# The samples are optional: without Node the gateway starts with its native tools alone.
if [ -z "$config" ]; then
  if need_node && npm_packages "$root/samples"; then
    arguments+=(--mcp-config "$root/samples/mcp.json")
    export FAIRLEAD_SAMPLES=$root/samples
    # For the owner only, as the gateway itself makes it: the master key lies there.
    (umask 077 && mkdir -p "$data/files")
  else
    say "Starting without the sample services: they need Node $node_wanted or newer and npm (see above)."
  fi
fi

program=$root/artifacts/fairlead
changed() {
  [ ! -e "$program/.built" ] ||
    [ -n "$(find src eng Directory.*.props global.json \( -name bin -o -name obj \) -prune -o -newer "$program/.built" -print -quit)" ]
}
if [ -n "$build" ] && changed; then
  need_dotnet
  say "Building the gateway"
  mkdir -p "$program"
  # ReadyToRun code starts without compiling; it needs a runtime identifier, whose restore is kept out of the lock files.
  touch "$program/.building"
  dotnet publish src/Fairlead -c Release --use-current-runtime --no-self-contained -p:PublishReadyToRun=true \
    -p:NuGetLockFilePath=obj/publish.lock.json -o "$program" -v quiet -clp:NoSummary -m:1 </dev/null >&2
  mv "$program/.building" "$program/.built"
fi
if [ ! -x "$program/fairlead" ]; then
  say "There is no build in artifacts/fairlead: run ./run.sh without --no-build."
  exit 1
fi

# Spinning of idle pool threads costs tail latency on few cores (docs/performance.md).
export DOTNET_ThreadPool_UnfairSemaphoreSpinLimit=${DOTNET_ThreadPool_UnfairSemaphoreSpinLimit:-0}
(umask 077 && mkdir -p "$data")
FAIRLEAD_DATA=$(cd "$data" && pwd)
export FAIRLEAD_DATA
# exec: signals reach the gateway itself.
exec "$program/fairlead" serve "${arguments[@]}"
