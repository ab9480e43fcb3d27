# SPDX-License-Identifier: Apache-2.0
"""F. Socket-chain laundering: a server in the container `plain` (server.py) runs it for a client in `seccomp`. More, with figures, is in tests/chains."""
from row import Row, refused

WAYS = {"path": "a unix socket with a path", "abstract": "a unix socket with an abstract name", "seqpacket": "a SEQPACKET socket",
        "datagram": "a datagram", "pass": "a connection that one process accepts and passes to another"}

ROWS = [Row(f"{'F2' if way == 'pass' else 'F1'}.{way}", f"by {how}", f"python3 /evasions/server.py ask {way} $T", refused(), user="client", judged_in="plain")
        for way, how in WAYS.items()]
