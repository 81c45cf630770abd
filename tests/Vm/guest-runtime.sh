#!/bin/bash
# Runs in the virtual machine: berth-runtime by its OCI command line, on cgroup v2. Expects beside it bin/berth-runtime.
# Each check prints one line; the exit status is the number of failed ones.
set -u
cd "$(dirname "$0")"
failed=0
check() { # name, what it should be, what it is
    if [ "$2" = "$3" ]; then echo "ok      $1"; else echo "FAILED  $1: got '$3', expected '$2'"; failed=$((failed + 1)); fi
}

bundle=/var/tmp/bundle # not /run, which systemd mounts noexec
mkdir -p $bundle/rootfs/{bin,proc,sys,dev,tmp}
cp /bin/busybox $bundle/rootfs/bin/
for applet in sh cat echo grep mknod tail sleep head mkdir; do ln -sf busybox $bundle/rootfs/bin/$applet; done

# script, resources as JSON; the rest of the configuration is what a caller such as containerd would write.
configure() {
    cat > $bundle/config.json << JSON
{ "ociVersion": "1.2.0",
  "process": { "terminal": false, "user": { "uid": 0, "gid": 0 }, "cwd": "/", "env": ["PATH=/bin"], "args": ["sh", "-c", "$1"],
    "capabilities": { "bounding": ["CAP_MKNOD"], "effective": ["CAP_MKNOD"], "permitted": ["CAP_MKNOD"] } },
  "root": { "path": "rootfs" }, "hostname": "v2",
  "mounts": [ { "destination": "/proc", "type": "proc", "source": "proc" },
    { "destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "mode=755"] },
    { "destination": "/sys", "type": "sysfs", "source": "sysfs", "options": ["nosuid", "noexec", "nodev", "ro"] },
    { "destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup", "options": ["nosuid", "noexec", "nodev", "relatime", "ro"] } ],
  "linux": { "cgroupsPath": "/oci/test", "resources": $2,
    "namespaces": [ { "type": "pid" }, { "type": "mount" }, { "type": "ipc" }, { "type": "uts" }, { "type": "network" }, { "type": "cgroup" } ] } }
JSON
}
runtime() { bin/berth-runtime --root /run/oci "$@"; }
run() { configure "$1" "${2:-{\}}"; runtime run --bundle $bundle "c$RANDOM" 2>&1; }

check "a container runs"                          hello "$(run 'echo hello')"
check "it begins in its cgroup"                   0::/ "$(run 'cat /proc/self/cgroup')"
check "memory.max"                                33554432 "$(run 'cat /sys/fs/cgroup/memory.max' '{"memory":{"limit":33554432}}')"
check "memory.swap.max is the difference"         16777216 "$(run 'cat /sys/fs/cgroup/memory.swap.max' '{"memory":{"limit":33554432,"swap":50331648}}')"
check "cpu.max"                                   "20000 50000" "$(run 'cat /sys/fs/cgroup/cpu.max' '{"cpu":{"quota":20000,"period":50000}}')"
check "cpu.weight of 1024 shares"                 100 "$(run 'cat /sys/fs/cgroup/cpu.weight' '{"cpu":{"shares":1024}}')"
check "cpuset"                                    1 "$(run 'cat /sys/fs/cgroup/cpuset.cpus.effective' '{"cpu":{"cpus":"1"}}')"
check "pids.max"                                  17 "$(run 'cat /sys/fs/cgroup/pids.max' '{"pids":{"limit":17}}')"
check "unified"                                   20971520 "$(run 'cat /sys/fs/cgroup/memory.high' '{"unified":{"memory.high":"20971520"}}')"
check "a unified file that isn't there fails"     1 "$(run 'echo no' '{"unified":{"memory.no":"1"}}' | grep -c 'memory.no can.t be set')"
check "a CPU that isn't there fails by name"      1 "$(run 'echo no' '{"cpu":{"cpus":"99"}}' | grep -c cpuset.cpus)"
read -r major minor <<< "$(tr : ' ' < /sys/block/vda/dev)"
check "a device is denied"                        1 "$(run "mknod /dev/disk b $major $minor; head -c 1 /dev/disk" | grep -c 'not permitted')"
check "a device is allowed, but only as said"     "yes 1" "$(run "mknod /dev/disk b $major $minor; head -c 1 /dev/disk > /dev/null && echo yes; echo x 2>&1 1<> /dev/disk" \
    "{\"devices\":[{\"allow\":false,\"access\":\"rwm\"},{\"allow\":true,\"type\":\"b\",\"major\":$major,\"minor\":$minor,\"access\":\"r\"}]}" | sed 's/.*not permitted.*/1/' | tr '\n' ' ' | sed 's/ $//')"
check "null and zero work"                        yes "$(run 'head -c 1 /dev/zero > /dev/null && echo yes')"
run 'tail /dev/zero' '{"memory":{"limit":33554432,"swap":33554432}}' > /dev/null
check "a memory hog is killed"                    137 $?
check "limits.swappiness is warned about"         1 "$(run 'echo ran' '{"memory":{"swappiness":10}}' | grep -ci 'swappiness discarded')"

configure 'sleep 1000' '{}'
runtime create --bundle $bundle kept < /dev/null > /run/kept.log 2>&1
check "create makes the cgroup"                   1 "$(wc -l < /sys/fs/cgroup/oci/test/cgroup.procs)"
runtime start kept
check "exec joins the cgroup"                     0::/ "$(runtime exec kept cat /proc/self/cgroup)"
check "pause"                                     "frozen 1" "$(runtime pause kept; grep frozen /sys/fs/cgroup/oci/test/cgroup.events)"
check "resume"                                    "frozen 0" "$(runtime resume kept; grep frozen /sys/fs/cgroup/oci/test/cgroup.events)"
runtime delete --force kept
check "delete removes the cgroup"                 no "$([ -e /sys/fs/cgroup/oci/test ] && echo yes || echo no)"
check "no mount is left"                          0 "$(grep -c "$bundle" /proc/self/mountinfo)"

[ $failed -eq 0 ] || cat /run/kept.log
exit $failed
