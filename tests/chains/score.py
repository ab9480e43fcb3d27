# SPDX-License-Identifier: Apache-2.0
"""Compares nestor's chains with the true way of every process. Pure data in, figures out; README.md defines every word."""
from collections import Counter, defaultdict

EXACT, INFERRED, AMBIGUOUS = "exact", "inferred", "ambiguous"
OWN_KINDS = ("container-entrypoint", "pre-existing", "host-service")
RIGHT, MISSED, WRONG, UNSEEN, OPEN = "right", "missed", "wrong", "unseen", "ambiguous"  # what becomes of a process
LONG = 4


class Graph:
    """What nestor told: hops by id with their chain, and where each leaf is."""

    def __init__(self, chains):
        self.hops, self.leaves = {}, defaultdict(list)
        for chain in chains:
            for hop in chain.get("hops", []):
                self.hops[hop["id"]] = {**hop, "chain": chain["id"]}
            for entry in chain.get("processes", []):
                argv = entry.get("process", {}).get("argv", [])
                if len(argv) == 2 and argv[0] == "leaf":
                    self.leaves[argv[1]].append(entry["hop_id"])
        self._begin_at_jobs()

    def _begin_at_jobs(self):
        """A job of a pod's cron is below that cron, which is nobody's session: who left it begins there."""
        for hop in self.hops.values():
            above = self.hops.get(hop.get("parent_id", ""), {})
            if hop.get("kind") == "delegated" and above.get("kind") in OWN_KINDS and not above.get("parent_id"):
                hop["parent_id"] = ""
        for hop_id, hop in self.hops.items():
            origin = self.path(hop_id)[0]
            if self.hops.get(origin, {}).get("kind") == "delegated":
                hop["chain"] = origin

    def parent(self, hop_id):
        return self.hops.get(hop_id, {}).get("parent_id", "")

    def path(self, hop_id):
        path = []
        while hop_id and hop_id not in path:
            path.insert(0, hop_id)
            hop_id = self.parent(hop_id)
        return path

    def place(self, hop_id):
        workload = self.hops.get(hop_id, {}).get("to", {}).get("workload", {})
        names = [workload.get(key, "") for key in ("namespace", "pod", "container")]
        return "/".join(names) if all(names) else None

    def described(self, hop_id):
        return " > ".join(f"{self.hops.get(hop, {}).get('kind', 'unknown')}({self.place(hop) or ''})" for hop in self.path(hop_id))


class Score:
    """One verdict for each process, in `verdicts`; figures over any part of them."""

    def __init__(self, hops, leaves, truth, chains):
        self._true, self._graph = hops, Graph(chains)
        self._witnesses = defaultdict(set)  # true hop -> nestor's hops of the processes that really are in it
        for marker, path in truth.items():
            self._witnesses[path[-1]].update(self._graph.leaves.get(marker, [])[:1])
        self._sessions = self._find_sessions(truth)
        self.verdicts, self.faults = [], []
        for marker, path in sorted(truth.items()):
            self.verdicts.append(self._judge(marker, path, leaves.get(marker, {}).get("start", "")))

    def _find_sessions(self, truth):
        """True origin -> nestor's chain: what the session's own processes are in, if it is an origin of the right kind."""
        sessions = {}
        for hop, what in self._true.items():
            if not what["parent"]:
                fitting = sorted(found for found in self._witnesses[hop] if not self._graph.parent(found) and self._fits(found, what))
                if len(fitting) == 1:
                    sessions[hop] = fitting[0]
        return sessions

    def _fits(self, hop_id, what):
        """Kind and place; a place that either side does not know fits."""
        hop = self._graph.hops.get(hop_id)
        if hop is None or hop["kind"] not in what["kinds"]:
            return False
        place = self._graph.place(hop_id)
        return not what["place"] or not place or what["place"] == place

    def _acceptable(self, hop_id, true_hop):
        """Whether nestor's hop is this true hop: its kind, its place, and its parent."""
        what = self._true[true_hop]
        if not self._fits(hop_id, what):
            return False
        if not what["parent"]:
            return self._sessions.get(true_hop) == hop_id
        return self._is(self._graph.parent(hop_id), what["parent"])

    def _is(self, hop_id, true_hop):
        """As _acceptable, relative: where the hop's own processes went is its place, even when that was judged wrong by itself."""
        return hop_id in self._witnesses[true_hop] or self._acceptable(hop_id, true_hop)

    def _left_behind(self, hop_id, path):
        """In the server's own hop, or in an earlier hop of its own way, or in its hop but under a caller that was left behind:
        a boundary was not seen, nothing false was said."""
        hop = self._graph.hops.get(hop_id)
        if hop is None:
            return False
        if hop["kind"] in OWN_KINDS and not hop.get("parent_id"):
            return self._graph.place(hop_id) in (None, self._place(path))
        if any(self._is(hop_id, earlier) for earlier in path[:-1]):
            return True
        if len(path) < 2 or not self._fits(hop_id, self._true[path[-1]]):
            return False
        parent = self._graph.parent(hop_id)
        if parent and parent not in self._graph.hops:  # a hop that nestor names but does not tell
            return hop["chain"] == self._chain(path[0])
        return self._left_behind(parent, path[:-1])

    def _chain(self, origin):
        """The chain of a session."""
        return self._graph.hops[self._sessions[origin]]["chain"] if origin in self._sessions else None

    def _place(self, path):
        """The container that this way has led into."""
        return next((self._true[hop]["place"] for hop in reversed(path) if self._true[hop]["place"]), None)

    def _already_lost(self, path):
        """The hop before was missed, too: nestor opens no hop between two servers of one container, so one lost cause hides the next."""
        before = self._witnesses[path[-2]] if len(path) > 1 else set()
        return bool(before) and all(self._graph.hops.get(hop, {}).get("kind") in OWN_KINDS for hop in before)

    def _judge(self, marker, path, start):
        true_hop = path[-1]
        what = self._true[true_hop]
        expect = weakest([self._true[hop]["expect"] for hop in path])
        found = self._graph.leaves.get(marker, [])
        verdict = {"marker": marker, "hop": true_hop, "mechanism": f"{what['boundary']}/{what['model']}", "boundary": what["boundary"],
                   "model": what["model"], "caller": what.get("caller", ""), "start": start, "expect": expect, "hops": len(path), "confidence": "", "merged": False,
                   "whole": False, "in_list": False, "behind": False}
        if not found:
            return self._fault({**verdict, "result": UNSEEN}, path, "")
        hop_id = found[0]
        hop = self._graph.hops.get(hop_id, {"kind": "unknown"})
        verdict["confidence"] = hop.get("confidence", "")
        verdict["merged"] = self._merged(hop_id, path)
        verdict["whole"] = self._whole(hop_id, path)
        if verdict["confidence"] == AMBIGUOUS:
            verdict["in_list"] = self._in_list(hop_id, path)
            verdict["result"] = OPEN
        elif self._acceptable(hop_id, true_hop):
            verdict["result"] = RIGHT
        elif self._left_behind(hop_id, path):
            verdict["result"] = MISSED
            verdict["behind"] = self._already_lost(path)
        else:
            verdict["result"] = WRONG
        return self._fault(verdict, path, hop_id)

    def _in_list(self, hop_id, path):
        """The true hop, or one before it, is a candidate. A hop below an ambiguous one has no list of its own: what it may come from is
        listed there."""
        nestors = self._graph.path(hop_id)
        lists = [self._graph.hops.get(one, {}).get("candidate_ids", []) for one in reversed(nestors)]
        candidates = next((found for found in lists if found), [])
        return any(self._may_be(one, true) for one in candidates for true in path)

    def _may_be(self, hop_id, true_hop):
        """This hop; or one that is called ambiguous itself, with it or its caller in that list; or one of its kind and place whose own caller is
        called ambiguous, with the true one in that list."""
        if self._is(hop_id, true_hop):
            return True
        true_parent = self._true[true_hop]["parent"]
        if any(self._is(one, true) for one in self._listed(hop_id) for true in (true_hop, true_parent) if true):
            return True
        if not true_parent or not self._fits(hop_id, self._true[true_hop]):
            return False
        return any(self._is(one, true_parent) for one in self._listed(self._graph.parent(hop_id)))

    def _listed(self, hop_id):
        return self._graph.hops.get(hop_id, {}).get("candidate_ids", [])

    def _fault(self, verdict, path, hop_id):
        wrong = verdict["result"] in (WRONG, UNSEEN) or (verdict["result"] == OPEN and not verdict["in_list"])
        if wrong or verdict["merged"]:
            words = " ".join(word for word in (verdict["confidence"], verdict["result"], "MERGED" if verdict["merged"] else "") if word)
            true = " > ".join(f"{self._true[hop]['boundary']}/{self._true[hop]['model']}({self._true[hop]['place'] or ''})" for hop in path)
            self.faults.append(f"{words}: leaf {verdict['marker']} ({verdict['start']}) of {self._true[path[0]]['tenant']}: truth {true}; "
                               f"nestor {self._graph.described(hop_id)}")
        return verdict

    def _merged(self, hop_id, path):
        """Firmly in the chain of another tenant's session."""
        nestors = self._graph.path(hop_id)
        if not nestors or any(self._graph.hops.get(hop, {}).get("confidence") == AMBIGUOUS for hop in nestors):
            return False
        tenant, chain = self._true[path[0]]["tenant"], self._graph.hops.get(hop_id, {}).get("chain")
        return any(self._chain(origin) == chain and self._true[origin]["tenant"] != tenant for origin in self._sessions)

    def _whole(self, hop_id, path):
        """The path from the origin, hop by hop, kind and place and nothing between."""
        nestors = self._graph.path(hop_id)
        return (len(nestors) == len(path) and self._sessions.get(path[0]) == nestors[0]
                and all(self._fits(one, self._true[hop]) for one, hop in zip(nestors, path)))

    def groups(self, key):
        parts = defaultdict(list)
        for verdict in self.verdicts:
            parts[verdict[key]].append(verdict)
        return {name: figures(part) for name, part in sorted(parts.items())}

    def figures(self):
        return {"total": figures(self.verdicts), **{key: self.groups(key) for key in ("mechanism", "boundary", "model", "caller", "start")}}


def weakest(words):
    return INFERRED if INFERRED in words else EXACT


def share(part, whole):
    """None where there is nothing to be a share of."""
    return part / whole if whole else None


def figures(verdicts):
    """Of these processes; each is one edge, between its hop and the hop that its hop came from."""
    results = Counter(verdict["result"] for verdict in verdicts)

    def count(**wanted):
        return sum(all(verdict[key] == value for key, value in wanted.items()) for verdict in verdicts)

    def precision(label):
        return share(count(confidence=label, result=RIGHT), count(confidence=label, result=RIGHT) + count(confidence=label, result=WRONG))

    long = [verdict for verdict in verdicts if verdict["hops"] > LONG]
    return {
        "processes": len(verdicts), "edges": len({verdict["hop"] for verdict in verdicts}),
        **{name: results[name] for name in (RIGHT, MISSED, WRONG, UNSEEN)},
        "exact_precision": precision(EXACT),
        "exact_recall": share(count(expect=EXACT, confidence=EXACT, result=RIGHT), count(expect=EXACT)),
        "inferred_precision": precision(INFERRED),
        "inferred_recall": share(count(expect=INFERRED, result=RIGHT), count(expect=INFERRED)),
        "ambiguous": share(results[OPEN], len(verdicts)),
        "ambiguous_with_truth": share(count(result=OPEN, in_list=True), results[OPEN]),
        "long_paths": len(long), "long_whole": share(sum(verdict["whole"] for verdict in long), len(long)),
        "merged": sum(verdict["merged"] for verdict in verdicts), "behind": count(behind=True),
    }
