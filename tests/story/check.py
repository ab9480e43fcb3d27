#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""check.py DIR: judges what `play` left: every hop's kind, container and origin, every command's hop, both denials, no loss."""
import json
import sys
from pathlib import Path

out = Path(sys.argv[1])
events = [json.loads(line) for line in (out / "events.jsonl").read_text().splitlines()]
chains = json.loads((out / "chains.json").read_text())["chains"]
key = "ssh-ed25519 " + (out / "client.fingerprint").read_text().split()[1]
contractor_log = (out / "contractor.log").read_text()
ci_log = (out / "ci.log").read_text()
doctor = json.loads((out / "doctor.json").read_text())

# Told, and made good: see RECOVERED in tests/load/bench.py.
RECOVERED = ("program-missed",)
passed, failed = 0, []


def check(what, fine, seen=""):
    global passed
    if fine:
        passed += 1
    else:
        failed.append(what)
        print(f"FAILED: {what}" + (f"\n        seen: {seen}" if seen else ""))


def place(workload):
    return "/".join(workload.get(key, "") for key in ("namespace", "pod", "container"))


def commands(hop_id):
    return [" ".join(e["process"]["argv"]) for e in events if e["type"] == "exec" and e["hop_id"] == hop_id]


# Names that were not known yet when the first events of a container were told.
names = {e["workload"]["container_id"]: e["workload"] for e in events if e["type"] == "workload"}


def named(workload):
    return names.get(workload.get("container_id"), workload) if workload.get("pending") else workload


hops = {e["hop_id"]: e for e in events if e["type"] == "hop"}
verdicts = [e for e in events if e["type"] == "verdict"]


def path_of(hop_id):
    """Kinds and places of the hops from the origin to this one."""
    path = []
    while hop_id:
        event = hops.get(hop_id)
        if event is None:
            return [("unknown", hop_id)] + path
        path.insert(0, (event["hop"]["kind"], place(named(event["hop"]["to"]["workload"]))))
        hop_id = event["hop"].get("parent_id", "")
    return path


def hop_of_command(text):
    found = {e["hop_id"] for e in events if e["type"] == "exec" and text in " ".join(e["process"]["argv"])
             and e["hop_id"] in hops and hops[e["hop_id"]]["hop"]["kind"] == "ssh-login"}
    return found


# The contractor.
reads = hop_of_command("/var/log/app.log")
check("the contractor's commands are in one hop", len(reads) == 1, reads)
login = next(iter(reads), "")
check("its path is runtime-exec into the sidecar, then ssh into main",
      path_of(login) == [("runtime-exec", "shop/web-0/sidecar"), ("ssh-login", "shop/web-0/main")], path_of(login))
ran = commands(login)
check("cat of the log is under the login", "cat /var/log/app.log" in ran, ran)
check("cat of the hashes is under the login", "cat /etc/shadow" in ran, ran)
check("the log was read", "order 1001 paid" in contractor_log, contractor_log)
check("the hashes were refused", "Operation not permitted" in contractor_log and "exit 1" in contractor_log, contractor_log)
check("no hash was read", "root:" not in contractor_log, contractor_log)

# The CI job.
forwards = hop_of_command("kubectl port-forward")
check("the CI job's commands are in one hop", len(forwards) == 1, forwards)
job = next(iter(forwards), "")
check("its path is the job's container, tcp to the sidecar, ssh into main",
      path_of(job) == [("container-entrypoint", "ci/build-7/job"), ("tcp", "shop/web-0/sidecar"), ("ssh-login", "shop/web-0/main")],
      path_of(job))
check("port-forward was refused", "Operation not permitted" in ci_log and "ended with 126" in ci_log, ci_log)
check("port-forward did not run", "ran:" not in ci_log, ci_log)
check("two chains", login and job and hops[login]["chain_id"] != hops[job]["chain_id"])
agent_hop = hops.get(job, {}).get("hop", {}).get("parent_id", "")
check("the temporary agent is under the tcp hop", any("temporary-agent" in command for command in commands(agent_hop)), commands(agent_hop))

# Verdicts.
shadow = [v for v in verdicts if v["verdict"]["rule"] == "no-shadow-access"]
forward = [v for v in verdicts if v["verdict"]["rule"] == "no-kubectl-port-forward"]
for name, found, hop in (("shadow", shadow, login), ("port-forward", forward, job)):
    check(f"one verdict about {name}", len(found) == 1, found)
    for v in found:
        check(f"the {name} verdict was applied", v["verdict"]["applied"] and v["verdict"]["action"] == "deny"
              and v["verdict"]["mode"] == "enforce", v["verdict"])
        check(f"the {name} verdict is in its hop", v["hop_id"] == hop, v["hop_id"])
        check(f"the {name} verdict is in main", place(named(v["workload"])) == "shop/web-0/main", v["workload"])
check("no other denial", len(verdicts) == 2, [(v["verdict"]["rule"], v["process"]["exe"]) for v in verdicts])

# Chains as the API tells them.
ids = {chain["id"]: chain for chain in chains}
for hop in (login, job):
    chain = ids.get(hops.get(hop, {}).get("chain_id", ""), {})
    check("chains has the hop", hop in [h["id"] for h in chain.get("hops", [])])
    who = [h.get("login", {}) for h in chain.get("hops", []) if h["id"] == hop]
    check("who logged in is known", [(w.get("user"), w.get("method"), w.get("key")) for w in who] == [("root", "publickey", key)], who)
    check("confidence is exact", all(h["confidence"] == "exact" for h in chain.get("hops", [])), [h["confidence"] for h in chain.get("hops", [])])

# The stream itself.
sequence = [int(e["seq"]) for e in events]
check("seq is contiguous", sequence == list(range(sequence[0], sequence[0] + len(sequence))))
losses = [e["loss"] for e in events if e["type"] == "loss" and e["loss"]["where"] not in RECOVERED]
check("nothing was lost", not losses, losses)
unnamed = {e["workload"]["container_id"] for e in events if e.get("workload", {}).get("container_id") and not e["workload"].get("pod")}
named_later = {e["workload"]["container_id"] for e in events if e["type"] == "workload"}
check("every container has its name, at the latest by a workload event", unnamed <= named_later, unnamed - named_later)
check("every container process has a known hop", all(e["hop_id"] in hops for e in events if e["type"] == "exec"))
missing = [c for c in doctor.get("capabilities", []) if not c.get("available")]
check("doctor is green", not missing, missing)

print(f"{passed} passed, {len(failed)} failed")
sys.exit(1 if failed else 0)
