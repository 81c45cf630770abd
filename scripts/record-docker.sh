#!/usr/bin/env bash
# Asks a real Docker everything in tests/Api.Tests/Compatibility/script.txt and keeps its answers beside it, as docker.recorded.
# Docker runs in mount and network namespaces and directories of its own; whatever else runs on the machine is not touched.
# Usage: record-docker.sh [ROOT]
#   ROOT  a directory tree with dockerd in it, such as mmdebstrap makes: mmdebstrap --variant=apt --include=docker.io,iptables sid ROOT.
#         Without it the machine's own dockerd is asked.
set -euo pipefail
cd "$(dirname "$0")/.."
test_program=$PWD/tests/Api.Tests/bin/Debug/net10.0/Berth.Api.Tests

if [ "${1:-}" != --inside ]; then
  [ "$(id -u)" = 0 ] || { echo "record-docker.sh: needs root" >&2; exit 1; }
  dotnet build tests/Api.Tests -v q --nologo
  exec unshare --mount --net "$0" --inside "${1:-}"
fi

root=${2:-}
mount --make-rprivate /
ip link set lo up
work=$(mktemp -d)
docker=
finish() {
  if [ -n "$docker" ]; then
    kill "$docker" && wait "$docker" || true
  fi
  # What dockerd leaves mounted when it ends would keep its files busy.
  awk -v work="$work/" 'index($5, work) { print $5 }' /proc/self/mountinfo | sort -r | xargs -r umount -l || true
  rm -rf "$work" || true
  find /sys/fs/cgroup -depth -type d \( -path '*/record-docker*' -o -path '*/cmp-parent*' \) -exec rmdir {} \; || true
}
trap finish EXIT

command=(dockerd)
if [ -n "$root" ]; then
  mount --bind "$root" "$root" # dockerd wants a mount point as its root
  mount --rbind /dev "$root/dev"
  mount --bind /proc "$root/proc"
  mount --rbind /sys "$root/sys"
  mount -t tmpfs tmpfs "$root/run"
  mount --rbind "${TMPDIR:-/tmp}" "$root/tmp" # the script's files have the same path for it
  command=(chroot "$root" /usr/sbin/dockerd)
else
  mount -t tmpfs tmpfs /run # its containerd and its plugins are not to meet others
fi

"${command[@]}" -H "unix://$work/docker.sock" --data-root "$work/data" --exec-root "$work/exec" --pidfile "$work/docker.pid" \
  --cgroup-parent /record-docker > "$work/log" 2>&1 &
docker=$!
export BERTH_RECORD_HOST=unix://$work/docker.sock
for _ in $(seq 100); do
  if version=$(docker -H "$BERTH_RECORD_HOST" version --format '{{.Server.Version}}' 2> /dev/null); then
    break
  fi
  sleep 0.2
done
export BERTH_RECORD_VERSION=${version:?dockerd does not answer, see $work/log}
scripts/make-busybox-image.sh "$work/busybox.tar" busybox:latest
docker -H "$BERTH_RECORD_HOST" load -q -i "$work/busybox.tar"
"$test_program" -noLogo -noColor -explicit only -method '*CompatibilityTests.Record'
