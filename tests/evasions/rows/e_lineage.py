# SPDX-License-Identifier: Apache-2.0
"""E. Process-chain laundering. More of it, with figures, is in tests/chains."""
from row import Row, refused

DEEP = """python3 -c '
import os, sys
for _ in range(300):
    if os.fork():
        os.wait()
        os._exit(0)
os.execv("/usr/bin/canary", ["/usr/bin/canary", sys.argv[1]])' $T"""
# The orphan waits until its parent is gone; the script, until the orphan is.
ORPHAN = """setsid bash -c '(while kill -0 $$ 2>/dev/null; do sleep 0.05; done; /usr/bin/canary '$T' >out 2>&1; touch over) & '
for _ in $(seq 200); do [[ -e over ]] && break; sleep 0.1; done; cat out"""

# A copy of bash, called as a program that starts what others left.
CALLED = """cp /usr/bin/bash {name}; ./{name} -c 'bash -c "/usr/bin/canary '$T'; true"; true'"""

ROWS = [
    Row("E1", "its own session, and its parents are gone", ORPHAN, refused()),
    *(Row(f"E2.{name}", f"below a copy of bash that is called {name}", CALLED.format(name=name), refused("no-session"), policy="sessions")
      for name in ("cron", "atd", "sshd")),
    Row("E7", "below 300 processes", DEEP, refused()),
]
