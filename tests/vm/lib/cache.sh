# shellcheck shell=bash
# Sourced by tests/vm/run: what is made once and kept, outside the checkout, so that a clean clone finds it. A thing's path holds its key (a
# hash of what it is made of), so checkouts that differ share the cache, each with things of its own. A lock lets several runs share one.
vm_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
repo=$(cd "$vm_dir/../.." && pwd)
cache=${NESTOR_VM_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/nestor/vm}
mkdir -p "$cache"

say() { printf 'vm: %s\n' "$*" >&2; }
die() { printf 'vm: %s\n' "$*" >&2; exit 125; }

hash_of() { cat "$@" | sha256sum | cut -c1-16; }
key_of_words() { printf '%s\n' "$@" | hash_of; }

unused_days=7 # after so long what no run asked for is removed

# make_once VARIABLE NAME KEY COMMAND...: leaves in VARIABLE the path $cache/NAME.KEY. Runs COMMAND with the path as its last argument unless
# it was made before (the stamp beside it says so, and when it was used last).
make_once() {
  local -n made=$1
  local name=$2 begin=$SECONDS lock other
  made=$cache/$2.$3
  shift 3
  exec {lock}>"$cache/$name.lock"
  flock "$lock"
  if [[ ! -e $made.used ]]; then
    say "making $name"
    "$@" "$made" {lock}>&- || die "could not make $name"
    say "made $name in $((SECONDS - begin)) s"
    for other in $(find "$cache" -maxdepth 1 -name "$name.*.used" -mtime "+$unused_days"); do rm -rf "$other" "${other%.used}"; done
  fi
  touch "$made.used"
  exec {lock}>&-
}

# need_qemu: leaves in qemu the emulator and where its firmware is.
need_qemu() {
  make_once qemu_dir qemu "$(hash_of "$vm_dir"/lib/{fetch_qemu,apt_of_its_own.sh})" "$vm_dir/lib/fetch_qemu"
  qemu=("$qemu_dir/qemu" -L "$qemu_dir/firmware")
}

# need_kernel SERIES: leaves its folder in kernel_dir, and what it boots with in initramfs.
need_kernel() {
  make_once kernel_dir "kernel-$1" "$(hash_of "$vm_dir"/lib/{fetch_kernel,apt_of_its_own.sh})" "$vm_dir/lib/fetch_kernel" "$1"
  make_once initramfs "initramfs-$1" "$(find "$kernel_dir/release" "$vm_dir/lib/make_initramfs" "$vm_dir/guest" -type f | LC_ALL=C sort | xargs cat | hash_of)" \
    "$vm_dir/lib/make_initramfs" "$kernel_dir"
}

# need_root: leaves in root the disk with container images in containerd's store.
need_root() {
  local base images
  make_once base base-image "$(hash_of "$vm_dir/lib/make_root")" "$vm_dir/lib/make_root"
  make_once images images "$(find "$vm_dir/images" "$repo/tools/lib/oci.py" -type f | LC_ALL=C sort | xargs cat | hash_of)" "$vm_dir/images/build"
  make_once root root-image "$(key_of_words "$base" "$images" "$(hash_of "$vm_dir/lib/import_images")")" "$vm_dir/lib/import_images" "$base" "$images"
}

# need_snapshot SERIES CPUS: leaves in frozen a folder with a machine that has booted, with containerd up and no payload yet.
need_snapshot() {
  local key
  key=$(key_of_words "$qemu_dir" "$kernel_dir" "$initramfs" "$root" "$(grep -m 1 'model name' /proc/cpuinfo)" \
    "$(hash_of "$vm_dir"/lib/{make_snapshot,freeze.py,machine.sh})")
  make_once frozen "snapshot-$1-cpus-$2" "$key" "$vm_dir/lib/make_snapshot" "$1" "$2"
}
