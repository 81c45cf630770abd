#!/usr/bin/env python3
"""Two services that talk by name while one of them comes and goes; and what is left afterwards.

    bench/names.py SOCKET [--cycles 1000] [--endpoints 10] [--image busybox]

Needs root, and a daemon with the image. Each cycle disconnects and connects the second service, restarts it, or renames
it, in turn; after each the first service, from within its own network namespace, asks 127.0.0.11 for the second's name,
and reads the second's greeting from the address that it gets. Prints milliseconds per step and fails if anything is left.
"""
import argparse, ctypes, http.client, json, os, random, socket, statistics, struct, subprocess, sys, threading, time

NETWORK, FIRST, SECOND, RENAMED = "names-bench", "names-first", "names-second", "names-renamed"
libc = ctypes.CDLL(None, use_errno=True)


class Api:
    def __init__(self, path):
        self.path, self.connection = path, None

    def call(self, method, path, body=None, ok=(200, 201, 204, 304)):
        if self.connection is None:
            self.connection = http.client.HTTPConnection("berth")
            self.connection.sock = socket.socket(socket.AF_UNIX)
            self.connection.sock.connect(self.path)
        self.connection.request(method, path, json.dumps(body) if body is not None else None, {"Content-Type": "application/json"})
        reply = self.connection.getresponse()
        text = reply.read()
        if reply.status not in ok:
            sys.exit(f"{method} {path}: {reply.status} {text.decode()}")
        return json.loads(text) if text[:1] in (b"{", b"[") else None


class Inside(threading.Thread):
    """A thread in a container's network namespace, in the place of the service there."""

    def __init__(self, pid):
        super().__init__(daemon=True)
        self.pid, self.work, self.done = pid, None, None
        self.wanted, self.finished = threading.Event(), threading.Event()
        self.start()

    def run(self):
        with open(f"/proc/{self.pid}/ns/net") as namespace:
            if libc.setns(namespace.fileno(), 0x40000000) != 0:
                raise OSError(ctypes.get_errno(), "setns")
        while True:
            self.wanted.wait()
            self.wanted.clear()
            if self.work is None:
                return
            try:
                self.done = (self.work(), None)
            except Exception as error:
                self.done = (None, error)
            self.finished.set()

    def do(self, work):
        self.work = work
        self.wanted.set()
        self.finished.wait()
        self.finished.clear()
        value, error = self.done
        if error:
            raise error
        return value

    def end(self):
        self.work = None
        self.wanted.set()
        self.join()


def resolve(name):
    """The name's IPv4 address; None when there is none."""
    number = random.randrange(65536)
    query = struct.pack(">6H", number, 0x100, 1, 0, 0, 0) + b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0\0\1\0\1"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.settimeout(2)
        asking.connect(("127.0.0.11", 53))
        asking.send(query)
        reply = asking.recv(4096)
    if reply[:2] != query[:2] or reply[3] & 15 or struct.unpack(">H", reply[6:8])[0] == 0:
        return None
    return socket.inet_ntoa(reply[-4:])


def greeting(address):
    with socket.create_connection((address, 80), 1) as connection:
        return connection.makefile().read()


def talk(inside, name, deadline=10):
    """Until the name's service greets; gives the milliseconds until the name had an address, and until the service greeted."""
    began, named = time.monotonic(), None
    while True:
        try:
            address = inside.do(lambda: resolve(name))
            if address:
                named = named or time.monotonic()
                if inside.do(lambda: greeting(address)) == "hello\n":
                    return (named - began) * 1000, (time.monotonic() - began) * 1000
        except OSError:
            pass
        if time.monotonic() - began > deadline:
            sys.exit(f"{name} does not answer: address {address}")
        time.sleep(0.002)


def left_behind(api, data_root):
    """What a cycle could leave, and what the daemon is like; of this daemon alone, since others may be at work here."""
    output = lambda *command: subprocess.run(command, capture_output=True, text=True).stdout
    daemon = next(pid for pid in os.listdir("/proc") if pid.isdigit() and api.path in read(f"/proc/{pid}/cmdline") and "berthd" in read(f"/proc/{pid}/cmdline"))
    held = [os.readlink(f"/proc/{daemon}/fd/{fd}") for fd in os.listdir(f"/proc/{daemon}/fd") if os.path.lexists(f"/proc/{daemon}/fd/{fd}")]
    network = api.call("GET", f"/networks/{NETWORK}")
    default = api.call("GET", "/networks/bridge")["Options"]["com.docker.network.bridge.name"]
    table = "berth" if default == "berth0" else "berth_" + "".join(c if c.isalnum() else "_" for c in default)
    bridge = network["Options"].get("com.docker.network.bridge.name") or "br-" + network["Id"][:12]
    return {
        "endpoints": len(network["Containers"]),
        "bridge ports": len(output("ip", "-o", "link", "show", "master", bridge).splitlines()),
        "nftables lines": len(output("nft", "list", "table", "inet", table).splitlines()),
        "files": sum(len(files) + len(folders) for _, folders, files in os.walk(data_root)),
        "daemon's sockets": sum(name.startswith("socket:") for name in held),
        "daemon's namespaces": len({name for name in held if name.startswith("net:")}),
        "daemon's threads": len(os.listdir(f"/proc/{daemon}/task")),
        "daemon's KiB": int(next(line for line in read(f"/proc/{daemon}/status").splitlines() if line.startswith("VmRSS")).split()[1]),
    }


def read(path):
    try:
        with open(path, errors="replace") as file:
            return file.read()
    except OSError:
        return ""


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("socket")
    parser.add_argument("--cycles", type=int, default=1000)
    parser.add_argument("--endpoints", type=int, default=10)
    parser.add_argument("--image", default="busybox")
    options = parser.parse_args()
    api = Api(options.socket)
    data_root = api.call("GET", "/info")["DockerRootDir"]
    made = []

    def run(name, *command):
        made.append(name)
        api.call("POST", f"/containers/create?name={name}", {
            "Image": options.image, "Cmd": list(command), "HostConfig": {"NetworkMode": NETWORK, "Init": False}, "StopSignal": "SIGKILL"})
        api.call("POST", f"/containers/{name}/start")

    api.call("DELETE", f"/networks/{NETWORK}", ok=(204, 404))
    api.call("POST", "/networks/create", {"Name": NETWORK})
    inside = None
    try:
        run(FIRST, "sleep", "100000")
        run(SECOND, "sh", "-c", "echo hello > /tmp/h; exec nc -ll -p 80 -e cat /tmp/h")
        for number in range(options.endpoints - 2):
            run(f"names-idle-{number}", "sleep", "100000")
        inside = Inside(api.call("GET", f"/containers/{FIRST}/json")["State"]["Pid"])
        talk(inside, SECOND)
        cycle(api, inside, 0)
        cycle(api, inside, 1)
        before, times = left_behind(api, data_root), {}
        for number in range(options.cycles):
            for step, milliseconds in cycle(api, inside, number).items():
                times.setdefault(step, []).append(milliseconds)
        after = left_behind(api, data_root)
        judged = [what for what in before if what not in ("daemon's threads", "daemon's KiB")]
        for tries in range(50):  # the kernel takes namespaces down a moment later
            if all(after[what] <= before[what] for what in judged):
                break
            time.sleep(0.1)
            after = left_behind(api, data_root)
        print(f"{options.cycles} cycles at {options.endpoints} endpoints; milliseconds:")
        for step, values in times.items():
            print(f"  {step:32} median {statistics.median(values):7.1f}  most {max(values):7.1f}")
        print("  " + ", ".join(f"{what} {before[what]} -> {after[what]}" for what in before))
        left = [what for what in judged if after[what] > before[what]]
        if left:
            sys.exit(f"left behind: {', '.join(left)}")
    finally:
        if inside:
            inside.end()
        for name in made + [RENAMED]:
            api.call("DELETE", f"/containers/{name}?force=1&v=1", ok=(204, 404))
        api.call("DELETE", f"/networks/{NETWORK}", ok=(204, 404))


def cycle(api, inside, number):
    """One of three, each followed by talk; gives milliseconds by step."""
    times, name = {}, SECOND

    def timed(step, *call):
        began = time.monotonic()
        api.call(*call)
        times[step] = (time.monotonic() - began) * 1000

    if number % 3 == 0:
        timed("disconnect", "POST", f"/networks/{NETWORK}/disconnect", {"Container": SECOND})
        if inside.do(lambda: resolve(SECOND)):
            sys.exit("the name outlives the disconnect")
        timed("connect", "POST", f"/networks/{NETWORK}/connect", {"Container": SECOND})
        kind = "connect"
    elif number % 3 == 1:
        timed("restart", "POST", f"/containers/{SECOND}/restart?t=0")
        kind = "restart"
    else:
        timed("rename", "POST", f"/containers/{SECOND}/rename?name={RENAMED}")
        kind, name = "rename", RENAMED
        if inside.do(lambda: resolve(SECOND)):
            sys.exit("the old name outlives the rename")
    times[f"name after {kind}"], times[f"greeting after {kind}"] = talk(inside, name)
    if name == RENAMED:
        api.call("POST", f"/containers/{RENAMED}/rename?name={SECOND}")
    return times


main()
