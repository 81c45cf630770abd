#!/usr/bin/env bash
# Installs what building and testing need from Debian's packages; does nothing when all is there.
# Usage: install-dependencies.sh build|test|bench
set -euo pipefail
purpose=${1:-build}

declare -A packages=([gcc]=gcc [busybox]=busybox-static [ip]=iproute2)
needs=(gcc busybox ip)
case $purpose in
  test | bench)
    packages+=([skopeo]=skopeo [docker-registry]=docker-registry [umoci]=umoci [runc]=runc [crun]=crun [nft]=nftables [script]=bsdutils [mmdebstrap]=mmdebstrap [curl]=curl [python3]=python3-minimal)
    needs+=(skopeo docker-registry umoci runc crun nft script mmdebstrap curl python3)
    ;;
esac
if [ "$purpose" = bench ]; then
  packages+=([dockerd]=docker.io [hyperfine]=hyperfine [iperf3]=iperf3)
  needs+=(dockerd hyperfine iperf3)
fi

missing=()
for program in "${needs[@]}"; do
  PATH=$PATH:/usr/sbin:/sbin command -v "$program" > /dev/null || missing+=("${packages[$program]}")
done
[ -e /usr/include/zlib.h ] || missing+=(zlib1g-dev)
[ -e /usr/include/sqlite3.h ] || missing+=(libsqlite3-dev)
busybox=$(command -v busybox || true)
[ -n "$busybox" ] && ldd "$busybox" > /dev/null 2>&1 && missing+=(busybox-static)
if [ "$purpose" != build ] && ! command -v docker > /dev/null; then
  missing+=(docker.io)
fi
[ ${#missing[@]} -eq 0 ] && exit 0

if [ "$(id -u)" != 0 ]; then
  echo "missing: ${missing[*]}; install them, or run this as root" >&2
  exit 1
fi
echo "installing: ${missing[*]}"
apt-get update -qq
# Packaged daemons must not start by themselves: the tests start private ones.
policy=/usr/sbin/policy-rc.d
made_policy=
if [ ! -e $policy ]; then
  printf '#!/bin/sh\nexit 101\n' > $policy
  chmod 755 $policy
  made_policy=1
fi
trap '[ -z "$made_policy" ] || rm -f $policy' EXIT
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" > /dev/null
