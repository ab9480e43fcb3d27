#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""page.py --check: README.md has the rows as they are. page.py --write KERNEL RESULTS: puts in what came of a run (`run --write-table`)."""
import importlib
import json
import re
import sys
from pathlib import Path

from policies import POLICIES
from row import FAMILIES, all_rows

PAGE = Path(__file__).resolve().parent / "README.md"
BEGIN, END = "<!-- written by run --write-table -->", "<!-- end -->"
KERNELS = ("6.1", "6.12", "6.18")
LINE = re.compile(r"^\| ([A-G]\d[\w.-]*) \|.*\| ([^|]*) \| ([^|]*) \| ([^|]*) \|$")
CELL = re.compile(r"yes|no")


def cells_in(text):
    """Row -> what the page has for each kernel."""
    return {found.group(1): dict(zip(KERNELS, (cell.strip() for cell in found.groups()[1:])))
            for found in map(LINE.match, text.splitlines()) if found}


def expected(row):
    word = row.expect.word
    return word + (f"; with seccomp: {row.with_seccomp.word}" if row.with_seccomp else "")


def table(cells):
    lines = [BEGIN, ""]
    for module, title in FAMILIES.items():
        rows = importlib.import_module(f"rows.{module}").ROWS
        if not rows:
            continue
        lines += [f"### {title}", "", "| row | how it works | under rules about | expected | " + " | ".join(KERNELS) + " |", "|---|---|---|---|---|---|---|"]
        for row in rows:
            found = cells.get(row.id, {})
            how = row.how.replace("|", "\\|")
            lines.append(f"| {row.id} | {how} | {POLICIES[row.policy].about} | {expected(row)} | " + " | ".join(found.get(kernel, "") for kernel in KERNELS) + " |")
        lines.append("")
    lines += ["### What can't be stopped here", ""]
    limits = {}
    for row in all_rows():
        if row.limit:
            limits.setdefault(row.limit, []).append(row.id)
    lines += [f"- **{', '.join(ids)}**: {limit}." for limit, ids in limits.items()]
    defects = [f"- **{row.id}**: {row.defect}." for row in all_rows() if row.defect]
    if defects:
        lines += ["", "### What should be stopped and is not yet", "", *defects]
    return "\n".join([*lines, "", END])


def with_table(text, cells):
    before, rest = text.split(BEGIN, 1)
    return before + table(cells) + rest.split(END, 1)[1]


def check():
    text = PAGE.read_text()
    cells = cells_in(text)
    faults = [f"{name} on {kernel}: `{cell}`" for name, of_row in cells.items() for kernel, cell in of_row.items() if not CELL.fullmatch(cell)]
    if text != with_table(text, cells):
        faults.append("the table is not that of the rows")
    print("\n".join(f"README.md: {fault}; tests/evasions/run --kernel K --write-table writes it" for fault in faults) or f"{len(cells)} rows")
    return 1 if faults else 0


def write(kernel, results):
    text = PAGE.read_text()
    cells = cells_in(text)
    for name, words in json.loads(Path(results).read_text()).items():
        cells.setdefault(name, {})[kernel] = "no" if "fails" in words else "yes"
    PAGE.write_text(with_table(text, cells))
    return 0


if sys.argv[1:] == ["--check"]:
    sys.exit(check())
if len(sys.argv) == 4 and sys.argv[1] == "--write":
    sys.exit(write(*sys.argv[2:]))
sys.exit(__doc__)
