#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes an OCI image archive from a root file system, without a container engine.

The archive is an OCI image layout in a tar (image-spec 1.0), which `ctr images import` and `podman load` take. One layer; the same
input gives the same bytes (owners kept, times set to SOURCE_DATE_EPOCH or 0, entries sorted).
"""
import argparse
import gzip
import hashlib
import io
import json
import os
import stat
import sys
import tarfile


def fail(text):
    sys.exit(f"oci.py: {text}")


def layer_from_directory(root, epoch):
    """The directory as tar bytes; hard links are kept, sockets are left out (a socket file means nothing without its process)."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for folder, folders, files in os.walk(root):
            folders.sort()
            for name in sorted(folders + files):
                path = os.path.join(folder, name)
                if stat.S_ISSOCK(os.lstat(path).st_mode):
                    continue
                info = tar.gettarinfo(path, arcname=os.path.relpath(path, root))
                info.mtime = epoch
                info.uname = info.gname = ""
                if info.isreg():
                    with open(path, "rb") as content:
                        tar.addfile(info, content)
                else:
                    tar.addfile(info)
    return buffer.getvalue()


def blob(data):
    return {"digest": "sha256:" + hashlib.sha256(data).hexdigest(), "size": len(data)}


def write_archive(out, name, layer, config):
    packed = gzip.compress(layer, compresslevel=1, mtime=0)
    image = {
        "architecture": "amd64",
        "os": "linux",
        "config": config,
        "rootfs": {"type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(layer).hexdigest()]},
    }
    image_bytes = json.dumps(image, sort_keys=True).encode()
    manifest = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": {"mediaType": "application/vnd.oci.image.config.v1+json", **blob(image_bytes)},
        "layers": [{"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", **blob(packed)}],
    }
    manifest_bytes = json.dumps(manifest, sort_keys=True).encode()
    index = {
        "schemaVersion": 2,
        "manifests": [
            {
                "mediaType": "application/vnd.oci.image.manifest.v1+json",
                **blob(manifest_bytes),
                "annotations": {"io.containerd.image.name": name, "org.opencontainers.image.ref.name": name.rsplit(":", 1)[-1]},
            }
        ],
    }
    files = {"oci-layout": b'{"imageLayoutVersion": "1.0.0"}', "index.json": json.dumps(index, sort_keys=True).encode()}
    for data in (image_bytes, manifest_bytes, packed):
        files["blobs/sha256/" + hashlib.sha256(data).hexdigest()] = data
    with tarfile.open(out + ".new", mode="w") as tar:
        for path in sorted(files):
            info = tarfile.TarInfo(path)
            info.size = len(files[path])
            info.mode = 0o644
            tar.addfile(info, io.BytesIO(files[path]))
    os.replace(out + ".new", out)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rootfs", required=True, help="directory, or a tar of it")
    parser.add_argument("--name", required=True, help="full reference, with tag: localhost/nestor/busybox:test")
    parser.add_argument("--entrypoint", default="[]", help='JSON list: ["/usr/bin/nestord"]')
    parser.add_argument("--cmd", default="[]", help="JSON list")
    parser.add_argument("--env", action="append", default=[], metavar="KEY=VALUE")
    parser.add_argument("--workdir", default="/")
    parser.add_argument("--out", required=True)
    arguments = parser.parse_args()

    epoch = int(os.environ.get("SOURCE_DATE_EPOCH", "0"))
    if os.path.isdir(arguments.rootfs):
        layer = layer_from_directory(arguments.rootfs, epoch)
    elif os.path.isfile(arguments.rootfs):
        with open(arguments.rootfs, "rb") as tar:
            layer = tar.read()
    else:
        fail(f"--rootfs: no such file or directory: {arguments.rootfs}")
    config = {"Env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", *arguments.env], "WorkingDir": arguments.workdir}
    for key, text in (("Entrypoint", arguments.entrypoint), ("Cmd", arguments.cmd)):
        try:
            value = json.loads(text)
        except json.JSONDecodeError as error:
            fail(f"--{key.lower()}: not a JSON list: {error}")
        if value:
            config[key] = value
    write_archive(arguments.out, arguments.name, layer, config)


if __name__ == "__main__":
    main()
