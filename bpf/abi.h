/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Records that cross the kernel -> nestord ring, and the layouts of maps that both sides write.
 * The only header both sides include. Fixed widths, every pad named, every size asserted for both compilers.
 *
 * Strings never sit in fixed arrays: a record ends in `data`, and a `nestor_span` says where in it a string lies.
 * A span's len counts bytes without a NUL. NESTOR_SPAN_* flags say when a value was cut or could not be read.
 */
#ifndef NESTOR_BPF_ABI_H
#define NESTOR_BPF_ABI_H

#if defined(__bpf__)
#include "kernel_types.h"
#else
#include <linux/types.h>
#endif

#ifdef __cplusplus
#define NESTOR_LAYOUT(type, bytes) static_assert(sizeof(struct type) == (bytes), #type " changed size")
#else
#define NESTOR_LAYOUT(type, bytes) _Static_assert(sizeof(struct type) == (bytes), #type " changed size")
#endif

/* Goes up when a pinned map means something else than before without being laid out otherwise: see "What outlives nestord" in README.md. */
#define NESTOR_ABI_VERSION 1

/* Bounds. Each has a stated behaviour: the value is cut, the span says so, and a counter moves. */
#define NESTOR_COMM_BYTES 16
#define NESTOR_PATH_BYTES 4096            /* PATH_MAX: exe, cwd, file and unix paths */
#define NESTOR_ARGV_INSPECTED 65536       /* bytes of argv that exec rules look at, if the settings say nothing else */
#define NESTOR_ARGV_INSPECTED_MOST 131072 /* and at most */
#define NESTOR_ARGV_BYTES 32768           /* argv bytes kept in one exec record, NULs included */
#define NESTOR_EXEC_SMALL_DATA 1024       /* data area of the small exec record class */
#define NESTOR_EXEC_MEDIUM_DATA 8192
#define NESTOR_EXEC_LARGE_DATA (NESTOR_ARGV_BYTES + 2 * NESTOR_PATH_BYTES)
#define NESTOR_UNIX_DATA 128 /* data area of hop and socket records: sun_path has 108 bytes */
#define NESTOR_NAME_DATA 512 /* half of a verdict record's data area */

#define NESTOR_ZEROS 1024 /* inside the kernel: words of nothing, where a table's value begins so */

/* Append only. */
enum nestor_kind {
	NESTOR_HOP = 1,
	NESTOR_EXEC = 2,
	NESTOR_EXIT = 3,
	NESTOR_CONNECT = 4,
	NESTOR_ACCEPT = 5,
	NESTOR_BIND = 6,
	NESTOR_LISTEN = 7,
	NESTOR_VERDICT = 8,
	NESTOR_CGROUP = 9,  /* a container's cgroup was seen for the first time, or went away */
	NESTOR_TAMPER = 10, /* somebody tried to make a chain look like another one */
	NESTOR_GUARD = 11,  /* somebody tried to get at nestor itself */
};

/* How one boundary was crossed; also how an origin began. Append only; names in agent/event/vocabulary.cc. */
enum nestor_hop_kind {
	NESTOR_HOP_NONE = 0,
	NESTOR_HOP_CONTAINER_ENTRYPOINT = 1,
	NESTOR_HOP_RUNTIME_EXEC = 2,
	NESTOR_HOP_SSH_LOGIN = 3,
	NESTOR_HOP_TCP = 4,
	NESTOR_HOP_UNIX_SOCKET = 5,
	NESTOR_HOP_HOST_SERVICE = 6,
	NESTOR_HOP_PRE_EXISTING = 7,
	NESTOR_HOP_TCP_REMOTE = 8,  /* from another node, by the option on the SYN */
	NESTOR_HOP_FD_PASS = 9,     /* a connection that went from one process to another: SCM_RIGHTS, pidfd_getfd */
	NESTOR_HOP_NAMESPACE = 10,  /* setns, unshare, nsenter, chroot into another container */
	NESTOR_HOP_CREDENTIAL = 11, /* sudo, su, a setuid program, capabilities gained */
	NESTOR_HOP_TRACE = 12,      /* ptrace, process_vm_writev, /proc/PID/mem: the traced process carries the tracer's chain */
	NESTOR_HOP_DELEGATED = 13,  /* cron, at: who asked for it is not known for certain */
};

/* What a hop's `detail` says, by its kind. */
enum nestor_input { /* runtime-exec: what the program got as its standard input */
		    NESTOR_INPUT_UNKNOWN = 0,
		    NESTOR_INPUT_NONE = 1, /* closed, or /dev/null: probes and lifecycle hooks have this, people rarely */
		    NESTOR_INPUT_PIPE = 2,
		    NESTOR_INPUT_TERMINAL = 3,
};

enum nestor_namespace_bits { /* namespace: which ones are others than before; also credential: NESTOR_CREDENTIAL_* */
			     NESTOR_NS_MNT = 1 << 0, /* by the root directory's mount, so that chroot into another container counts */
			     NESTOR_NS_NET = 1 << 1,
			     NESTOR_NS_PID = 1 << 2,
			     NESTOR_NS_USER = 1 << 3,
};

enum nestor_credential_bits {
	NESTOR_CREDENTIAL_UID = 1 << 0,  /* the effective uid is another one */
	NESTOR_CREDENTIAL_CAPS = 1 << 1, /* capabilities were gained */
};

enum nestor_trace_way {
	NESTOR_TRACE_PTRACE = 1,
	NESTOR_TRACE_VM_WRITE = 2, /* process_vm_writev */
	NESTOR_TRACE_MEM_FILE = 3, /* /proc/PID/mem opened for writing */
};

enum nestor_connection_bits {                                        /* tcp, ssh-login, unix-socket */
			      NESTOR_CONNECTION_TRANSLATED = 1 << 0, /* the two ends name different addresses: DNAT, a redirect */
			      NESTOR_CONNECTION_SHARED = 1 << 1,     /* a connection that several hops send on; this is one of them */
			      NESTOR_CONNECTION_PAIR = 1 << 2,       /* a socketpair */
			      NESTOR_CONNECTION_OUTGOING = 1 << 3, /* tcp-remote: this node is the client's; nothing runs in the hop here */
			      NESTOR_CONNECTION_OLDER = 1 << 4,    /* it was there before nestord */
			      NESTOR_CONNECTION_SETTLED = 1 << 5, /* one of several requests: the one that was answered, see settle.bpf.h */
};

#define NESTOR_CANDIDATES 8 /* hops that an ambiguous one may come from; more are counted, not listed */

enum nestor_confidence {
	NESTOR_EXACT = 1,     /* the kernel said so */
	NESTOR_INFERRED = 2,  /* one candidate by thread causality */
	NESTOR_AMBIGUOUS = 3, /* several candidates */
	NESTOR_UNKNOWN = 4,   /* who it comes from is not known, and so is nothing of the chain before */
};

enum nestor_span_flags {
	NESTOR_SPAN_TRUNCATED = 1 << 0,
	NESTOR_SPAN_UNREADABLE = 1 << 1,
	NESTOR_SPAN_UNRESOLVED = 1 << 2, /* not the kernel's resolved path but what the caller passed */
};

struct nestor_span {
	__u32 offset; /* from the start of the record's data */
	__u16 len;    /* bytes, no NUL */
	__u16 flags;  /* enum nestor_span_flags */
};
NESTOR_LAYOUT(nestor_span, 8);

struct nestor_header {
	__u64 time_ns; /* CLOCK_BOOTTIME */
	__u32 size;    /* whole record in bytes, this header included */
	__u16 kind;    /* enum nestor_kind */
	__u16 cpu;     /* which CPU wrote it */
};
NESTOR_LAYOUT(nestor_header, 16);

struct nestor_process { /* unique for one boot; a pid alone is reused */
	__u64 start_ns; /* thread group leader's start, CLOCK_BOOTTIME */
	__u32 tgid;     /* in the root pid namespace */
	__u32 pad;      /* zero */
};
NESTOR_LAYOUT(nestor_process, 16);

enum nestor_task_flags {
	NESTOR_TASK_IN_CONTAINER = 1 << 0, /* events of this task are emitted */
	NESTOR_TASK_IN_POD_CHAIN = 1 << 1, /* a host process that reached into a pod: emitted from then on */
	NESTOR_TASK_SSHD = 1 << 2,         /* its executable's name starts with "sshd" */
	NESTOR_TASK_PRE_EXISTING = 1 << 3, /* started before nestord */
	NESTOR_TASK_ENTRY = 1 << 4,        /* the process that opened its hop */
	NESTOR_TASK_RECOVERED = 1 << 5,    /* storage was missing, context taken from the nearest ancestor that had one */
};

/* Who did it; begins every record about a task. */
struct nestor_actor {
	struct nestor_process self;
	struct nestor_process parent; /* who forked it, fixed at fork: reparenting does not change it */
	__u64 chain_id;               /* id of the origin hop */
	__u64 hop_id;                 /* the hop this process is in */
	__u64 cause_hop_id;           /* hop of the request this thread is serving just now; 0: none */
	__u64 cgroup_id;              /* cgroup v2 id of the task */
	__u64 container_cgroup_id;    /* nearest ancestor cgroup that is a container; 0: host */
	__u32 depth;                  /* hops below the origin; an origin has 0 */
	__u32 tid;
	__u32 uid;        /* effective, in the initial user namespace */
	__u32 gid;        /* effective */
	__u32 auid;       /* audit login uid; 4294967295: unset */
	__u32 flags;      /* enum nestor_task_flags */
	__u8 origin_kind; /* enum nestor_hop_kind of the origin hop */
	__u8 confidence;  /* enum nestor_confidence: weakest on the way from the origin */
	__u8 pad[6];
	char comm[NESTOR_COMM_BYTES];
};
NESTOR_LAYOUT(nestor_actor, 120);

struct nestor_address {
	__u16 family;  /* AF_INET, AF_INET6 (v4-mapped is given as AF_INET), AF_UNIX; 0: none */
	__u16 port;    /* host byte order; 0 for unix */
	__u32 netns;   /* inode number of the network namespace */
	__u8 addr[16]; /* v4: first 4 bytes; network byte order */
};
NESTOR_LAYOUT(nestor_address, 24);

/* A container that was seen, by its cgroup. */
struct nestor_container {
	__u64 mount_tree;   /* inside the kernel: its mount namespace, see namespace_owners; 0: not known */
	__u32 image_device; /* of the file system that is its root, see is_of_image; 0: its root is a part of one */
	__u32 pad;
};
NESTOR_LAYOUT(nestor_container, 16);

/* What is known of a hop. Kept in the kernel from the moment it opens; `id` 0: not filled yet. */
struct nestor_hop_body {
	__u64 id;
	__u64 parent_id; /* 0: this hop is an origin */
	__u64 chain_id;
	__u64 from_container_cgroup_id;
	__u64 to_container_cgroup_id;
	struct nestor_process from;          /* who crossed: the client, the runtime; tgid 0: unknown */
	struct nestor_process server;        /* who accepted on the other side; tgid 0: same as the record's actor */
	struct nestor_address peer;          /* client side of the connection, as the server sees it */
	struct nestor_address local;         /* server side */
	__u64 socket_cookie;                 /* 0: none */
	__u64 remote_hop_id;                 /* the hop on the other node: the client's; OUTGOING: the server's */
	__u64 gained_caps;                   /* credential: bits of capabilities(7) */
	__u64 agents;                        /* inside the kernel: at or above who crossed, in the hop above: marks of agents */
	__u64 candidates[NESTOR_CANDIDATES]; /* ambiguous: hops of which one is meant; 0 ends the list */
	__u32 candidate_count;               /* all of them, also those that the list has no room for */
	__u32 depth;                         /* hops below the origin */
	__u32 detail;                        /* by kind: see above */
	__u32 old_uid, new_uid;              /* credential */
	__u32 remote_pid;                    /* the process on the other node, in its root pid namespace */
	__u32 remote_node;                   /* NodeId of its name, as configured for the peer's address; 0: unknown */
	__u8 kind;                           /* enum nestor_hop_kind */
	__u8 transport;                      /* NESTOR_HOP_TCP, _UNIX_SOCKET or _TCP_REMOTE when kind is ssh-login; else 0 */
	__u8 origin_kind;
	__u8 confidence;
	__u8 path_len;
	__u8 candidates_told; /* inside the kernel: they were announced */
	__u8 pad[6];
	char from_comm[NESTOR_COMM_BYTES];
	char server_comm[NESTOR_COMM_BYTES];
	char path[NESTOR_UNIX_DATA]; /* unix socket; abstract names start with '@' */
};
NESTOR_LAYOUT(nestor_hop_body, 416);

/*
 * Announced once for each hop, and again when an ambiguous one is settled; later records name it by id. Also the value of the hop table,
 * from which nestord knows all hops after a restart.
 */
struct nestor_hop {
	struct nestor_header hdr;
	struct nestor_actor actor; /* the first process inside the hop; or, not `entered`, whose hop below made this one worth telling */
	struct nestor_hop_body body;
	__u32 entered; /* 0: nothing runs in it yet, as in the hop of a relay that only passes on: `body.server` holds it */
	__u32 again;   /* 1: it was announced as ambiguous, and is settled now; `actor` may have ended since */
};
NESTOR_LAYOUT(nestor_hop, 560);

struct nestor_exec {
	struct nestor_header hdr;
	struct nestor_actor actor;
	__u64 exe_inode;
	__u32 exe_device;                                      /* kernel dev_t */
	__u32 argc;                                            /* as the kernel counted, even when argv is cut */
	__u32 argv_total;                                      /* bytes of the whole argv, NULs included */
	__u32 tty;                                             /* device number of the controlling tty (major << 20 | minor); 0: none */
	__u32 mnt_ns, pid_ns, net_ns, user_ns, uts_ns, ipc_ns; /* inode numbers */
	__u32 ns_pid;                                          /* pid in the task's own pid namespace */
	__u32 session;                                         /* session leader's pid in the root pid namespace */
	struct nestor_span exe;                                /* resolved path inside the task's root, or what was passed (UNRESOLVED) */
	struct nestor_span argv;                               /* NUL separated list, last NUL not counted */
	struct nestor_span cwd;
#if defined(__bpf__) /* C++ has no flexible arrays: there the data is what follows the struct */
	char data[];
#endif
};
NESTOR_LAYOUT(nestor_exec, 216);

struct nestor_exit {
	struct nestor_header hdr;
	struct nestor_actor actor;
	__u64 run_ns; /* from fork to the last thread's exit */
	__u32 code;   /* exit status 0..255 */
	__u32 signal; /* 0: exited by itself; bit 7 (128): core dumped */
};
NESTOR_LAYOUT(nestor_exit, 152);

/* connect, accept, bind, listen */
struct nestor_socket {
	struct nestor_header hdr;
	struct nestor_actor actor;
	struct nestor_address local;
	struct nestor_address peer;
	__u64 socket_cookie;
	__u64 peer_hop_id;                  /* accept: hop that this connection opens or belongs to; 0: unknown peer */
	struct nestor_process peer_process; /* same node peers only; tgid 0: unknown */
	__s32 result;                       /* 0, or -errno known at the hook */
	__u16 type;                         /* SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET */
	__u16 protocol;
	__u32 backlog; /* listen */
	__u32 pad;
	struct nestor_span unix_path;
	char data[NESTOR_UNIX_DATA];
};
NESTOR_LAYOUT(nestor_socket, 368);

enum nestor_action { NESTOR_ALLOW = 1, NESTOR_AUDIT = 2, NESTOR_DENY = 3, NESTOR_KILL = 4 };
enum nestor_mode { NESTOR_MODE_AUDIT = 1, NESTOR_MODE_ENFORCE = 2 };
enum nestor_stage {
	NESTOR_STAGE_BPRM = 1,    /* bprm_check_security: path, and argv seen at syscall entry */
	NESTOR_STAGE_EXEC = 2,    /* sched_process_exec: argv of the new image, SIGKILL */
	NESTOR_STAGE_OPEN = 3,    /* file_open */
	NESTOR_STAGE_CONNECT = 4, /* socket_connect, unix_stream_connect */
	NESTOR_STAGE_SEND = 5,    /* socket_sendmsg, unix_may_send: to an address that the message names */
	NESTOR_STAGE_MMAP = 6,    /* mmap_file, file_mprotect: a program that another one, such as ld.so, loads */
	NESTOR_STAGE_LINK = 7,    /* path_link: a second name */
	NESTOR_STAGE_RENAME = 8,
	NESTOR_STAGE_CREATE = 9, /* path_mknod, _mkdir, _symlink, _link: the new name */
	NESTOR_STAGE_REMOVE = 10,
	NESTOR_STAGE_TRUNCATE = 11,
	NESTOR_STAGE_ATTRIBUTES = 12, /* path_chmod, path_chown */
	NESTOR_STAGE_TRACE = 13,      /* ptrace_access_check, ptrace_traceme, file_open of /proc/PID/mem */
	NESTOR_STAGE_NAMESPACE = 14,  /* userns_create, task_alloc, and capable in the middle of unshare and setns */
	NESTOR_STAGE_CREDENTIAL = 15, /* task_fix_setuid, bprm_creds_from_file */
	NESTOR_STAGE_LAST = NESTOR_STAGE_CREDENTIAL,
};

/* What is done to a file, and what a file rule is about. */
enum nestor_access {
	NESTOR_ACCESS_READ = 1,
	NESTOR_ACCESS_WRITE = 2,
	NESTOR_ACCESS_LINK = 4, /* it gets another name */
};

enum nestor_operation { /* bits; the words are in agent/event/act.cc, in this order */
			NESTOR_OPERATION_PTRACE = 1 << 0,
			NESTOR_OPERATION_VM_READ = 1 << 1, /* process_vm_readv */
			NESTOR_OPERATION_VM_WRITE = 1 << 2,
			NESTOR_OPERATION_GETFD = 1 << 3, /* pidfd_getfd */
			NESTOR_OPERATION_MEM_FILE = 1 << 4,
			NESTOR_OPERATION_CLONE = 1 << 5,
			NESTOR_OPERATION_SETNS = 1 << 6,
			NESTOR_OPERATION_UNSHARE = 1 << 7,
};

enum nestor_namespace_kind { /* bits; words as above */
			     NESTOR_KIND_CGROUP = 1 << 0,
			     NESTOR_KIND_IPC = 1 << 1,
			     NESTOR_KIND_MNT = 1 << 2,
			     NESTOR_KIND_NET = 1 << 3,
			     NESTOR_KIND_PID = 1 << 4,
			     NESTOR_KIND_TIME = 1 << 5,
			     NESTOR_KIND_USER = 1 << 6,
			     NESTOR_KIND_UTS = 1 << 7,
};

/* What trace, namespace and credential rules are about. */
struct nestor_act {
	__u64 capabilities; /* credential: that are gained, bits of capabilities(7) */
	__u32 from, to;     /* credential: uids; trace: the tracer and the traced process, in the root pid namespace */
	__u8 operation;     /* trace, namespace: enum nestor_operation, one bit */
	__u8 kinds;         /* namespace: enum nestor_namespace_kind */
	__u8 pad[6];
};
NESTOR_LAYOUT(nestor_act, 24);

struct nestor_verdict {
	struct nestor_header hdr;
	struct nestor_actor actor;
	__u64 generation;           /* of the policy set that decided */
	__u32 rule;                 /* index into that generation's rules */
	__u8 action;                /* enum nestor_action */
	__u8 mode;                  /* enum nestor_mode */
	__u8 stage;                 /* enum nestor_stage */
	__u8 applied;               /* 1: the kernel refused or killed; 0: audit only, or it could not (see error) */
	__s32 error;                /* -errno of a failed application */
	__u32 access;               /* file: enum nestor_access */
	struct nestor_address peer; /* connect */
	struct nestor_act act;      /* trace, namespace, credential */
	struct nestor_span subject; /* path that was executed, opened or connected to; trace: the other process's program */
	struct nestor_span argv;    /* exec: NUL separated, cut to what fits */
	char data[2 * NESTOR_NAME_DATA];
};
NESTOR_LAYOUT(nestor_verdict, 1248);

struct nestor_cgroup {
	struct nestor_header hdr;
	__u64 id;
	__u32 removed; /* 1: the cgroup went away */
	__u32 pad;
	struct nestor_span name; /* leaf directory name: holds the 64 hex digits of the container id */
	char data[256];
};
NESTOR_LAYOUT(nestor_cgroup, 296);

enum nestor_tamper_reason {                             /* of an option that says which hop a connection from another node comes from */
			    NESTOR_TAMPER_FORGED = 1,   /* no key gives its tag */
			    NESTOR_TAMPER_REPLAYED = 2, /* genuine, and used before */
			    NESTOR_TAMPER_STALE =
				3, /* too old or too new: replayed, or the clocks of the nodes differ by more than a minute */
			    NESTOR_TAMPER_FOREIGN = 4,   /* from an address that is in no peer's network */
			    NESTOR_TAMPER_MALFORMED = 5, /* no such length */
};

/* An option that was refused; seen when the connection is established, before anybody accepts it. */
struct nestor_tamper {
	struct nestor_header hdr;
	struct nestor_address local;
	struct nestor_address peer;
	__u64 claimed_hop_id;
	__u64 container_cgroup_id; /* whose socket it is; 0: the host's */
	__u32 claimed_pid;
	__u32 node;  /* NodeId of the peer that the address belongs to; 0: unknown */
	__u8 reason; /* enum nestor_tamper_reason */
	__u8 answer; /* 1: on a server's answer, 0: on a client's SYN */
	__u8 pad[6];
};
NESTOR_LAYOUT(nestor_tamper, 96);

/* What of nestor's own somebody tried to get at. */
enum nestor_guarded_kind {
	NESTOR_GUARDED_MAP = 1, /* by its id, as the next two */
	NESTOR_GUARDED_PROGRAM = 2,
	NESTOR_GUARDED_LINK = 3,
	NESTOR_GUARDED_FILE = 4,    /* or a directory and all below it: by inode number and device */
	NESTOR_GUARDED_MOUNT = 5,   /* of the BPF file system that the pins are in: by device */
	NESTOR_GUARDED_PROCESS = 6, /* nestord: signals, tracers, scheduling */
	NESTOR_GUARDED_DEVICE = 7,  /* in the table only: some guarded file is on it */
};

/* Key of the table of these, but for the process. What a kind does not name is 0. */
struct nestor_guarded {
	__u64 number;
	__u32 device; /* kernel dev_t */
	__u32 kind;   /* enum nestor_guarded_kind */
};
NESTOR_LAYOUT(nestor_guarded, 16);

struct nestor_guard {
	struct nestor_header hdr;
	struct nestor_actor actor;
	struct nestor_guarded target; /* process: its tgid */
	__u32 detail;                 /* process: the signal, 0: something else */
	__u8 applied;                 /* 1: it was refused */
	__u8 pad[3];
	struct nestor_span name; /* of a file: its last part */
	char data[256];
};
NESTOR_LAYOUT(nestor_guard, 424);

enum nestor_protect { NESTOR_PROTECT_OFF = 0, NESTOR_PROTECT_REPORT = 1, NESTOR_PROTECT_REFUSE = 2 };

/* Where something was lost. Counters live in one array map; nestord turns every growth into a loss event. Append only. */
enum nestor_loss {
	NESTOR_LOSS_RING_CONTROL = 0, /* hop, exec, exit record not written: ring full */
	NESTOR_LOSS_RING_BULK = 1,    /* connect, accept, bind, listen not written: ring full */
	NESTOR_LOSS_TASK_STORAGE = 2, /* context could not be stored; recovered from an ancestor on next use */
	NESTOR_LOSS_SOCKET_STORAGE = 3,
	NESTOR_LOSS_ARGV_READ = 4,
	NESTOR_LOSS_ARGV_TRUNCATED = 5,
	NESTOR_LOSS_PATH_READ = 6,
	NESTOR_LOSS_PATH_TRUNCATED = 7,
	NESTOR_LOSS_CONNECTION_TABLE =
	    8, /* a client was not remembered, or no longer when its connection was accepted: a hop whose client is not known */
	NESTOR_LOSS_CONTAINER_TABLE = 9,
	NESTOR_LOSS_POLICY_STATE = 10,  /* a decision could not be made as written; see the rule's fallback */
	NESTOR_LOSS_HOP_TABLE = 11,     /* a hop could not be remembered: it is known by its id only */
	NESTOR_LOSS_CAUSE_TABLE = 12,   /* what a hop's announcement needs was dropped for newer ones: known by its id only */
	NESTOR_LOSS_CANDIDATES = 13,    /* more requests under way in one process than are remembered */
	NESTOR_LOSS_REMOTE_OPTION = 14, /* a SYN to another node had no room for the chain: the hop there has no client */
	NESTOR_LOSS_REACHED_PODS = 15,  /* a host process that connected into a pod could not be remembered: it stays out of scope */
	NESTOR_LOSS_RING_VERDICTS = 16, /* a verdict was not written: ring full. What it says was done all the same */
	NESTOR_LOSS_DNS_NAMES = 17,     /* no room for a name that a pod was told, or too many of them: its address is not known by it */
	NESTOR_LOSS_DNS_ANSWERS = 18,   /* an answer that could not be read to its end: addresses in it may not be known by their names */
	NESTOR_LOSS_MAX = 19,
};

/* ---- policy maps, written by agent/kernel/policy_maps.cc, read by bpf/policy.bpf.h and judge.bpf.h ---- */

#define NESTOR_MAX_RULES 2048 /* for each generation */
#define NESTOR_RULE_WORDS (NESTOR_MAX_RULES / 64)
#define NESTOR_DFA_CELLS (1 << 21) /* of all automata of a generation together */
#define NESTOR_RULE_SETS 8192      /* different sets of rules that the states and networks of a generation name */
#define NESTOR_DFA_STATES 65535    /* of one automaton: a cell has 16 bits */
#define NESTOR_DFA_DEAD 0          /* state from which nothing can match */
#define NESTOR_DFA_START 1
#define NESTOR_MAX_CIDRS 1024

/*
 * The kinds of rules, by what they are about. A kind is added here, and in agent/policy/rule_kind.h, which compiles only with the same
 * kinds; the compiler then names each place that must know it ("A new kind of rule" in agent/policy/README.md). Numbers stay as they are.
 */
#define NESTOR_RULE_KINDS(KIND)                                                                                                            \
	KIND(EXEC, 1)                                                                                                                      \
	KIND(OPEN, 2)                                                                                                                      \
	KIND(CONNECT, 3)                                                                                                                   \
	KIND(CREDENTIAL, 4)                                                                                                                \
	KIND(NAMESPACE, 5)                                                                                                                 \
	KIND(TRACE, 6)

#define NESTOR_RULE_EVENTS 16 /* a kind's number is lower, and not 0, which is no kind */

#define NESTOR_RULE_KIND(name, number) NESTOR_RULE_##name = (number),
enum nestor_rule_event { NESTOR_RULE_KINDS(NESTOR_RULE_KIND) };
#undef NESTOR_RULE_KIND

/* A set of rules as bits. */
struct nestor_rule_bits {
	__u64 word[NESTOR_RULE_WORDS];
};
NESTOR_LAYOUT(nestor_rule_bits, 256);

/* The first sets of each generation's pool; index = slot * NESTOR_RULE_SETS + set. slot = generation & 1. */
#define NESTOR_SET_NONE 0
#define NESTOR_SET_ALL 1

/* Which automaton; index = slot * NESTOR_DFA_KINDS + kind. */
enum nestor_dfa_kind {
	NESTOR_DFA_EXEC_PATH = 0, /* resolved path of the executable */
	NESTOR_DFA_ARGV = 1,      /* each argument followed by a NUL */
	NESTOR_DFA_OPEN_PATH = 2, /* resolved path of the file */
	NESTOR_DFA_UNIX_PATH = 3, /* address of a unix socket, '@' first when abstract */
	NESTOR_DFA_EXCEPT = 4,    /* resolved path of the executable that acts: rules that leave it alone */
	/* These three tell agents: their sets are not of rules, see NESTOR_AGENTS. */
	NESTOR_DFA_AGENT_PATH = 5, /* resolved path of the executable: which agents it is, and which runner of other programs */
	NESTOR_DFA_AGENT_RUN = 6,  /* argv of a runner: which agents the program is that it is given to run */
	NESTOR_DFA_AGENT_ARGV = 7, /* argv: which agents have such an argument */
	NESTOR_DFA_DNS_NAME = 8,   /* a name that the peer's address is known by: lower case, without the final dot */
	NESTOR_DFA_KINDS = 9,
};

/*
 * An automaton: bytes that it does not tell apart are one class. A state is a row of `stride` cells, the first state's at `base`: the next
 * state by class, and behind these three sets of rules: NESTOR_ROW_....
 */
struct nestor_dfa {
	__u32 base;
	__u32 stride;
	__u32 hits_from; /* states from this one on have hits: rules that match whatever follows, so that no state has to remember them */
	__u32 pad;
	__u8 class_of[256];
};
NESTOR_LAYOUT(nestor_dfa, 272);

/* Cells from a row's end. */
#define NESTOR_ROW_ACCEPTS 3
#define NESTOR_ROW_REACH 2 /* NESTOR_DFA_OPEN_PATH: rules that match some text that goes on from here, also one that ends here */
#define NESTOR_ROW_HITS 1  /* NESTOR_DFA_ARGV, _EXEC_PATH and _OPEN_PATH: see hits_from */
#define NESTOR_ROW_SETS 3

/* The cells of all automata of one slot. */
struct nestor_dfa_cells {
	__u16 cell[NESTOR_DFA_CELLS];
};
NESTOR_LAYOUT(nestor_dfa_cells, 2 * NESTOR_DFA_CELLS);

/*
 * Marks of agents: bits of those whose names rules may ask for (`through.agents`), and the stamp of the numbering that they are of. What
 * has another stamp is not known. 0: nothing is.
 */
#define NESTOR_AGENTS 47                              /* different names of agents in a generation */
#define NESTOR_AGENTS_UNKNOWN (1ULL << NESTOR_AGENTS) /* any of them */
#define NESTOR_AGENTS_BITS ((NESTOR_AGENTS_UNKNOWN << 1) - 1)
#define NESTOR_AGENTS_STAMP 48 /* the bit at which the stamp begins */

/* Words of a set that an automaton of agents tells, in place of rules. */
#define NESTOR_AGENT_IS 0     /* agents that it is */
#define NESTOR_AGENT_RUNNER 1 /* NESTOR_DFA_AGENT_PATH: bit R: the runner whose arguments are read from state NESTOR_DFA_START + R on */
#define NESTOR_AGENT_WITH 2   /* agents that it is if it has their argument, too: of as many words, each with arguments of its own */
#define NESTOR_AGENT_WITH_MOST 2

/* The agents of one slot. */
struct nestor_agents {
	__u64 fingerprint; /* of their names and patterns: generations with the same have the same stamp */
	__u32 stamp;       /* 16 bits; 0: no rule asks for agents */
	__u32 pad;
};
NESTOR_LAYOUT(nestor_agents, 16);

/* A user's name in the kernel's tables: FNV-1a over its bytes, and never 0. */
#define NESTOR_FNV_BASIS 0xcbf29ce484222325ULL
#define NESTOR_FNV_PRIME 0x100000001b3ULL

/* Key of the lists of users. The value: which of the generation's lists (`identity`) the name is on, bits. */
struct nestor_user_key {
	__u32 slot;
	__u32 pad;
	__u64 user; /* hash */
};
NESTOR_LAYOUT(nestor_user_key, 16);

#define NESTOR_USER_LISTS 63                             /* in a generation */
#define NESTOR_USERS_UNKNOWN (1ULL << NESTOR_USER_LISTS) /* somebody logged in: any of them */
#define NESTOR_MAX_USERS 4096                            /* different names in a generation */

/* The rules of one kind of event in one slot; index = slot * NESTOR_RULE_EVENTS + enum nestor_rule_event. */
struct nestor_event_rules {
	struct nestor_rule_bits all;
	struct nestor_rule_bits need_path;   /* these match only with their path bit, */
	struct nestor_rule_bits need_argv;   /* argv bit, */
	struct nestor_rule_bits need_cidr;   /* address bit */
	struct nestor_rule_bits allow;       /* these allow */
	struct nestor_rule_bits spares;      /* these leave some executables alone: NESTOR_DFA_EXCEPT */
	struct nestor_rule_bits asks_file;   /* these ask what the program's file is: NESTOR_IS_..., NESTOR_FROM_... */
	struct nestor_rule_bits asks_way;    /* these ask which way the chain came */
	struct nestor_rule_bits need_digest; /* these match only with the bit of the program's digest */
};
NESTOR_LAYOUT(nestor_event_rules, 9 * 256);

/*
 * Bits beside the kinds'. In nestor_applying.events: some exec rules leave alone what certain executables start; some ask for a digest. A
 * task remembers them and the kinds in NESTOR_APPLIES_BITS bits, see rules_moment in policy.bpf.h.
 */
#define NESTOR_APPLIES_SPARES (NESTOR_RULE_EVENTS + 0)
#define NESTOR_APPLIES_DIGESTS (NESTOR_RULE_EVENTS + 1)
#define NESTOR_APPLIES_BITS 24
/* Of a generation only: some rule asks for agents, or for names of peers. */
#define NESTOR_ASKS_AGENTS (NESTOR_APPLIES_BITS + 0)
#define NESTOR_ASKS_NAMES (NESTOR_APPLIES_BITS + 1)

/* The rules that apply somewhere. */
struct nestor_applying {
	struct nestor_rule_bits rules;
	__u32 events; /* bit (1 << enum nestor_rule_event): some of them are of this kind; (1 << NESTOR_APPLIES_...) */
	__u32 words;  /* of `rules` from the first to the last that has any */
	__u64 places; /* which of the generation's lists of containers (`through`) it is on: bits; NESTOR_PLACES_UNKNOWN */
};
NESTOR_LAYOUT(nestor_applying, 272);

#define NESTOR_PLACES 63                              /* lists of containers in a generation */
#define NESTOR_PLACES_UNKNOWN (1ULL << NESTOR_PLACES) /* its names are not known: it may be on any of them */

/* In a container, for both slots, so that a swap of generations needs no second write. */
struct nestor_container_rules {
	struct nestor_applying slot[2];
};
NESTOR_LAYOUT(nestor_container_rules, 544);

/* Key of the prefix trie: the slot and family come first and are always compared whole. */
struct nestor_cidr_key {
	__u32 prefix_len; /* bits of what follows: 64 + the prefix */
	__u32 slot;
	__u32 family; /* AF_INET, AF_INET6 */
	__u8 addr[16];
};
NESTOR_LAYOUT(nestor_cidr_key, 28);

/* An address as processes of one network namespace were told it, by a name server. */
struct nestor_told_key {
	__u64 netns; /* its cookie: inode numbers are used again */
	__u32 family;
	__u32 pad;
	__u8 addr[16]; /* v4: the first four, zeros behind */
};
NESTOR_LAYOUT(nestor_told_key, 32);

/* A name of one network namespace: what a pod says of its names is nobody else's matter. */
struct nestor_name_key {
	__u64 netns;
	__u64 hash; /* of its text */
};
NESTOR_LAYOUT(nestor_name_key, 16);

/* Of one network namespace. */
struct nestor_told_count {
	__u32 addresses;
	__u32 names;
};
NESTOR_LAYOUT(nestor_told_count, 8);

#define NESTOR_NAMES_TOLD 8 /* of an address; the ninth takes the place of the first; a power of two */

struct nestor_told {
	__u64 until_ns;                /* boot clock: nobody knows it by a name any more */
	__u64 name[NESTOR_NAMES_TOLD]; /* hashes, see nestor_name_key; 0: none */
	__u32 next;                    /* where the next one goes */
	__u32 pad;
};
NESTOR_LAYOUT(nestor_told, 80);

#define NESTOR_DNS_NAME 253 /* bytes of a name's text, RFC 1035, 2.3.4, without its final dot */
#define NESTOR_DNS_MARGIN 8 /* DFA_STEP, see there */
#define NESTOR_DNS_TEXT 272 /* both margins and 256 between them */

struct nestor_name {
	__u64 until_ns;
	__u32 len;
	__u32 pad;
	char text[NESTOR_DNS_TEXT]; /* from NESTOR_DNS_MARGIN on */
};
NESTOR_LAYOUT(nestor_name, 288);

/* Key of the digests: SHA-256 of a program's file. The value is a set of rules. */
struct nestor_digest_key {
	__u32 slot;
	__u8 sha256[32];
};
NESTOR_LAYOUT(nestor_digest_key, 36);
#define NESTOR_MAX_DIGESTS 8192 /* of a generation */

/* What of a rule's subject its patterns look at, and what of a subject could not be inspected to its end. */
#define NESTOR_SEES_PATH 1
#define NESTOR_SEES_ARGV 2
#define NESTOR_SEES_FROM 4
#define NESTOR_SEES_WAY 8
#define NESTOR_SEES_DIGEST 16
#define NESTOR_SEES_CHAIN 32 /* its origin, its depth */

/* What a program's file is, beside its path, and where it comes from; for a rule, what it asks for: any of either kind. */
#define NESTOR_IS_MEMFD 0x01
#define NESTOR_IS_DELETED 0x02
#define NESTOR_IS_LOADER 0x04
#define NESTOR_IS_SETUID 0x08
#define NESTOR_FROM_IMAGE 0x10
#define NESTOR_FROM_ADDED 0x20
#define NESTOR_FROM_ANY (NESTOR_FROM_IMAGE | NESTOR_FROM_ADDED) /* of a file also: not known */

enum nestor_on_truncated { NESTOR_TRUNCATED_DENY = 0, NESTOR_TRUNCATED_AUDIT = 1 };

/*
 * What a rule still asks after its patterns matched, and what then happens. Rules stand in the order in which they decide: of those that
 * match and are in force, the first that allows, denies or kills has the last word.
 */
struct nestor_rule {
	__u8 event;               /* enum nestor_rule_event */
	__u8 action;              /* enum nestor_action */
	__u8 mode;                /* enum nestor_mode */
	__u8 access;              /* file: enum nestor_access */
	__u32 min_depth;          /* chain depth, inclusive */
	__u32 max_depth;          /* inclusive; 0xffffffff: no bound */
	__u32 origin_mask;        /* bit (1 << enum nestor_hop_kind); 0: any */
	__u16 port_min, port_max; /* connect, inclusive; 0..65535: any */
	__u8 sees;                /* NESTOR_SEES_... */
	__u8 on_truncated;        /* enum nestor_on_truncated: when something that it looks at was not inspected */
	__u8 is;                  /* exec: NESTOR_IS_..., any of them; 0: not asked */
	__u8 from;                /* exec: NESTOR_FROM_...; 0: not asked */
	__u8 operations;          /* trace, namespace: enum nestor_operation; 0: any */
	__u8 kinds;               /* namespace: enum nestor_namespace_kind; 0: any */
	__u8 place;               /* the chain left a container of this list: 1 + its bit in nestor_applying.places; 0: not asked */
	__u8 users;               /* somebody of this list logged in on its way: 1 + the bit of user_lists; 0: not asked */
	__u32 to_uid;             /* credential; NESTOR_ANY_UID: any, or the same as before */
	__u64 capabilities;       /* credential: gained; 0: any, or none */
	__u32 hops;               /* the chain has a hop of one of these kinds: bits (1 << enum nestor_hop_kind); 0: not asked */
	__u32 rest;
	__u64 agents; /* the chain came through one of these: bits of marks; 0: not asked */
};
NESTOR_LAYOUT(nestor_rule, 56);

#define NESTOR_WAY_MOST 1024 /* hops above a task that are looked at; a longer way is not known to its end */

#define NESTOR_ANY_UID 0xffffffffU

/* ---- other nodes, written by agent/kernel/peer_maps.cc, read by bpf/remote.bpf.h ---- */

#define NESTOR_MAX_PEER_NETWORKS 4096
#define NESTOR_PEER_KEYS 2 /* during a rotation */

/* Key of the prefix trie; the value is the NodeId of the peer's name, NESTOR_NODE_UNNAMED when it has none. */
struct nestor_peer_network {
	__u32 prefix_len; /* v4: 96 + the prefix */
	__u8 addr[16];    /* v4 as ::ffff:a.b.c.d */
};
NESTOR_LAYOUT(nestor_peer_network, 20);

#define NESTOR_NODE_UNNAMED 0xffffffffU

struct nestor_peer_keys {
	__u64 key[NESTOR_PEER_KEYS][2]; /* SipHash keys; the first one signs, each is accepted */
	__u32 count;
	__u32 pad;
};
NESTOR_LAYOUT(nestor_peer_keys, 40);

#endif /* NESTOR_BPF_ABI_H */
