# SPDX-License-Identifier: Apache-2.0
"""A. Which file is it."""
from row import Row, absent, effect, refused, runs

COPIED = "rules by path know the file by where it is: pair them with `from: added` or `sha256`"
MOUNTED = "in a user namespace of its own a process mounts a file where it likes: refuse the namespace, or use `from` and `sha256`"
BLOCKED = absent("seccomp")

COPY = "cp /usr/bin/canary ls; ./ls $T"
PADDED = "cp /usr/bin/canary x; printf x >>x; ./x $T"
BY_DESCRIPTOR = """python3 -c '
import os, sys
os.execve(os.open("/usr/bin/canary", os.O_PATH), ["ls", sys.argv[1]], os.environ)' $T"""
MEMFD = """python3 -c '
import os, sys
memory = os.memfd_create("canary")
os.write(memory, open("/usr/bin/canary.static", "rb").read())
os.execve(memory, ["ls", sys.argv[1]], os.environ)' $T"""
NEVER_NAMED = """python3 -c '
import os, sys
file = os.open("/memory", os.O_TMPFILE | os.O_RDWR, 0o700)
os.write(file, open("/usr/bin/canary.static", "rb").read())
again = os.open(f"/proc/self/fd/{file}", os.O_RDONLY)
os.close(file)
os.execve(again, ["ls", sys.argv[1]], os.environ)' $T"""
DELETED = "cp /usr/bin/canary canary; exec 3<canary; rm canary; /proc/self/fd/3 $T"
IN_MEMORY = "D=$(mktemp -d -p /memory); cp /usr/bin/canary $D/ls; $D/ls $T"
FORGED = "mkdir -p R/usr/bin; cp /usr/bin/canary.static R/usr/bin/true; unshare -Ur chroot R /usr/bin/true $T"
MOUNTED_OVER = "cp /usr/bin/canary.static x; unshare -Urm bash -c 'mount --bind x /usr/bin/true && /usr/bin/true '$T"
MOVED_MOUNT = "mkdir R; touch R/other; unshare -Urm bash -c 'mount --bind /usr/bin/canary.static R/other && R/other '$T"
SPARED = "unshare -Urm bash -c 'mount --bind /usr/bin/cat /usr/bin/head && head /secret/'$T"
# open_tree(OPEN_TREE_CLONE | AT_RECURSIVE): the mount is in no tree.
DETACHED = """unshare -Urm python3 -c '
import ctypes, os, sys
tree = ctypes.CDLL(None).syscall(428, -100, b"/usr/bin/canary.static", 0x8001)
os.execve(tree, ["ls", sys.argv[1]], os.environ)' $T"""
# Names of 100 bytes, one below the other, entered one at a time: the path is longer than any call takes.
TOO_LONG = """python3 -c '
import os, sys
name = "d" * 100
for _ in range(int(sys.argv[2])):
    os.mkdir(name)
    os.chdir(name)
os.symlink("/usr/bin/canary", "link")
os.system("cp /usr/bin/canary canary")
os.execv("./canary", ["./canary", sys.argv[1]])' $T"""
TOO_DEEP = TOO_LONG.replace('"d" * 100', '"d"')

ROWS = [
    Row("A1", "a copy under another name: `cp canary ls`", COPY, runs(), file="/tmp/*/ls", argv=("./ls", "{tag}"), limit=COPIED),
    Row("A1.digest", "the same, against its digest", COPY, refused("no-digest"), policy="digest", file="/tmp/*/ls"),
    Row("A1.image", "the same, against what is not of the image", COPY, refused("only-image"), policy="image", file="/tmp/*/ls"),
    Row("A2", "one byte more: `printf x >>x`, against its digest", PADDED, runs(), policy="digest", file="/tmp/*/x",
        limit="another byte is another digest: lists of digests need `from: added` beside them"),
    Row("A2.image", "the same, against what is not of the image", PADDED, refused("only-image"), policy="image", file="/tmp/*/x"),
    Row("A3", "a symbolic link to it", "ln -s /usr/bin/canary ls; ./ls $T", refused(), argv=("./ls", "{tag}")),
    Row("A3.dots", "a link to a directory, and `..`: `L/../bin/canary`", "ln -s /usr/lib L; L/../bin/canary $T", refused(),
        argv=("L/../bin/canary", "{tag}")),
    Row("A5", "`/proc/self/root/usr/bin/canary`", "/proc/self/root/usr/bin/canary $T", refused()),
    Row("A5.fd", "`exec 3</usr/bin/canary; /proc/self/fd/3`", "exec 3</usr/bin/canary; /proc/self/fd/3 $T", refused()),
    Row("A6", "execveat with a descriptor and no path", BY_DESCRIPTOR, refused(), argv=("ls", "{tag}")),
    Row("A7", "memfd and fexecve", MEMFD, runs(), file="*canary*", argv=("ls", "{tag}"), limit="a file in memory has no path: use `is: [memfd]`"),
    Row("A7.kind", "the same, against `is: memfd`", MEMFD, refused("no-memfd"), policy="kinds", file="*canary*"),
    Row("A7.tmpfile", "a file that never had a name (O_TMPFILE), against `is: deleted`", NEVER_NAMED, refused("no-deleted"), policy="kinds",
        file="*"),
    Row("A7.deleted", "a deleted file by its descriptor, against `is: deleted`", DELETED, refused("no-deleted"), policy="kinds", file="*canary*"),
    Row("A7.path", "a deleted file keeps its path: against `/**/canary`", DELETED, refused("no-name"), policy="names", file="/tmp/*/canary"),
    Row("A7.tmpfs", "from an emptyDir in memory, against what is not of the image", IN_MEMORY, refused("only-image"), policy="image", file="/memory/*/ls"),
    Row("A9", "chroot, so that its path is one that is allowed", FORGED, refused("default"), policy="allowed", with_seccomp=BLOCKED,
        file="/tmp/*/R/usr/bin/true"),
    Row("A9.mount", "mounted over an allowed program, in a namespace of its own", MOUNTED_OVER, refused("default"), policy="allowed", with_seccomp=BLOCKED,
        file="/tmp/*/x"),
    Row("A9.namespace", "the same, against making a namespace", MOUNTED_OVER, effect("no-namespace"), policy="namespaces", with_seccomp=BLOCKED, file="*"),
    Row("A9.spared", "mounted over a program that a file rule spares", SPARED, effect("no-secrets"), policy="spared", with_seccomp=BLOCKED, file="*"),
    Row("A10", "mounted elsewhere, in a namespace of its own", MOVED_MOUNT, runs(), with_seccomp=BLOCKED, file="/tmp/*/R/other", limit=MOUNTED),
    Row("A10.image", "the same, against what is not of the image", MOVED_MOUNT, refused("only-image"), policy="image", with_seccomp=BLOCKED, file="/tmp/*/R/other"),
    Row("A10.detached", "from a mount that is in no tree (open_tree)", DETACHED, runs(), with_seccomp=BLOCKED, file="*", limit=MOUNTED),
    Row("A11", "a path of 4500 bytes, entered one name at a time", TOO_LONG + " 45", refused("no-name"), policy="names", file="/d*"),
    Row("A11.long", "a path of 3900 bytes", TOO_LONG + " 38", refused("no-name"), policy="names", file="/tmp/*/d*"),
    Row("A11.deep", "a path of 300 names", TOO_DEEP + " 300", refused("no-name"), policy="names", file="/d*"),
]
