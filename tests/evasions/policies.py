# SPDX-License-Identifier: Apache-2.0
"""The policies that rows are played under, one pod each."""
from dataclasses import dataclass


@dataclass(frozen=True)
class Policy:
    about: str
    rules: str
    default: str = "allow"
    chain: str = "{}"

    def text(self, name, mode, digests):
        rules = self.rules.replace("@DIGESTS@", ", ".join(digests))
        return f"""apiVersion: nestor.dev/v1
kind: ChainPolicy
metadata: {{name: evasions-{name}}}
spec:
  mode: {mode}
  default: {self.default}
  selector: {{labels: {{evasions: {name}}}}}
  chain: {self.chain}
  rules:{rules}"""


POLICIES = {
    "paths": Policy("the canary and a secret by path, a port", """
  - name: no-canary
    exec: {paths: [/usr/bin/canary, /usr/bin/canary.static]}
  - name: no-forbidden
    exec: {paths: [/usr/bin/tool], args: ["--forbidden"]}
  - name: no-script
    exec: {paths: ["/**/forbidden.sh"]}
  - name: no-secrets
    file: {paths: ["/secret/**"], access: read}
  - name: no-listener
    connect: {cidrs: [127.0.0.0/8], ports: [7777]}
  - name: no-memory
    file: {paths: ["/proc/*/mem", "/proc/*/task/*/mem"], access: write}
  - name: no-helper
    file: {paths: [/proc/sys/kernel/core_pattern, /proc/sys/kernel/modprobe], access: write}
"""),
    "names": Policy("the canary by its name, wherever it is", """
  - name: no-name
    exec: {paths: ["/**/canary"]}
"""),
    "opens": Policy("opening the canary", """
  - name: no-open
    file: {paths: [/usr/bin/canary], access: read}
"""),
    "spared": Policy("a secret, but for one program", """
  - name: no-secrets
    file: {paths: ["/secret/**"], access: read, exceptExecutables: [/usr/bin/head]}
"""),
    "sockets": Policy("a unix socket by path", """
  - name: no-socket
    connect: {unix: [/marks/path.sock]}
"""),
    "allowed": Policy("only listed programs", """
  - name: listed
    action: allow
    exec:
      paths: [/usr/bin/bash, /usr/bin/dash, /usr/bin/timeout, /usr/bin/mktemp, /usr/bin/mkdir, /usr/bin/cp, /usr/bin/unshare, /usr/sbin/chroot,
              /usr/bin/mount, /usr/bin/true, /usr/bin/sleep, /usr/bin/python3.11, /usr/bin/rm]
""", default="deny"),
    "digest": Policy("the canary by its digest", """
  - name: no-digest
    exec: {sha256: [@DIGESTS@]}
"""),
    "image": Policy("what is not of the image", """
  - name: only-image
    exec: {from: added}
"""),
    "kinds": Policy("files without a name, and the loader", """
  - name: no-memfd
    exec: {is: [memfd]}
  - name: no-deleted
    exec: {is: [deleted]}
  - name: no-loader
    exec: {is: [loader]}
"""),
    "namespaces": Policy("making namespaces", """
  - name: no-namespace
    namespace: {kinds: [user, mnt], operations: [clone, unshare]}
"""),
    "traces": Policy("tracing", """
  - name: no-proc-mem
    trace: {operations: [proc-mem]}
"""),
    "sessions": Policy("the canary, for chains that began with an exec", """
  - name: no-session
    exec: {paths: [/usr/bin/canary]}
""", chain="{origins: [runtime-exec]}"),
    "rights": Policy("becoming root", """
  - name: no-root
    credential: {toUids: [0]}
"""),
}
