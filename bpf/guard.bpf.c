/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Guarding nestor itself from pods: its maps, programs and links, the directories that it keeps things in, its process. Each try is told.
 *
 * Who may: the host, nestord's own container, and who has the host's pid namespace and CAP_SYS_ADMIN in it, who is root on the host by
 * other ways anyway; a nestord that replaces this one in another pod is such.
 *
 * Hooks: lsm/... in the caller. Lowest kernel: 5.19. Need BPF among the active LSMs. Refuse with EPERM. Cost: for pods one comparison a
 * signal or tracer, one look-up a BPF call, one a file that is opened for writing, created, renamed or removed, and up to 16 on a device
 * that some guarded file is on; nothing for the host. On failure: nothing here can fail but the record: ring-verdicts.
 */
#include "guard.bpf.h"
#include "lsm.bpf.h"

#define BPF_LINK_UPDATE_CALL 29 /* enum bpf_cmd */
#define BPF_LINK_GET_FD_BY_ID_CALL 30
#define BPF_LINK_DETACH_CALL 34

static __always_inline int guard_object(u32 id, u32 kind)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct nestor_guarded target = {.number = id, .kind = kind};
	struct task_context *context = stranger(task);

	if (!context || !bpf_map_lookup_elem(&guarded, &target))
		return 0;
	return refuse(task, context, &target, 0, NULL);
}

SEC("lsm/bpf_map")
int FUNCTION_PROG(guard_map, struct bpf_map *map)
{
	return guard_object(BPF_CORE_READ(map, id), NESTOR_GUARDED_MAP);
}

SEC("lsm/bpf_prog")
int FUNCTION_PROG(guard_program, struct bpf_prog *prog)
{
	return guard_object(BPF_CORE_READ(prog, aux, id), NESTOR_GUARDED_PROGRAM);
}

/* The id of the link that a descriptor of this task names. */
static __always_inline u32 link_of(u32 fd)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct fdtable *table = BPF_CORE_READ(task, files, fdt);
	struct file **files = BPF_CORE_READ(table, fd);
	struct file *file = NULL;
	struct bpf_link *link;

	if (fd >= BPF_CORE_READ(table, max_fds) || bpf_probe_read_kernel(&file, sizeof(file), files + fd) || !file)
		return 0;
	link = BPF_CORE_READ(file, private_data);
	return BPF_CORE_READ(link, id);
}

/* Links have no hook of their own. The first word of these calls' attributes is the link's id or descriptor. */
SEC("lsm/bpf")
int FUNCTION_PROG(guard_link, int command, void *attributes)
{
	u32 first = 0;

	if (command != BPF_LINK_UPDATE_CALL && command != BPF_LINK_GET_FD_BY_ID_CALL && command != BPF_LINK_DETACH_CALL)
		return 0;
	bpf_probe_read_kernel(&first, sizeof(first), attributes);
	return guard_object(command == BPF_LINK_GET_FD_BY_ID_CALL ? first : link_of(first), NESTOR_GUARDED_LINK);
}

/* While decide_open is attached, that does it: two programs at one hook cost more than one that does both. */
SEC("lsm/file_open")
int FUNCTION_PROG(guard_open, struct file *file)
{
	return guard_opened(file);
}

#define GUARD_NAME(hook)                                                                                                                   \
	SEC("lsm/path_" #hook) int FUNCTION_PROG(guard_##hook, const struct path *directory, struct dentry *dentry)                        \
	{                                                                                                                                  \
		return guard_dentry(dentry);                                                                                               \
	}

/* A name that is not there yet has its directory above it all the same. That the directory above a guarded one is renamed is not refused.
 */
GUARD_NAME(unlink)
GUARD_NAME(rmdir)
GUARD_NAME(mknod)
GUARD_NAME(mkdir)
GUARD_NAME(symlink)

SEC("lsm/path_rename")
int FUNCTION_PROG(guard_rename, const struct path *from, struct dentry *old, const struct path *to, struct dentry *dentry)
{
	int ret = guard_dentry(old);

	return ret ? ret : guard_dentry(dentry);
}

SEC("lsm/path_link")
int FUNCTION_PROG(guard_name_link, struct dentry *old, const struct path *directory, struct dentry *dentry)
{
	int ret = guard_dentry(old);

	return ret ? ret : guard_dentry(dentry);
}

#define GUARD_PATH(hook)                                                                                                                   \
	SEC("lsm/path_" #hook) int FUNCTION_PROG(guard_##hook, const struct path *path)                                                    \
	{                                                                                                                                  \
		return guard_dentry(BPF_CORE_READ(path, dentry));                                                                          \
	}

GUARD_PATH(truncate)
GUARD_PATH(chmod)
GUARD_PATH(chown)

SEC("lsm/sb_umount")
int FUNCTION_PROG(guard_umount, struct vfsmount *mnt)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct nestor_guarded target = {.kind = NESTOR_GUARDED_MOUNT};
	struct task_context *context = stranger(task);

	if (!context)
		return 0;
	target.device = BPF_CORE_READ(mnt, mnt_root, d_sb, s_dev);
	return bpf_map_lookup_elem(&guarded, &target) ? refuse(task, context, &target, 0, NULL) : 0;
}

static __always_inline int guard_process(struct task_struct *victim, u32 detail)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct nestor_guarded target = {.kind = NESTOR_GUARDED_PROCESS};
	struct task_context *context;

	if (!guard_tgid || (u32)BPF_CORE_READ(victim, tgid) != guard_tgid ||
	    BPF_CORE_READ(victim, group_leader, start_boottime) != guard_start_ns)
		return 0;
	context = stranger(task);
	target.number = guard_tgid;
	return context ? refuse(task, context, &target, detail, NULL) : 0;
}

/* Not for signals of the kernel's own. Signal 0 only asks whether the process is there. */
SEC("lsm/task_kill")
int FUNCTION_PROG(guard_kill, struct task_struct *victim, void *info, int signal)
{
	return signal ? guard_process(victim, signal) : 0;
}

SEC("lsm/ptrace_access_check")
int FUNCTION_PROG(guard_ptrace, struct task_struct *victim)
{
	return guard_process(victim, 0);
}

SEC("lsm/task_setscheduler")
int FUNCTION_PROG(guard_setscheduler, struct task_struct *victim)
{
	return guard_process(victim, 0);
}

SEC("lsm/task_setnice")
int FUNCTION_PROG(guard_setnice, struct task_struct *victim)
{
	return guard_process(victim, 0);
}
