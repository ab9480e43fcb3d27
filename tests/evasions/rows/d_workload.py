# SPDX-License-Identifier: Apache-2.0
"""D. Workload identity."""
from row import Row, absent, refused

ROWS = [
    Row("D1", "new user, mount and pid namespaces", "unshare -Urmpf /usr/bin/canary $T", refused(), with_seccomp=absent("seccomp")),
    Row("D3", "a cgroup below the container's", "mkdir /host-cgroup$(cut -d: -f3 /proc/self/cgroup)/$T && echo $BASHPID >/host-cgroup$(cut -d: -f3 /proc/self/cgroup)/$T/cgroup.procs"
        " && /usr/bin/canary $T", refused(), user="root"),
    Row("D3.away", "moved to a cgroup of the node, out of the pod", "echo $BASHPID >/host-cgroup/system/cgroup.procs && /usr/bin/canary $T", refused(), user="root"),
    Row("D4", "a container's first program, in a pod of its own", "", refused(), user="pod", argv=("/usr/bin/canary", "{tag}")),
]
