# SPDX-License-Identifier: Apache-2.0
"""names.py STEP...: in a network namespace of its own, a name server on loopback, and who asks it. Exit code: bit N is set when the Nth `try` was
refused with EPERM.
  tell:NAME=ADDRESS     the server's answer to a question for NAME is received; NAME>ALIAS=ADDRESS by way of a CNAME
  tell6:NAME=ADDRESS    the same over IPv6
  peek:NAME=ADDRESS     the answer is only looked at (MSG_PEEK)
  many:NAME=COUNT       COUNT addresses of NAME, 127.8.0.0 and those that follow
  bad:KIND              an answer that is none: loop, cut, counts, long, label, short
  names:COUNT           COUNT names of 127.9.9.9
  spliced:NAME=ADDRESS  as tell, but the kernel has it in a page of its own, as some drivers do; padded:NAME=ADDRESS: 20 KB long, for the same
  random:SEED=COUNT     answers with bytes that were changed, added and left out
  try:ADDRESS           a TCP connection to port 443; send:ADDRESS a datagram to it
  touch:FILE, await:FILE"""
import errno
import fcntl
import ipaddress
import os
import random
import socket
import struct
import sys
import tempfile
import time

PORT = 53
TTL = 60


def bring_loopback_up():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        request = struct.pack("16sh", b"lo", 1)  # IFF_UP
        fcntl.ioctl(control, 0x8914, request)  # SIOCSIFFLAGS


def encode(name):
    return b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0"


def record(owner, kind, data):
    return owner + struct.pack(">HHIH", kind, 1, TTL, len(data)) + data


def address_record(owner, address):
    packed = ipaddress.ip_address(address).packed
    return record(owner, 1 if len(packed) == 4 else 28, packed)


def header(answers, questions=1):
    return struct.pack(">HHHHHH", 0x1234, 0x8180, questions, answers, 0, 0)


def message(name, records):
    return header(len(records)) + encode(name) + struct.pack(">HH", 1, 1) + b"".join(records)


def answer(name, address):
    """The owner is a pointer to the question, as servers write it."""
    if ">" in name:
        name, alias = name.split(">")
        return message(name, [record(b"\xc0\x0c", 5, encode(alias)), address_record(encode(alias), address)])
    return message(name, [address_record(b"\xc0\x0c", address)])


def bad_answer(kind):
    question = encode("some.test") + struct.pack(">HH", 1, 1)
    a_record = struct.pack(">HHIH", 1, 1, TTL, 4) + bytes([127, 7, 7, 7])
    at = 12 + len(question)
    return {
        "loop": header(1) + question + bytes([0xc0, at]) + a_record,
        "cut": (header(1) + question + b"\xc0\x0c" + a_record)[:-3],
        "counts": header(60000) + question + b"\xc0\x0c" + a_record,
        "long": header(1) + question + b"".join(b"\x3f" + b"a" * 63 for _ in range(5)) + b"\0" + a_record,
        "label": header(1) + question + b"\x80abc" + a_record,
        "short": header(1)[:9],
    }[kind]


def receive(payload, host="127.0.0.1", flags=0, send=None):
    """It goes over real sockets, from port 53."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as server, socket.socket(family, socket.SOCK_DGRAM) as client:
        server.bind((host, PORT))
        client.bind((host, 0))
        if send:
            send(payload, client, server)
        else:
            server.sendto(payload, client.getsockname())
        client.recv(65536, flags)


def is_refused(act):
    try:
        act()
    except OSError as error:
        return error.errno == errno.EPERM
    return False


def connect(address):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as client:
        client.connect((address, 443))


def send(address):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as client:
        client.sendto(b"x", (address, 443))


def many(name, count):
    first = int(ipaddress.ip_address("127.8.0.0"))
    addresses = [str(ipaddress.ip_address(first + i)) for i in range(int(count))]
    for begin in range(0, len(addresses), 50):
        receive(message(name, [address_record(b"\xc0\x0c", one) for one in addresses[begin:begin + 50]]))


def splice(payload, client, server):
    """From a file by a pipe: the datagram's bytes stay in the file's page."""
    ends = os.pipe()
    with tempfile.TemporaryFile() as file:
        file.write(payload)
        file.flush()
        os.splice(file.fileno(), ends[1], len(payload), offset_src=0)
        server.connect(client.getsockname())
        os.splice(ends[0], server.fileno(), len(payload))
    for end in ends:
        os.close(end)


def changed_at_random(seed, count):
    chance = random.Random(int(seed))
    begins = [answer("a.pool.test", "127.7.7.7"), answer("b.test>c.pool.test", "::1")]
    for _ in range(int(count)):
        payload = bytearray(chance.choice(begins))
        for _ in range(chance.randrange(1, 8)):
            at = chance.randrange(2, len(payload))
            way = chance.randrange(4)
            if way == 0:
                del payload[at:at + chance.randrange(1, 9)]
            elif way == 1:
                payload[at:at] = chance.randbytes(chance.randrange(1, 9))
            else:
                payload[at] = chance.choice((0, 0xc0, 0xff, chance.randrange(256)))
            if len(payload) < 3:
                break
        receive(bytes(payload))


def main():
    bring_loopback_up()
    refused, tries = 0, 0
    for step in sys.argv[1:]:
        what, _, rest = step.partition(":")
        name, _, address = rest.partition("=")
        if what in ("try", "send"):
            refused |= is_refused(lambda: {"try": connect, "send": send}[what](rest)) << tries
            tries += 1
        elif what == "tell":
            receive(answer(name, address))
        elif what == "tell6":
            receive(answer(name, address), host="::1")
        elif what == "peek":
            receive(answer(name, address), flags=socket.MSG_PEEK)
        elif what == "many":
            many(name, address)
        elif what == "names":
            for i in range(int(rest)):
                receive(answer(f"n{i}.test", "127.9.9.9"))
        elif what == "spliced":
            receive(answer(name, address), send=splice)
        elif what == "padded":
            receive(answer(name, address) + bytes(20000))
        elif what == "random":
            changed_at_random(name, address)
        elif what == "bad":
            receive(bad_answer(rest))
        elif what == "touch":
            with open(rest, "w", encoding="ascii"):
                pass
        elif what == "await":
            while not os.path.exists(rest):
                time.sleep(0.05)
        else:
            sys.exit(f"names.py: what is {step}?")
    sys.exit(refused)


main()
