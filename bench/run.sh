#!/usr/bin/env bash
# Publishes, installs the peers, and measures. Options go to bench.py.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/install-dependencies.sh bench
scripts/publish.sh > /dev/null
exec python3 bench/bench.py "$@"
