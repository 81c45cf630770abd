#!/usr/bin/env bash
# Throughput and latency of networks, Berth and Docker in one run. Options go to network.py.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/install-dependencies.sh bench
[ -n "${BERTH_BIN_DIR:-}" ] || scripts/publish.sh > /dev/null
exec python3 bench/network.py "$@"
