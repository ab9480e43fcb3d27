#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""server.py serve | ask WAY TAG: in one container of a pod, on each kind of unix socket, runs the canary for whoever asks in another one."""
import array
import contextlib
import os
import socket
import subprocess
import sys
import threading

CANARY = "/usr/bin/canary"
PATIENCE_S = 30
PLACES = {"path": "/marks/path.sock", "abstract": "\0evasions", "seqpacket": "\0evasions-seqpacket", "datagram": "\0evasions-datagram",
          "pass": "\0evasions-pass"}
KINDS = {"seqpacket": socket.SOCK_SEQPACKET, "datagram": socket.SOCK_DGRAM}


def run(tag):
    try:
        return subprocess.run([CANARY, tag], capture_output=True, check=False).stdout or b"nothing\n"
    except OSError as error:
        return f"{error}\n".encode()


def answer(connection):
    """Also for who connects and asks nothing."""
    with connection, contextlib.suppress(ConnectionError):
        tag = connection.recv(1000).decode()
        if tag:
            connection.sendall(run(tag))


def serve_connections(listener):
    while True:
        answer(listener.accept()[0])


def serve_datagrams(receiver):
    while True:
        tag, sender = receiver.recvfrom(1000)
        receiver.sendto(run(tag.decode()), sender)


def work(channel):
    """The worker of `pass`: gets connections, not requests."""
    while True:
        _, control, _, _ = channel.recvmsg(1, socket.CMSG_LEN(4))
        answer(socket.socket(fileno=array.array("i", control[0][2])[0]))


def serve_and_pass(listener):
    ours, theirs = socket.socketpair()
    if os.fork() == 0:
        work(theirs)
    while True:
        connection = listener.accept()[0]
        ours.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [connection.fileno()]))])
        connection.close()


def serve(way):
    own = socket.socket(socket.AF_UNIX, KINDS.get(way, socket.SOCK_STREAM))
    own.bind(PLACES[way])
    if way == "datagram":
        return serve_datagrams(own)
    own.listen()
    return serve_and_pass(own) if way == "pass" else serve_connections(own)


def serve_all():
    for way in PLACES:
        if os.fork() == 0:
            serve(way)
    threading.Event().wait()


def ask(way, tag):
    own = socket.socket(socket.AF_UNIX, KINDS.get(way, socket.SOCK_STREAM))
    own.settimeout(PATIENCE_S)
    if way == "datagram":
        own.bind("")
    own.connect(PLACES[way])
    own.send(tag.encode())
    sys.stdout.write(own.recv(1000).decode())


if sys.argv[1] == "serve":
    serve_all()
else:
    ask(*sys.argv[2:])
