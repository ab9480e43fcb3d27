# shellcheck shell=bash
# Sourced by tests/vm/run and make_snapshot: the machine that both start. A snapshot fits only the very same one.
standard_memory=2G
payload_bytes=$((1 << 30)) # the second disk's size where a snapshot is to take it over: the guest's kernel asks for it once

# machine_of KERNEL_DIR INITRAMFS CPUS MEMORY WORK [WORDS]: leaves in machine QEMU's arguments, but for the root disk, which has to come before
# them: disks get their names in the order of the arguments. WORK gets console and status and has out, err and payload.img. WORDS are added
# to the kernel's command line.
machine_of() {
  local kernel_dir=$1 initramfs=$2 cpus=$3 memory=$4 work=$5 words=${6:-}
  # An old CPU: emulated, it is a fifth faster than one with all that QEMU can do (SMAP, five page table levels, ...), and distributions run on it.
  accelerator=("-accel" "tcg,thread=multi" "-cpu" "Nehalem" "-smp" "$cpus")
  machine=(-m "$memory" -display none -monitor none -no-reboot -nodefaults -no-user-config
    -kernel "$kernel_dir/vmlinuz" -initrd "$initramfs"
    -append "console=ttyS0 loglevel=4 panic=-1 mitigations=off random.trust_cpu=on net.ifnames=0${words:+ $words}"
    -serial "file:$work/console"
    -drive "file=$work/payload.img,format=raw,if=virtio,readonly=on"
    -device virtio-rng-pci -device virtio-serial-pci
    -chardev "file,id=out,path=$work/out" -device virtserialport,chardev=out,name=out
    -chardev "file,id=err,path=$work/err" -device virtserialport,chardev=err,name=err
    -chardev "file,id=status,path=$work/status" -device virtserialport,chardev=status,name=status)
}
