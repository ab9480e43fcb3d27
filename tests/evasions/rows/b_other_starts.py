# SPDX-License-Identifier: Apache-2.0
"""B. Runs without the exec you watch."""
from row import BASH, PYTHON, Row, effect, refused, runs

LOADER = "/lib64/ld-linux-x86-64.so.2 /usr/bin/canary $T"
CONTENT = "what an interpreter does inside is not a start of a program: only its effects are judged"
# Machine code for x86-64: write(1, text), and back. The text follows it.
CODE = """
import ctypes, mmap, sys
text = f"ran {sys.argv[1]}\\n".encode()
code = b"\\xb8\\x01\\0\\0\\0\\xbf\\x01\\0\\0\\0\\x48\\x8d\\x35\\x08\\0\\0\\0\\xba" + len(text).to_bytes(4, "little") + b"\\x0f\\x05\\xc3" + text
"""
WRITABLE_CODE = CODE + """
page = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
page.write(code)
ctypes.CFUNCTYPE(None)(ctypes.addressof(ctypes.c_char.from_buffer(page)))()
"""
# Over a function of libc that nobody needs.
OWN_MEMORY = CODE + """
place = ctypes.cast(ctypes.CDLL(None).a64l, ctypes.c_void_p).value
with open("/proc/self/mem", "r+b", buffering=0) as memory:
    memory.seek(place)
    memory.write(code)
ctypes.CFUNCTYPE(None)(place)()
"""
CORE_PATTERN = """echo "|/run/evasions/kit/canary $T" >/proc/sys/kernel/core_pattern || exit 1
ulimit -c unlimited
bash -c 'kill -SEGV $$'
for _ in $(seq 100); do grep -q $T /marks/marks && break; sleep 0.1; done"""


def python(code):
    return f"cat >program.py <<'E'{code}E\npython3 program.py $T"


# Programs that start others: name, and how.
LAUNCHERS = {
    "awk": "awk -v t=$T 'BEGIN { system(\"/usr/bin/canary \" t) }'",
    "env": "env -i /usr/bin/canary $T",
    "find": "find / -maxdepth 0 -exec /usr/bin/canary $T \\;",
    "flock": "flock lock /usr/bin/canary $T",
    "nice": "nice /usr/bin/canary $T",
    "nohup": "nohup /usr/bin/canary $T >out; cat out",
    "perl": "perl -e 'exec \"/usr/bin/canary\", @ARGV' $T",
    "python": "python3 -c 'import subprocess, sys; subprocess.run([\"/usr/bin/canary\", sys.argv[1]])' $T",
    "script": "script -qc \"/usr/bin/canary $T\" /dev/null",
    "sed": "echo x | sed \"s|x|/usr/bin/canary $T|e\"",
    "socat": "socat -u EXEC:\"/usr/bin/canary $T\" -",
    "stdbuf": "stdbuf -o0 /usr/bin/canary $T",
    "tar": "touch f; tar -cf /dev/null --checkpoint=1 --checkpoint-action=exec=\"/usr/bin/canary $T\" f",
    "xargs": "echo $T | xargs /usr/bin/canary",
}

ROWS = [
    Row("B1", "the dynamic loader as the program, against the path", LOADER, refused(),
        argv=("/lib64/ld-linux-x86-64.so.2", "/usr/bin/canary", "{tag}")),
    Row("B1.kind", "the same, against `is: loader`", LOADER, refused("no-loader"), policy="kinds", file="/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2"),
    Row("B1.copy", "a copy of the loader under another name, against `is: loader`", "cp /lib64/ld-linux-x86-64.so.2 ls; ./ls /usr/bin/canary $T",
        refused("no-loader"), policy="kinds", argv=("./ls", "/usr/bin/canary", "{tag}")),
    Row("B1.image", "what a loader is told to run, against what is not of the image", "cp /usr/bin/canary x; /lib64/ld-linux-x86-64.so.2 ./x $T",
        refused("only-image"), policy="image", file="/tmp/*/x"),
    Row("B1.protect", "a loader of one's own, which maps the program to read and then makes that executable", "/evasions/trick protect /usr/bin/canary $T",
        effect("no-canary"), argv=("/evasions/trick", "protect", "/usr/bin/canary", "{tag}")),
    Row("B1.file", "the same, against opening the file", LOADER, effect("no-open"), policy="opens"),
    Row("B2", "a script whose interpreter it is", "printf \"#!/usr/bin/canary $T\\n\" >$T; chmod +x $T; ./$T", refused()),
    Row("B2.chain", "four scripts, each the next one's interpreter",
        "I=/usr/bin/canary; for n in 1 2 3 4; do printf \"#!$I $T\\n\" >$T.$n; chmod +x $T.$n; I=$PWD/$T.$n; done; ./$T.4", refused()),
    Row("B2.env", "`#!/usr/bin/env -S canary`", "printf \"#!/usr/bin/env -S /usr/bin/canary $T\\n\" >s; chmod +x s; ./s", refused()),
    Row("B2.script", "a forbidden script, started", "printf 'echo ran $1\\n' >forbidden.sh; sed -i '1i #!/bin/sh' forbidden.sh; chmod +x forbidden.sh; ./forbidden.sh $T",
        refused("no-script"), file="/tmp/*/forbidden.sh"),
    Row("B2.data", "a forbidden script, given to its interpreter: `bash forbidden.sh`", "echo 'echo ran $1' >forbidden.sh; bash forbidden.sh $T", runs(), file=BASH,
        argv=("bash", "forbidden.sh", "{tag}"), limit="the script is data of the shell: a rule with `commandLine` sees its name"),
    Row("B4", "a program's name on a shell's stdin", "echo \"/usr/bin/canary $T\" | bash", refused()),
    Row("B4.encoded", "the same, encoded: `sh -c \"$(base64 -d)\"`", "sh -c \"$(echo /usr/bin/canary $T | base64 | base64 -d)\"", refused()),
    Row("B4.builtin", "builtins only, on stdin", "echo 'echo ran $1' | bash -s $T", runs(), file=BASH, argv=("bash", "-s", "{tag}"), limit=CONTENT),
    Row("B4.effect", "builtins that read a secret", "echo 'read -r line </secret/$1; echo $line' | bash -s $T", effect("no-secrets"), file="/secret/{tag}"),
    Row("B4.connect", "builtins that connect", "echo 'exec 3<>/dev/tcp/127.0.0.1/7777 && echo ran $1' | bash -s $T", effect("no-listener"), file="127.0.0.1*"),
    Row("B6", "another argv[0]: `exec -a ls`", "(exec -a ls /usr/bin/canary $T)", refused(), argv=("ls", "{tag}")),
    *[Row(f"B7.{name}", f"by {name}", script, refused()) for name, script in LAUNCHERS.items()],
    Row("B7.ssh", "by ssh's ProxyCommand (ssh wants a user with a name)", "ssh -o ProxyCommand=\"/usr/bin/canary $T\" nowhere", refused(), user="root"),
    Row("B9", "code in memory of its own that can be written and run", python(WRITABLE_CODE), runs(), file=PYTHON, limit=CONTENT),
    Row("B9.mem", "code written over a function by /proc/self/mem", python(OWN_MEMORY), effect("no-memory"), file="/proc/*/mem"),
    Row("B9.trace", "the same, against `trace: proc-mem`", python(OWN_MEMORY), effect("no-proc-mem"), policy="traces", file="*"),
    Row("B10", "a setuid program, against becoming root", "mount -t $T && echo ran $T", effect("no-root"), policy="rights", file="uid 1000 -> 0 *"),
    Row("B11", "core_pattern: the kernel starts it, on the node", CORE_PATTERN, effect("no-helper"), user="root", file="/proc/sys/kernel/core_pattern",
        before="true", after="echo core >/proc/sys/kernel/core_pattern"),
]
