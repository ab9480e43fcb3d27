# SPDX-License-Identifier: Apache-2.0
"""D. Workload identity."""
from row import Row, absent, refused

ID = "f" * 64
OWN = "/host-cgroup$(cut -d: -f3 /proc/self/cgroup)"
INTO = "mkdir -p {cgroup} && echo $BASHPID >{cgroup}/cgroup.procs && /usr/bin/canary $T"
# In a user and cgroup namespace of its own, where the container's cgroup is the root. %s: what comes in the new cgroup.
NAMESPACE = "unshare -UrmC bash -c 'mount -t cgroup2 none /mnt && mkdir -p /mnt/" + ID + " && echo $$ >/mnt/" + ID + "/cgroup.procs && %s' _ $T"
# An overlay of its own becomes the root before the first program there starts.
OVERLAY = ("d=$(mktemp -d /memory/XXXX) && mkdir $d/l $d/u $d/w $d/m && cp /usr/bin/canary.static $d/l/canary && export d && " + NAMESPACE %
           "mount -t overlay -o lowerdir=$d/l,upperdir=$d/u,workdir=$d/w overlay $d/m && cd $d/m && mkdir old && pivot_root . old && exec /canary $1")

ROWS = [
    Row("D1", "new user, mount and pid namespaces", "unshare -Urmpf /usr/bin/canary $T", refused(), with_seccomp=absent("seccomp")),
    Row("D3", "a cgroup below the container's", "mkdir /host-cgroup$(cut -d: -f3 /proc/self/cgroup)/$T && echo $BASHPID >/host-cgroup$(cut -d: -f3 /proc/self/cgroup)/$T/cgroup.procs"
        " && /usr/bin/canary $T", refused(), user="root"),
    Row("D3.id", "the same, called like a container", INTO.format(cgroup=OWN + "/" + ID), refused(), user="root"),
    Row("D3.id-session", "the same, against chains that began with an exec", INTO.format(cgroup=OWN + "/" + ID), refused("no-session"), policy="sessions", user="root"),
    Row("D3.engine", "as an engine inside the container makes it", INTO.format(cgroup=OWN + "/docker/" + ID), refused("no-session"), policy="sessions", user="root"),
    Row("D3.outside", "one called like a container, beside all pods", INTO.format(cgroup="/host-cgroup/" + ID), refused("no-session"), policy="sessions", user="root"),
    Row("D3.other", "another container's cgroup", "other=$(grep -l . $(find /host-cgroup -path '*/pod*' -name cgroup.procs) | grep -v $(cut -d: -f3 /proc/self/cgroup) | head -1)"
        " && echo $BASHPID >$other && /usr/bin/canary $T", refused("no-session"), policy="sessions", user="root"),
    Row("D3.namespace", "one called like a container, in a cgroup namespace of its own", NAMESPACE % "exec bash -c \"/usr/bin/canary $1; true\"", refused("no-session"),
        policy="sessions", user="root"),
    Row("D3.image", "the same, with a root of its own, against what is not of the image", OVERLAY, refused("only-image"), policy="image", user="root", file="*canary"),
    Row("D3.away", "moved to a cgroup of the node, out of the pod", "echo $BASHPID >/host-cgroup/system/cgroup.procs && /usr/bin/canary $T", refused(), user="root"),
    Row("D4", "a container's first program, in a pod of its own", "", refused(), user="pod", argv=("/usr/bin/canary", "{tag}")),
]
