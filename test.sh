#!/usr/bin/env bash
# Builds and tests everything, from nothing. The last line is "N passed, N failed"; the exit code says the same.
#   ./test.sh           all suites on SQLite and PostgreSQL, line coverage of src with its gate
#   ./test.sh --quick   what takes minutes to prove is left out (tests of category "slow"), no coverage
set -uo pipefail
cd "$(dirname "$0")" || exit 1
. eng/setup.sh
. eng/tally.sh

coverage_percent=80
quick=
case "${1:---all}" in
  --all) ;;
  --quick) quick=1; export FAIRLEAD_QUICK=1 ;;
  *) say "usage: ./test.sh [--quick|--all]"; exit 2 ;;
esac

passed=0 failed=0 report= unit=0 integration=0 end_to_end=0
finish() {
  printf '\n%s' "$report"
  echo "$passed passed, $failed failed"
  [ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
  exit $?
}
trap 'failed=$((failed + 1)); finish' INT TERM

# gate NAME COMMAND...: something that must hold, beside the tests. Counts only when it does not.
gate() {
  local name=$1
  shift
  echo "── $name"
  "$@" && return 0
  failed=$((failed + 1))
  report+="FAILED: $name"$'\n'
  return 1
}

# suite NAME PASSED FAILED INTEGRATION: the last is how many of its tests use a real process, server or disk.
suite() {
  passed=$((passed + $2)) failed=$((failed + $3))
  case $1 in
    # Whole programs against whole programs, but for those that run them in the test's own process; then what talks to
    # the gateway over its wire.
    *EndToEnd | npm*) integration=$((integration + $4)) end_to_end=$((end_to_end + $2 + $3 - $4)) ;;
    *Conformance) integration=$((integration + $2 + $3)) ;;
    *) integration=$((integration + $4)) unit=$((unit + $2 + $3 - $4)) ;;
  esac
  report+=$(printf '%-28s %5d passed %5d failed' "$1" "$2" "$3")$'\n'
}

out=$root/artifacts/tests
rm -rf "$out" "$root/artifacts/coverage"
mkdir -p "$out"

gate "what the tests need" need_dotnet || finish
gate "system SQLite" need_sqlite || finish
gate "Node" need_node
if [ -z "$quick" ]; then
  gate "PostgreSQL" need_postgres
  gate "zsh and fish" need_shells
  export FAIRLEAD_REQUIRE_POSTGRES=1 FAIRLEAD_REQUIRE_SHELLS=1
fi
for lock in samples/package-lock.json tests/*/package-lock.json; do
  [ -f "$lock" ] && gate "npm packages of $(dirname "$lock")" npm_packages "$root/$(dirname "$lock")"
done

gate "tools" dotnet tool restore </dev/null || finish
gate "build" dotnet build Fairlead.slnx -c Release -v quiet -clp:NoSummary </dev/null || finish
[ -n "$quick" ] || gate "dotnet tool, packed and installed" eng/tool.sh
gate "format (dotnet csharpier format . repairs it)" dotnet csharpier check . </dev/null

for project in tests/*/*.csproj; do
  grep -q Microsoft.NET.Test.Sdk "$project" || continue
  name=$(basename "$project" .csproj)
  options=(-c Release --no-build --nologo --results-directory "$out/$name" --logger "trx;LogFileName=$name.trx")
  options+=(--blame-hang --blame-hang-timeout 5m --blame-hang-dump-type none)
  if [ -n "$quick" ]; then
    options+=(--filter "Category!=slow")
  else
    options+=(--collect "XPlat Code Coverage" --settings eng/coverage.runsettings)
    # The collector looks for the shared framework in the runtime configuration beside each library; without one it
    # leaves every library out that uses ASP.NET types.
    bin=$(dirname "$project")/bin/Release/net10.0
    for library in "$bin"/Fairlead.*.dll; do
      [ -e "${library%.dll}.runtimeconfig.json" ] || cp "$bin/$name.runtimeconfig.json" "${library%.dll}.runtimeconfig.json"
    done
  fi
  echo "── $name"
  dotnet test "$project" "${options[@]}" </dev/null
  code=$?
  good=$(trx_count "$out/$name/$name.trx" passed)
  bad=$(trx_count "$out/$name/$name.trx" failed)
  # A run that died counts as one failure: its results do not show it.
  [ $code -ne 0 ] && [ "$bad" -eq 0 ] && bad=1
  real=0
  kinds="Category=integration|Category=slow"
  [ "$name" = Fairlead.EndToEnd ] && kinds="Category=integration"
  [ -n "$quick" ] || real=$(dotnet test "$project" -c Release --no-build --nologo --list-tests \
    --filter "$kinds" </dev/null | grep -c '^    ')
  suite "$name" "$good" "$bad" "$real"
done

# Without the messages that the suites above wrote, their check would be skipped: here that is a failure.
export FAIRLEAD_REQUIRE_MESSAGES=1
for package in tests/*/package.json; do
  [ -f "$package" ] && grep -q '"test":' "$package" || continue
  name=$(basename "$(dirname "$package")")
  echo "── $name"
  (cd "$(dirname "$package")" && npm test --silent </dev/null 2>&1) | tee "$out/$name.log"
  code=${PIPESTATUS[0]}
  good=$(node_count "$out/$name.log" pass)
  bad=$(node_count "$out/$name.log" fail)
  [ "$code" -ne 0 ] && [ "$bad" -eq 0 ] && bad=1
  suite "npm $name" "$good" "$bad" 0
done

if [ -z "$quick" ]; then
  coverage() {
    dotnet reportgenerator "-reports:$out/*/*/coverage.cobertura.xml" "-targetdir:$root/artifacts/coverage" \
      "-reporttypes:Html;TextSummary;Cobertura" "-filefilters:+$root/src/*" -verbosity:Warning </dev/null || return 1
    report+="$(coverage_gate artifacts/coverage/Cobertura.xml $coverage_percent) · artifacts/coverage/index.html"$'\n'
    coverage_gate artifacts/coverage/Cobertura.xml $coverage_percent
  }
  gate "line coverage of src" coverage
  report+="$(pyramid_gate $unit $integration $end_to_end)"$'\n'
  gate "pyramid of tests" pyramid_gate "$unit" "$integration" "$end_to_end"
fi
finish
