#!/usr/bin/env bash
# Builds and starts the gateway: ./run.sh [--no-build] [arguments of "fairlead serve"]
# Defaults: --urls http://127.0.0.1:8000 --data ./data, and on an empty store the services of samples/mcp.json.
set -euo pipefail
caller=$PWD
cd "$(dirname "$0")"
. eng/setup.sh

# Paths are the caller's; the gateway itself always runs here.
absolute() { case $1 in /* | "") printf '%s' "$1" ;; *) printf '%s' "$caller/$1" ;; esac; }

build=1 arguments=() data=$root/data urls=${FAIRLEAD_URLS:-http://127.0.0.1:8000} config=
while [ $# -gt 0 ]; do
  name=${1%%=*}
  case $name in
    --data | --urls | --mcp-config | --config | --group)
      case $1 in
        *=*) value=${1#*=} ;;
        *) value=${2-} && [ $# -lt 2 ] || shift ;;
      esac
      case $value in
        "" | --*)
          say "run.sh: $name needs a value, for example $name $(
            case $name in
              --data) echo ./data ;;
              --urls) echo http://127.0.0.1:9000 ;;
              --group) echo default ;;
              *) echo FILE.json ;;
            esac
          )"
          exit 2
          ;;
      esac
      case $name in
        --data) data=$(absolute "$value") ;;
        --urls) urls=$value ;;
        --mcp-config) config=1 arguments+=("$name" "$(absolute "$value")") ;;
        --config) arguments+=("$name" "$(absolute "$value")") ;;
        --group) arguments+=("$name" "$value") ;;
      esac
      ;;
    --no-build) build= ;;
    *) arguments+=("$1") ;;
  esac
  shift
done

need_sqlite || exit 1

# The samples are optional: without Node the gateway starts with its native tools alone. They are a setting, not the
# option --mcp-config: that is a request of the operator's. Services that were imported once need them at every start.
own_node
if [ -z "$config" ]; then
  if need_node && npm_packages "$root/samples"; then
    export FAIRLEAD__FirstStart__McpConfig=${FAIRLEAD__FirstStart__McpConfig:-$root/samples/mcp.json}
  else
    say "Starting without the sample services, for the reason above. Once it is mended, start again."
  fi
fi
if has_npm_packages "$root/samples"; then
  export FAIRLEAD_SAMPLES=$root/samples
fi

program=$root/artifacts/fairlead
sources() { find src eng Directory.*.props global.json \( -name bin -o -name obj \) -prune -o -type f "$@" -print; }
# .built lists what was there when the build began, so that a file that was taken away counts too. Folders do not: the
# build itself touches them.
changed() {
  [ ! -e "$program/.built" ] || [ -n "$(sources -newer "$program/.built")" ] ||
    ! cmp -s "$program/.built" <(sources | sort)
}
if [ -n "$build" ] && changed; then
  need_dotnet || exit 1
  say "Building the gateway: up to 3 minutes, only after a change"
  mkdir -p "$program"
  sources | sort >"$program/.building"
  # ReadyToRun code starts without compiling; it needs a runtime identifier, whose restore is kept out of the lock files.
  dotnet publish src/Fairlead -c Release --use-current-runtime --no-self-contained -p:PublishReadyToRun=true \
    -p:NuGetLockFilePath=obj/publish.lock.json -o "$program" -v quiet -clp:NoSummary -m:1 </dev/null >&2
  mv "$program/.building" "$program/.built"
fi
if [ ! -x "$program/fairlead" ]; then
  say "There is no build in artifacts/fairlead: run ./run.sh without --no-build."
  exit 1
fi

# For the owner only, as the gateway itself makes it: the master key lies there.
if ! (umask 077 && mkdir -p "$data" 2>/dev/null) || [ ! -w "$data" ]; then
  say "run.sh: the data folder $data cannot be made or written: choose another with --data, or mend its rights."
  exit 1
fi
[ -z "${FAIRLEAD_SAMPLES-}" ] || (umask 077 && mkdir -p "$data/files")
FAIRLEAD_DATA=$(cd "$data" && pwd)
export FAIRLEAD_DATA
# exec: signals reach the gateway itself.
exec "$program/fairlead" serve --urls "$urls" --data "$FAIRLEAD_DATA" "${arguments[@]}"
