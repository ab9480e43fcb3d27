# SPDX-License-Identifier: Apache-2.0
"""The tasks of agent/task.h, for servers in Python."""
import os
import re
import socket

AGENT = "/chains/bin/agent"


def complete(text):
    return text.endswith(b"\nend\n")


def parse(text):
    """The path, and the steps."""
    lines = text.decode().splitlines()
    return lines[0].removeprefix("path "), lines[1:-1]


def text_of(path, steps):
    return "\n".join([f"path {path}", *steps, "end", ""]).encode()


def across(path, hops):
    return path + ">" + hops.replace(",", ">")


def message(verb, text):
    """As the server wants it: bare, or posted over HTTP."""
    if verb != "post":
        return text
    return f"POST / HTTP/1.1\r\nHost: chains\r\nConnection: close\r\nContent-Length: {len(text)}\r\n\r\n".encode() + text


def program(step):
    """Arguments of a step that starts a process."""
    words = step.split()
    return ["leaf", words[2]] if words[0] == "leaf" else ["agent", "task"]


def endpoint(address):
    """Family, type and socket address."""
    kind, rest = address.split("/", 1)
    if kind == "tcp":
        host, port = rest.rsplit("/", 1)
        return (socket.AF_INET6 if ":" in host else socket.AF_INET), socket.SOCK_STREAM, (host, int(port))
    kinds = {"unix": socket.SOCK_STREAM, "abstract": socket.SOCK_STREAM, "seqpacket": socket.SOCK_SEQPACKET, "dgram": socket.SOCK_DGRAM}
    return socket.AF_UNIX, kinds[kind], ("\0" + rest if kind == "abstract" else rest)


def listen(address):
    family, kind, where = endpoint(address)
    server = socket.socket(family, kind)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind(where)
    server.listen(128)
    if re.match("unix|seqpacket", address):
        os.chmod(where, 0o777)
    return server
