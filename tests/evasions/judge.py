# SPDX-License-Identifier: Apache-2.0
"""What came of a try, in a word, and what is wrong with it."""
from stage import NAMESPACE

HARMLESS = "--innocent!"  # what tricks/flip also starts, and may


class Judge:
    """Over the events of one mode."""

    def __init__(self, events):
        self.execs = [event for event in events if event["type"] == "exec"]
        self.verdicts = [event for event in events if event["type"] == "verdict"]

    def faults(self, each):
        """Empty: all is as expected."""
        expect = each.expect
        if expect.word.startswith("stopped by"):
            return ["it ran"] if each.ran else []
        if not expect.rule:
            return self.not_stopped(each)
        return self.stopped(each) if each.mode == "enforce" else self.reported(each)

    def seen(self, each):
        """In a word of the table."""
        found = self.verdicts_of(each)
        stages = sorted({event["verdict"]["stage"] for event in found})
        word = "ran" if forbidden(each) else "absent"
        return word + (f", {'applied' if any(event['verdict']['applied'] for event in found) else 'told'} at {'+'.join(stages)}" if found else "")

    def verdicts_of(self, each):
        return [event for event in self.verdicts if event["verdict"]["rule"] == each.expect.rule and names(event, each.tag)]

    def stopped(self, each):
        faults = [f"it ran {len(forbidden(each))} times"] if forbidden(each) else []
        return faults + self.verdict_faults(each, applied=True)

    def reported(self, each):
        ran, told = len(forbidden(each)), len(self.verdicts_of(each))
        faults = [] if ran else ["it did not run in audit mode"]
        if ran > told and each.expect.word == "refused":
            faults.append(f"it ran {ran} times, and {told} verdicts")
        return faults + self.verdict_faults(each, applied=False)

    def verdict_faults(self, each, applied):
        found = self.verdicts_of(each)
        if not found:
            others = sorted({event["verdict"]["rule"] for event in self.verdicts if names(event, each.tag)})
            return [f"no verdict of {each.expect.rule}" + (f", but of {others}" if others else "")]
        faults = []
        for event in found:
            verdict = event["verdict"]
            if verdict["applied"] != applied or verdict["mode"] != each.mode:
                faults.append(f"applied {verdict['applied']} in mode {verdict['mode']}")
            if not each.matches(verdict["subject"], each.row.file):
                faults.append(f"the subject is {verdict['subject']}")
            if each.row.argv and not same_arguments(each, verdict["argv"]):
                faults.append(f"the arguments are {verdict['argv']}")
            faults += self.place_faults(each, event)
        return sorted(set(faults))

    def not_stopped(self, each):
        found = [event for event in self.execs if any(each.tag in word for word in event["process"]["argv"]) and each.matches(event["process"]["exe"], each.row.file)
                 and (not each.row.argv or same_arguments(each, event["process"]["argv"]))]
        faults = [] if each.ran else ["it did not run"]
        if not found:
            seen = [(event["process"]["exe"], event["process"]["argv"]) for event in self.execs if any(each.tag in word for word in event["process"]["argv"])]
            return faults + [f"no exec of {each.row.file}, but {seen[:4]}"]
        return faults + sorted({fault for event in found for fault in self.place_faults(each, event)})

    def place_faults(self, each, event):
        """Pod, container and chain."""
        faults, workload = [], event.get("workload", {})
        place = tuple(workload.get(key, "") for key in ("namespace", "pod", "container"))
        if place != (NAMESPACE, each.pod, each.judged_in) and not (each.row.user == "pod" and workload.get("pending")):
            faults.append(f"the place is {'/'.join(place)}")
        chains = self.chains_of(each)
        if each.row.user != "pod" and event["chain_id"] not in chains:
            faults.append(f"the chain is {event['chain_id']} (hop {event['hop_id']}), the session's are {sorted(chains) or 'not known: the exec of its shell was not seen'}")
        return faults

    def chains_of(self, each):
        """Of the shell that plays the row."""
        argv = ["bash", f"/evasions/rows/{each.row.id}", each.tag]
        return {event["chain_id"] for event in self.execs if event["process"]["argv"] == argv}


def names(event, tag):
    """The tag stands in what was tried, or in who tried."""
    words = [event["verdict"]["subject"], *event["verdict"]["argv"], *event.get("process", {}).get("argv", [])]
    return any(tag in word for word in words)


def forbidden(each):
    return [words for words in each.ran if each.row.expect.rule != "no-forbidden" or words == "--forbidden"]


def same_arguments(each, argv):
    return len(argv) == len(each.row.argv) and all(each.matches(*pair) for pair in zip(argv, each.row.argv))
