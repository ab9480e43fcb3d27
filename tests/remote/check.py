#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""check.py DIR: judges what `play` left: one chain over two nodes, told on both; nothing on other SYNs; each false option refused."""
import json
import sys
from pathlib import Path

out = Path(sys.argv[1])
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


def lines(name):
    return [json.loads(line) for line in (out / name).read_text().splitlines() if line.startswith("{")]


def hops(name):
    return json.loads((out / name).read_text())["chain"]["hops"]


here, there = hops("explain-a.json"), hops("explain-b.json")
own = [hop for hop in here if hop.get("detail") != "outgoing"][-1]
leads = [hop for hop in here if hop.get("detail") == "outgoing"]
origin = there[0]
check("the client's explanation has a hop to the other node", len(leads) == 1, here)
check("the server's chain begins by a login from the other node", origin["kind"] == "ssh-login" and origin.get("remote", {}).get("node") == "node-a", origin)
check("it names the client's hop", origin.get("remote", {}).get("hop_id") == own["id"], (origin.get("remote"), own["id"]))
if leads:
    remote = leads[0]["remote"]
    check("the client's side names the node", remote["node"] == "node-b", remote)
    check("and the hop there", remote["hop_id"] == origin["id"], (remote, origin["id"]))
    check("and comes from the ssh that connected", leads[0]["from"]["process"]["pid"] == origin["remote"]["pid"], (leads[0]["from"], origin["remote"]))
    check("and the process there", f"[{remote['pid']}]" in origin["evidence"], (remote, origin["evidence"]))
check("both are certain", origin["confidence"] == "exact" and all(hop["confidence"] == "exact" for hop in leads))

events = lines("events-b.jsonl")
younger = [e for e in events if e["type"] == "hop" and e["hop"]["kind"] == "tcp-remote"]
check("a listener that is no sshd works, too, and after the keys have rotated",
      [h["hop"].get("remote", {}).get("node") for h in younger] == ["node-a"] * 2, younger)

syns = [s for s in lines("syns.jsonl") if s["flags"] == 2]
ours = [s for s in syns if any(kind == 253 for kind, _ in s["options"])]
genuine = [s for s in ours if s["from"] != "10.88.1.200" and s["from"] != "198.51.100.7"]
check("SYNs to peers carry the option", any(s["to"] == "10.88.2.2" and s["port"] == 22 for s in genuine), syns)
outside = [s for s in syns if s["to"] == "203.0.113.9"]
check("there are SYNs to an outside address", outside, syns)
check("they carry nothing", not any(kind == 253 for s in outside for kind, _ in s["options"]), outside)
check("only SYNs to peers carry anything", all(s["to"].startswith("10.88.2.") for s in genuine), genuine)

tampers = [e for e in events if e["type"] == "tamper"]
what = [e["tamper"]["what"] for e in tampers]
check("each false option is refused and told", what == ["option-forged", "option-forged", "option-replayed", "option-stale", "option-malformed",
                                                        "option-foreign"], what)
check("with whose socket it was", all(e["workload"].get("pod") == "web" for e in tampers), tampers)
check("with the peer of the address", [e["tamper"]["node"] for e in tampers] == ["node-a"] * 5 + [""], tampers)
check("with the hop that it claims", sum(e["tamper"]["claimed_hop_id"] == own["id"] for e in tampers) >= 3, tampers)
counters = {c["name"]: int(c["value"]) for c in json.loads((out / "status-b.json").read_text()).get("counters", [])}
check("they are counted", counters.get("options-refused") == 6, counters)
# A login is told twice: again when it is known who it is.
remote = {e["hop_id"]: e["hop"]["evidence"] for e in events if e["type"] == "hop" and e["hop"].get("remote")}
check("none of them opened a hop from another node", len(remote) == 1 + len(younger), remote)
for node in "ab":
    losses = [e["loss"] for e in lines(f"events-{node}.jsonl") if e["type"] == "loss" and e["loss"]["where"] not in RECOVERED]
    check(f"nothing was lost on {node}", not losses, losses)

print(f"{passed} passed, {len(failed)} failed")
sys.exit(1 if failed else 0)
