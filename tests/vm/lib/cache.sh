# shellcheck shell=bash
# Sourced by tests/vm/run: what is made once and kept in the cache. Each thing has a key (a hash of what it is made of); it is made
# again when the key differs. A lock lets several runs share one cache.
vm_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
repo=$(cd "$vm_dir/../.." && pwd)
cache=${NESTOR_VM_CACHE:-$repo/.cache/vm}
mkdir -p "$cache"

say() { printf 'vm: %s\n' "$*" >&2; }
die() { printf 'vm: %s\n' "$*" >&2; exit 125; }

hash_of() { cat "$@" | sha256sum | cut -c1-16; }

# make_once NAME KEY COMMAND...: runs COMMAND with the path $cache/NAME as its last argument unless it is there with this key.
make_once() {
  local name=$1 key=$2 begin=$SECONDS
  shift 2
  exec {lock}>"$cache/${name//\//-}.lock"
  flock "$lock"
  if [[ ! -e $cache/$name || $(cat "$cache/$name.key" 2>/dev/null) != "$key" ]]; then
    say "making $name"
    rm -f "$cache/$name.key"
    mkdir -p "$(dirname "$cache/$name")"
    "$@" "$cache/$name" || die "could not make $name"
    echo "$key" >"$cache/$name.key"
    say "made $name in $((SECONDS - begin)) s"
  fi
  exec {lock}>&-
}

# need_qemu: leaves in qemu the emulator and where its firmware is.
need_qemu() {
  make_once qemu "$(hash_of "$vm_dir"/lib/{fetch_qemu,apt_of_its_own.sh})" "$vm_dir/lib/fetch_qemu"
  qemu=("$cache/qemu/qemu" -L "$cache/qemu/firmware")
}

need_kernel() {
  make_once "kernels/$1" "$(hash_of "$vm_dir"/lib/{fetch_kernel,apt_of_its_own.sh})" "$vm_dir/lib/fetch_kernel" "$1"
  make_once "initramfs-$1.gz" "$(hash_of "$cache/kernels/$1/release" "$vm_dir/lib/make_initramfs")" \
    "$vm_dir/lib/make_initramfs" "$cache/kernels/$1"
}

need_root() {
  make_once base.img "$(hash_of "$vm_dir/lib/make_root")" "$vm_dir/lib/make_root"
  make_once images "$(find "$vm_dir/images" "$repo/tools/lib/oci.py" -type f | LC_ALL=C sort | xargs cat | sha256sum | cut -c1-16)" "$vm_dir/images/build"
  make_once root.img "$(hash_of "$cache/base.img.key" "$cache/images.key" "$vm_dir/lib/import_images")" \
    "$vm_dir/lib/import_images"
}
