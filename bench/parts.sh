# What bench/load.sh and bench/native.sh share; sourced by them from the root, after eng/setup.sh.
# Sets build, quick and calls from the arguments, options to the rest; out, work, the environment of all that is measured.

build=1 quick='' calls='' options=()
for argument; do
  case $argument in
    --no-build) build= ;;
    --quick) quick=1 options+=("$argument") ;;
    --calls) calls=1 ;;
    *) options+=("$argument") ;;
  esac
done

out=$root/artifacts/bench work=$(mktemp -d) worst=0
mkdir -p "$out"
pids=()
finish() {
  local pid
  for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null; done
  for pid in "${pids[@]}"; do wait "$pid" 2>/dev/null; done
  rm -rf "$work"
}
trap finish EXIT
trap 'exit 1' INT TERM

# The same for all that are measured, as run.sh does it (docs/performance.md).
export DOTNET_ThreadPool_UnfairSemaphoreSpinLimit=0
export FAIRLEAD_DEFAULT_KEY=mcp_key_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8
export FAIRLEAD_ADMIN_PASSWORD=bench-Password-1

# Limits stay in the path, but high enough not to refuse.
cat >"$work/config.json" <<JSON
{
  "Fairlead": {
    "Gateway": { "CallsPerMinute": 600000000, "ConcurrentCalls": 10000, "MaxSessions": 5000 },
    "Limits": { "UserCalls": 600000000 }
  }
}
JSON

# publish PROJECT...: programs of bench, where they are run from.
publish() {
  local project
  for project; do
    dotnet publish "bench/$project" -c Release -o "$out/$project" -v quiet -clp:NoSummary </dev/null || exit 1
  done
}

# program NAME: what was built last of it, for a run here or with the solution.
program() {
  local built newest=$out/$1/$1
  for built in "$root/bench/$1/bin"/*/net10.0/"$1"; do
    [ "$built" -nt "$newest" ] && newest=$built
  done
  echo "$newest"
}

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

# measured COMMAND...: a measurement; remembers a missed target, ends with what is broken.
measured() {
  timeout 900 "$@"
  local code=$?
  if [ $code -eq 3 ]; then
    [ $worst -ne 0 ] || worst=3
  elif [ $code -ne 0 ]; then
    say "The gateway's last words:"
    tail -20 "$work/gateway.log" >&2
    exit 1
  fi
}

# machine: what it was measured on.
machine() {
  echo "$(date -u +%F) · $(nproc) × $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1) · .NET $(dotnet --version) · load $(cut -d' ' -f1-3 /proc/loadavg)"
}

# verdict: the last line and the exit code.
verdict() {
  [ $worst -eq 0 ] && echo "All targets met." || echo "Some targets were missed: see MISS above."
  exit $worst
}
