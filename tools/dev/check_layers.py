#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Who may include whom. Changing the architecture means changing this table in review.

  tools/dev/check_layers.py              checks the tree, prints each fault, exits 1 when there is one
  tools/dev/check_layers.py --self-test  shows that each kind of fault is found
"""
import argparse
import re
import sys
import tempfile
from pathlib import Path

# Folder of agent/ -> what else of agent/ it may know. base and event are open to all of agent/.
ALLOWED = {
    "base": set(),
    "event": set(),
    "proc": set(),
    "cri": set(),
    "policy": set(),
    "kernel": {"policy"},
    "agents": {"policy"},
    "workload": {"cri"},
    "chain": set(),
    "mask": set(),
    "store": {"mask"},
    "api": {"mask", "store"},
    "beat": set(),
    "hook": {"api", "proc", "workload"},
    "pipeline": {"agents", "beat", "chain", "kernel", "mask", "policy", "proc", "store", "workload"},
    "nestord": {"agents", "api", "beat", "chain", "hook", "kernel", "mask", "pipeline", "policy", "proc", "store", "workload"},
}
OPEN = {"base", "event"}
# Single headers beyond the table: (folder, header) -> why.
EXCEPTIONS = {
    ("pipeline", "agent/api/node.h"): "the pipeline is what the API asks",
    ("policy", "bpf/abi.h"): "a compiled policy must fit the kernel's tables",
}
GENERATED = re.compile(r".*\.pb\.h")
MAY_KNOW_GENERATED = {"agent/api", "agent/cri", "tools/nestorctl", "tools/nestorctl/policy", "tools/nestorctl/verify"}
MAY_KNOW_BPF = {"agent/kernel"}
SIGNED = ("agent/beat/gap.h", "agent/beat/keys.h", "agent/beat/signed_bytes.h")
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)


def allowed_in_agent(folder, header):
    used = header.split("/")[1]
    return used == folder or used in ALLOWED.get(folder, set()) or (used in OPEN and folder != "base")


def fault(place, header):
    """Why a file in `place` ("agent/chain", "tools/nestorctl", "bpf") must not include `header`; None: it may."""
    top, _, folder = place.partition("/")
    if (folder, header) in EXCEPTIONS and top == "agent":
        return None
    if top == "bpf":
        return "bpf must not know " + header if header.startswith(("agent/", "tools/", "tests/")) else None
    if GENERATED.fullmatch(header) and not header.startswith("google/") and place not in MAY_KNOW_GENERATED:
        return "generated protobuf is for " + ", ".join(sorted(MAY_KNOW_GENERATED)) + " only"
    if header.startswith("bpf/") and place not in MAY_KNOW_BPF:
        return "bpf/ and libbpf are for " + ", ".join(sorted(MAY_KNOW_BPF)) + " only"
    if top == "tools" and header.startswith("agent/") and not header.startswith("agent/base/"):
        # What policies mean is said once, and `nestorctl policy` works without nestord; both folders are pure.
        if place == "tools/nestorctl/policy" and header.startswith(("agent/policy/", "agent/event/")):
            return None
        # So is what a signature is over; these headers of agent/beat are pure, too.
        if place == "tools/nestorctl/verify" and header.startswith((*SIGNED, "agent/event/")):
            return None
        return ("nestorctl knows proto and agent/base only, its policy folder also agent/policy and agent/event, its verify folder also "
                "agent/event and what nestord signs")
    if top == "agent" and header.startswith(("tools/", "tests/")):
        return "agent must not know " + header.split("/")[0]
    if top == "agent" and header.startswith("agent/") and not allowed_in_agent(folder, header):
        return f"{folder} must not know {header.split('/')[1]}"
    return None


def place_of(path):
    """"agent/chain" of agent/chain/x.h, "bpf" of bpf/abi.h; None: a file that is under no rule."""
    parts = path.parts
    if parts[0] == "bpf":
        return "bpf"
    if parts[:3] in (("tools", "nestorctl", "policy"), ("tools", "nestorctl", "verify")):
        return "/".join(parts[:3])
    if parts[0] == "agent" and len(parts) > 2 or parts[:2] == ("tools", "nestorctl"):
        return "/".join(parts[:2])
    return None


def sources(root):
    for top in ("agent", "bpf", "tools/nestorctl"):
        yield from sorted((root / top).rglob("*.[ch]*"))


def faults_of(root):
    found = []
    for path in sources(root):
        inside = path.relative_to(root)
        place = place_of(inside)
        if path.suffix not in (".h", ".c", ".cc") or place is None:
            continue
        if place.startswith("agent/") and place[6:] not in ALLOWED:
            found.append(f"{inside}: folder {place} is not in the table of tools/dev/check_layers.py")
            continue
        text = path.read_text(encoding="utf-8")
        for match in INCLUDE.finditer(text):
            if reason := fault(place, match[2]):
                line = text.count("\n", 0, match.start(1)) + 1
                found.append(f"{inside}:{line}: {reason} ({match[2]})")
    return found


SELF_TEST = [  # file, its include, whether it is a fault
    ("agent/chain/a.cc", "agent/mask/masker.h", True),
    ("agent/chain/a.cc", "agent/base/result.h", False),
    ("agent/chain/a.cc", "agent/event/event.h", False),
    ("agent/base/a.h", "agent/event/event.h", True),
    ("agent/event/a.h", "agent/base/result.h", False),
    ("agent/store/a.cc", "agent/api/node.h", True),
    ("agent/pipeline/a.h", "agent/api/node.h", False),
    ("agent/pipeline/a.h", "agent/api/server.h", True),
    ("agent/pipeline/a.h", "nestor/v1/event.pb.h", True),
    ("agent/api/a.cc", "nestor/v1/event.pb.h", False),
    ("agent/api/a.cc", "agent/chain/chain_graph.h", True),
    ("agent/chain/a.cc", "bpf/abi.h", True),
    ("agent/chain/a.cc", "bpf/libbpf.h", True),
    ("agent/kernel/a.cc", "bpf/libbpf.h", False),
    ("agent/policy/a.cc", "bpf/abi.h", False),
    ("agent/policy/a.cc", "bpf/bpf.h", True),
    ("agent/api/a.cc", "tools/nestorctl/tree.h", True),
    ("agent/unheard/a.cc", "string", True),
    ("tools/nestorctl/a.cc", "agent/event/event.h", True),
    ("tools/nestorctl/a.cc", "agent/policy/compile.h", True),
    ("tools/nestorctl/policy/a.cc", "agent/policy/compile.h", False),
    ("tools/nestorctl/policy/a.cc", "agent/event/event.h", False),
    ("tools/nestorctl/policy/a.cc", "agent/kernel/probes.h", True),
    ("tools/nestorctl/policy/a.cc", "bpf/abi.h", True),
    ("tools/nestorctl/policy/a.cc", "nestor/v1/event.pb.h", False),
    ("tools/nestorctl/verify/a.cc", "agent/beat/signed_bytes.h", False),
    ("tools/nestorctl/verify/a.cc", "agent/event/event.h", False),
    ("tools/nestorctl/verify/a.cc", "agent/beat/state_directory.h", True),
    ("tools/nestorctl/a.cc", "agent/beat/keys.h", True),
    ("agent/pipeline/a.cc", "agent/beat/heart.h", False),
    ("agent/beat/a.cc", "agent/store/event_log.h", True),
    ("tools/nestorctl/a.cc", "agent/base/result.h", False),
    ("tools/nestorctl/a.cc", "nestor/v1/event.pb.h", False),
    ("bpf/a.bpf.c", "agent/event/event.h", True),
    ("bpf/a.bpf.c", "bpf/bpf_helpers.h", False),
]


def self_test():
    wrong = []
    for name, header, is_fault in SELF_TEST:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / name
            path.parent.mkdir(parents=True)
            path.write_text(f'#include "{header}"\n', encoding="utf-8")
            if bool(faults_of(Path(folder))) != is_fault:
                wrong.append(f"{name} including {header}: {'not found' if is_fault else 'no fault'}")
    return wrong


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--self-test", action="store_true")
    root = Path(__file__).resolve().parents[2]
    if arguments.parse_args().self_test:
        found, said = self_test(), f"{len(SELF_TEST)} examples"
    else:
        found, said = faults_of(root), "the layers hold"
    print("\n".join(found) if found else said)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
