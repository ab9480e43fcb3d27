# SPDX-License-Identifier: Apache-2.0
"""What the tests of this folder share: a nestord, its events, sessions in pods, and counted checks. Inside the VM, as root."""
import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

PAYLOAD = Path("/payload")
WEB = PAYLOAD / "web-0.yaml"
ONE = PAYLOAD / "load" / "one.yaml"
SOCKET = Path("/run/nestor/nestord.sock")
PATIENCE_S = 120
SHOWN = 6  # offenders printed with a failed check


class Checks:
    """Counts what is fine and prints what is not."""

    def __init__(self):
        self.passed, self.failed = 0, 0

    def that(self, what, fine, seen=""):
        if fine:
            self.passed += 1
            return
        self.failed += 1
        print(f"FAILED: {what}\n        seen: {seen}", flush=True)

    def none(self, what, offenders):
        """The list of what breaks a rule is empty."""
        offenders = list(offenders)
        self.that(what, not offenders, f"{len(offenders)}: {offenders[:SHOWN]}")

    def finish(self):
        print(f"{self.passed} passed, {self.failed} failed", flush=True)
        sys.exit(1 if self.failed else 0)


def call(*command, **options):
    """Runs a command to its end; output as text."""
    return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, **options)


def ask(*arguments):
    """nestorctl's answer, from JSON."""
    answer = call("nestorctl", *arguments, "-o", "json")
    if answer.returncode != 0:
        raise RuntimeError(f"nestorctl {' '.join(arguments)}: {answer.stderr}")
    return json.loads(answer.stdout)


def until(what, condition, patience_s=PATIENCE_S):
    """Waits until condition() is true and returns its value; an error after the patience."""
    end = time.monotonic() + patience_s
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.1)
    raise TimeoutError(f"{what}: not in {patience_s} s")


class Nestord:
    """One run of nestord, ready when constructed."""

    def __init__(self, log, config=None, program="nestord"):
        self.log = Path(log)
        command = [str(program)] + (["-c", str(config)] if config else [])
        with self.log.open("w") as out:
            self.process = subprocess.Popen(command, stdout=out, stderr=out)
        ready = call("nestorctl", "status", "--wait", "300s")
        if ready.returncode != 0:
            raise RuntimeError(f"nestord is not ready: {ready.stderr}\n{self.log.read_text()}")

    def signal(self, number):
        self.process.send_signal(number)

    def stop(self, patience_s=PATIENCE_S):
        """SIGTERM; the exit code."""
        self.signal(signal.SIGTERM)
        return self.process.wait(patience_s)

    def resident_kib(self):
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(next(line for line in status.splitlines() if line.startswith("VmRSS:")).split()[1])

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        if kind:
            print(self.log.read_text(), file=sys.stderr)


class Follower:
    """`nestorctl events -f` from nestord's first event on. `events` holds what read() took."""

    def __init__(self, file, *types):
        self.events = []
        self._file = Path(file)
        self._rest = b""
        wanted = [word for kind in types for word in ("--type", kind)]
        with self._file.open("wb") as out:
            self.process = subprocess.Popen(["nestorctl", "events", "-f", "--from-seq", "1", *wanted, "-o", "jsonl"], stdout=out)
        self._reader = self._file.open("rb")

    def read(self):
        """Takes what is new and returns it."""
        *lines, self._rest = (self._rest + self._reader.read()).split(b"\n")
        new = [json.loads(line) for line in lines]
        self.events += new
        return new

    def until_argv(self, argv, patience_s=PATIENCE_S):
        """Waits for the exec of exactly this argv."""
        found = any(is_exec(event, argv) for event in self.events)
        until(f"an exec event of {argv}", lambda: found or any([is_exec(event, argv) for event in self.read()]), patience_s)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.terminate()
        self.process.wait()


def is_exec(event, argv):
    return event["type"] == "exec" and event["process"]["argv"] == list(argv)


class Session:
    """A user's shell in a container: `pod exec -i POD CONTAINER -- bash`, one command at a time."""

    def __init__(self, pod, container, shell="bash"):
        self._count, self._buffer = 0, b""
        self.process = subprocess.Popen(["pod", "exec", "-i", pod, container, "--", shell], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        bufsize=0)

    def run(self, command):
        """Until the shell says that the command is over; what it printed."""
        self._count += 1
        over = f"command-{self._count}-is-over\n".encode()
        self.process.stdin.write(f"{command}\necho {over.decode().strip()}\n".encode())
        end = time.monotonic() + PATIENCE_S
        while over not in self._buffer:
            readable, _, _ = select.select([self.process.stdout], [], [], max(0.0, end - time.monotonic()))
            chunk = os.read(self.process.stdout.fileno(), 65536) if readable else b""
            if not chunk:
                raise RuntimeError(f"the session {'ended' if readable else 'hangs'} at: {command}")
            self._buffer += chunk
        printed, self._buffer = self._buffer.split(over, 1)
        return printed.decode(errors="replace")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


@contextlib.contextmanager
def pods(*manifests):
    """The pods of these files, removed at the end."""
    started = call("pod", "run", *map(str, manifests))
    if started.returncode != 0:
        raise RuntimeError(f"pod run: {started.stderr}")
    try:
        yield
    finally:
        call("pod", "rm", "--all", "--grace", "0")


def in_pod(pod, container, *command):
    return call("pod", "exec", pod, container, "--", *command)


def until_web_serves():
    """web-0's sshd and its sidecar's listener; they share one network namespace."""
    until("sshd's keys", lambda: in_pod("shop/web-0", "main", "test", "-e", "/shared/main-ready").returncode == 0)
    for port in (22, 7000):
        until(f"port {port}", lambda: in_pod("shop/web-0", "sidecar", "ss", "-Hltn", f"sport = :{port}").stdout.strip())


class Graph:
    """Hops and execs out of events."""

    def __init__(self, events):
        self.hops = {event["hop_id"]: event for event in events if event["type"] == "hop"}
        self.execs = {}  # argv: the events
        for event in events:
            if event["type"] == "exec":
                self.execs.setdefault(tuple(event["process"]["argv"]), []).append(event)

    def of(self, *argv):
        return self.execs.get(argv, [])

    def path(self, hop_id):
        """Kinds and places of the hops from the origin to this one."""
        path = []
        while hop_id:
            event = self.hops.get(hop_id)
            if event is None:
                return [("unknown", hop_id)] + path
            workload = event["hop"]["to"]["workload"]
            place = "/".join(workload.get(key, "") for key in ("namespace", "pod", "container"))
            path.insert(0, (event["hop"]["kind"], place))
            hop_id = event["hop"].get("parent_id", "")
        return path


# From 6.13 on (lazy preemption) the kernel leaves a program out for a task that comes between its own start and end on one CPU. That is counted
# and told; what it cost is another check's to find: a context is taken from the parent, a hop is not seen.
RECOVERED = ("program-missed",)


def losses(events):
    """How much was lost, by place; without what is recovered."""
    lost = {}
    for event in events:
        if event["type"] == "loss" and event["loss"]["where"] not in RECOVERED:
            where = event["loss"]["where"]
            lost[where] = lost.get(where, 0) + int(event["loss"]["count"])
    return lost
