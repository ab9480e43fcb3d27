/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The kernel types and fields that our programs read, and nothing else: CO-RE relocates each access against the running kernel's BTF,
 * so order, offsets and all fields not named here do not matter. What differs between kernels is in compat.bpf.h.
 */
#ifndef NESTOR_KERNEL_TYPES_H
#define NESTOR_KERNEL_TYPES_H

#include <linux/bpf.h>
#include <linux/types.h>

typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;
typedef __s32 s32;
typedef __s64 s64;
typedef int pid_t;
typedef unsigned int umode_t;
typedef unsigned int fmode_t;
typedef _Bool bool;

#define true 1
#define false 0

#define NULL ((void *)0)
#define __maybe_unused __attribute__((unused)) /* a header that every program takes what it needs from */

#define AF_UNSPEC 0
#define AF_UNIX 1
#define AF_INET 2
#define AF_INET6 10
#define SOCK_STREAM 1
#define SOCK_DGRAM 2
#define SOCK_SEQPACKET 5
#define TCP_ESTABLISHED 1
#define TCP_CLOSE_WAIT 8
#define TCP_LISTEN 10
#define PF_KTHREAD 0x00200000
#define EPERM 1
#define EEXIST 17
#define S_IFMT 0170000
#define S_ISUID 0004000
#define S_ISGID 0002000
#define S_IXGRP 0000010
#define S_IFSOCK 0140000
#define S_IFCHR 0020000
#define S_IFIFO 0010000
#define DEV_NULL ((1U << 20) | 3) /* kernel dev_t of /dev/null */
#define E2BIG 7
#define PIDTYPE_SID 3
#define FMODE_READ 1
#define FMODE_WRITE 2
#define SIGKILL 9
#define IPPROTO_TCP 6

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

typedef struct {
	int counter;
} atomic_t;

typedef struct {
	unsigned int val;
} kuid_t;

typedef struct {
	unsigned int val;
} kgid_t;

struct ns_common {
	unsigned int inum; /* given again once it is free */
	u64 ns_id;         /* never given again; since 6.18 */
};

struct user_namespace {
	struct ns_common ns;
};

struct uts_namespace {
	struct ns_common ns;
};

struct ipc_namespace {
	struct ns_common ns;
};

struct mnt_namespace {
	struct ns_common ns;
	u64 seq; /* see mount_tree_id */
};

struct net {
	struct ns_common ns;
	u64 net_cookie;
};

struct pid_namespace {
	struct ns_common ns;
};

struct nsproxy {
	struct uts_namespace *uts_ns;
	struct ipc_namespace *ipc_ns;
	struct mnt_namespace *mnt_ns;
	struct net *net_ns;
};

struct hlist_node {
	struct hlist_node *next;
};

struct hlist_head {
	struct hlist_node *first;
};

struct upid {
	int nr;
	struct pid_namespace *ns;
};

struct pid {
	unsigned int level;
	struct hlist_head tasks[4]; /* by enum pid_type: 1 is the process */
	struct upid numbers[1];
};

struct tty_driver {
	int major;
	int minor_start;
};

struct tty_struct {
	int index;
	struct tty_driver *driver;
};

struct signal_struct {
	atomic_t live;
	int nr_threads;
	int group_exit_code;
	struct pid *pids[4];
	struct tty_struct *tty;
};

typedef struct { /* 64 bits: two words before 6.3 (commit f122a08b197d), one since; the same bytes */
	u64 val;
} kernel_cap_t;

struct cred {
	kuid_t euid;
	kuid_t fsuid;
	kgid_t egid;
	kernel_cap_t cap_permitted;
	struct user_namespace *user_ns;
};

struct super_block {
	unsigned long s_magic;
	unsigned int s_dev;
	unsigned long s_flags;
	struct dentry *s_root;
};

struct inode {
	umode_t i_mode;
	unsigned long i_ino;
	unsigned int i_nlink;
	u32 i_rdev;
	struct super_block *i_sb;
};

struct proc_inode {
	struct pid *pid;
	struct inode vfs_inode;
};

struct qstr {
	union {
		struct {
			u32 hash;
			u32 len;
		};
	};
	const unsigned char *name;
};

struct hlist_bl_node {
	struct hlist_bl_node **pprev;
};

struct dentry {
	unsigned int d_flags;
	struct hlist_bl_node d_hash;
	struct dentry *d_parent;
	struct qstr d_name;
	struct inode *d_inode;
	struct super_block *d_sb;
};

struct vfsmount {
	struct dentry *mnt_root;
};

struct ovl_inode {
	struct inode vfs_inode;
	struct dentry *__upperdentry;
};

struct mount {
	struct mount *mnt_parent;
	struct dentry *mnt_mountpoint;
	struct vfsmount mnt;
	struct mnt_namespace *mnt_ns;
};

struct path {
	struct vfsmount *mnt;
	struct dentry *dentry;
};

struct file {
	void *private_data;
	fmode_t f_mode;
	struct path f_path;
	struct inode *f_inode;
};

/* What lies below an overlay, as its mappings have it: opened by the kernel for the user's file. Since 6.5. */
struct backing_file {
	struct file file;
	struct path user_path; /* since 6.7 (commit def3ae83da02); before, f_path was the user's */
};

struct fdtable {
	unsigned int max_fds;
	struct file **fd;
};

struct files_struct {
	struct fdtable *fdt;
};

struct fs_struct {
	struct path root;
	struct path pwd;
};

struct mm_struct {
	unsigned long arg_start;
	unsigned long arg_end;
	unsigned long saved_auxv[2]; /* longer */
	struct file *exe_file;
};

struct vm_area_struct {
	struct file *vm_file;
};

struct bpf_map {
	u32 id;
};

struct bpf_prog_aux {
	u32 id;
};

struct bpf_prog {
	struct bpf_prog_aux *aux;
};

struct bpf_link {
	u32 id;
};

struct kernfs_node {
	const char *name;
	u64 id;
};

struct cgroup_subsys_state {
	struct cgroup_subsys_state *parent;
};

struct cgroup {
	struct cgroup_subsys_state self;
	int level;
	struct kernfs_node *kn;
	struct cgroup *ancestors[1]; /* longer: from the root to itself, as many as its level and one; since 6.1 */
};

struct css_set {
	struct cgroup *dfl_cgrp;
};

struct thread_info {
	u32 status;
};

struct task_struct {
	struct thread_info thread_info;
	unsigned int flags;
	struct mm_struct *mm;
	int exit_code;
	unsigned long nvcsw; /* voluntary context switches */
	pid_t pid;
	pid_t tgid;
	struct task_struct *real_parent;
	struct task_struct *group_leader;
	struct pid *thread_pid;
	struct hlist_node pid_links[4];
	u64 start_boottime;
	u64 self_exec_id;
	const struct cred *cred;
	char comm[16];
	struct fs_struct *fs;
	struct files_struct *files;
	struct nsproxy *nsproxy;
	struct signal_struct *signal;
	kuid_t loginuid;
	struct css_set *cgroups;
};

struct linux_binprm {
	struct mm_struct *mm;
	struct file *file;
	struct cred *cred; /* what the new program gets */
	const char *filename;
	const char *interp;
	int argc;
};

struct in6_addr {
	union {
		u8 u6_addr8[16];
		u32 u6_addr32[4];
	} in6_u;
};

typedef struct {
	struct net *net;
} possible_net_t;

struct sock_common {
	__be32 skc_daddr;
	__be32 skc_rcv_saddr;
	__be16 skc_dport;
	u16 skc_num;
	unsigned short skc_family;
	volatile unsigned char skc_state;
	possible_net_t skc_net;
	struct in6_addr skc_v6_daddr;
	struct in6_addr skc_v6_rcv_saddr;
};

/* A connection that is being made, until it has a socket of its own. */
struct request_sock {
	struct sock_common __req_common;
};

struct inet_request_sock {
	struct request_sock req;
};

struct tcp_request_sock {
	struct inet_request_sock req;
	u32 rcv_isn; /* the client's first sequence number */
};

struct sk_buff_head {
	u32 qlen;
};

struct sock;

struct sk_buff {
	struct sock *sk;
	unsigned int len, data_len;
	u16 transport_header;
	unsigned int end;
	unsigned char *head, *data;
};

struct page {
	unsigned long flags;
};

/* Of `frags` only where they begin: see struct page_piece in dns.bpf.c. */
struct bio_vec {
	struct page *bv_page;
};

struct skb_shared_info {
	unsigned char nr_frags;
	struct bio_vec frags[17];
};

struct msghdr {
	void *msg_name;
	int msg_namelen;
	unsigned int msg_flags;
};

struct scm_fp_list {
	short count;
	struct file *fp[253];
};

struct scm_cookie {
	struct scm_fp_list *fp;
};

struct pt_regs { /* x86-64 */
	unsigned long r14;
	unsigned long r10;
	unsigned long bx;
	unsigned long sp;
	unsigned long cx;
	unsigned long orig_ax;
	unsigned long di;
	unsigned long si;
	unsigned long dx;
};

struct sock_cgroup_data {
	struct cgroup *cgroup;
};

struct sock {
	struct sock_common __sk_common;
	struct sock_cgroup_data sk_cgrp_data;
	struct sk_buff_head sk_receive_queue;
	struct pid *sk_peer_pid; /* of a unix listener: who listens */
	u16 sk_type;
	u16 sk_protocol;
	u8 sk_shutdown;
};

struct pipe_inode_info {
	unsigned int writers;
};

struct socket {
	short type;
	struct sock *sk;
};

struct sockaddr {
	unsigned short sa_family;
};

struct unix_address {
	int len;
	/* sockaddr_un follows, in `name` */
};

struct unix_sock {
	struct sock sk;
	struct unix_address *addr;
	struct sock *peer;
};

struct tcp_sock {
	u32 write_seq;
	u32 copied_seq;
	u32 snd_una;
	u32 rcv_nxt;
	u64 bytes_acked;
	u64 bytes_received;
};

struct seq_file;

struct bpf_iter_meta {
	struct seq_file *seq;
	u64 session_id;
	u64 seq_num;
};

struct bpf_iter__task {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
};

struct bpf_iter__task_file {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
	u32 fd;
	struct file *file;
};

struct bpf_iter__tcp {
	struct bpf_iter_meta *meta;
	struct sock_common *sk_common;
};

#pragma clang attribute pop

/* Layouts fixed by the user-space ABI: no relocation. */
struct nestor_sockaddr_in {
	unsigned short family;
	__be16 port;
	__be32 addr;
};

struct nestor_sockaddr_in6 {
	unsigned short family;
	__be16 port;
	__be32 flowinfo;
	u8 addr[16];
};

#endif
