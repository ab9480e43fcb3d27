# SPDX-License-Identifier: Apache-2.0
"""F. Socket-chain laundering: a server in the container `plain` (server.py) runs it for a client in `seccomp`. More, with figures, is in tests/chains."""
from row import Row, refused

WAYS = {"path": "a unix socket with a path", "abstract": "a unix socket with an abstract name", "seqpacket": "a SEQPACKET socket",
        "datagram": "a datagram", "pass": "a connection that one process accepts and passes to another"}

# A login into a server that is called sshd, by a TCP that is no socket's: the kernel has no client.
STRANGER = """cp -L /usr/bin/python3 sshd && cat >server.py <<'END'
import socket, subprocess
listener = socket.socket()
listener.bind(("", 4715))
listener.listen(8)
connection, _ = listener.accept()
subprocess.run(["bash", "-c", "/usr/bin/canary " + connection.recv(64).decode() + "; true"])
connection.send(b"done")
END
unshare -n sh -c 'python3 /evasions/stranger.py 4715 '$T' & PYTHONHOME=/usr ./sshd server.py; wait'"""

ROWS = [Row(f"{'F2' if way == 'pass' else 'F1'}.{way}", f"by {how}", f"python3 /evasions/server.py ask {way} $T", refused(), user="client", judged_in="plain")
        for way, how in WAYS.items()]
ROWS.append(Row("F3", "a login by a packet socket into a server of one's own that is called sshd", STRANGER, refused("no-session"), policy="sessions", user="root"))
