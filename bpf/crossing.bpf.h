/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Crossings that need no socket: a program that starts with other namespaces, another user or more capabilities than the last one of its
 * task had. Judged at exec, so that nsenter's seven setns, or a daemon that flips its uid, are one hop each and not many.
 */
#ifndef NESTOR_CROSSING_BPF_H
#define NESTOR_CROSSING_BPF_H

#include "cgroup.bpf.h"
#include "hop.bpf.h"

/*
 * Which container a mount namespace belongs to: of its first process. Goes with the container; an entry whose container is gone says
 * nothing. The oldest are dropped: who enters one of these from the host then stays the host's.
 */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 8192);
	__type(key, u64);   /* mount_tree_id */
	__type(value, u64); /* container cgroup id: the kernel gives none twice */
} namespace_owners __weak SEC(".maps");

/* The mount namespace of the root directory: chroot(/proc/PID/root) changes it like setns does. */
static __always_inline struct mnt_namespace *root_namespace(struct task_struct *task)
{
	struct vfsmount *root = BPF_CORE_READ(task, fs, root.mnt);
	struct mount *mount = (void *)root - bpf_core_field_offset(struct mount, mnt);

	return BPF_CORE_READ(mount, mnt_ns);
}

/* By its number, which nobody else gets: init is in there. */
static __always_inline bool is_hosts_tree(struct mnt_namespace *tree)
{
	return BPF_CORE_READ(tree, ns.inum) == host_mnt_ns;
}

static __always_inline void look_around(struct surroundings *now, struct task_struct *task)
{
	const struct cred *cred = BPF_CORE_READ(task, cred);

	now->caps = 0;
	bpf_core_read(&now->caps, sizeof(now->caps), &cred->cap_permitted);
	now->uid = BPF_CORE_READ(cred, euid.val);
	now->mount_tree = mount_tree_id(root_namespace(task));
	now->net_cookie = BPF_CORE_READ(task, nsproxy, net_ns, net_cookie);
	now->pid_ns = own_pid_namespace(task);
	now->user_ns = BPF_CORE_READ(cred, user_ns, ns.inum);
	now->pad = 0;
}

static __always_inline u32 changed_namespaces(const struct surroundings *before, const struct surroundings *now)
{
	return (before->mount_tree != now->mount_tree ? NESTOR_NS_MNT : 0) | (before->net_cookie != now->net_cookie ? NESTOR_NS_NET : 0) |
	       (before->pid_ns != now->pid_ns ? NESTOR_NS_PID : 0) | (before->user_ns != now->user_ns ? NESTOR_NS_USER : 0);
}

/* The task is in a container's own mount namespace. The first one counts, and the host's is nobody's, whoever went there. */
static __always_inline void note_owner(struct task_struct *task, u64 id, u64 mount_tree)
{
	struct nestor_container *container = bpf_map_lookup_elem(&containers, &id);

	if (!container || container->mount_tree || !mount_tree || is_hosts_tree(root_namespace(task)))
		return;
	container->mount_tree = mount_tree;
	bpf_map_update_elem(&namespace_owners, &mount_tree, &id, BPF_NOEXIST);
}

/* Whose root directory the task now has: 0 the host's, or nobody's. */
static __always_inline u64 owner_of(u64 mount_tree)
{
	u64 *owner = bpf_map_lookup_elem(&namespace_owners, &mount_tree);
	u64 id = owner ? *owner : 0;

	return id && bpf_map_lookup_elem(&containers, &id) ? id : 0;
}

static __always_inline void enter_namespaces(struct task_struct *task, struct task_context *context, const struct surroundings *now,
					     u32 changed)
{
	struct nestor_hop_body *body = open_hop();
	u64 to = (changed & NESTOR_NS_MNT) ? owner_of(now->mount_tree) : context->container;
	struct cause own;

	if (!body)
		return;
	own_cause(&own, context);
	hop_below(body, &own);
	body->kind = NESTOR_HOP_NAMESPACE;
	body->detail = changed;
	hop_from(body, task, context);
	/* A private copy of one's own mounts leads nowhere else; only the host's namespace, or another container's, does. */
	body->to_container_cgroup_id = to || is_hosts_tree(root_namespace(task)) ? to : context->container;
	/* Who comes from the host is the container's business from now on; who comes from a container stays under its rules. */
	if (!context->container)
		context->container = to;
	move_into(task, context, body);
}

static __always_inline void change_credentials(struct task_struct *task, struct task_context *context, const struct surroundings *now)
{
	struct nestor_hop_body *body = open_hop();
	struct cause own;

	if (!body)
		return;
	own_cause(&own, context);
	hop_below(body, &own);
	body->kind = NESTOR_HOP_CREDENTIAL;
	body->old_uid = context->surroundings.uid;
	body->new_uid = now->uid;
	body->gained_caps = now->caps & ~context->surroundings.caps;
	body->detail = (body->old_uid != body->new_uid ? NESTOR_CREDENTIAL_UID : 0) | (body->gained_caps ? NESTOR_CREDENTIAL_CAPS : 0);
	hop_from(body, task, context);
	body->to_container_cgroup_id = context->container;
	move_into(task, context, body);
}

/* `login`: a hop says it already: an sshd becomes the user who logged in, cron who left the job. `fresh`: a chain begins here. */
static __always_inline void note_crossings(struct task_struct *task, struct task_context *context, bool fresh, bool login)
{
	struct surroundings now;
	u32 changed;

	look_around(&now, task);
	if (fresh) {
		if (context->container)
			note_owner(task, context->container, now.mount_tree);
	} else {
		changed = changed_namespaces(&context->surroundings, &now);
		if (changed)
			enter_namespaces(task, context, &now, changed);
		/* A new user namespace gives all capabilities inside it: that is told already. */
		else if (!login && (now.uid != context->surroundings.uid || (now.caps & ~context->surroundings.caps)))
			change_credentials(task, context, &now);
	}
	context->surroundings = now;
}

#endif
