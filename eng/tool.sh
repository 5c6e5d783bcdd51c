#!/usr/bin/env bash
# Packs the dotnet tool, installs it from the packed file outside the repository and uses it there as a new user would,
# with a runtime and no SDK. Expects a Release build. Prints what it tries; the exit code says whether all of it worked.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
tmp=$(mktemp -d)
served=
trap '[ -z "$served" ] || kill "$served" 2>/dev/null || true; rm -rf "$tmp"' EXIT
fail() { echo "tool: $*" >&2; exit 1; }
holds() { case $1 in *"$2"*) ;; *) fail "expected '$2' in: $1" ;; esac; }

version=$(sed -nE 's|.*<Version>(.*)</Version>.*|\1|p' Directory.Build.props)
dotnet pack src/Fairlead -c Release --no-build -o "$tmp/packages" -v quiet -clp:NoSummary </dev/null
echo "tool: packed $(cd "$tmp/packages" && ls)"
cd "$tmp"
NUGET_PACKAGES=$tmp/nuget dotnet tool install fairlead --tool-path "$tmp/tool" --source "$tmp/packages" \
  --version "$version" </dev/null >install.log || { cat install.log >&2; fail "it cannot be installed"; }

about=$(cat "$tmp"/tool/.store/fairlead/*/fairlead/*/fairlead.nuspec)
for said in '<license type="expression">MIT' '<readme>README.md' "<version>$version<" DotnetTool; do holds "$about" "$said"; done

# The runtime of this machine without its SDK, and nothing of our environment.
dotnet=$(dirname "$(readlink -f "$(command -v dotnet)")")
mkdir runtime home && ln -s "$dotnet/host" "$dotnet/shared" runtime/ && cp "$dotnet/dotnet" runtime/
clean=(env -i PATH=/usr/local/bin:/usr/bin:/bin HOME="$tmp/home" DOTNET_ROOT="$tmp/runtime"
  DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1 FAIRLEAD_ADMIN_PASSWORD=tool-test-1)
key=mcp_key_$(printf 'd%.0s' {1..42})A
url=http://127.0.0.1:$((20000 + RANDOM % 10000))
clean+=(FAIRLEAD_DEFAULT_KEY="$key" FAIRLEAD_SERVER="$url" "$tmp/tool/fairlead")
fairlead() { "${clean[@]}" "$@"; }

holds "$(fairlead --version)" "$version"
echo "tool: version $(fairlead --version)"

said=$(printf '%s\n' \
  '{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}' \
  '{"jsonrpc":"2.0","method":"notifications/initialized"}' \
  '{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"add","arguments":{"numbers":[40,2]}}}' |
  fairlead stdio --in-process --data inner 2>stdio.log) || { cat stdio.log >&2; fail "stdio --in-process"; }
holds "$said" '"serverInfo":{"name":"Fairlead"'
holds "$said" '"text":"42"'
echo "tool: stdio --in-process answers a call"

"${clean[@]}" serve --urls "$url" --data data >serve.log 2>&1 </dev/null &
served=$!
for _ in $(seq 100); do
  curl -fs "$url/health/ready" >/dev/null && break
  kill -0 "$served" 2>/dev/null || { cat serve.log >&2; fail "serve ended"; }
  sleep 0.2
done
said=$(fairlead tools call add --arg 'numbers=[20,22]') || { cat serve.log >&2; fail "a call through serve"; }
holds "$said" 42
said=$(fairlead doctor --data data) || fail "doctor beside the gateway: $said"
holds "$said" "0 faults, 0 warnings"
kill -TERM "$served"
wait "$served" || { cat serve.log >&2; fail "serve did not end with 0"; }
served=
said=$(fairlead doctor --data data) || fail "doctor without a gateway: $said"
holds "$said" "none runs"
echo "tool: serve answers a call and ends cleanly; doctor finds no fault, with it and without"
