# SPDX-License-Identifier: Apache-2.0
"""Plays rows inside the VM: the pods, their sessions, and the tries. A try is one row in one container in one mode, with a tag of its own."""
import fnmatch
import hashlib
import shutil
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, "/payload/load")
from bench import Session, call, until  # noqa: E402

from policies import POLICIES  # noqa: E402

HERE = Path(__file__).resolve().parent
ROOM = Path("/run/evasions")
KIT, MARKS, SECRETS, PODS, POLICY_FILES = (ROOM / name for name in ("kit", "marks", "secrets", "pods", "policies"))
CONFIG = ROOM / "nestord.yaml"
NAMESPACE = "evasions"
CONTAINERS = {"plain": ("plain", "seccomp"), "root": ("root",), "client": ("seccomp",), "pod": ("alone",)}
SECURITY = {"plain": "{runAsUser: 1000, runAsGroup: 1000}",
            "seccomp": "{runAsUser: 1000, runAsGroup: 1000, seccompProfile: {type: RuntimeDefault}}",
            "root": "{privileged: true}",
            "alone": "{runAsUser: 1000, runAsGroup: 1000}"}
LIMIT_S = 100  # of one try
PORT = 7777


@dataclass
class Try:
    row: object
    container: str
    mode: str
    said: str = ""
    ran: list = field(default_factory=list)  # what the canary said behind its tag, once for each time that it ran
    events: list = field(default_factory=list)

    @property
    def tag(self):
        return f"{self.row.id}-{self.container}-{self.mode}"

    @property
    def pod(self):
        return f"alone-{self.tag.lower()}" if self.row.user == "pod" else self.row.policy

    @property
    def judged_in(self):
        return self.row.judged_in or self.container

    @property
    def expect(self):
        return self.row.expected(self.container)

    def matches(self, text, pattern):
        return fnmatch.fnmatchcase(text, pattern.replace("{tag}", self.tag))


def prepare(rows, programs):
    """What pods mount, and nestord's settings."""
    for folder in (KIT / "rows", MARKS, SECRETS, PODS, POLICY_FILES):
        folder.mkdir(parents=True)
    MARKS.chmod(0o777)
    (MARKS / "marks").touch()
    (MARKS / "marks").chmod(0o666)
    Path("/marks").symlink_to(MARKS)  # for a canary that the kernel starts on the node
    for program in programs:
        shutil.copy(f"/payload/{program}", KIT)
    for helper in ("server.py", "stranger.py"):
        shutil.copy(HERE / helper, KIT)
    for row in rows:
        (KIT / "rows" / row.id).write_text(f"T=$1\ncd $(mktemp -d) || exit 1\n{row.script}\n")
    CONFIG.write_text(f"policies: {{directory: {POLICY_FILES}}}\n")


def digests():
    return [hashlib.sha256((KIT / name).read_bytes()).hexdigest() for name in ("canary", "canary.static")]


def check_policies():
    for name, policy in POLICIES.items():
        file = ROOM / f"{name}.yaml"
        file.write_text(policy.text(name, "enforce", digests()))
        answer = call("nestorctl", "policy", "validate", str(file))
        if answer.returncode != 0:
            raise RuntimeError(f"policy {name}: {answer.stdout}{answer.stderr}")


def write_policies(names, mode):
    for name in names:
        (POLICY_FILES / f"{name}.yaml").write_text(POLICIES[name].text(name, mode, digests()))


def container(name, command):
    mounts = [("kit", "/evasions", True), ("marks", "/marks", False), ("secrets", "/secret", True), ("memory", "/memory", False),
              ("canary", "/usr/bin/canary", True), ("canary-static", "/usr/bin/canary.static", True), ("tool", "/usr/bin/tool", True)]
    if name == "root":
        mounts.append(("cgroup", "/host-cgroup", False))
    lines = "\n".join(f"    - {{name: {volume}, mountPath: {path}, readOnly: {str(read_only).lower()}}}" for volume, path, read_only in mounts)
    return f"""  - name: {name}
    image: localhost/nestor/toolbox:test
    command: {command}
    securityContext: {SECURITY[name]}
    volumeMounts:
{lines}
"""


def manifest(pod, policy, containers):
    files = {"canary": "canary", "canary-static": "canary.static", "tool": "canary"}
    volumes = "\n".join(f"  - {{name: {name}, hostPath: {{path: {path}}}}}" for name, path in
                        [("kit", KIT), ("marks", MARKS), ("secrets", SECRETS), ("cgroup", "/sys/fs/cgroup")] +
                        [(name, KIT / file) for name, file in files.items()])
    return f"""apiVersion: v1
kind: Pod
metadata:
  name: {pod}
  namespace: {NAMESPACE}
  labels: {{evasions: {policy}}}
spec:
  containers:
{containers}  volumes:
{volumes}
  - {{name: memory, emptyDir: {{medium: Memory}}}}
"""


def pod_file(pod, policy, containers):
    file = PODS / f"{pod}.yaml"
    file.write_text(manifest(pod, policy, containers))
    return file


def wants_server(row):
    return row.user == "client" or row.policy == "sockets"


def pod_files(rows):
    """A pod for each policy, with the containers that its rows want; one container is always there."""
    wanted = {"paths": {"plain"}}
    for row in rows:
        if row.user != "pod":
            wanted.setdefault(row.policy, set()).update(CONTAINERS[row.user], [row.judged_in] if row.judged_in else [])
    serving = {"paths"} if any(wants_server(row) for row in rows) else set()
    files = []
    for policy, names in wanted.items():
        serve = '[bash, -c, "python3 /evasions/server.py serve & exec sleep 100000"]'
        commands = {name: serve if name == "plain" and policy in serving else '[sleep, "100000"]' for name in names}
        files.append(pod_file(policy, policy, "".join(container(name, commands[name]) for name in sorted(names))))
    return files


def until_served(rows):
    """The listener of `connect` rows, and server.py's sockets."""
    if any(row.expect.rule == "no-listener" for row in rows):
        listen = f"socat TCP-LISTEN:{PORT},fork,reuseaddr,bind=127.0.0.1 /dev/null"
        in_plain("setsid " + listen + " </dev/null >/dev/null 2>&1 &")
        until("the listener", lambda: in_plain(f"ss -Hltn 'sport = :{PORT}'"))
    if any(wants_server(row) for row in rows):
        until("the server's sockets", lambda: in_plain("ss -Hxla").count("evasions") >= 4 and (MARKS / "path.sock").exists())


def in_plain(script):
    return call("pod", "exec", f"{NAMESPACE}/paths", "plain", "--", "bash", "-c", script).stdout


def play(tries):
    """Each container has a session, in which its tries go one after the other; rows that change the node go alone."""
    for each in tries:
        (SECRETS / each.tag).write_text(f"ran {each.tag}\n")
    together = [each for each in tries if not each.row.before and each.row.user != "pod"]
    places = {(each.pod, each.container) for each in together}
    errors = []
    threads = [threading.Thread(target=play_in, args=(place, [each for each in together if (each.pod, each.container) == place], errors))
               for place in sorted(places)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for each in tries:
        if each.row.user == "pod":
            play_pod(each)
        elif each.row.before:
            play_alone(each, errors)
    if errors:
        raise RuntimeError(f"sessions: {errors}")


def play_in(place, tries, errors):
    pod, name = place
    try:
        with Session(f"{NAMESPACE}/{pod}", name) as session:
            for each in tries:
                each.said = session.run(f"timeout {LIMIT_S} bash /evasions/rows/{each.row.id} {each.tag} </dev/null 2>&1")
    except (RuntimeError, OSError) as error:
        errors.append(f"{pod}/{name}: {error}")


def play_alone(each, errors):
    subprocess.run(["bash", "-c", each.row.before], check=True)
    play_in((each.pod, each.container), [each], errors)
    subprocess.run(["bash", "-c", each.row.after or "true"], check=True)


def play_pod(each):
    file = pod_file(each.pod, each.row.policy, container("alone", f"[/usr/bin/canary, {each.tag}]"))
    answer = call("pod", "run", str(file))
    each.said = answer.stdout + answer.stderr
    if answer.returncode == 0:
        call("pod", "wait", "--timeout", "20", f"{NAMESPACE}/{each.pod}", "alone")
    call("pod", "rm", f"{NAMESPACE}/{each.pod}")


def take_marks(tries):
    """What ran: the marker file has it, or the canary's own words, where it could not reach the file."""
    lines = (MARKS / "marks").read_text().splitlines()
    for each in tries:
        start = f"ran {each.tag}"
        marked = [line for line in lines if line == start or line.startswith(start + " ")]
        said = [line for line in each.said.replace("\r", "").splitlines() if line == start or line.startswith(start + " ")]
        each.ran = [line[len(start):].strip() for line in marked or said]
