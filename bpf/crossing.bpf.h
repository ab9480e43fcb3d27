/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Crossings that need no socket: a program that starts with other namespaces, another user or more capabilities than the last one of its
 * task had. Judged at exec, so that nsenter's seven setns, or a daemon that flips its uid, are one hop each and not many.
 */
#ifndef NESTOR_CROSSING_BPF_H
#define NESTOR_CROSSING_BPF_H

#include "cgroup.bpf.h"
#include "hop.bpf.h"

/* Which container a mount namespace belongs to: of its first process. Emptied with the container. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 8192);
	__type(key, u32);   /* inode number of the mount namespace */
	__type(value, u64); /* container cgroup id */
} namespace_owners __weak SEC(".maps");

/* The mount namespace of the root directory: chroot(/proc/PID/root) changes it like setns does. */
static __always_inline u32 root_namespace(struct task_struct *task)
{
	struct vfsmount *root = BPF_CORE_READ(task, fs, root.mnt);
	struct mount *mount = (void *)root - bpf_core_field_offset(struct mount, mnt);

	return BPF_CORE_READ(mount, mnt_ns, ns.inum);
}

static __always_inline void look_around(struct surroundings *now, struct task_struct *task)
{
	const struct cred *cred = BPF_CORE_READ(task, cred);
	struct nsproxy *namespaces = BPF_CORE_READ(task, nsproxy);

	now->caps = 0;
	bpf_core_read(&now->caps, sizeof(now->caps), &cred->cap_permitted);
	now->uid = BPF_CORE_READ(cred, euid.val);
	now->mnt_ns = root_namespace(task);
	now->net_ns = BPF_CORE_READ(namespaces, net_ns, ns.inum);
	now->pid_ns = own_pid_namespace(task);
	now->user_ns = BPF_CORE_READ(cred, user_ns, ns.inum);
	now->pad = 0;
}

static __always_inline u32 changed_namespaces(const struct surroundings *before, const struct surroundings *now)
{
	return (before->mnt_ns != now->mnt_ns ? NESTOR_NS_MNT : 0) | (before->net_ns != now->net_ns ? NESTOR_NS_NET : 0) |
	       (before->pid_ns != now->pid_ns ? NESTOR_NS_PID : 0) | (before->user_ns != now->user_ns ? NESTOR_NS_USER : 0);
}

/* Whose root directory the task now has: 0 the host's, or nobody's. */
static __always_inline u64 owner_of(u32 mnt_ns)
{
	u64 *owner = bpf_map_lookup_elem(&namespace_owners, &mnt_ns);

	return owner ? *owner : 0;
}

static __always_inline void enter_namespaces(struct task_struct *task, struct task_context *context, const struct surroundings *now,
					     u32 changed)
{
	struct nestor_hop_body *body = open_hop();
	u64 to = (changed & NESTOR_NS_MNT) ? owner_of(now->mnt_ns) : context->container;
	struct cause own;

	if (!body)
		return;
	own_cause(&own, context);
	hop_below(body, &own);
	body->kind = NESTOR_HOP_NAMESPACE;
	body->detail = changed;
	hop_from(body, task, context);
	/* A private copy of one's own mounts leads nowhere else; only the host's namespace, or another container's, does. */
	body->to_container_cgroup_id = to || now->mnt_ns == host_mnt_ns ? to : context->container;
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

/* `login`: the task was an sshd, whose change of user is the login itself. `fresh`: a chain begins with this very program. */
static __always_inline void note_crossings(struct task_struct *task, struct task_context *context, bool fresh, bool login)
{
	struct surroundings now;
	u32 changed;

	look_around(&now, task);
	if (fresh) {
		if (context->container && now.mnt_ns)
			bpf_map_update_elem(&namespace_owners, &now.mnt_ns, &context->container, BPF_ANY);
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
