#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The scorer on small graphs, right and wrong ones; and that a seed is a plan."""
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from figures import BARS, judge, table
from mechanisms import BOUNDARIES, EXACT, INFERRED, choose
from plan import Plan
from score import Score

A, B, SERVER = "chains/front/tool", "chains/back/tool", "chains/front/srv"


def true_hop(parent, boundary, where, tenant, expect=EXACT):
    return {"parent": parent, "boundary": boundary, "model": "some", "kinds": list(BOUNDARIES[boundary].kinds), "expect": expect, "place": where,
            "tenant": tenant}


# Two tenants call one server; a's request goes on to a second one, which has a loop.
TRUE_HOPS = {
    "s1": true_hop("", "runtime-exec", A, "a"), "s2": true_hop("", "runtime-exec", B, "b"),
    "h3": true_hop("s1", "tcp4", SERVER, "a"), "h4": true_hop("s2", "tcp4", SERVER, "b"),
    "h5": true_hop("h3", "unix-path", SERVER, "a", INFERRED),
}
TRUTH = {"1000001": ["s1"], "1000002": ["s2"], "1000003": ["s1", "h3"], "1000004": ["s2", "h4"], "1000005": ["s1", "h3", "h5"]}
LEAVES = {marker: {"path": path, "start": "plain"} for marker, path in TRUTH.items()}


def hop(name, parent, kind, where, confidence=EXACT, **more):
    namespace, pod, container = where.split("/")
    return {"id": name, "parent_id": parent, "kind": kind, "confidence": confidence,
            "to": {"workload": {"namespace": namespace, "pod": pod, "container": container}}, **more}


def told():
    """What nestor tells when it is right: hops by id, and each leaf's hop."""
    hops = {"A": hop("A", "", "runtime-exec", A), "B": hop("B", "", "runtime-exec", B), "S": hop("S", "", "container-entrypoint", SERVER),
            "A1": hop("A1", "A", "tcp", SERVER), "B1": hop("B1", "B", "tcp", SERVER),
            "A2": hop("A2", "A1", "unix-socket", SERVER, INFERRED)}
    return hops, {"1000001": "A", "1000002": "B", "1000003": "A1", "1000004": "B1", "1000005": "A2"}


def score(hops, leaves, true_hops=None, truth=None):
    chains = {}
    for name, each in hops.items():
        origin = name
        while hops[origin]["parent_id"] in hops:
            origin = hops[origin]["parent_id"]
        chains.setdefault(origin, {"id": origin, "hops": [], "processes": []})["hops"].append(each)
        chains[origin]["processes"] += [{"process": {"argv": ["leaf", marker]}, "hop_id": name, "unknown_field": 1}
                                        for marker, where in leaves.items() if where == name]
    return Score(true_hops or TRUE_HOPS, LEAVES, truth or TRUTH, list(chains.values()))


class Checks:
    """As those of the VM's tests, but keeps what failed."""

    def __init__(self):
        self.failed = []

    def that(self, what, fine, _=""):
        if not fine:
            self.failed.append(what)


class ScoreTest(unittest.TestCase):
    def total(self, *told_now):
        return score(*told_now).figures()["total"]

    def result(self, marker, *told_now):
        return next(verdict for verdict in score(*told_now).verdicts if verdict["marker"] == marker)["result"]

    def test_the_truth_is_scored_right(self):
        total = self.total(*told())

        self.assertEqual((total["right"], total["missed"], total["wrong"], total["merged"]), (5, 0, 0, 0))
        self.assertEqual((total["exact_precision"], total["exact_recall"], total["inferred_recall"]), (1.0, 1.0, 1.0))

    def test_the_truth_clears_every_bar(self):
        checks = Checks()

        judge(score(*told()), checks)

        self.assertEqual(checks.failed, [])

    def test_another_tenants_hop_is_wrong_and_a_merge(self):
        hops, leaves = told()
        leaves["1000003"] = "B1"
        total = self.total(hops, leaves)

        self.assertEqual((total["wrong"], total["merged"]), (1, 1))
        self.assertLess(total["exact_precision"], 1.0)

    def test_a_wrong_graph_fails_its_bars(self):
        hops, leaves = told()
        hops["A1"]["parent_id"], hops["B1"]["parent_id"] = "B", "A"
        checks = Checks()

        judge(score(hops, leaves), checks)

        self.assertIn("no process is in another tenant's chain", checks.failed)
        self.assertIn("what is called exact is right: at least 99.5%", checks.failed)

    def test_a_hop_under_the_wrong_parent_is_wrong(self):
        hops, leaves = told()
        hops["A2"]["parent_id"] = "B1"

        self.assertEqual(self.result("1000005", hops, leaves), "wrong")

    def test_a_hop_whose_caller_was_left_behind_is_missed(self):
        for left_in in ("A", "S"):
            hops, leaves = told()
            hops["A2"]["parent_id"] = left_in

            self.assertEqual(self.result("1000005", hops, leaves), "missed", left_in)

    def test_a_process_in_another_servers_own_hop_is_wrong(self):
        hops, leaves = told()
        hops["T"] = hop("T", "", "container-entrypoint", "chains/back/srv")
        leaves["1000003"] = "T"
        hops["A2"]["parent_id"] = "T"

        self.assertEqual(self.result("1000003", hops, leaves), "wrong")

    def test_a_hop_under_another_servers_own_hop_is_wrong(self):
        hops, leaves = told()
        hops["T"] = hop("T", "", "container-entrypoint", "chains/back/srv")
        hops["A2"]["parent_id"] = "T"

        self.assertEqual(self.result("1000005", hops, leaves), "wrong")

    def test_a_pods_cron_is_above_its_jobs_and_in_nobodys_way(self):
        hops, leaves = told()
        hops["J"], hops["K"] = hop("J", "S", "delegated", SERVER), hop("K", "S", "delegated", SERVER)
        hops["J1"] = hop("J1", "J", "tcp", SERVER)
        leaves |= {"1000006": "J", "1000007": "K", "1000008": "J1"}
        true_hops = TRUE_HOPS | {"s6": true_hop("", "cron", SERVER, "a"), "s7": true_hop("", "cron", SERVER, "b"),
                                 "h8": true_hop("s6", "tcp4", SERVER, "a")}
        truth = TRUTH | {"1000006": ["s6"], "1000007": ["s7"], "1000008": ["s6", "h8"]}

        scored = score(hops, leaves, true_hops, truth)

        self.assertEqual([(verdict["result"], verdict["merged"]) for verdict in scored.verdicts if verdict["marker"] > "1000005"], [("right", False)] * 3)

    def test_a_hop_of_the_wrong_kind_is_wrong(self):
        hops, leaves = told()
        hops["A1"]["kind"] = "ssh-login"

        self.assertEqual(self.result("1000003", hops, leaves), "wrong")

    def test_a_hop_into_the_wrong_container_is_wrong(self):
        hops, leaves = told()
        hops["A1"] = hop("A1", "A", "tcp", B)

        self.assertEqual(self.result("1000003", hops, leaves), "wrong")

    def test_a_process_left_in_the_servers_own_hop_is_missed_not_wrong(self):
        hops, leaves = told()
        leaves["1000003"] = "S"
        total = self.total(hops, leaves)

        self.assertEqual((total["missed"], total["wrong"], total["merged"]), (1, 0, 0))
        self.assertEqual(total["exact_precision"], 1.0)
        self.assertLess(total["exact_recall"], 1.0)

    def test_a_process_left_in_an_earlier_hop_of_its_way_is_missed(self):
        hops, leaves = told()
        leaves["1000005"] = "A1"

        self.assertEqual(self.result("1000005", hops, leaves), "missed")

    def test_what_follows_a_missed_hop_is_judged_by_itself(self):
        hops, leaves = told()
        leaves["1000003"] = "S"
        hops["A2"]["parent_id"] = "S"

        self.assertEqual(self.result("1000005", hops, leaves), "right")

    def test_a_hop_without_processes_is_judged_by_what_follows(self):
        truth = {marker: path for marker, path in TRUTH.items() if marker != "1000003"}
        hops, leaves = told()
        right = score(hops, leaves, truth=truth).figures()["total"]
        hops["A1"]["parent_id"] = "B"
        wrong = score(hops, leaves, truth=truth).figures()["total"]

        self.assertEqual((right["right"], right["wrong"]), (4, 0))
        self.assertEqual(wrong["wrong"], 1)

    def test_a_hop_whose_parent_is_not_told_is_missed_in_its_own_chain_and_wrong_in_another(self):
        for chain, wanted, merged in (("A", "missed", 0), ("B", "wrong", 1)):
            hops, leaves = told()
            hops["A2"]["parent_id"] = "gone"
            chains = [{"id": one, "hops": [each for name, each in hops.items() if name[0] == one and name != "A2"],
                       "processes": [{"process": {"argv": ["leaf", marker]}, "hop_id": where} for marker, where in leaves.items()
                                     if where[0] == one]} for one in "ABS"]
            next(each for each in chains if each["id"] == chain)["hops"].append(hops["A2"])
            scored = Score(TRUE_HOPS, LEAVES, TRUTH, chains)

            self.assertEqual(next(verdict for verdict in scored.verdicts if verdict["marker"] == "1000005")["result"], wanted)
            self.assertEqual(scored.figures()["total"]["merged"], merged)

    def test_inferred_where_the_kernel_knows_is_right_but_not_found_as_exact(self):
        hops, leaves = told()
        hops["A1"]["confidence"] = INFERRED
        total = self.total(hops, leaves)

        self.assertEqual(total["right"], 5)
        self.assertLess(total["exact_recall"], 1.0)

    def test_ambiguous_is_no_find_and_no_fault_when_the_truth_is_in_the_list(self):
        hops, leaves = told()
        hops["X"] = hop("X", "S", "unix-socket", SERVER, "ambiguous", candidate_ids=["A2", "B1"])
        leaves["1000005"] = "X"
        total = self.total(hops, leaves)

        self.assertEqual((total["wrong"], total["merged"], total["ambiguous_with_truth"]), (0, 0, 1.0))
        self.assertEqual(total["inferred_recall"], 0.0)

    def test_a_candidate_whose_caller_is_ambiguous_counts_by_the_callers_list(self):
        for candidates, in_list in ((["A1", "B1"], 1.0), (["B1"], 0.5)):
            hops, leaves = told()
            hops["X"] = hop("X", "S", "tcp", SERVER, "ambiguous", candidate_ids=candidates)
            hops["Y"] = hop("Y", "X", "unix-socket", SERVER, "ambiguous")
            hops["Z"] = hop("Z", "S", "unix-socket", SERVER, "ambiguous", candidate_ids=["B1", "Y"])
            leaves["1000003"], leaves["1000005"] = "X", "Z"
            with self.subTest(candidates):
                self.assertEqual(self.total(hops, leaves)["ambiguous_with_truth"], in_list)

    def test_ambiguous_without_the_truth_in_the_list_is_a_fault(self):
        hops, leaves = told()
        hops["X"] = hop("X", "S", "unix-socket", SERVER, "ambiguous", candidate_ids=["B1"])
        leaves["1000005"] = "X"
        scored = score(hops, leaves)

        self.assertEqual(scored.figures()["total"]["ambiguous_with_truth"], 0.0)
        self.assertEqual(len(scored.faults), 1)

    def test_a_process_that_nestor_does_not_show_is_unseen(self):
        hops, leaves = told()
        del leaves["1000004"]
        checks = Checks()

        judge(score(hops, leaves), checks)

        self.assertIn("every process is seen", checks.failed)

    def test_two_sessions_in_one_chain_are_none(self):
        hops, leaves = told()
        leaves["1000002"] = "A"

        self.assertEqual(self.result("1000002", hops, leaves), "wrong")

    def test_a_long_path_counts_only_when_it_is_right_from_end_to_end(self):
        true_hops = {**TRUE_HOPS, "h6": true_hop("h5", "tcp4", SERVER, "a"), "h7": true_hop("h6", "tcp4", SERVER, "a")}
        truth = {**TRUTH, "1000007": ["s1", "h3", "h5", "h6", "h7"]}
        hops, leaves = told()
        hops["A3"], hops["A4"] = hop("A3", "A2", "tcp", SERVER), hop("A4", "A3", "tcp", SERVER)
        leaves["1000007"] = "A4"
        whole = score(hops, leaves, true_hops, truth).figures()["total"]
        hops["A1"]["parent_id"] = "B"
        broken = score(hops, leaves, true_hops, truth).figures()["total"]

        self.assertEqual((whole["long_paths"], whole["long_whole"]), (1, 1.0))
        self.assertEqual(broken["long_whole"], 0.0)

    def test_the_table_names_every_mechanism(self):
        text = table(score(*told()))

        for words in ("tcp4/some", "unix-path/some", "total"):
            self.assertIn(words, text)

    def test_every_bar_is_a_figure(self):
        self.assertLessEqual({key for key, _, _ in BARS}, set(self.total(*told())))


class PlanTest(unittest.TestCase):
    def test_a_seed_is_a_plan(self):
        self.assertEqual([session["tasks"] for session in Plan(7, 30).sessions], [session["tasks"] for session in Plan(7, 30).sessions])
        self.assertNotEqual(Plan(7, 30).leaves, Plan(8, 30).leaves)

    def test_ways_are_at_most_six_hops_deep(self):
        deepest = max(len(leaf["path"]) for seed in range(20) for leaf in Plan(seed, 60).leaves.values())

        self.assertEqual(deepest - 1, 6)

    def test_only_the_wanted_mechanisms_are_played(self):
        models = {hop["model"] for hop in Plan(1, 30, mechanisms=["loop"]).hops.values()}

        self.assertEqual(models, {"pod", "loop"})

    def test_an_unknown_mechanism_is_an_error(self):
        with self.assertRaises(ValueError):
            choose(["carrier-pigeon"])

    def test_no_token_is_where_nestord_could_read_it(self):
        """Arguments of started programs name no hop."""
        for session in Plan(3, 60).sessions:
            for step in "".join(session["tasks"]).splitlines():
                if step.startswith("exec "):
                    self.assertFalse(set(step.split()[2:]) & set(Plan(3, 60).hops))


if __name__ == "__main__":
    unittest.main()
