"""Compares Berth with Docker on this machine in one run, and prints the figures as ratios (see bench/README.md)."""
import argparse
import concurrent.futures
import gzip
import hashlib
import http.client
import io
import json
import os
import pathlib
import random
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
BIN = ROOT / "out/bin"


class Connection(http.client.HTTPConnection):
    """HTTP over a Unix socket: the same neutral client for every engine."""

    def __init__(self, path):
        super().__init__("engine")
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self.path)


class Engine:
    def __init__(self, name, work):
        self.name = name
        self.work = pathlib.Path(work) / name
        self.work.mkdir()
        self.socket = str(self.work / "api.sock")
        self.process = None

    def start(self):
        began = time.perf_counter()
        self.process = subprocess.Popen(self.command(), stdout=open(self.work / "log", "a"), stderr=subprocess.STDOUT, start_new_session=True)
        while True:
            try:
                if self.call("GET", "/_ping", raw=True) == b"OK":
                    return time.perf_counter() - began
            except OSError:
                pass
            if self.process.poll() is not None or time.perf_counter() - began > 60:
                sys.exit(f"{self.name} did not start:\n" + (self.work / "log").read_text()[-3000:])
            time.sleep(0.002)

    def stop(self):
        self.process.terminate()
        self.process.wait(60)

    def call(self, method, path, body=None, raw=False, connection=None, headers=None):
        own = connection is None
        connection = connection or Connection(self.socket)
        data = body if isinstance(body, bytes) else json.dumps(body).encode() if body is not None else None
        connection.request(method, path, data, headers or ({"Content-Type": "application/json"} if data else {}))
        reply = connection.getresponse()
        content = reply.read()
        if own:
            connection.close()
        if reply.status >= 400:
            raise RuntimeError(f"{self.name}: {method} {path}: {reply.status} {content[:300]}")
        return content if raw else json.loads(content) if content else None

    def load(self, archive):
        subprocess.run([*self.cli(), "load", "-q", "-i", archive], check=True, stdout=subprocess.DEVNULL)

    def once(self, connection=None):
        """One container's whole life by the API."""
        made = self.call("POST", "/containers/create", {"Image": "busybox", "Cmd": ["true"]}, connection=connection)["Id"]
        self.call("POST", f"/containers/{made}/start", connection=connection)
        status = self.call("POST", f"/containers/{made}/wait", connection=connection)
        if status["StatusCode"] != 0:
            raise RuntimeError(f"{self.name}: {status}")
        self.call("DELETE", f"/containers/{made}?force=1", connection=connection)

    def processes(self):
        """The engine's own processes: those of its session and those whose command line names its directory."""
        for entry in pathlib.Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    command = (entry / "cmdline").read_bytes().decode(errors="replace")
                except OSError:
                    continue
                if str(self.work) in command and "unshare" not in command.split("\0")[0] and "ip\0netns" not in command:
                    yield int(entry.name), command.replace("\0", " ")

    @staticmethod
    def private(pid):
        total = 0
        for line in open(f"/proc/{pid}/smaps_rollup"):
            if line.startswith(("Private_Clean", "Private_Dirty")):
                total += int(line.split()[1])
        return total / 1024

    @staticmethod
    def rss(pid):
        for line in open(f"/proc/{pid}/status"):
            if line.startswith("VmRSS"):
                return int(line.split()[1]) / 1024


class Berth(Engine):
    def command(self):
        return [BIN / "berthd", "-H", f"unix://{self.socket}", "--data-root", self.work / "data", "--exec-root", self.work / "run",
                "--pidfile", self.work / "pid", "--bridge", "berthbench", "--bip", "10.223.1.1/24", "--cgroup-parent", "/berthbench"]

    def cli(self):
        return [str(BIN / "berth"), "-H", f"unix://{self.socket}"]

    def daemons(self):
        return [self.process.pid]

    def supervisors(self):
        children = {}
        for entry in pathlib.Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    if "supervise" in (entry / "cmdline").read_bytes().decode().split("\0"):
                        children[int(entry.name)] = True
                except OSError:
                    pass
        return list(children)


class Docker(Engine):
    """dockerd in a network and a mount namespace of its own, so that its rules and mounts vanish with it."""

    def command(self):
        return ["unshare", "--net", "--mount", "--", "sh", "-c",
                "ip link set lo up; ip link add dockerbench type bridge; ip addr add 10.223.2.1/24 dev dockerbench; ip link set dockerbench up;"
                f" exec dockerd -H unix://{self.socket} --data-root {self.work}/data --exec-root {self.work}/run --pidfile {self.work}/pid"
                " --bridge dockerbench --cgroup-parent /dockerbench"]

    def cli(self):
        return ["docker", "-H", f"unix://{self.socket}"]

    def daemons(self):
        return [pid for pid, command in self.processes() if "shim" not in command]

    def supervisors(self):
        return [pid for pid, command in self.processes() if "containerd-shim" in command]


def median(action, times):
    action()
    figures = []
    for _ in range(times):
        began = time.perf_counter()
        action()
        figures.append(time.perf_counter() - began)
    return statistics.median(figures) * 1000


class Table:
    def __init__(self, engines):
        self.engines = engines
        self.rows = []

    def add(self, what, unit, figures, better="less"):
        self.rows.append((what, unit, figures, better))
        print(f"  {what}: " + ", ".join(f"{k} {v:.1f} {unit}" for k, v in figures.items()), flush=True)

    def show(self):
        names = list(dict.fromkeys(k for r in self.rows for k in r[2]))
        print("\n| what | unit | " + " | ".join(names) + " | Docker : Berth |")
        print("| --- | --- |" + " ---: |" * (len(names) + 1))
        for what, unit, figures, better in self.rows:
            ratio = ""
            if "Docker" in figures and "Berth" in figures and figures["Berth"] and figures["Docker"]:
                ratio = f"{figures['Docker'] / figures['Berth']:.1f}" if better == "less" else f"1 : {figures['Berth'] / figures['Docker']:.1f}"
            print(f"| {what} | {unit} | " + " | ".join(f"{figures[n]:.1f}" if n in figures else "" for n in names) + f" | {ratio} |")


def run_true(engines, table, times):
    figures = {e.name: [] for e in engines}
    figures["unshare"] = []
    commands = {e.name: [*e.cli(), "run", "--rm", "busybox", "true"] for e in engines}
    commands["unshare"] = ["unshare", "-fpmiun", "--mount-proc", "true"]
    for turn in range(times + 1):
        for name, command in commands.items():
            began = time.perf_counter()
            subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
            if turn:
                figures[name].append((time.perf_counter() - began) * 1000)
    table.add("run --rm busybox true, whole command, bridge network", "ms", {k: statistics.median(v) for k, v in figures.items()})


def by_api(engines, table, times):
    table.add("create, start, wait, delete by the API", "ms", {e.name: median(e.once, times) for e in engines})
    rates = {}
    for engine in engines:
        count = 200 if engine.name == "Berth" else 40
        began = time.perf_counter()
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda _: engine.once(), range(count)))
        rates[engine.name] = count / (time.perf_counter() - began)
    table.add("the same, 8 clients", "containers/s", rates, better="more")


def by_exec(engines, table, times):
    figures = {}
    for engine in engines:
        made = engine.call("POST", "/containers/create", {"Image": "busybox", "Cmd": ["sleep", "600"]})["Id"]
        engine.call("POST", f"/containers/{made}/start")

        def once():
            exec_id = engine.call("POST", f"/containers/{made}/exec", {"Cmd": ["true"], "AttachStdout": True})["Id"]
            # The stream ends when the process has.
            connection = Connection(engine.socket)
            connection.request("POST", f"/exec/{exec_id}/start", b"{}", {"Content-Type": "application/json"})
            connection.getresponse().read()
            connection.close()

        figures[engine.name] = median(once, times)
        if engine.name == "Berth":
            pid = engine.call("GET", f"/containers/{made}/json")["State"]["Pid"]
            figures["nsenter"] = median(lambda: subprocess.run(["nsenter", "-t", str(pid), "-a", "/bin/true"], check=True), times)
        engine.call("DELETE", f"/containers/{made}?force=1")
    table.add("exec by the API", "ms", figures)


def many(engines, table, count):
    start, supervisor, daemon, listing, again = {}, {}, {}, {}, {}
    for engine in engines:
        time.sleep(8)  # both give memory back when they have nothing to do
        idle = sum(engine.rss(pid) for pid in engine.daemons())
        began = time.perf_counter()
        ids = []
        for _ in range(count):
            made = engine.call("POST", "/containers/create", {"Image": "busybox", "Cmd": ["sleep", "6000"]})["Id"]
            engine.call("POST", f"/containers/{made}/start")
            ids.append(made)
        start[engine.name] = (time.perf_counter() - began) * 1000 / count
        supervisors = engine.supervisors()
        supervisor[engine.name] = sum(map(engine.private, supervisors)) / max(len(supervisors), 1)
        daemon[engine.name] = sum(engine.rss(pid) for pid in engine.daemons())
        listing[engine.name] = median(lambda: engine.call("GET", "/containers/json"), 10)
        table.add(f"daemon, resident, idle ({engine.name})", "MiB", {engine.name: idle})
        if engine.name == "Berth":
            engine.process.send_signal(signal.SIGKILL)
            engine.process.wait()
            again[engine.name] = engine.start() * 1000
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda i: engine.call("DELETE", f"/containers/{i}?force=1"), ids))
    table.add(f"create and start, one after the other, {count} containers", "ms each", start)
    table.add("supervisor or shim, private memory", "MiB", supervisor)
    table.add(f"daemon, resident, {count} containers", "MiB", daemon)
    table.add(f"list of {count}", "ms", listing)
    table.add(f"first answer after kill -9, {count} containers running", "ms", again)


def logs(engines, table, megabytes):
    write, read = {}, {}
    line = "x" * 99
    lines = megabytes * 10_000
    for engine in engines:
        made = engine.call("POST", "/containers/create", {"Image": "busybox", "Cmd": ["sh", "-c", f"yes {line} | head -n {lines}"]})["Id"]
        began = time.perf_counter()
        engine.call("POST", f"/containers/{made}/start")
        engine.call("POST", f"/containers/{made}/wait")
        write[engine.name] = megabytes / (time.perf_counter() - began)
        began = time.perf_counter()
        content = engine.call("GET", f"/containers/{made}/logs?stdout=1", raw=True)
        read[engine.name] = megabytes / (time.perf_counter() - began)
        if content.count(b"\n") != lines:
            raise RuntimeError(f"{engine.name} lost lines: {content.count(10)} of {lines}")
        engine.call("DELETE", f"/containers/{made}?force=1")
    table.add("logs written", "MB/s", write, better="more")
    table.add("logs read", "MB/s", read, better="more")


def make_big_image(work, layers=10, files=2000):
    """An OCI layout of many small files in gzip layers; returns its folder and the layers' archives."""
    layout = pathlib.Path(work) / "layout"
    blobs = layout / "blobs/sha256"
    blobs.mkdir(parents=True)

    def put(content):
        digest = hashlib.sha256(content).hexdigest()
        (blobs / digest).write_bytes(content)
        return {"digest": f"sha256:{digest}", "size": len(content)}

    random.seed(1)
    words = [f"word{n}".encode() for n in range(5000)]
    descriptors, diff_ids = [], []
    for layer in range(layers):
        plain = io.BytesIO()
        with tarfile.open(fileobj=plain, mode="w") as archive:
            for file in range(files):
                content = b" ".join(random.choices(words, k=600))
                entry = tarfile.TarInfo(f"data/{layer}/{file % 50}/file{file}")
                entry.size = len(content)
                archive.addfile(entry, io.BytesIO(content))
        diff_ids.append("sha256:" + hashlib.sha256(plain.getvalue()).hexdigest())
        descriptors.append({"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", **put(gzip.compress(plain.getvalue(), 6, mtime=0))})
    config = put(json.dumps({"architecture": "amd64", "os": "linux", "config": {}, "rootfs": {"type": "layers", "diff_ids": diff_ids}}).encode())
    manifest = put(json.dumps({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
                               "config": {"mediaType": "application/vnd.oci.image.config.v1+json", **config}, "layers": descriptors}).encode())
    (layout / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')
    (layout / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [
        {"mediaType": "application/vnd.oci.image.manifest.v1+json", **manifest, "annotations": {"org.opencontainers.image.ref.name": "big"}}]}))
    return layout, [blobs / d["digest"].split(":")[1] for d in descriptors]


def start_registry(work, name, prefix=()):
    """Debian's docker-registry on loopback, in the network namespace that the prefix enters; all share one storage."""
    config = pathlib.Path(work) / f"registry-{name}.yml"
    port = 5611
    config.write_text(f"version: 0.1\nlog: {{ level: error }}\nstorage: {{ filesystem: {{ rootdirectory: {work}/registry }} }}\nhttp: {{ addr: '127.0.0.1:{port}' }}\n")
    process = subprocess.Popen([*prefix, "docker-registry", "serve", config], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(1)
    return process, f"127.0.0.1:{port}"


def pull(engines, table, work):
    layout, archives = make_big_image(work)
    registries = []
    try:
        figures = {}
        process, address = start_registry(work, "host")
        registries.append(process)
        subprocess.run(["skopeo", "copy", "-q", "--insecure-policy", "--dest-tls-verify=false", f"oci:{layout}:big", f"docker://{address}/bench/big:1"], check=True)
        target = pathlib.Path(work) / "unpacked"
        target.mkdir()
        began = time.perf_counter()
        subprocess.run(["xargs", "-P", str(os.cpu_count()), "-n", "1", "sh", "-c", f'mkdir {target}/$(basename $0) && tar xzf $0 -C {target}/$(basename $0)'],
                       input="\n".join(map(str, archives)), text=True, check=True)
        figures["tar"] = (time.perf_counter() - began) * 1000
        # What is unpacked stays until the end: ext4 makes the next files slowly for seconds after many were deleted.
        for engine in engines:
            if engine.name == "Docker":
                inside = subprocess.run(["pgrep", "-f", f"^dockerd -H unix://{engine.socket}"], capture_output=True, text=True, check=True).stdout.split()[0]
                registries.append(start_registry(work, "docker", ("nsenter", "--net", "-t", inside))[0])
            began = time.perf_counter()
            answer = engine.call("POST", f"/images/create?fromImage={address}/bench/big&tag=1", raw=True)
            figures[engine.name] = (time.perf_counter() - began) * 1000
            if b'"error"' in answer:
                raise RuntimeError(f"{engine.name}: {answer[-300:]}")
        table.add("pull of 10 layers, 20,000 files, from a local registry", "ms", figures)
    finally:
        for registry in registries:
            registry.terminate()
            registry.wait()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--times", type=int, default=15)
    parser.add_argument("--containers", type=int, default=100)
    parser.add_argument("--only", default="")
    parser.add_argument("--no-docker", action="store_true")
    arguments = parser.parse_args()

    work = tempfile.mkdtemp(prefix="berth-bench-")
    engines = [Berth("Berth", work)]
    if shutil.which("dockerd") and not arguments.no_docker:
        engines.append(Docker("Docker", work))
    else:
        print("SKIPPED: Docker is not installed here; figures without a peer")
    try:
        archive = str(pathlib.Path(work) / "busybox.tar")
        subprocess.run([ROOT / "scripts/make-busybox-image.sh", archive], check=True)
        for engine in engines:
            engine.start()
            engine.load(archive)
        table = Table(engines)
        parts = {
            "run": lambda: run_true(engines, table, arguments.times),
            "api": lambda: by_api(engines, table, arguments.times),
            "exec": lambda: by_exec(engines, table, arguments.times),
            "pull": lambda: pull(engines, table, work),
            "logs": lambda: logs(engines, table, 50),
            "many": lambda: many(engines, table, arguments.containers),
        }
        for name, part in parts.items():
            if not arguments.only or name in arguments.only.split(","):
                part()
        table.show()
    finally:
        for engine in engines:
            if engine.process and engine.process.poll() is None:
                engine.stop()
        for parent in ("dockerbench", "berthbench"):
            for group in sorted(pathlib.Path("/sys/fs/cgroup").glob(f"*/{parent}/**/"), reverse=True):
                try:
                    group.rmdir()
                except OSError:
                    pass
        shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    main()
