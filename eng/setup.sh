# Sourced by run.sh and test.sh: finds what is missing on this machine and, where it may, brings it.
# Nothing here asks a question: every command gets an empty standard input.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
# Found once, before ours goes first in PATH.
node_wanted=22

say() { printf '%s\n' "$*" >&2; }

is_root() { [ "$(id -u)" = 0 ]; }

# Output of a command is caught before it is searched: "command | grep -q" fails under pipefail when grep is done first.
need_dotnet() {
  local sdks
  sdks=$(dotnet --list-sdks 2>/dev/null) || sdks=
  if [[ $'\n'$sdks != *$'\n'10.* ]]; then
    say "The .NET SDK 10 is missing: install it (package dotnet-sdk-10.0) and run this again."
    return 1
  fi
  # Slim images have no libicu, and the SDK does not start without it unless told. The gateway never needs it.
  (cd "$root" && dotnet --version) >/dev/null 2>&1 && return 0
  export DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1
  (cd "$root" && dotnet --version) >/dev/null && return 0
  say "The .NET SDK 10 is there but does not start (see above)."
  return 1
}

# apt_install WHAT PACKAGE...: installs as root, otherwise says what to install. RUNLEVEL=1 keeps a freshly installed
# server from being started by its package.
apt_install() {
  local what=$1
  shift
  if ! is_root || ! command -v apt-get >/dev/null; then
    say "$what is missing: install $* (Debian: apt-get install $*)."
    return 1
  fi
  say "$what is missing: installing $*"
  local apt="env RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends"
  $apt install "$@" </dev/null >&2 || { $apt update </dev/null >&2 && $apt install "$@" </dev/null >&2; }
}

has_sqlite() {
  local libraries
  libraries=$(ldconfig -p 2>/dev/null || /sbin/ldconfig -p 2>/dev/null)
  [[ $libraries == *libsqlite3.so.0* ]]
}

need_sqlite() { has_sqlite || apt_install "The system's SQLite library" libsqlite3-0; }

has_postgres() {
  local found=(/usr/lib/postgresql/*/bin/initdb)
  [ -x "${found[0]}" ]
}

need_postgres() {
  has_postgres || apt_install "A PostgreSQL server for the tests" postgresql-15 || apt_install PostgreSQL postgresql
}

need_redis() { command -v redis-server >/dev/null || apt_install "A Redis server for the tests" redis-server; }

# The shells whose completion is tried; bash runs this.
need_shells() {
  local missing=() shell
  for shell in zsh fish; do
    command -v $shell >/dev/null || missing+=($shell)
  done
  [ ${#missing[@]} = 0 ] || apt_install "For the tests of completion ${missing[*]}" "${missing[@]}"
}

node_major() { node --version 2>/dev/null | sed -nE 's/^v([0-9]+).*/\1/p'; }

# Node of at least the wanted age first in PATH: the machine's own, or one from the npm package "node" under .node/,
# which git ignores. The machine's own Node, however old, is only used to fetch it.
own_node() {
  case $PATH in "$root/.node/bin":*) return ;; esac
  [ ! -x "$root/.node/bin/node" ] || PATH=$root/.node/bin:$PATH
}

need_node() {
  own_node
  local major
  major=$(node_major)
  [ "${major:-0}" -ge $node_wanted ] && return 0
  if ! command -v npm >/dev/null; then
    apt_install "Node $node_wanted or newer, and npm to fetch it with," nodejs npm || return 1
  fi
  say "Node is ${major:-missing}, $node_wanted or newer is needed: fetching the npm package node@24 into .node/"
  mkdir -p "$root/.node/bin"
  npm install --prefix "$root/.node" --no-save --no-audit --no-fund --loglevel=error node@24 </dev/null >&2 || {
    say "npm could not fetch it (see above)."
    return 1
  }
  ln -sfn ../node_modules/node/bin/node "$root/.node/bin/node"
  PATH=$root/.node/bin:$PATH
  hash -r
  major=$(node_major)
  if [ "${major:-0}" -lt $node_wanted ]; then
    say "The Node in .node/ does not run here."
    return 1
  fi
}

has_npm_packages() {
  local have=$1/node_modules/.package-lock.json
  [ -f "$have" ] && [ ! "$1/package-lock.json" -nt "$have" ]
}

# npm_packages FOLDER: what its lock file says, unless it is there already.
npm_packages() {
  has_npm_packages "$1" && return 0
  say "Fetching the npm packages of ${1#"$root"/}"
  if ! (cd "$1" && npm ci --no-audit --no-fund --loglevel=error </dev/null >&2); then
    say "npm ci failed in $1 (see above)."
    return 1
  fi
  touch "$1/node_modules/.package-lock.json"
}
