#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""executor_server.py NAME ADDRESS: the main thread accepts and reads, a ThreadPoolExecutor does the work."""
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from task import AGENT, across, complete, endpoint, listen, message, parse, program, text_of

WORKERS = 3


def start(argv, text):
    process = subprocess.Popen(argv, executable=AGENT, stdin=subprocess.PIPE)
    process.stdin.write(text)
    process.stdin.close()
    process.wait()


def call(address, text):
    family, kind, where = endpoint(address)
    with socket.socket(family, kind) as client:
        client.connect(where)
        client.sendall(text)


def run(text):
    path, steps = parse(text)
    while steps:
        step, steps = steps[0], steps[1:]
        verb, *words = step.split()
        if verb in ("connect", "post"):
            return call(words[1], message(verb, text_of(across(path, words[0]), steps)))
        start(program(step), path.encode() if verb == "leaf" else text_of(path, steps))
        if verb == "agent":
            return None
    return None


def serve(connection, text):
    with connection:
        run(text)
        connection.sendall(b"ok\n")


def read(connection):
    text = b""
    while not complete(text):
        part = connection.recv(65536)
        if not part:
            break
        text += part
    return text


name, address = sys.argv[1:]
server = listen(address)
Path(f"/chains/ready/{name}").touch()
with ThreadPoolExecutor(WORKERS) as pool:
    while True:
        caller, _ = server.accept()
        pool.submit(serve, caller, read(caller))
