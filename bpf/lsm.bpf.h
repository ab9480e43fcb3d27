/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Observation at an LSM hook: as an LSM program where BPF is among the active LSMs, else as fentry on security_*(), which sees the same
 * arguments but cannot refuse. nestord loads one of the two; both share the body.
 */
#ifndef NESTOR_LSM_BPF_H
#define NESTOR_LSM_BPF_H

#include "turn.bpf.h"
#include <bpf/bpf_helpers.h>

#define OBSERVE1(hook, body, T1, a1)                                                                                                       \
	SEC("lsm/" #hook) int FUNCTION_PROG(lsm_##hook, T1 a1)                                                                             \
	{                                                                                                                                  \
		body(a1);                                                                                                                  \
		return 0;                                                                                                                  \
	}                                                                                                                                  \
	SEC("fentry/security_" #hook) int FUNCTION_PROG(fentry_##hook, T1 a1)                                                              \
	{                                                                                                                                  \
		body(a1);                                                                                                                  \
		return 0;                                                                                                                  \
	}

#define OBSERVE2(hook, body, T1, a1, T2, a2)                                                                                               \
	SEC("lsm/" #hook) int FUNCTION_PROG(lsm_##hook, T1 a1, T2 a2)                                                                      \
	{                                                                                                                                  \
		body(a1, a2);                                                                                                              \
		return 0;                                                                                                                  \
	}                                                                                                                                  \
	SEC("fentry/security_" #hook) int FUNCTION_PROG(fentry_##hook, T1 a1, T2 a2)                                                       \
	{                                                                                                                                  \
		body(a1, a2);                                                                                                              \
		return 0;                                                                                                                  \
	}

#define OBSERVE3(hook, body, T1, a1, T2, a2, T3, a3)                                                                                       \
	SEC("lsm/" #hook) int FUNCTION_PROG(lsm_##hook, T1 a1, T2 a2, T3 a3)                                                               \
	{                                                                                                                                  \
		body(a1, a2, a3);                                                                                                          \
		return 0;                                                                                                                  \
	}                                                                                                                                  \
	SEC("fentry/security_" #hook) int FUNCTION_PROG(fentry_##hook, T1 a1, T2 a2, T3 a3)                                                \
	{                                                                                                                                  \
		body(a1, a2, a3);                                                                                                          \
		return 0;                                                                                                                  \
	}

#define OBSERVE4(hook, body, T1, a1, T2, a2, T3, a3, T4, a4)                                                                               \
	SEC("lsm/" #hook) int FUNCTION_PROG(lsm_##hook, T1 a1, T2 a2, T3 a3, T4 a4)                                                        \
	{                                                                                                                                  \
		body(a1, a2, a3, a4);                                                                                                      \
		return 0;                                                                                                                  \
	}                                                                                                                                  \
	SEC("fentry/security_" #hook) int FUNCTION_PROG(fentry_##hook, T1 a1, T2 a2, T3 a3, T4 a4)                                         \
	{                                                                                                                                  \
		body(a1, a2, a3, a4);                                                                                                      \
		return 0;                                                                                                                  \
	}

#endif
