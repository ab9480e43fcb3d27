# SPDX-License-Identifier: Apache-2.0
"""Plays a plan inside the VM: pods, servers, addresses, sessions. What it finds out is the truth file and nestor's chains."""
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, "/payload/load")
from bench import call, until  # noqa: E402

from plan import AGENT, NAMESPACE, PODS, VICTIMS, VIRTUAL  # noqa: E402

HERE = Path(__file__).resolve().parent
SHARED = Path("/run/chains")
PATIENCE_S = 120    # without any new process
LINGER_S = 2
ANCHORS = {pod: 990001 + number for number, pod in enumerate(PODS)}  # seconds that a container sleeps, to find its process by

# Models that need a program which not every build has: the file that must be there, and the command.
TOOLCHAINS = {"go": ("/payload/go_server", "/chains/bin/go_server"), "node": ("/payload/node", "/chains/bin/node /chains/servers/node_server.js")}
# PAM would write the audit login id, which a container may not. One folder for all containers that may leave jobs.
CRON = "sed -i /pam_loginuid/d /etc/pam.d/cron; rm -rf /etc/cron.d; ln -s /chains/cron/{pod} /etc/cron.d; cron"
CONFIG = """policies: {directory: /run/chains/policies}
chains: {keepEnded: 60m}
"""

SSHD = r"""
mkdir -p /run/sshd /root/.ssh; chmod 700 /root/.ssh
cp /chains/ssh/host_key /etc/ssh/ssh_host_ed25519_key; chmod 600 /etc/ssh/ssh_host_ed25519_key
cp /chains/ssh/key.pub /root/.ssh/authorized_keys
printf 'MaxStartups 200\nMaxSessions 100\nUseDNS no\nHostKey /etc/ssh/ssh_host_ed25519_key\nUsePAM no\n' >/chains/ssh/sshd_config
exec /usr/sbin/sshd -D -e -f /chains/ssh/sshd_config
"""
SSH_CONFIG = """Host *
  IdentityFile /chains/ssh/key
  StrictHostKeyChecking no
  UserKnownHostsFile /dev/null
  LogLevel ERROR
"""


def container(name, script, extra=""):
    lines = "\n".join("      " + line for line in script.strip().splitlines())
    return f"""  - name: {name}
    image: localhost/nestor/toolbox:test
    command:
    - bash
    - -c
    - |
{lines}
    volumeMounts: [{{name: chains, mountPath: /chains}}]
{extra}"""


def manifest(pod, containers, extra=""):
    return f"""apiVersion: v1
kind: Pod
metadata:
  name: {pod}
  namespace: {NAMESPACE}
spec:
{extra}  volumes:
  - name: chains
    hostPath: {{path: {SHARED}}}
  containers:
{''.join(containers)}"""


def server_line(server):
    name, model, address = server["name"], server["model"], server["address"]
    if model == "socat":
        port = address.rsplit("/", 1)[1]
        return f"touch /chains/ready/{name}; socat -t 60 TCP6-LISTEN:{port},fork,reuseaddr,backlog=128 TCP4:127.0.0.1:{server['to']} &"
    if model in ("asyncio", "executor"):
        return f"python3 -B /chains/servers/{model}_server.py {name} {address} &"
    if model in TOOLCHAINS:
        return f"{TOOLCHAINS[model][1]} {name} {address.rsplit('/', 1)[1]} &"
    return f"{AGENT} serve {name} {model} {address} &"


def manifests(plan):
    pods = []
    for pod in PODS:
        servers = "\n".join(server_line(server) for server in plan.servers.values() if server["pod"] == pod)
        serve = "\n".join((f"hostname -i >/chains/ready/address-{pod}", servers, f"{AGENT} victim {VICTIMS[pod]} &", CRON.format(pod=pod),
                           f"exec sleep {ANCHORS[pod]}"))
        pods.append(manifest(pod, [container("tool", "exec sleep 1000000"), container("srv", serve), container("sshd", SSHD)]))
    pods.append(manifest("ops", [container("ops", "exec sleep 1000000", "    securityContext: {privileged: true}\n")], "  hostPID: true\n"))
    return pods


def prepare():
    """The folder that all containers share, and nestord's settings: no policies, for su could not read what it needs."""
    for folder in ("bin", "ready", "sockets", "ssh", "servers", "pods", "policies", "jobs", *(f"cron/{pod}" for pod in PODS)):
        (SHARED / folder).mkdir(parents=True)
    SHARED.chmod(0o755)
    (SHARED / "sockets").chmod(0o777)
    for name in ("agent", "setuid"):
        shutil.copy("/payload/agent", SHARED / "bin" / name)
    (SHARED / "bin/agent").chmod(0o755)
    (SHARED / "bin/setuid").chmod(0o4755)
    for file in (HERE / "servers").iterdir():
        shutil.copy(file, SHARED / "servers")
    for program, _ in TOOLCHAINS.values():
        if Path(program).exists():
            shutil.copy(program, SHARED / "bin")
    (SHARED / "config.yaml").write_text(CONFIG)
    (SHARED / "truth").touch()
    (SHARED / "truth").chmod(0o666)
    for key in ("key", "host_key"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", SHARED / "ssh" / key], check=True)
    (SHARED / "ssh/config").write_text(SSH_CONFIG)


def absent():
    return [model for model, (program, _) in TOOLCHAINS.items() if not Path(program).exists()]


def start_pods(plan):
    files = []
    for number, text in enumerate(manifests(plan)):
        file = SHARED / "pods" / f"{number}.yaml"
        file.write_text(text)
        files.append(str(file))
    started = call("pod", "run", *files)
    if started.returncode != 0:
        raise RuntimeError(f"pod run: {started.stderr}")
    wanted = [*plan.servers, *VICTIMS.values(), *(f"address-{pod}" for pod in PODS)]
    until("the servers", lambda: all((SHARED / "ready" / name).exists() for name in wanted))
    for pod in PODS:
        until("sshd", lambda: call("pod", "exec", f"{NAMESPACE}/{pod}", "tool", "--", "bash", "-c",
                                   "exec 3<>/dev/tcp/127.0.0.1/22").returncode == 0)


def addresses():
    """For the plan's placeholders."""
    found = {f"@IP:{pod}@": (SHARED / "ready" / f"address-{pod}").read_text().split()[0] for pod in PODS}
    for pod, seconds in ANCHORS.items():
        listed = call("pgrep", "-f", f"^sleep {seconds}$").stdout.split()
        found[f"@PID:{pod}@"] = listed[0]
    return found


def lead_virtual_addresses(found):
    """As a Service's address is led to a pod: answers pass the node's connection tracking, also between pods of one bridge."""
    Path("/proc/sys/net/bridge/bridge-nf-call-iptables").write_text("1\n")
    for pod, virtual in VIRTUAL.items():
        subprocess.run(["iptables", "-t", "nat", "-A", "PREROUTING", "-d", virtual, "-p", "tcp", "-j", "DNAT", "--to-destination",
                        found[f"@IP:{pod}@"]], check=True)


def play(plan, at_a_time):
    """The truth: marker -> path, as the leaves wrote it. Each session has `at_a_time` scenarios under way."""
    found = addresses()
    lead_virtual_addresses(found)
    running = []
    for number, session in enumerate(plan.sessions):
        pod, name = session["entry"].split("/")
        text = re.sub(r"@\w+:\w+@", lambda match: found[match.group()], "".join(session["tasks"]))
        with (SHARED / "pods" / f"tasks-{number}").open("w+") as tasks, Path(f"/tmp/session-{number}.log").open("w") as log:
            tasks.write(text)
            tasks.seek(0)
            running.append(subprocess.Popen(["pod", "exec", "-i", f"{NAMESPACE}/{pod}", name, "--", AGENT, "session", str(at_a_time)],
                                            stdin=tasks, stdout=log, stderr=log))
    await_all(len(plan.leaves))
    time.sleep(LINGER_S)
    for session in running:
        session.terminate()
        session.wait()
    return truth()


def await_all(wanted):
    seen, end = 0, time.monotonic() + PATIENCE_S
    while seen < wanted and time.monotonic() < end:
        time.sleep(0.2)
        if len(truth()) > seen:
            seen, end = len(truth()), time.monotonic() + PATIENCE_S


def truth():
    lines = (SHARED / "truth").read_text().splitlines()
    return {marker: path.split(">") for marker, path in (line.split(" ") for line in lines if " " in line)}


def logs():
    """What the sessions and servers said, for people who look for a fault of the bench."""
    texts = [Path(f"/tmp/session-{number}.log") for number in range(20)]
    texts += [Path(folder) / name for folder, _, names in os.walk("/var/log/pods") for name in names]
    return "\n".join(f"== {file}\n{file.read_text(errors='replace')[-3000:]}" for file in texts if file.exists() and file.stat().st_size)
