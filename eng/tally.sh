# Sourced by test.sh: reads counts out of result files. tests/Fairlead.Architecture/TallyTests.cs holds it.

# trx_count FILE ATTRIBUTE: passed, failed, ... of a test run; 0 when the file is not there or cut short.
trx_count() {
  local n
  n=$(grep -o '<Counters [^>]*' "$1" 2>/dev/null | grep -o " $2=\"[0-9]*\"" | grep -o '[0-9]*' | head -n 1)
  echo "${n:-0}"
}

# trx_failures FILE: the full names of the tests that failed, a line each, without their arguments.
trx_failures() {
  grep -o '<UnitTestResult [^>]*outcome="Failed"' "$1" 2>/dev/null | sed -E 's/.* testName="([^"( ]*).*/\1/' | sort -u
}

# trx_why FILE: each failure's name and the first lines of what it said.
trx_why() {
  awk '
    /<UnitTestResult / { name = ""; if (/outcome="Failed"/ && match($0, /testName="[^"]*"/)) name = substr($0, RSTART + 10, RLENGTH - 11) }
    name != "" && /<Message>/ { print name ":"; said = 1; sub(/.*<Message>/, "") }
    said { line = $0; sub(/<\/Message>.*/, "", line); if (said++ <= 6) print "    " line; if (/<\/Message>/) { said = 0; name = "" } }
  ' "$1" 2>/dev/null
}

# node_count FILE pass|fail: counts that "node --test" prints, in either of its reporters.
node_count() {
  sed -nE "s/^(#|ℹ) $2 ([0-9]+)\$/\\2/p" "$1" | awk '{ n += $1 } END { print n + 0 }'
}

# coverage_gate FILE PERCENT: fails below; whole numbers, so that 79.99 never rounds up to 80.
coverage_gate() {
  local covered valid
  covered=$(grep -o 'lines-covered="[0-9]*"' "$1" 2>/dev/null | head -n 1 | tr -dc 0-9)
  valid=$(grep -o 'lines-valid="[0-9]*"' "$1" 2>/dev/null | head -n 1 | tr -dc 0-9)
  if [ "${valid:-0}" -eq 0 ]; then
    echo "line coverage: no report"
    return 1
  fi
  awk -v c="$covered" -v v="$valid" -v p="$2" \
    'BEGIN { printf "line coverage of src: %d of %d lines, %.2f %% (gate %d %%)\n", c, v, int(10000 * c / v) / 100, p }'
  [ $((covered * 100)) -ge $((valid * $2)) ]
}

# pyramid_gate UNIT INTEGRATION END_TO_END: the broader a test, the fewer of its kind (P-92).
pyramid_gate() {
  echo "pyramid: $1 unit, $2 integration, $3 end to end"
  [ "$1" -gt "$2" ] && [ "$2" -gt "$3" ]
}
