# SPDX-License-Identifier: Apache-2.0
"""TCP segments as bytes: what capture.py reads and forge.py sends."""
import socket
import struct


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total >> 16) + (total & 0xFFFF)
    return ~(total + (total >> 16)) & 0xFFFF


def options_of(segment):
    """[(kind, body)] of a TCP header."""
    found, at, end = [], 20, (segment[12] >> 4) * 4
    while at < end:
        kind = segment[at]
        if kind == 0:
            break
        if kind == 1:
            at += 1
            continue
        length = segment[at + 1]
        found.append((kind, segment[at + 2:at + length]))
        at += length
    return found


def parse(packet):
    """An IPv4 packet's addresses and segment; None: no TCP."""
    if len(packet) < 40 or packet[0] >> 4 != 4 or packet[9] != socket.IPPROTO_TCP:
        return None
    segment = packet[(packet[0] & 15) * 4:]
    source_port, port, sequence, acknowledged = struct.unpack("!HHII", segment[:12])
    return {
        "from": socket.inet_ntoa(packet[12:16]), "from_port": source_port, "to": socket.inet_ntoa(packet[16:20]), "port": port,
        "sequence": sequence, "acknowledged": acknowledged, "flags": segment[13],
        "options": [[kind, body.hex()] for kind, body in options_of(segment)],
    }


def build(source, source_port, target, port, sequence, acknowledged, flags, options=b""):
    """A whole IPv4 packet. The address may be anybody's."""
    options += b"\1" * (-len(options) % 4)
    header = struct.pack("!HHIIBBHHH", source_port, port, sequence, acknowledged, (20 + len(options)) // 4 << 4, flags, 64000, 0, 0)
    addresses = socket.inet_aton(source) + socket.inet_aton(target)
    pseudo = addresses + struct.pack("!BBH", 0, socket.IPPROTO_TCP, len(header) + len(options))
    total = checksum(pseudo + header + options)
    segment = header[:16] + struct.pack("!H", total) + header[18:] + options
    ip = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(segment), 0, 0, 64, socket.IPPROTO_TCP, 0) + addresses
    return ip + segment
