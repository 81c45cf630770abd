"""Throughput and latency between containers and through published ports: Berth and Docker in one run, as ratios (see bench/README.md).

Each engine gets a host of its own, a network namespace with a neighbour on a veth pair, so that the two don't filter each other's packets.
"""
import argparse
import json
import os
import pathlib
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

import bench

PORT, ECHO = 5201, 5202
HOST, NEIGHBOUR = "192.0.2.1", "192.0.2.2"
WORKER = pathlib.Path(__file__).resolve()
WARM_UP, PROBES = 200, 3000


def echo(port):
    """Answers each byte with a byte, for the latency of a small request."""
    listener = socket.create_server(("0.0.0.0", port))
    while True:
        connection, _ = listener.accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while connection.recv(1):
            connection.send(b"x")
        connection.close()


def ask(address, port):
    """Microseconds of a round trip: the median, which a busy machine disturbs least."""
    connection = socket.create_connection((address, port), timeout=5)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    times = []
    for i in range(WARM_UP + PROBES):
        began = time.perf_counter_ns()
        connection.send(b"x")
        connection.recv(1)
        times.append(time.perf_counter_ns() - began)
    print(statistics.median(times[WARM_UP:]) / 1000)


def connects(address, port):
    """Microseconds of a new connection, one answered byte included."""
    times = []
    for i in range(300):
        began = time.perf_counter_ns()
        connection = socket.create_connection((address, port), timeout=5)
        connection.send(b"x")
        connection.recv(1)
        connection.close()
        times.append(time.perf_counter_ns() - began)
    print(statistics.median(times) / 1000)


class World:
    """A host and its neighbour, as named network namespaces, and one engine in the host."""

    def __init__(self, engine, tag):
        self.engine = engine
        self.host, self.neighbour = f"bnh-{tag}", f"bnn-{tag}"
        self.servers, self.containers = [], []
        for name in (self.host, self.neighbour):
            run("ip", "netns", "add", name)
            run("ip", "-n", name, "link", "set", "lo", "up")
        run("ip", "-n", self.host, "link", "add", "lan0", "type", "veth", "peer", "name", "lan0", "netns", self.neighbour)
        for name, address in ((self.host, HOST), (self.neighbour, NEIGHBOUR)):
            run("ip", "-n", name, "addr", "add", address + "/24", "dev", "lan0")
            run("ip", "-n", name, "link", "set", "lan0", "up")
        # nsenter and not "ip netns exec", which hides the cgroups.
        engine.command = lambda command=engine.command: ["nsenter", f"--net=/run/netns/{self.host}", *map(str, command())]

    def start(self, image):
        self.engine.start()
        self.engine.load(image)
        self.server = self.container(publish=True)
        self.client = self.container(publish=False)
        for tool in (["iperf3", "-s", "-p", str(PORT)], [sys.executable, str(WORKER), "--echo", str(ECHO)]):
            self.servers.append(subprocess.Popen(inside(self.server["pid"], tool), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        time.sleep(1)

    def container(self, publish):
        ports = {f"{port}/tcp": [{"HostPort": str(port)}] for port in (PORT, ECHO)} if publish else {}
        made = self.engine.call("POST", "/containers/create", {
            "Image": "busybox", "Cmd": ["sleep", "3600"], "ExposedPorts": {name: {} for name in ports}, "HostConfig": {"PortBindings": ports}})["Id"]
        self.engine.call("POST", f"/containers/{made}/start")
        self.containers.append(made)
        shown = self.engine.call("GET", f"/containers/{made}/json")
        return {"pid": shown["State"]["Pid"], "address": shown["NetworkSettings"]["IPAddress"]}

    def ways(self):
        """Where a client is, and the address that it asks."""
        return {
            "container to container": (["nsenter", "-t", str(self.client["pid"]), "-n"], self.server["address"]),
            "host to 127.0.0.1, published": (["nsenter", f"--net=/run/netns/{self.host}"], "127.0.0.1"),
            "host to its own address, published": (["nsenter", f"--net=/run/netns/{self.host}"], HOST),
            "neighbour to the host, published": (["nsenter", f"--net=/run/netns/{self.neighbour}"], HOST),
            "container to the host, published": (["nsenter", "-t", str(self.client["pid"]), "-n"], HOST),
        }

    def stop(self):
        for server in self.servers:
            server.terminate()
            server.wait()
        if self.engine.process and self.engine.process.poll() is None:
            for container in self.containers:
                self.engine.call("DELETE", f"/containers/{container}?force=1")
            self.engine.stop()

    def remove(self):
        for name in (self.host, self.neighbour):
            subprocess.run(["ip", "netns", "del", name], check=False)


class DockerHere(bench.Docker):
    """dockerd in a namespace that is the bench's already; only its mounts are its own."""

    def command(self):
        return ["unshare", "--mount", "--", "dockerd", "-H", f"unix://{self.socket}", "--data-root", f"{self.work}/data", "--exec-root", f"{self.work}/run",
                "--pidfile", f"{self.work}/pid", "--bip", "10.223.2.1/24", "--cgroup-parent", "/dockerbench"]


class BerthHere(bench.Berth):
    def command(self):
        return [pathlib.Path(os.environ.get("BERTH_BIN_DIR", bench.BIN)) / "berthd", *super().command()[1:]]

    def load(self, archive):
        subprocess.run(["docker", "-H", f"unix://{self.socket}", "load", "-q", "-i", archive], check=True, stdout=subprocess.DEVNULL)


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def inside(pid, tool):
    return ["nsenter", "-t", str(pid), "-n", *tool]


def gigabits(where, address, streams, seconds):
    for attempt in range(3):
        done = subprocess.run([*where, "iperf3", "-c", address, "-p", str(PORT), "-P", str(streams), "-t", str(seconds), "-J"], capture_output=True, text=True)
        if done.returncode == 0:
            return json.loads(done.stdout)["end"]["sum_received"]["bits_per_second"] / 1e9
        time.sleep(0.5)  # the server may still be at the last test
    sys.exit(f"iperf3 to {address}: {done.stdout[-500:]} {done.stderr}")


def microseconds(where, what, address):
    return float(run(*where, sys.executable, str(WORKER), what, address))


MEASURES = {
    "1 stream, Gbit/s": lambda where, address, seconds: gigabits(where, address, 1, seconds),
    "4 streams, Gbit/s": lambda where, address, seconds: gigabits(where, address, 4, seconds),
    "round trip of a byte, µs": lambda where, address, seconds: microseconds(where, "--ask", address),
    "new connection, µs": lambda where, address, seconds: microseconds(where, "--connect", address),
}


def measure(worlds, only, what_only, rounds, seconds):
    """The engines take turns within each measure, so that what else the machine does hits both."""
    figures = {}
    for _ in range(rounds):
        for way in (way for way in next(iter(worlds.values())).ways() if only in way):
            for what, action in ((what, action) for what, action in MEASURES.items() if what_only in what):
                # Who was last is first now: what the first leaves warm or busy, it leaves to both.
                worlds = dict(reversed(worlds.items()))
                for name, world in worlds.items():
                    figures.setdefault((way, what), {}).setdefault(name, []).append(action(*world.ways()[way], seconds))
    return figures


def show(figures):
    print(f"{'':36} {'':26} {'Berth':>9} {'Docker':>9} {'ratio':>7}")
    for (way, what), by_engine in figures.items():
        berth, docker = by_engine["berth"], by_engine.get("docker")
        # Of the pairs measured one right after the other: the machine's mood changes from round to round.
        ratio = statistics.median(a / b if "Gbit" in what else b / a for a, b in zip(berth, docker)) if docker else None
        print(f"{way:36} {what:26} {statistics.median(berth):9.1f} {statistics.median(docker) if docker else 0:9.1f} {f'{ratio:.2f}' if ratio else '':>7}")
    print("\nA ratio above 1 is in Berth's favour.")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=3, help="how often everything is measured; the median counts")
    parser.add_argument("--seconds", type=int, default=2, help="length of one measurement of throughput")
    parser.add_argument("--only", default="", help="a part of the ways' names")
    parser.add_argument("--measure", default="", help="a part of the measures' names")
    parser.add_argument("--no-docker", action="store_true")
    parser.add_argument("--echo", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--ask", help=argparse.SUPPRESS)
    parser.add_argument("--connect", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.echo:
        return echo(options.echo)
    if options.ask:
        return ask(options.ask, ECHO)
    if options.connect:
        return connects(options.connect, ECHO)

    work = tempfile.mkdtemp(prefix="berth-bench-net-")
    image = os.path.join(work, "busybox.tar")
    subprocess.run([bench.ROOT / "scripts/make-busybox-image.sh", image], check=True, stdout=subprocess.DEVNULL)
    engines = [BerthHere("berth", work)] + ([] if options.no_docker or not shutil.which("dockerd") else [DockerHere("docker", work)])
    worlds = {}
    try:
        for engine in engines:
            worlds[engine.name] = World(engine, engine.name)
            worlds[engine.name].start(image)
        show(measure(worlds, options.only, options.measure, options.rounds, options.seconds))
    finally:
        for world in worlds.values():
            try:
                world.stop()
            finally:
                world.remove()
        shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    main()
