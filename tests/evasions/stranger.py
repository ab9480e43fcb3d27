#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""stranger.py PORT WORD: asks a server of this network namespace for WORD by a TCP of its own, over a packet socket at the other end of a
link: nobody connects, and no socket of the kernel is the client's. Needs a network namespace without any other interface than lo."""
import os
import select
import socket
import struct
import subprocess
import sys
import time

SERVER, STRANGER = "10.99.0.1", "10.99.0.77"
SERVER_MAC, STRANGER_MAC = "02:00:00:00:00:01", "02:00:00:00:00:02"
FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16
PATIENCE_S = 60


def link():
    """The server's end has its address; the other has none, so the kernel answers nothing there."""
    for words in (f"link add near address {SERVER_MAC} type veth peer name far address {STRANGER_MAC}", f"address add {SERVER}/24 dev near",
                  "link set lo up", "link set near up", "link set far up", f"neigh replace {STRANGER} lladdr {STRANGER_MAC} dev near"):
        subprocess.run(["ip", *words.split()], check=True)
    far = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0800))
    far.bind(("far", 0))
    return far


def checksum(data):
    total = sum(struct.unpack(f"!{(len(data) + 1) // 2}H", data + b"\0" * (len(data) % 2)))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


class Connection:
    def __init__(self, port):
        self._far = link()
        self._ports = (40000 + os.getpid() % 10000, port)
        self._sequence, self._next = 77000, 0

    def send(self, flags, data=b""):
        source, target = socket.inet_aton(STRANGER), socket.inet_aton(SERVER)
        tcp = struct.pack("!HHIIBBHHH", *self._ports, self._sequence, self._next, 0x50, flags, 65535, 0, 0) + data
        pseudo = source + target + struct.pack("!BBH", 0, 6, len(tcp))
        tcp = tcp[:16] + struct.pack("!H", checksum(pseudo + tcp)) + tcp[18:]
        ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(tcp), 1, 0, 64, 6, 0, source, target)
        ip = ip[:10] + struct.pack("!H", checksum(ip)) + ip[12:]
        macs = bytes.fromhex((SERVER_MAC + STRANGER_MAC).replace(":", ""))
        self._far.send(macs + b"\x08\x00" + ip + tcp)

    def receive(self, wait_s):
        """Flags and data of the server's next segment; None: none came."""
        end = time.monotonic() + wait_s
        while (left := end - time.monotonic()) > 0 and select.select([self._far], [], [], left)[0]:
            packet = self._far.recv(2048)[14:]
            header = (packet[0] & 15) * 4
            tcp = packet[header:struct.unpack("!H", packet[2:4])[0]]
            if packet[9] != 6 or struct.unpack("!HH", tcp[:4]) != self._ports[::-1]:
                continue
            data = tcp[(tcp[12] >> 4) * 4:]
            if tcp[13] & SYN or data:
                self._next = (struct.unpack("!I", tcp[4:8])[0] + (len(data) or 1)) & 0xffffffff
            return tcp[13], data
        return None

    def ask(self, word):
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:  # until it listens
            self.send(SYN)
            answer = self.receive(0.2)
            if answer and answer[0] & (SYN | ACK) == SYN | ACK:
                break
            time.sleep(0.05)
        else:
            sys.exit("nobody listens")
        self._sequence += 1
        self.send(ACK)
        self.send(ACK | PSH, word)
        self._sequence += len(word)
        while time.monotonic() < end:
            flags, data = self.receive(1) or (0, b"")
            if data:
                self.send(ACK)
                return data
            if flags & (RST | FIN):
                return b""
        return b""


def main():
    if Connection(int(sys.argv[1])).ask(sys.argv[2].encode()) != b"done":
        sys.exit("no answer")


main()
