#!/bin/bash
# Runs in the virtual machine: the units of deploy/systemd with the real programs. Expects beside it bin/, units/ and busybox.tar.
# Each check prints one line; the exit status is the number of failed ones.
set -u
cd "$(dirname "$0")"
failed=0
check() { # name, command...
    local name=$1; shift
    local output
    if output=$("$@" 2>&1); then echo "ok      $name"; else echo "FAILED  $name: $output"; failed=$((failed + 1)); fi
}
is() { [ "$1" = "$2" ] || { echo "got '$1', expected '$2'"; return 1; }; }
eventually() { # seconds, command...
    local end=$((SECONDS + $1)); shift
    until "$@" > /dev/null 2>&1; do
        if [ $SECONDS -ge $end ]; then echo "not in time: $*"; return 1; fi
        sleep 0.2
    done
}
main_pid() { systemctl show -p MainPID --value berthd.service; }
lines() { berth logs "$1" | wc -l; }
more_lines() { [ "$(lines "$1")" -gt "$2" ]; }
lines_grow() { eventually 20 more_lines "$1" "$(lines "$1")"; }
consecutive() { berth logs "$1" | awk 'NR > 1 && $1 != last + 1 { print "after " last " came " $1; bad = 1 } { last = $1 } END { exit bad || NR < 2 }'; }

install -m 755 bin/berthd bin/berth bin/berth-runtime /usr/local/bin/
cp bin/*.so /usr/local/bin/ 2> /dev/null
cp units/berthd.service units/berth.socket /etc/systemd/system/
systemctl daemon-reload

check "the socket starts without a group of that name"      systemctl start berth.socket
check "the socket is for root and the group alone"          is "$(stat -c '%a %U %G' /run/berth/berth.sock)" "660 root berth"
check "the daemon isn't running yet"                        is "$(systemctl is-active berthd.service)" inactive
check "the first client starts it"                          berth version
check "it has told systemd that it is ready"                is "$(systemctl show -p SubState --value berthd.service)" running
check "it knows that cgroups are v2"                        is "$(berth info --format '{{.CgroupVersion}}')" 2
check "an image loads"                                      berth load -i busybox.tar
image=$(berth images -q | head -n 1)
[ -n "$image" ] || { echo "FAILED  without an image there is nothing more to try"; exit $((failed + 1)); }

# cgroup v2
check "a container runs"                                    is "$(berth run --rm "$image" echo hello)" hello
check "its first process begins in its cgroup"              is "$(berth run --rm "$image" cat /proc/self/cgroup)" "0::/"
check "its memory limit is memory.max"                      is "$(berth run --rm -m 32m --memory-swap 48m "$image" cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/memory.swap.max | tr '\n' ' ')" "33554432 16777216 "
check "its processor limits are cpu.max and cpu.weight"     is "$(berth run --rm --cpus 0.5 --cpu-shares 1024 "$image" cat /sys/fs/cgroup/cpu.max /sys/fs/cgroup/cpu.weight | tr '\n' ' ')" "50000 100000 100 "
check "its pids limit is pids.max"                          is "$(berth run --rm --pids-limit 42 "$image" cat /sys/fs/cgroup/pids.max)" 42
check "its cpuset is taken"                                 is "$(berth run --rm --cpuset-cpus 1 "$image" grep Cpus_allowed_list /proc/self/status | tr -d '\t')" "Cpus_allowed_list:1"
check "a cgroup file can't be written from inside"          is "$(berth run --rm "$image" sh -c 'echo max > /sys/fs/cgroup/memory.max; echo $?' 2> /dev/null)" 1
check "the kernel takes it before the engine"               is "$(berth run --rm "$image" cat /proc/self/oom_score_adj)" 0
berth run --name hog -m 32m --memory-swap 32m "$image" tail /dev/zero > /dev/null 2>&1
check "a memory hog ends by SIGKILL"                        is "$(berth inspect -f '{{.State.ExitCode}} {{.State.OOMKilled}}' hog)" "137 true"
disk=$(cat /sys/block/vda/dev)
open_disk="mknod /tmp/disk b ${disk/:/ } && head -c 1 /tmp/disk > /dev/null"
check "a device is denied by the eBPF program"              is "$(berth run --rm "$image" sh -c "$open_disk" 2>&1 | grep -c 'not permitted')" 1
check "an allowed device is not"                            berth run --rm --device-cgroup-rule "b $disk r" "$image" sh -c "$open_disk"

# the daemon's death and return
berth run -d --name counter "$image" sh -c 'i=0; while :; do i=$((i+1)); echo $i; sleep 0.05; done' > /dev/null
container=$(berth inspect -f '{{.State.Pid}}' counter)
check "pause freezes the cgroup"                            berth pause counter
check "which the kernel confirms"                           is "$(grep frozen "/sys/fs/cgroup$(sed 's/^0:://' "/proc/$container/cgroup")/cgroup.events")" "frozen 1"
check "unpause thaws it"                                    berth unpause counter
check "stats reads v2 counters"                             berth stats --no-stream counter
daemon=$(main_pid)
kill -9 "$daemon"
check "killed, the daemon is started again"                 eventually 30 sh -c "p=\$(systemctl show -p MainPID --value berthd.service); [ \$p != 0 ] && [ \$p != $daemon ] && berth ps"
check "the container is the same process"                   is "$(berth inspect -f '{{.State.Status}} {{.State.Pid}}' counter)" "running $container"
check "its log goes on"                                     lines_grow counter
check "exec works in it"                                    is "$(berth exec counter echo again)" again
check "and joins its cgroup"                                is "$(berth exec counter cat /proc/self/cgroup)" "0::/"
check "systemctl restart leaves it alone"                   systemctl restart berthd.service
check "it is still the same process"                        is "$(berth inspect -f '{{.State.Pid}}' counter)" "$container"
check "systemctl stop leaves it alone"                      systemctl stop berthd.service
check "it lives without the daemon"                         kill -0 "$container"
check "the socket brings the daemon back"                   is "$(berth inspect -f '{{.State.Pid}}' counter)" "$container"
check "no log line was lost"                                consecutive counter
check "it can be removed"                                   berth rm -f counter hog
check "nothing of it is left in the cgroups"                is "$(find /sys/fs/cgroup/berth -mindepth 1 -type d 2> /dev/null | wc -l)" 0

if [ $failed -gt 0 ]; then echo; systemctl --no-pager -l status berthd.service berth.socket; journalctl --no-pager -u berthd.service -u berth.socket | tail -n 60; fi
exit $failed
