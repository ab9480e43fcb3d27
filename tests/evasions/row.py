# SPDX-License-Identifier: Apache-2.0
"""What a row is: a way around, played by a script inside containers, and what is expected of nestor."""
import importlib
from dataclasses import dataclass

FAMILIES = {"a_which_file": "A. Which file is it", "b_other_starts": "B. Runs without the exec you watch", "c_observation": "C. Observation layer",
            "d_workload": "D. Workload identity", "e_lineage": "E. Process-chain laundering", "f_sockets": "F. Socket-chain laundering"}
# Of the toolbox image.
PYTHON = "/usr/bin/python3.11"
BASH = "/usr/bin/bash"


@dataclass(frozen=True)
class Expect:
    """`word` is what the page says. A rule that judges says so by a verdict; without one the program runs and is seen."""
    word: str
    rule: str = ""


def refused(rule="no-canary"):
    """Enforce: it does not run, and a verdict says who tried. Audit: it runs, and the same verdict says that nothing was applied."""
    return Expect("refused", rule)


def effect(rule):
    """The code itself is not seen, for no program starts. What it does is judged: as refused(), but for a file or a connection."""
    return Expect("effect refused", rule)


def runs():
    """Not stopped, in either mode: it runs, and its exec is in the stream with its true file, arguments, chain and pod."""
    return Expect("runs, seen")


def absent(who):
    """Something else stops it before nestor is asked."""
    return Expect(f"stopped by {who}")


@dataclass(frozen=True)
class Row:
    """`script` is bash, in a new directory; $T is the tag that tells its canary from all others, {tag} the same in what is expected."""
    id: str
    how: str
    script: str
    expect: Expect
    policy: str = "paths"  # of policies.py
    user: str = "plain"    # plain: uid 1000, with seccomp's default and without; root: a privileged container; pod: a pod of its own
    with_seccomp: Expect | None = None  # where that differs
    file: str = "/usr/bin/canary"       # the true file, or what is opened or connected to; a glob
    argv: tuple = ()                    # the true arguments, globs; without it the tag is among them
    limit: str = ""                     # what cannot be had, in a sentence
    before: str = ""                    # on the node, as root; such a row is played alone
    after: str = ""
    defect: str = ""                    # why it fails today
    judged_in: str = ""                 # the container where the program runs, if it is another one than the script's

    def expected(self, container):
        return self.with_seccomp if container == "seccomp" and self.with_seccomp else self.expect


def all_rows():
    rows = [row for family in FAMILIES for row in importlib.import_module(f"rows.{family}").ROWS]
    ids = [row.id for row in rows]
    assert len(set(ids)) == len(ids), "two rows with one id"
    return rows


def chosen(names):
    """Rows by id, or by what is before the dot."""
    rows = all_rows()
    unknown = [name for name in names if not any(name in (row.id, row.id.split(".")[0]) for row in rows)]
    if unknown:
        raise SystemExit(f"no such row: {', '.join(unknown)}; there are {', '.join(row.id for row in rows)}")
    return [row for row in rows if not names or row.id in names or row.id.split(".")[0] in names]
