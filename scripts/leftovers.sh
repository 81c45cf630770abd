#!/usr/bin/env bash
# Lists what a container engine could leave on a machine: mounts, links, cgroups, network namespaces, nft tables and
# Berth's processes. With --compare LIST it prints what is there now and was not in LIST, and fails if there is any.
set -euo pipefail
PATH=$PATH:/usr/sbin:/sbin

list() {
  awk '{ print "mount " $5 }' /proc/self/mountinfo
  ip -o link show | awk -F': ' '{ print "link " $2 }' | sed 's/@.*//'
  ip netns list | awk '{ print "netns " $1 }'
  find /sys/fs/cgroup -mindepth 2 -type d 2> /dev/null | sed 's/^/cgroup /'
  nft list tables 2> /dev/null | sed 's/^/nft /' || true
  for process in /proc/[0-9]*; do
    name=$(cat "$process/comm" 2> /dev/null) || continue
    case $name in berth* | docker-registry) echo "process $name ${process#/proc/}" ;; esac
  done
  find "${TMPDIR:-/tmp}" -maxdepth 1 -name 'berth*' | sed 's/^/file /'
}

if [ "${1:-}" != --compare ]; then
  list | sort -u
  exit
fi
# The kernel takes namespaces and their links down a moment after the last process has gone.
for _ in 1 2 3 4 5 6 7 8 9 10; do
  extra=$(comm -13 <(echo "$2") <(list | sort -u))
  [ -z "$extra" ] && exit 0
  sleep 1
done
echo "left behind:"
echo "$extra"
exit 1
