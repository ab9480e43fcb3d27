#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""capture.py INTERFACE FILE: each SYN and each segment with option 253 that goes over the interface, a JSON object a line, until killed."""
import json
import socket
import sys

import segments

ETH_P_IP, SYN = 0x0800, 2
wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
wire.bind((sys.argv[1], 3))
with open(sys.argv[2], "w", buffering=1) as out:
    while True:
        frame = wire.recv(65536)
        if int.from_bytes(frame[12:14], "big") != ETH_P_IP:
            continue
        seen = segments.parse(frame[14:])
        if seen and (seen["flags"] & SYN or any(kind == 253 for kind, _ in seen["options"])):
            out.write(json.dumps(seen) + "\n")
