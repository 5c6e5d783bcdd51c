#!/usr/bin/env bash
# Packs the libraries, builds samples/HelloTools and the dotnet new template from the packed files outside the repository,
# and calls the sample's tool over HTTP. Expects a Release build. The exit code says whether all of it worked.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
root=$PWD
tmp=$(mktemp -d)
served=
trap '[ -z "$served" ] || kill "$served" 2>/dev/null || true; rm -rf "$tmp"' EXIT
fail() { echo "hello: $*" >&2; exit 1; }
holds() { case $1 in *"$2"*) ;; *) fail "expected '$2' in: $1" ;; esac; }

for project in Protocol Runtime Toolkit Server; do
  dotnet pack "src/Fairlead.$project" -c Release --no-build -o "$tmp/packages" -v quiet -clp:NoSummary </dev/null
done
echo "hello: packed $(cd "$tmp/packages" && echo *)"

# What the repository restored already is taken from there; ours can only come from the packed files.
export NUGET_FALLBACK_PACKAGES=${NUGET_PACKAGES:-$HOME/.nuget/packages}
export NUGET_PACKAGES=$tmp/nuget
cp -r samples/HelloTools "$tmp/HelloTools"
rm -rf "$tmp/HelloTools/bin" "$tmp/HelloTools/obj"
cd "$tmp"
cat >nuget.config <<XML
<configuration>
  <packageSources><add key="packed" value="$tmp/packages" /></packageSources>
</configuration>
XML
dotnet new install "$root/samples/templates/fairlead-tools" --debug:custom-hive "$tmp/hive" </dev/null >new.log \
  && dotnet new fairlead-tools -n Mine --debug:custom-hive "$tmp/hive" </dev/null >>new.log || { cat new.log >&2; fail "dotnet new"; }
for name in HelloTools Mine; do
  dotnet build "$name" -c Release -v quiet -clp:NoSummary </dev/null >build.log || { cat build.log >&2; fail "$name does not build"; }
  echo "hello: $name builds from the packages"
done

key=mcp_key_$(printf 'h%.0s' {1..42})A
url=http://127.0.0.1:$((19100 + RANDOM % 100))
(cd HelloTools && Fairlead__FirstStart__DefaultKey=$key \
  exec dotnet bin/Release/net10.0/HelloTools.dll --urls "$url") >serve.log 2>&1 </dev/null &
served=$!
for _ in $(seq 100); do
  curl -fs "$url/health/ready" >/dev/null && break
  kill -0 "$served" 2>/dev/null || { cat serve.log >&2; fail "it ended"; }
  sleep 0.2
done
holds "$(cat serve.log)" "Key of the group: $key"
ask() {
  curl -s "$url/mcp" -H "Authorization: Bearer $key" -H 'Content-Type: application/json' \
    -H 'Accept: application/json, text/event-stream' -H 'MCP-Protocol-Version: 2026-07-28' -H "Mcp-Method: $1" ${3:+-H "Mcp-Name: $3"} \
    -d '{"jsonrpc":"2.0","id":1,"method":"'"$1"'","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}'"$2"'}}'
}
holds "$(ask tools/list '')" '"description":"Greets somebody by name."'
holds "$(ask tools/call ',"name":"Hello","arguments":{"name":"Ann"}' Hello)" 'Hello Ann, from default!'
kill -TERM "$served"
wait "$served" || fail "it did not end with 0"
served=
echo "hello: the tool answers over HTTP"
