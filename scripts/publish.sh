#!/usr/bin/env bash
# Publishes the three native programs to out/bin; does nothing for a program whose sources have not changed since.
set -euo pipefail
cd "$(dirname "$0")/.."
mkdir -p out/bin

publish() { # project program
  local project=$1 program=$2 stamp
  # What a program is made from: its own sources, the shared ones and the build settings.
  stamp=$(find src/Shared "src/$project" build api-spec.yaml Directory.* -type f -not -path '*/obj/*' -not -path '*/bin/*' -print0 |
    sort -z | xargs -0 sha256sum | sha256sum)
  if [ -x "out/bin/$program" ] && [ "$(cat "out/$program.stamp" 2> /dev/null)" = "$stamp" ]; then
    return
  fi
  echo "publishing $program"
  # Artifacts apart from a debug build's: the two must not disturb each other.
  dotnet publish "src/$project" -c Release -r "$(scripts/rid.sh)" --nologo -v q \
    --artifacts-path "out/publish/$program" -o "out/publish/$program/native"
  install -m 755 "out/publish/$program/native/$program" "out/bin/$program.new"
  mv "out/bin/$program.new" "out/bin/$program"
  echo "$stamp" > "out/$program.stamp"
}

publish Runtime berth-runtime
publish Client berth
publish Daemon berthd
ls -l out/bin
