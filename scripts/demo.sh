#!/usr/bin/env bash
# The main job from nothing: build the three programs, start a private daemon, get a real image, run it, look at it, clean up.
set -euo pipefail
cd "$(dirname "$0")/.."

if [ "$(id -u)" != 0 ]; then
  echo "a container engine needs root: sudo make demo" >&2
  exit 1
fi
scripts/install-dependencies.sh build
scripts/publish.sh

work=$(mktemp -d -t berth-demo-XXXXXX)
export BERTH_HOST=unix://$work/berth.sock
export PATH=$PWD/out/bin:$PATH
say() { printf '\n\033[1m$ %s\033[0m\n' "$*"; "$@"; }

cleanup() {
  berth rm -f demo > /dev/null 2>&1 || true
  kill -TERM "$daemon" 2> /dev/null || true
  wait "$daemon" 2> /dev/null || true
  rm -rf "$work"
}
berthd -H "$BERTH_HOST" --data-root "$work/data" --exec-root "$work/run" --pidfile "$work/berthd.pid" \
  --bridge berth-demo --bip 10.222.7.1/24 --cgroup-parent /berth-demo 2> "$work/log" &
daemon=$!
trap cleanup EXIT
tries=0
until berth version > /dev/null 2>&1; do
  tries=$((tries + 1))
  if ! kill -0 "$daemon" 2> /dev/null || [ $tries -gt 100 ]; then
    cat "$work/log" >&2
    exit 1
  fi
  sleep 0.1
done

echo
echo "The daemon runs. An image: from the registry where there is a network, else made from Debian's busybox-static."
if ! timeout 20 "$PWD/out/bin/berth" pull busybox:latest 2> "$work/pull"; then
  tail -n 1 "$work/pull"
  scripts/make-busybox-image.sh "$work/busybox.tar" busybox:latest
  say berth load -i "$work/busybox.tar"
fi
say berth images
say berth run -d --name demo -p 127.0.0.1::8080 busybox sh -c 'while true; do echo "line $((n=n+1))"; sleep 0.2; done'
say berth ps
say berth exec demo sh -c 'hostname; ps; ip -4 addr show eth0'
say berth stats --no-stream demo
say berth logs --tail 3 demo
say berth stop -t 1 demo
say berth rm demo
say berth run --rm busybox echo "Hello from a container: Berth works."
