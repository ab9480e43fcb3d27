#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""forge.py CAPTURE TARGET STRANGER: connections to TARGET's sshd whose SYNs carry options that nestord did not make, or made for others.
From an unused address of this node's pods, so that its kernel does not end them."""
import json
import socket
import sys
import time

import segments

captured, target, stranger = sys.argv[1:]
SYN, ACK, RST, MSS = 2, 16, 4, b"\x02\x04\x05\xb4"
send = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
wire.bind(("eth0", 3))
wire.settimeout(10)


def connect(source, source_port, sequence, body):
    """SYN, wait for the answer, ACK: the server's side is established then."""
    option = bytes([253, 2 + len(body)]) + body
    send.sendto(segments.build(source, source_port, target, 22, sequence, 0, SYN, MSS + option), (target, 0))
    end = time.time() + 20
    while time.time() < end:
        seen = segments.parse(wire.recv(65536)[14:])
        if seen and seen["to"] == source and seen["from_port"] == 22 and seen["port"] == source_port and seen["flags"] & SYN:
            break
    else:
        sys.exit("forge: no answer from the server")
    after = (sequence + 1) & 0xFFFFFFFF
    known = (seen["sequence"] + 1) & 0xFFFFFFFF
    send.sendto(segments.build(source, source_port, target, 22, after, known, ACK), (target, 0))
    time.sleep(0.5)
    send.sendto(segments.build(source, source_port, target, 22, after, known, RST | ACK), (target, 0))


def window():
    """The number of the time window; waits when it is about to end."""
    while (left := (1 << 36) - time.time_ns() % (1 << 36)) < 5e9:
        time.sleep(left / 1e9)
    return time.time_ns() >> 36


real = None
for line in open(captured):
    seen = json.loads(line)
    for kind, body in seen["options"]:
        if kind == 253 and seen["port"] == 22 and seen["flags"] == SYN:
            real = (seen["from_port"], seen["sequence"], bytes.fromhex(body))
if real is None:
    sys.exit("forge: no SYN with an option was captured")
port, sequence, body = real

other_hop = bytearray(body)
other_hop[2] ^= 1
connect("10.88.1.200", 40001, sequence, bytes(other_hop))  # another hop under a genuine tag
connect("10.88.1.200", 40002, sequence + 1, body)          # a genuine option on another connection
connect("10.88.1.200", port, sequence, body)               # all of it once more
late = bytearray(body)
late[12] = late[12] & 0x3F | (window() + 2 & 3) << 6       # two time windows away
connect("10.88.1.200", 40003, sequence, bytes(late))
connect("10.88.1.200", 40004, sequence, body[:10])
connect(stranger, 40005, sequence, body)
