# SPDX-License-Identifier: Apache-2.0
"""Out of a seed: who enters where, what they do through which servers, and so the true way of every process. Pure data, no I/O."""
import random
from dataclasses import dataclass, replace

from mechanisms import BOUNDARIES, EXACT, MODELS, TRACES, choose

NAMESPACE = "chains"
PODS = ("front", "back")
VICTIMS = {pod: f"{pod}-victim" for pod in PODS}  # processes that others write into
ENTRIES = ("front/tool", "back/tool", "ops/ops")
VIRTUAL = {"front": "10.96.0.1", "back": "10.96.0.2"}  # addresses that nobody has: DNAT leads to the pods
FIRST_PORT = 7000
LEAST_SERVERS, SCENARIOS_A_SERVER = 8, 5
DEEPEST = 6
HOP_COUNTS = (0, 1, 2, 3, 4, 5, 6)
HOP_WEIGHTS = (1, 3, 3, 3, 4, 2, 2)
STARTS = ("plain", "spawn", "double", "brief")
AGENT = "/chains/bin/agent"


def place(container):
    return f"{NAMESPACE}/{container}"


@dataclass(frozen=True)
class State:
    """Where a scenario has come to."""
    hop: str
    pod: str             # whose network it sees
    container: str       # whose cgroup it is in
    server: bool = False  # inside a server's own process
    root: bool = True
    raised: bool = False  # back to root by a set-user-id program
    delegated: bool = False  # by cron, which takes up to a minute: once is enough
    depth: int = 0


class Plan:
    """`leaves`: marker -> path and start; `hops`: id -> what it is; `sessions`: the tasks for each; `servers`: what must run."""

    def __init__(self, seed, size, tenants=3, mechanisms=(), absent=()):
        """`mechanisms`: only these; `absent`: models that are not installed, or commands that are left out."""
        self.seed, self.size = seed, size
        self._random = random.Random(seed)
        self._boundaries, self._models, self._commands = choose(mechanisms)
        self._models = [model for model in self._models if model not in absent]
        self._commands = [command for command in self._commands if command not in absent]
        self._ports, self._used_markers = {}, set()
        self.hops, self.leaves, self.servers = {}, {}, {}
        self._start_servers()
        self.sessions = [self._session(f"tenant-{number}", entry) for number in range(tenants) for entry in self._entries(number)]
        for number in range(size):
            session = self.sessions[number % len(self.sessions)]
            session["tasks"].append(self._task(session))

    def _entries(self, number):
        """Two for each tenant, the first shared by all."""
        if self._commands == ["nsenter"] and not self._models:
            return ["ops/ops"]
        return [ENTRIES[0], ENTRIES[1 + number % 2]]

    def _session(self, tenant, entry):
        hop = self._hop("", "runtime-exec", "pod", EXACT, place(entry), tenant)
        return {"tenant": tenant, "entry": entry, "hop": hop, "tasks": []}

    def _hop(self, parent, boundary, model, expect, where, tenant):
        """`where` is None where the boundary leads into no container of its own."""
        name = f"{'h' if parent else 's'}{len(self.hops) + 1}"
        self.hops[name] = {"parent": parent, "boundary": boundary, "model": model, "kinds": list(BOUNDARIES[boundary].kinds),
                           "expect": expect, "place": where, "tenant": tenant, "caller": "no server"}
        return name

    def path(self, hop):
        path = []
        while hop:
            path.insert(0, hop)
            hop = self.hops[hop]["parent"]
        return path

    def _task(self, session):
        entry = session["entry"]
        state = State(session["hop"], entry.split("/")[0], entry)
        steps = [f"path {state.hop}", self._leaf(state)]
        for _ in range(self._random.choices(HOP_COUNTS, HOP_WEIGHTS)[0]):
            ways = self._ways(state)
            if not ways or state.depth >= DEEPEST:
                break
            way = self._random.choices(list(ways), list(ways.values()))[0]
            more, state = way(state)
            steps += more + [self._leaf(state)]
        return "\n".join(steps + ["end"]) + "\n"

    def _leaf(self, state):
        marker = self._random.randrange(1000000, 9999999)
        while marker in self._used_markers:
            marker = self._random.randrange(1000000, 9999999)
        self._used_markers.add(marker)
        how = self._random.choice(STARTS)
        self.leaves[str(marker)] = {"path": self.path(state.hop), "start": how}
        return f"leaf {how} {marker}"

    def _ways(self, state):
        """What may come next, and how often: functions from a state to steps and the state behind them."""
        at_home, with_keys = state.depth == 0, state.root and not state.container.startswith("ops")
        open_to_all = {
            self._call_server: 8 if self._in_reach(state) else 0,
            self._ssh: with_keys and "ssh" in self._commands,
            self._ssh_mux: with_keys and at_home and "ssh-mux" in self._commands,
            self._ssh_jump: with_keys and state.depth < DEEPEST - 1 and state.pod in PODS and "ssh-jump" in self._commands,
            self._su: with_keys and "su" in self._commands,
            self._setuid: 2 * (not state.root and not state.raised and "setuid" in self._commands),
            self._trace: 2 * (self._may_trace(state) and bool(self._traces())),
            self._cron: state.root and not state.delegated and "cron" in self._commands,
            self._nsenter: 5 * (at_home and state.container == "ops/ops" and "nsenter" in self._commands),
        }
        return {way: int(weight) for way, weight in open_to_all.items() if weight}

    # Sockets.

    def _start_servers(self):
        """Few, so that the tenants meet in them. Each model has its turn, in either pod."""
        families = {BOUNDARIES[name].family for name in self._boundaries}
        models = [MODELS[name] for name in self._models if families & set(MODELS[name].families)]
        self._random.shuffle(models)
        for number in range(LEAST_SERVERS + self.size // SCENARIOS_A_SERVER if models else 0):
            model = models[number % len(models)]
            self._serve(self._random.choice(PODS), model, self._random.choice(sorted(families & set(model.families))))

    def _serve(self, pod, model, family):
        name = f"{pod}-{model.name}-{family}"
        if name in self.servers:
            return self.servers[name]
        if family == "tcp":
            self._ports[pod] = self._ports.get(pod, FIRST_PORT) + 1
            address = f"tcp/::/{self._ports[pod]}"
        else:
            address = f"abstract/{name}" if family == "abstract" else f"{family}//chains/sockets/{name}"
        server = {"name": name, "pod": pod, "model": model.name, "family": family, "address": address}
        self.servers[name] = server
        if model.name == "socat":
            server["to"] = self._serve(pod, MODELS["fork"], "tcp")["address"].rsplit("/", 1)[1]
        return server

    def _in_reach(self, state):
        """Server and boundary, for all that a process in this state can call."""
        pairs = []
        for server in self.servers.values():
            near = server["pod"] == state.pod
            room = not MODELS[server["model"]].own or state.depth < DEEPEST - 1
            pairs += [(server["name"], name) for name in self._boundaries if room and BOUNDARIES[name].family == server["family"]
                      and {"same": near, "other": not near}.get(BOUNDARIES[name].reach, True)]
        return pairs

    def _call_server(self, state):
        pairs = self._in_reach(state)
        name = self._random.choice(sorted({name for name, _ in pairs}))
        server, model = self.servers[name], MODELS[self.servers[name]["model"]]
        boundary = BOUNDARIES[self._random.choice([boundary for one, boundary in pairs if one == name])]
        container, tenant = f"{server['pod']}/srv", self.hops[state.hop]["tenant"]
        hops = [self._hop(state.hop, boundary.name, model.name, model.expect, place(container), tenant)]
        if model.own:
            inner = "fork" if model.own == "tcp4" else model.name
            hops.append(self._hop(hops[0], model.own, inner, model.own_expect, place(container), tenant))
        steps = self._client(state, boundary, model, ",".join(hops), self._address(boundary, server))
        self._name_caller(state, hops[0], steps)
        return steps, State(hops[-1], server["pod"], container, server=True, depth=state.depth + len(hops), delegated=state.delegated)

    def _name_caller(self, state, hop, steps):
        """Which server called, and whether from its own process: whether its cause was seen decides over this hop, too."""
        if state.server:
            self.hops[hop]["caller"] = f"{self.hops[state.hop]['model']}, {'a child' if steps[0].startswith('agent ') else 'itself'}"

    @staticmethod
    def _address(boundary, server):
        if boundary.family != "tcp":
            return server["address"]
        port = server["address"].rsplit("/", 1)[1]
        hosts = {"tcp4": "127.0.0.1", "tcp6": "::1", "tcp-mapped": "::ffff:127.0.0.1",
                 "tcp-pod": f"@IP:{server['pod']}@", "tcp-dnat": VIRTUAL[server["pod"]]}
        return f"tcp/{hosts[boundary.name]}/{port}"

    def _client(self, state, boundary, model, hops, address):
        """The caller: this very process, a process of its own, an orphan, a shell, socat."""
        before = [f"agent {self._random.choice(STARTS)}"]
        if model.http:
            return self._random.choice([[], before]) + [f"post {hops} {address}"]
        choices = [[f"connect {hops} {address}"], before + [f"connect {hops} {address}"]]
        if boundary.family in STREAMS_OF_BYTES:
            choices.append([f"connect {hops} {address} split"])
        if not state.server and boundary.name in ("tcp4", "tcp-pod", "tcp-dnat"):
            _, host, port = address.split("/")
            choices.append([f"exec {hops} /bin/bash -c exec\\s3<>/dev/tcp/{host}/{port};cat\\s>&3;read\\s-t\\s60\\s-u\\s3"])
            choices.append([f"exec {hops} /usr/bin/socat -t 60 - TCP4:{host}:{port}"])
        if not state.server and boundary.name == "unix-path":
            choices.append([f"exec {hops} /usr/bin/socat -t 60 - UNIX-CONNECT:{address.split('/', 1)[1]}"])
        return self._random.choice(choices)

    # Commands. A server starts a process of its own for them.

    def _any_pod(self):
        return self._random.choice(PODS)

    @staticmethod
    def _others(state):
        return [pod for pod in PODS if pod != state.pod]

    def _command(self, state, hops, words):
        before = [f"agent {self._random.choice(STARTS)}"] if state.server else []
        self._name_caller(state, hops[0], before)
        return before + [f"exec {','.join(hops)} {words}"]

    def _logins(self, state, boundary, pods):
        hop, hops = state.hop, []
        for pod in pods:
            hop = self._hop(hop, boundary, "sshd", EXACT, place(f"{pod}/sshd"), self.hops[state.hop]["tenant"])
            hops.append(hop)
        return hops, State(hop, pods[-1], f"{pods[-1]}/sshd", depth=state.depth + len(pods), delegated=state.delegated)

    @staticmethod
    def _host(state, pod):
        return "127.0.0.1" if pod == state.pod else f"@IP:{pod}@"

    def _ssh(self, state, boundary="ssh", options=""):
        pod = self._any_pod()
        hops, after = self._logins(state, boundary, [pod])
        return self._command(state, hops, f"/usr/bin/ssh -F /chains/ssh/config {options}root@{self._host(state, pod)} {AGENT} task"), after

    def _ssh_mux(self, state):
        """All of a session's share one connection, whose master is the first of them."""
        return self._ssh(state, "ssh-mux", f"-o ControlMaster=auto -o ControlPath=/tmp/{state.hop}-%h -o ControlPersist=yes ")

    def _ssh_jump(self, state):
        pods = [state.pod, *self._others(state)]
        hops, after = self._logins(state, "ssh-jump", pods)
        return self._command(state, hops, f"/usr/bin/ssh -F /chains/ssh/config -J root@127.0.0.1 root@@IP:{pods[1]}@ {AGENT} task"), after

    def _enter(self, state, boundary, words, **changes):
        hop = self._hop(state.hop, boundary, boundary, EXACT, None, self.hops[state.hop]["tenant"])
        return self._command(state, [hop], words), replace(state, hop=hop, server=False, depth=state.depth + 1, **changes)

    def _su(self, state):
        return self._enter(state, "su", f"/bin/su -s /bin/sh nobody -c {AGENT}\\stask", root=False, raised=False)

    def _setuid(self, state):
        return self._enter(state, "setuid", "/chains/bin/setuid task", raised=True)

    def _traces(self):
        return [how for how in TRACES if how in self._commands]

    def _may_trace(self, state):
        """Where victims are; in what one does already, writing into it again crosses nothing."""
        return state.container.endswith("/srv") and state.root and self.hops[state.hop]["model"] != "victim"

    def _trace(self, state):
        """A process of its own writes the rest into one that was there before, and that does it."""
        how, container = self._random.choice(self._traces()), state.container
        hop = self._hop(state.hop, how, "victim", EXACT, place(container), self.hops[state.hop]["tenant"])
        pod = container.split("/")[0]
        steps = self._command(state, [hop], f"{AGENT} trace {VICTIMS[pod]} {how}")
        return steps, replace(state, hop=hop, pod=pod, server=True, depth=state.depth + 1)

    def _cron(self, state):
        """Who left a job is not known, and not guessed: the way begins anew, below the pod's cron."""
        pod = self._any_pod()
        hop = self._hop("", "cron", "cron", EXACT, place(f"{pod}/srv"), self.hops[state.hop]["tenant"])
        before = [f"agent {self._random.choice(STARTS)}"] if state.server else []
        return before + [f"leave {hop} {pod}"], State(hop, pod, f"{pod}/srv", depth=state.depth + 1, delegated=True)

    def _nsenter(self, state):
        pod = self._any_pod()
        return self._enter(state, "nsenter", f"/usr/bin/nsenter -t @PID:{pod}@ -m -n -u -i {AGENT} task", pod=pod)


STREAMS_OF_BYTES = ("tcp", "unix", "abstract")
