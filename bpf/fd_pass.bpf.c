/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "lsm.bpf.h"
#include "requests.bpf.h"

#define PASSED_SOCKETS 16 /* of one message; a kernel message has up to 253 descriptors */

/* Sockets that are under way as descriptors in a message: who sent them. An LRU: a message that nobody reads leaves its entry. */
struct passer {
	struct nestor_process process;
	u64 container;
	u64 socket; /* its inode number: a file that comes later may have the address */
	char comm[NESTOR_COMM_BYTES];
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, u64); /* address of the struct file */
	__type(value, struct passer);
} passed_files __weak SEC(".maps");

/*
 * Hook: fexit/__scm_send, in the sender of a message with control data. Lowest kernel: 5.5.
 * Cost: two reads a message with descriptors. On failure: the receiver's hop names the connection's server as the one that passed it.
 */
SEC("fexit/__scm_send")
int FUNCTION_PROG(on_scm_send, struct socket *socket, struct msghdr *message, struct scm_cookie *cookie, int result)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct scm_fp_list *files;
	struct task_context *context;
	struct passer passer = {};
	short count;

	if (result)
		return 0;
	files = BPF_CORE_READ(cookie, fp);
	if (!files)
		return 0;
	context = context_of(task);
	if (!context)
		return 0;
	process_key(&passer.process, task);
	passer.container = context->container;
	BPF_CORE_READ_INTO(&passer.comm, task, comm);
	count = BPF_CORE_READ(files, count);
	for (int i = 0; i < PASSED_SOCKETS; i++) {
		struct file *file = NULL;
		u64 key;

		if (i >= count)
			break;
		bpf_core_read(&file, sizeof(file), (void *)files + bpf_core_field_offset(struct scm_fp_list, fp) + i * sizeof(file));
		key = (u64)file;
		if ((BPF_CORE_READ(file, f_inode, i_mode) & S_IFMT) != S_IFSOCK)
			continue;
		passer.socket = BPF_CORE_READ(file, f_inode, i_ino);
		if (bpf_map_update_elem(&passed_files, &key, &passer, BPF_ANY))
			count_loss(NESTOR_LOSS_CAUSE_TABLE);
	}
	return 0;
}

/* Who sent this file. NULL: nobody did. */
static __always_inline struct passer *passer_of(struct file *file)
{
	u64 key = (u64)file;
	struct passer *passer = bpf_map_lookup_elem(&passed_files, &key);

	return passer && passer->socket == BPF_CORE_READ(file, f_inode, i_ino) ? passer : NULL;
}

/* The hop that a passed connection opens for who got it, below the connection's own. */
static __always_inline struct nestor_hop_body *open_passed(struct task_struct *task, struct task_context *context, struct file *file,
							   struct socket_tag *tag)
{
	struct nestor_hop_body *body = open_hop(), *of_connection;
	u64 key = (u64)file, above = tag->cause.hop_id;
	struct passer *passer;

	if (!body)
		return NULL;
	hop_below(body, &tag->cause);
	body->kind = NESTOR_HOP_FD_PASS;
	hop_server(body, task, context);
	passer = passer_of(file);
	of_connection = bpf_map_lookup_elem(&pending_hops, &above);
	if (passer) {
		body->from = passer->process;
		body->from_container_cgroup_id = passer->container;
		__builtin_memcpy(body->from_comm, passer->comm, sizeof(body->from_comm));
		bpf_map_delete_elem(&passed_files, &key);
	} else if (of_connection) { /* taken by pidfd_getfd: from who had it */
		body->from = of_connection->server;
		body->from_container_cgroup_id = of_connection->to_container_cgroup_id;
		__builtin_memcpy(body->from_comm, of_connection->server_comm, sizeof(body->from_comm));
	}
	if (of_connection) {
		body->peer = of_connection->peer;
		body->local = of_connection->local;
		body->socket_cookie = of_connection->socket_cookie;
		body->path_len = of_connection->path_len;
		__builtin_memcpy(body->path, of_connection->path, sizeof(body->path));
	}
	return body;
}

static __always_inline void got_file(struct file *file)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct task_context *context;
	struct nestor_hop_body *body;
	struct socket *socket;
	struct socket_tag *tag;
	struct sock *sk;

	socket = bpf_sock_from_file(file);
	if (!socket)
		return;
	sk = socket->sk;
	context = context_of(task);
	if (!sk || !context)
		return;
	context->got_socket = passer_of(file) != NULL;
	tag = bpf_sk_storage_get(&sockets, sk, NULL, 0);
	if (!tag || tag->side != SOCKET_SERVER || tag->cause.hop_id == context->hop_id || tag->from_hop_id == context->hop_id)
		return;
	body = open_passed(task, context, file, tag);
	if (!body)
		return;
	cause_of_hop(&tag->passed, body);
	tag->passed.connection = tag->cause.hop_id;
	process_key(&tag->holder, task);
	context->cause = tag->passed;
	context->cause.accepted = 1;
}

/*
 * Hook: lsm/file_receive, in the receiver of each passed descriptor: SCM_RIGHTS, pidfd_getfd, SECCOMP_ADDFD. Lowest kernel: 5.7.
 * A connection goes on under its new holder; a listening socket carries nothing, its connections are accepted by who holds it then.
 * Cost: one look at the file. On failure: connection-table.
 */
OBSERVE1(file_receive, got_file, struct file *, file)
