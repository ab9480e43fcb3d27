# SPDX-License-Identifier: Apache-2.0
"""C. Observation layer. `tool` is the canary under a name that is forbidden with one argument only."""
from row import Row, absent, effect, refused

TOOL = "/usr/bin/tool"
BY_THREAD = """python3 -c '
import os, sys, threading
threading.Thread(target=lambda: os.execv("/usr/bin/canary", ["/usr/bin/canary", sys.argv[1]])).start()
threading.Event().wait(30)' $T"""
MANY = "/usr/bin/tool $T $(yes x | head -n 40) --forbidden"
FAR = "/usr/bin/tool $T $(yes 1234567 | head -n 1200) --forbidden"
VERY_FAR = "/usr/bin/tool $T $(yes 1234567890123456 | head -n 20000) --forbidden"
LARGE = "/usr/bin/tool $T $(yes x | head -c 240000 | tr -d '\\n') --forbidden"
# Until the kernel gives out the dead one's number again, which PID_MAX makes soon.
SAME_PID = """python3 -c '
import os, sys
child = 0
while child < 400:  # numbers below 300 are given out once
    child = os.fork() or os._exit(0)
    os.waitpid(child, 0)
dead = os.spawnv(os.P_NOWAIT, "/bin/true", ["/bin/true", sys.argv[1] + ".dead"])
os.waitpid(dead, 0)
for _ in range(8000):
    child = os.fork()
    if child == 0:
        if os.getpid() == dead:
            os.execv("/usr/bin/canary", ["/usr/bin/canary", sys.argv[1]])
        os._exit(0)
    os.waitpid(child, 0)
    if child == dead:
        break' $T"""


# From 6.14 on each pid namespace has its own.
PID_MAX = "for process in $(lsns -nt pid -o PID); do nsenter -t $process -p bash -c 'echo {} >/proc/sys/kernel/pid_max' || exit; done"

# A connection to the forbidden port by another way of saying where, or without connect().
CONNECT = """python3 -c '
import socket, sys
own = socket.socket(@FAMILY@)
@CONNECT@
print("ran", sys.argv[1])' $T"""


def connect(way, how, call, family="socket.AF_INET", **more):
    script = CONNECT.replace("@FAMILY@", family).replace("@CONNECT@", call)
    return Row(f"C14.{way}", how, script, effect("no-listener"), **{"file": "127.0.0.1*", **more})


def uring(way):
    return [Row(f"C10.{way}", f"a secret opened by io_uring, {way}", f"/evasions/trick uring-open {way} /secret/$T", effect("no-secrets"), file="/secret/{tag}"),
            Row(f"C10.{way}-connect", f"a connection by io_uring, {way}", f"/evasions/trick uring-connect {way} 7777 $T", effect("no-listener"),
                file="127.0.0.1*")]


ROWS = [
    Row("C1", "userfaultfd: the kernel's read of an argument waits for the caller", f"/evasions/trick stall {TOOL} $T", refused("no-forbidden"), file=TOOL,
        argv=("/usr/bin/tool", "{tag}", "--forbidden"), with_seccomp=absent("seccomp"), before="echo 1 >/proc/sys/vm/unprivileged_userfaultfd",
        after="echo 0 >/proc/sys/vm/unprivileged_userfaultfd"),
    Row("C2", "arguments in pages that nobody has touched yet", f"/evasions/trick lazy {TOOL} $T", refused("no-forbidden"), file=TOOL,
        argv=("/usr/bin/tool", "{tag}", "--forbidden")),
    Row("C3", "a thread flips an argument while 300 programs start", f"/evasions/trick flip {TOOL} $T 300", refused("no-forbidden"), file=TOOL),
    Row("C5", "the forbidden argument behind 40 others", MANY, refused("no-forbidden"), file=TOOL),
    Row("C5.far", "behind 9 KiB of arguments", FAR, refused("no-forbidden"), file=TOOL),
    Row("C5.very-far", "behind 330 KiB of arguments", VERY_FAR, refused("no-forbidden"), file=TOOL),
    Row("C5.large", "behind one of 120 KiB", LARGE, refused("no-forbidden"), file=TOOL),
    Row("C8", "the 32-bit system call (`int 0x80`)", "/evasions/trick int80 /usr/bin/canary $T", refused()),
    Row("C8.x32", "x32's system call", "/evasions/trick x32 /usr/bin/canary $T", absent("the kernel")),
    *[row for way in ("plain", "async", "sqpoll") for row in uring(way)],
    connect("mapped", "a connection to ::ffff:127.0.0.1 instead of 127.0.0.1", 'own.connect(("::ffff:127.0.0.1", 7777))', "socket.AF_INET6", file="*127.0.0.1*"),
    connect("zero", "to 0.0.0.0, which is this host", 'own.connect(("0.0.0.0", 7777))'),
    connect("multipath", "by Multipath TCP", 'own.connect(("127.0.0.1", 7777))', "socket.AF_INET, socket.SOCK_STREAM, 262"),
    connect("fast-open", "without connect(): TCP Fast Open (`sendto` with MSG_FASTOPEN)", 'own.sendto(b"x", 0x20000000, ("127.0.0.1", 7777))'),
    Row("C15", "a forbidden unix socket, by a symbolic link to it", "ln -s /marks/path.sock other; python3 -c 'import socket, sys; "
        "socket.socket(socket.AF_UNIX).connect(\"other\"); print(\"ran\", sys.argv[1])' $T", effect("no-socket"), policy="sockets", file="/marks/path.sock"),
    Row("C11", "exec by a thread that is not the first", BY_THREAD, refused()),
    Row("C13", "a process with the number of a dead one", SAME_PID, refused(), before=PID_MAX.format(1500),
        after=PID_MAX.format(32768)),
]
