# SPDX-License-Identifier: Apache-2.0
"""The mechanisms by which one process makes another act: a boundary that is crossed, and the way in which the other side serves."""
from dataclasses import dataclass

EXACT, INFERRED = "exact", "inferred"


@dataclass(frozen=True)
class Boundary:
    """What lies between caller and server."""
    name: str
    kinds: tuple        # kinds of a hop by which nestor may tell it
    family: str = ""    # sockets: under which family the server listens
    reach: str = "any"  # the server's pod, seen from the caller: same, other, any


@dataclass(frozen=True)
class Model:
    """How a server serves. `own` is the boundary that it has inside: between those that have the callers and those that do the work."""
    name: str
    expect: str         # what the design promises: exact where the kernel sees the cause, inferred where only the order of receives tells
    families: tuple
    own: str = ""
    own_expect: str = INFERRED
    http: bool = False


TCP, UNIX = ("tcp",), ("unix-socket",)
BOUNDARIES = {boundary.name: boundary for boundary in (
    Boundary("tcp4", TCP, "tcp", "same"),
    Boundary("tcp6", TCP, "tcp", "same"),
    Boundary("tcp-mapped", TCP, "tcp", "same"),       # ::ffff:127.0.0.1
    Boundary("tcp-pod", TCP + ("tcp-remote",), "tcp", "other"),
    Boundary("tcp-dnat", TCP + ("tcp-remote",), "tcp", "other"),
    Boundary("unix-path", UNIX, "unix"),
    Boundary("unix-abstract", UNIX, "abstract", "same"),
    Boundary("unix-seqpacket", UNIX, "seqpacket"),
    Boundary("unix-dgram", UNIX, "dgram"),
    Boundary("socketpair", UNIX),
    Boundary("fd-pass", ("fd-pass",)),
    Boundary("pidfd-getfd", ("fd-pass", "trace")),
    Boundary("runtime-exec", ("runtime-exec",)),
    Boundary("ssh", ("ssh-login",)),
    Boundary("ssh-mux", ("ssh-login",)),
    Boundary("ssh-jump", ("ssh-login",)),
    Boundary("su", ("credential",)),
    Boundary("setuid", ("credential",)),
    Boundary("nsenter", ("namespace",)),
    Boundary("ptrace", ("trace",)),
    Boundary("vm-write", ("trace",)),
    Boundary("mem-file", ("trace",)),
    Boundary("cron", ("delegated",)),
)}

STREAMS = ("tcp", "unix", "abstract")
MODELS = {model.name: model for model in (
    Model("fork", EXACT, STREAMS + ("seqpacket",)),
    Model("thread", INFERRED, STREAMS),                # threads share their memory: never exact
    Model("prefork", INFERRED, STREAMS),               # one after the other in one process
    Model("pool", INFERRED, STREAMS),                 # workers get connections
    Model("queue", INFERRED, STREAMS),                # workers get requests that another thread read
    Model("loop", INFERRED, STREAMS + ("seqpacket",)),
    Model("asyncio", INFERRED, STREAMS),
    Model("executor", INFERRED, STREAMS),             # Python's, behind an accept loop
    Model("go", INFERRED, ("tcp",), http=True),       # net/http: goroutines move between threads
    Model("node", INFERRED, ("tcp",), http=True),
    Model("datagram", INFERRED, ("dgram",)),
    Model("datagram-fork", INFERRED, ("dgram",)),
    Model("socat", EXACT, ("tcp",), own="tcp4", own_expect=EXACT),  # a relay to the fork server
    Model("pair", EXACT, ("tcp", "unix"), own="socketpair"),
    Model("gateway", INFERRED, ("tcp", "unix"), own="unix-abstract"),  # many callers' requests over one kept connection
    Model("pass", INFERRED, ("tcp", "unix"), own="fd-pass"),
    Model("getfd", INFERRED, ("tcp", "unix"), own="pidfd-getfd"),
    Model("listener", EXACT, ("tcp", "unix")),        # the listening socket was passed before
)}
TRACES = ("ptrace", "vm-write", "mem-file")
COMMANDS = ("ssh", "ssh-mux", "ssh-jump", "su", "setuid", "nsenter", *TRACES, "cron")


def choose(words):
    """The (boundaries, models, commands) that a list of words leaves: words of one sort restrict that sort; commands alone leave no server."""
    unknown = [word for word in words if word not in BOUNDARIES and word not in MODELS]
    if unknown:
        raise ValueError(f"unknown mechanism {unknown[0]}; known: {' '.join(sorted({*BOUNDARIES, *MODELS}))}")
    sockets = [name for name, boundary in BOUNDARIES.items() if boundary.family]
    if not words:
        return sockets, list(MODELS), list(COMMANDS)
    commands = [word for word in words if word in COMMANDS]
    own = {name: model.own for name, model in MODELS.items()}
    models = [name for name in MODELS if name in words or (own[name] in words and own[name] not in sockets)]
    chosen = [word for word in words if word in sockets]
    if not models and not chosen:
        return [], [], commands
    return chosen or sockets, models or list(MODELS), commands
