#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks of the source text, for every file that git knows or would take in.

  tools/dev/check_style.py format           clang-format-19 finds nothing to change
  tools/dev/check_style.py spdx             every source names its licence in its first lines; no tabs, no blanks at
                                            line ends, no paths of a developer's machine; shellcheck where installed
  tools/dev/check_style.py CHECK --self-test   shows that each kind of fault is found
"""
import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CLANG_FORMAT = "clang-format-19"
USERLAND = "Apache-2.0"
KERNEL = "GPL-2.0-only OR BSD-2-Clause"
SOURCE_ENDINGS = {".cc", ".h", ".c", ".py", ".proto", ".go", ".js"}
TABS_ALLOWED = {".c", ".h"}  # below bpf/ only; gofmt wants them everywhere
NO_TEXT = {"LICENSE"}
PATCH = ".patch"  # has the tabs of what it changes, and a blank before each empty line
FOREIGN = ("proto/cri/",)  # copied from their project, with its own head
# Home folders but those of examples; what containers have in /root is no developer's.
HOME = re.compile(r"(?<![\w.$}])/(?:home|Users)/(?!ann\b|bob\b|user\b)[a-z][\w.-]*/")


def files(root):
    """Paths below root that are or could be committed; without git, all."""
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "-z"], cwd=root, capture_output=True,
                            check=False)
    if listed.returncode == 0 and (root / ".git").exists():
        names = [name for name in listed.stdout.decode().split("\0") if name]
    else:
        names = [str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()]
    return sorted(Path(name) for name in names if (root / name).is_file() and not (root / name).is_symlink())


def is_kernel(path):
    return "bpf" in path.parts[:-1]


def first_line(root, path):
    with open(root / path, "rb") as stream:
        return stream.readline(200)


def is_source(root, path):
    if path.suffix in SOURCE_ENDINGS:
        return True
    return not path.suffix and first_line(root, path).startswith(b"#!")


def format_faults(root):
    sources = [path for path in files(root) if path.suffix in (".cc", ".h", ".c")]
    if not sources:
        return []
    run = subprocess.run([CLANG_FORMAT, "--dry-run", "-Werror", *map(str, sources)], cwd=root, capture_output=True,
                         text=True, check=False)
    if run.returncode == 0:
        return []
    places = dict.fromkeys(re.findall(r"^(\S+?):(\d+):\d+: error", run.stderr, re.MULTILINE))
    found = [f"{name}:{line}: not as clang-format would have it; run tools/dev/format" for name, line in places]
    return found or [run.stderr.strip() or f"{CLANG_FORMAT} failed"]


def licence_fault(root, path, text):
    if not is_source(root, path) or str(path).startswith(FOREIGN):
        return None
    wanted = KERNEL if is_kernel(path) else USERLAND
    if f"SPDX-License-Identifier: {wanted}" in "\n".join(text.split("\n", 3)[:3]):
        return None
    return f"{path}:1: names no licence; the first line is \"SPDX-License-Identifier: {wanted}\""


def line_faults(root, path, text):
    tabs = path.suffix in (".go", PATCH) or (is_kernel(path) and path.suffix in TABS_ALLOWED)
    for number, line in enumerate(text.split("\n"), 1):
        if line != line.rstrip() and path.suffix != PATCH:
            yield f"{path}:{number}: blank at the end of the line"
        if "\t" in line and not tabs:
            yield f"{path}:{number}: tab"
        if HOME.search(line) or f"{root}/" in line:
            yield f"{path}:{number}: path that only one machine has"


def shell_faults(root, scripts):
    if not scripts or not shutil.which("shellcheck"):
        return []
    run = subprocess.run(["shellcheck", "--format=gcc", *map(str, scripts)], cwd=root, capture_output=True, text=True,
                         check=False)
    return run.stdout.splitlines() if run.returncode else []


def text_faults(root):
    found, scripts = [], []
    for path in files(root):
        if path.name in NO_TEXT or "seeds" in path.parts:
            continue
        try:
            text = (root / path).read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue  # no text
        if re.match(rb"#!.*\b(ba)?sh\b", first_line(root, path)):
            scripts.append(path)
        if fault := licence_fault(root, path, text):
            found.append(fault)
        found += line_faults(root, path, text)
    return found + shell_faults(root, scripts)


CHECKS = {"format": format_faults, "spdx": text_faults}
HEAD = "// SPDX-License-Identifier: Apache-2.0\n"
SELF_TEST = {  # check -> (file, text, is a fault)
    "format": [
        ("agent/a.cc", HEAD + "int F() { return 1; }\n", False),
        ("agent/a.cc", HEAD + "int  F( ){return 1;}\n", True),
        ("bpf/a.bpf.c", "int f(void)\n{\n\treturn 1;\n}\n", False),
        ("bpf/a.bpf.c", "int f(void) { return 1; }\n", True),
    ],
    "spdx": [
        ("agent/a.cc", HEAD, False),
        ("agent/a.cc", "int f;\n", True),
        ("agent/a.cc", "// SPDX-License-Identifier: GPL-2.0-only\n", True),
        ("bpf/a.bpf.c", f"/* SPDX-License-Identifier: {KERNEL} */\n\tint f;\n", False),
        ("bpf/a.bpf.c", HEAD, True),
        ("tools/x", "#!/bin/sh\n# SPDX-License-Identifier: Apache-2.0\n", False),
        ("tools/x", "#!/bin/sh\ntrue\n", True),
        ("agent/a.cc", HEAD + "\tint f;\n", True),
        ("agent/a.cc", HEAD + "int f; \n", True),
        ("tests/a.patch", "+\tint f;\n \n", False),
        ("tests/a.patch", "+see /ho" + "me/somebody/x\n", True),
        ("README.md", "see /ho" + "me/somebody/nestor/x\n", True),
        ("README.md", "see /etc/nestor, $HOME/x and /ho" + "me/user/x\n", False),
    ],
}


def self_test(check):
    wrong = []
    for name, text, is_fault in SELF_TEST[check]:
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            for config in (".clang-format", "bpf/.clang-format"):
                (root / config).parent.mkdir(exist_ok=True)
                shutil.copy(ROOT / config, root / config)
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text, encoding="utf-8")
            if bool(CHECKS[check](root)) != is_fault:
                wrong.append(f"{name} {text!r}: {'not found' if is_fault else 'no fault'}")
    return wrong


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("check", choices=CHECKS)
    arguments.add_argument("--self-test", action="store_true")
    options = arguments.parse_args()
    if options.check == "format" and not shutil.which(CLANG_FORMAT):
        print(f"{CLANG_FORMAT} is not installed; tools/setup installs it")
        return 1
    if options.self_test:
        found, said = self_test(options.check), f"{len(SELF_TEST[options.check])} examples"
    else:
        found, said = CHECKS[options.check](ROOT), "nothing to say"
    print("\n".join(found) if found else said)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
