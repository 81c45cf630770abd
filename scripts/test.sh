#!/usr/bin/env bash
# Runs every test: formatting, build without warnings, native publish, unit, kernel and API tests.
# The last line is "N passed, N failed, N skipped"; the exit status is 0 when none failed.
set -uo pipefail
cd "$(dirname "$0")/.."
passed=0 failed=0 skipped=0

check() { # description command...
  local description=$1
  shift
  echo "== $description"
  if "$@"; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    echo "FAILED: $description"
  fi
}

format_is_clean() {
  dotnet format whitespace --folder src --verify-no-changes --exclude '**/obj' && dotnet format whitespace --folder tests --verify-no-changes --exclude '**/obj'
}

run_tests() { # project
  local project=$1 results counts
  results=$(mktemp)
  echo "== tests/$project"
  "tests/$project/bin/Debug/net10.0/Berth.$project" -noLogo -noColor -xml "$results" || true
  if ! counts=$(python3 scripts/count-tests.py "$results"); then
    echo "FAILED: tests/$project did not finish"
    failed=$((failed + 1))
  else
    read -r p f s <<< "$counts"
    passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
  fi
  rm -f "$results"
}

start=$SECONDS
scripts/install-dependencies.sh test || exit 1
before=$(scripts/leftovers.sh)
check "formatting" format_is_clean
check "build without warnings" dotnet build Engine.sln --nologo -v q -warnaserror
check "native publish without warnings" scripts/publish.sh
export BERTH_BIN_DIR=$PWD/out/bin
for project in Shared.Tests Daemon.Tests Client.Tests Runtime.Tests; do
  run_tests $project
done
if [ "$(id -u)" = 0 ]; then
  for project in Kernel.Tests Api.Tests; do
    run_tests $project
  done
else
  echo "SKIPPED: Kernel.Tests and Api.Tests need root"
  skipped=$((skipped + 2))
fi
check "nothing is left on the machine" scripts/leftovers.sh --compare "$before"
echo "took $((SECONDS - start)) s"
echo "$passed passed, $failed failed, $skipped skipped"
[ $failed -eq 0 ]
