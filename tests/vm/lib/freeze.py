#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""freeze.py --qmp SOCKET --status FILE --out DIR --pid PID: lets a paused machine boot with a root disk of its own (DIR/root.qcow2) until it
writes `ready` to its status port, then keeps its state in DIR/memory and ends it. Exits 1 with the reason when one of these fails.
Protocol: QMP (docs/interop/qmp-spec in QEMU)."""
import argparse
import json
import os
import socket
import sys
import time
from pathlib import Path

BOOT_S = 300  # a busy machine emulates slowly; a boot takes some 20 s
KEEP_S = 120

options = argparse.ArgumentParser()
options.add_argument("--qmp", required=True)
options.add_argument("--status", type=Path, required=True)
options.add_argument("--out", type=Path, required=True)
options.add_argument("--pid", type=int, required=True)
given = options.parse_args()


class Monitor:
    """QEMU's control socket: one command at a time, events are skipped."""

    def __init__(self, path):
        self._socket = socket.socket(socket.AF_UNIX)
        until("QEMU's monitor", 30, lambda: self._connect(path))
        self._lines = self._socket.makefile("r")
        self._lines.readline()  # the greeting
        self.do("qmp_capabilities")

    def _connect(self, path):
        try:
            self._socket.connect(path)
        except (FileNotFoundError, ConnectionRefusedError):
            return False
        return True

    def do(self, command, **arguments):
        self._socket.sendall(json.dumps({"execute": command, "arguments": arguments}).encode() + b"\n")
        for line in self._lines:
            answer = json.loads(line)
            if "error" in answer:
                sys.exit(f"freeze: {command}: {answer['error']['desc']}")
            if "return" in answer:
                return answer["return"]
        sys.exit(f"freeze: QEMU ended at {command}")


def until(what, patience_s, condition):
    end = time.monotonic() + patience_s
    while not condition():
        if not Path(f"/proc/{given.pid}/exe").exists():
            sys.exit(f"freeze: QEMU ended while waiting for {what}")
        if time.monotonic() > end:
            sys.exit(f"freeze: {what}: not in {patience_s} s")
        time.sleep(0.05)


def kept(monitor):
    state = monitor.do("query-migrate").get("status")
    if state == "failed":
        sys.exit("freeze: QEMU could not keep the machine's state")
    return state == "completed"


monitor = Monitor(given.qmp)
monitor.do("blockdev-snapshot-sync", **{"device": "root", "snapshot-file": str(given.out / "root.qcow2"), "format": "qcow2"})
monitor.do("cont")
until("the machine", BOOT_S, lambda: given.status.exists() and given.status.read_text() == "ready\n")
# Not stopped before: the state says whether the machine ran, and one that did not would not go on by itself.
monitor.do("migrate-set-parameters", **{"max-bandwidth": 10**10})
monitor.do("migrate", uri=f"file:{given.out / 'memory'}")
until("the machine's state", KEEP_S, lambda: kept(monitor))
monitor.do("quit")
os.sync()
