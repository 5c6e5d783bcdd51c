#!/usr/bin/env bash
# Builds and tests everything, from nothing. The last line is "N passed, N failed"; the exit code says the same.
#   ./test.sh           all suites on SQLite and PostgreSQL, line coverage of src with its gate
#   ./test.sh --quick   at most 4 minutes: without tests of the categories "slow" and "integration", no coverage
set -uo pipefail
cd "$(dirname "$0")" || exit 1
. eng/setup.sh
. eng/tally.sh

coverage_percent=80
second_look_at_most=4
quick=
case "${1:---all}" in
  --all) ;;
  --quick) quick=1; export FAIRLEAD_QUICK=1 ;;
  *) say "usage: ./test.sh [--quick|--all]"; exit 2 ;;
esac

passed=0 failed=0 report= unit=0 integration=0 end_to_end=0
finish() {
  printf '\n%s' "$report"
  echo "after $SECONDS s"
  echo "$passed passed, $failed failed"
  [ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
  exit $?
}
trap 'failed=$((failed + 1)); finish' INT TERM

# gate NAME COMMAND...: something that must hold, beside the tests. Counts only when it does not.
gate() {
  local name=$1
  shift
  echo "── $name, after $SECONDS s"
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
  gate "Redis" need_redis
  gate "zsh and fish" need_shells
  export FAIRLEAD_REQUIRE_POSTGRES=1 FAIRLEAD_REQUIRE_REDIS=1 FAIRLEAD_REQUIRE_SHELLS=1
fi
for lock in samples/package-lock.json tests/*/package-lock.json; do
  [ -f "$lock" ] && gate "npm packages of $(dirname "$lock")" npm_packages "$root/$(dirname "$lock")"
done

gate "tools" dotnet tool restore </dev/null || finish
# One compiler for all projects: it loads the analyzers once, which takes two thirds of the time off. It must not outlive
# the build, nor hold this script's output open.
build() {
  local code
  dotnet build Fairlead.slnx -c Release -v quiet -clp:NoSummary -p:UseSharedCompilation=true </dev/null >"$out/build.log" 2>&1
  code=$?
  dotnet build-server shutdown --vbcscompiler </dev/null >"$out/build-server.log" 2>&1
  cat "$out/build.log"
  return $code
}
gate "build" build || finish
[ -n "$quick" ] || gate "dotnet tool, packed and installed" eng/tool.sh
[ -n "$quick" ] || gate "libraries, packed: samples/HelloTools and dotnet new" eng/hello.sh
gate "format (dotnet csharpier format . repairs it)" dotnet csharpier check . </dev/null

# run_suite PROJECT: runs it; what it prints and how it ended is in files beside its results.
run_suite() {
  local project=$1 name
  name=$(basename "$project" .csproj)
  local options=(-c Release --no-build --nologo --results-directory "$out/$name" --logger "trx;LogFileName=$name.trx")
  options+=(--blame-hang --blame-hang-timeout 5m --blame-hang-dump-type none)
  if [ -n "$quick" ]; then
    options+=(--filter "Category!=slow&Category!=integration")
  else
    options+=(--collect "XPlat Code Coverage" --settings eng/coverage.runsettings)
    # The collector looks for the shared framework in the runtime configuration beside each library, and only for what some
    # list of dependencies names; without both it leaves every library out that uses ASP.NET types.
    local bin library
    bin=$(dirname "$project")/bin/Release/net10.0
    cp eng/coverage.deps.json "$bin/"
    for library in "$bin"/Fairlead.*.dll; do
      [ -e "${library%.dll}.runtimeconfig.json" ] || cp "$bin/$name.runtimeconfig.json" "${library%.dll}.runtimeconfig.json"
    done
  fi
  echo "── $name, after $SECONDS s"
  dotnet test "$project" "${options[@]}" </dev/null
  echo $? >"$out/$name.code"
}

projects=()
for project in tests/*/*.csproj; do
  grep -q Microsoft.NET.Test.Sdk "$project" && projects+=("$project")
done

# run_npm PACKAGE: its tests.
run_npm() {
  local name
  name=$(basename "$(dirname "$1")")
  echo "── npm $name, after $SECONDS s"
  (cd "$(dirname "$1")" && npm test --silent </dev/null 2>&1) | tee "$out/$name.log"
  echo "${PIPESTATUS[0]}" >"$out/npm-$name.code"
}
packages=()
for package in tests/*/package.json; do
  [ -f "$package" ] && grep -q '"test":' "$package" && packages+=("$package")
done
# Without the messages that Fairlead.Conformance wrote, their check would be skipped: here that is a failure.
export FAIRLEAD_REQUIRE_MESSAGES=1

# Two lanes of about the same length; what the second prints comes in one piece.
second_lane() {
  run_suite tests/Fairlead.Conformance/Fairlead.Conformance.csproj
  if [ -n "$quick" ]; then
    lane=$(printf '%s\n' "${projects[@]}" | grep -v -e Fairlead.Server.Tests -e Fairlead.Conformance)
  else
    lane=tests/Fairlead.EndToEnd/Fairlead.EndToEnd.csproj
  fi
  for package in "${packages[@]}"; do run_npm "$package"; done
  for project in $lane; do run_suite "$project"; done
}
second_lane >"$out/second-lane.log" 2>&1 &
second=$!
for project in "${projects[@]}"; do
  case $project in
    */Fairlead.Conformance/* | */Fairlead.EndToEnd/*) ;;
    */Fairlead.Server.Tests/*) run_suite "$project" ;;
    *) [ -n "$quick" ] || run_suite "$project" ;;
  esac
done
wait $second
cat "$out/second-lane.log"

# second_look PROJECT NAME: names what failed and, when it is little, runs that again with nothing beside it. Whatever
# passes then has failed by the machine's load: it counts as passed and is named as unsteady, to be mended.
second_look() {
  local project=$1 name=$2 tests filter rest
  tests=$(trx_failures "$out/$name/$name.trx")
  [ -n "$tests" ] || return 0
  report+=$(trx_why "$out/$name/$name.trx")$'\n'
  if [ "$bad" -gt $second_look_at_most ]; then
    report+=$(sed 's/^/  FAILED: /' <<<"$tests")$'\n'
    return 0
  fi
  filter=$(sed 's/^/FullyQualifiedName=/' <<<"$tests" | paste -sd '|')
  echo "── $name, a second look"
  dotnet test "$project" -c Release --no-build --nologo --results-directory "$out/$name-again" \
    --logger "trx;LogFileName=again.trx" --blame-hang --blame-hang-timeout 5m --blame-hang-dump-type none \
    --filter "$filter" </dev/null
  # Nothing that ran again counts as mended unless its results say so.
  if [ "$(trx_count "$out/$name-again/again.trx" passed)" -ge "$bad" ]; then
    rest=$(trx_failures "$out/$name-again/again.trx")
  else
    rest=$tests
  fi
  while read -r test; do
    if grep -qxF "$test" <<<"$rest"; then
      report+="  FAILED: $test"$'\n'
    else
      report+="  unsteady (failed among the others, passes alone): $test"$'\n'
    fi
  done <<<"$tests"
  if [ -z "$rest" ]; then
    good=$((good + bad)) bad=0
    echo 0 >"$out/$name.code"
  fi
}

for project in "${projects[@]}"; do
  name=$(basename "$project" .csproj)
  good=$(trx_count "$out/$name/$name.trx" passed)
  bad=$(trx_count "$out/$name/$name.trx" failed)
  [ "$bad" -eq 0 ] || second_look "$project" "$name"
  # A run that died counts as one failure: its results do not show it.
  [ "$(cat "$out/$name.code")" != 0 ] && [ "$bad" -eq 0 ] && bad=1
  real=0
  kinds="Category=integration|Category=slow"
  [ "$name" = Fairlead.EndToEnd ] && kinds="Category=integration"
  [ -n "$quick" ] || real=$(dotnet test "$project" -c Release --no-build --nologo --list-tests \
    --filter "$kinds" </dev/null | grep -c '^    ')
  suite "$name" "$good" "$bad" "$real"
done

for package in "${packages[@]}"; do
  name=$(basename "$(dirname "$package")")
  good=$(node_count "$out/$name.log" pass)
  bad=$(node_count "$out/$name.log" fail)
  [ "$(cat "$out/npm-$name.code")" != 0 ] && [ "$bad" -eq 0 ] && bad=1
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
