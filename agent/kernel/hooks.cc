// SPDX-License-Identifier: Apache-2.0
#include "agent/kernel/hooks.h"

#include <bpf/btf.h>

#include <algorithm>
#include <iterator>

#include "agent/event/capability.h"
#include "agent/policy/rule_kind.h"
#include "bpf/abi.h"

namespace nestor {

namespace {

static_assert(kAsksForDigests == 1U << NESTOR_APPLIES_DIGESTS);
static_assert(kAsksForAgents == 1U << NESTOR_ASKS_AGENTS);
static_assert(kAsksForNames == 1U << NESTOR_ASKS_NAMES);

constexpr uint32_t kExec = BitOf(RuleEvent::kExec), kFile = BitOf(RuleEvent::kOpen),
                   kConnect = BitOf(RuleEvent::kConnect), kTrace = BitOf(RuleEvent::kTrace),
                   kNamespace = BitOf(RuleEvent::kNamespace),
                   kCredential = BitOf(RuleEvent::kCredential);

constexpr std::string_view
    kKills = "exec rules kill a program at its start, not refuse it",
    kLoads = "exec rules do not see a program that its loader is told to run",
    kRenames = "files that rules are about can be renamed, linked, removed, created and cut",
    kConnects = "connect rules are not enforced",
    kEnters = "namespace rules do not see setns into namespaces of this kind";

struct Judging {
  std::string_view program;
  uint32_t events;          // see RuleEventsOf
  std::string_view effect;  // see EffectOf
};

// Each program that judges, or that those need. This is where a hook comes to know a kind of rule.
constexpr Judging kJudging[] = {
    {"decide_enter_execve", kExec, kKills},
    {"decide_enter_execveat", kExec, kKills},
    {"decide_bprm", kExec, kKills},
    {"decide_exec", kExec, "a program that changes its arguments in time runs"},
    {"decide_mmap", kExec, kLoads},
    {"decide_mprotect", kExec, kLoads},
    {"decide_digest", kAsksForDigests, "digests are not known: rules that ask for one match"},
    // Also where no rule asks for agents yet: it must come before decide_exec, so be attached
    // first.
    {"mark_agent", kAsksForAgents | kExec, "rules about agents do not see what is below one"},
    {"decide_open", kFile, "file rules are not enforced"},
    {"decide_link", kFile, kRenames},
    {"decide_rename", kFile, kRenames},
    {"decide_rename_below", kFile, kRenames},
    {"decide_exchange_below", kFile, kRenames},
    {"decide_unlink", kFile, kRenames},
    {"decide_rmdir", kFile, kRenames},
    {"decide_mknod", kFile, kRenames},
    {"decide_mkdir", kFile, kRenames},
    {"decide_symlink", kFile, kRenames},
    {"decide_truncate", kFile, kRenames},
    {"decide_chmod", kFile, kRenames},
    {"decide_chown", kFile, kRenames},
    {"decide_connect", kConnect, kConnects},
    {"decide_send", kConnect, kConnects},
    {"decide_unix_connect", kConnect, kConnects},
    {"decide_unix_send", kConnect, kConnects},
    {"learn_names", kAsksForNames, "connect rules know no names: those with `names` do not match"},
    {"decide_trace", kTrace, "trace rules hold for /proc/PID/mem only"},
    {"decide_traceme", kTrace, "trace rules do not see who asks to be traced"},
    {"decide_memory", kTrace, "trace rules do not see /proc/PID/mem"},
    {"decide_userns", kNamespace, "namespace rules do not see unshare of user namespaces"},
    {"decide_clone", kNamespace, "namespace rules do not see clone"},
    {"decide_capable", kNamespace, "namespace rules see user namespaces and clone only"},
    {"decide_unshare", kNamespace, "namespace rules see unshare of user namespaces only"},
    {"decide_setns_cgroup", kNamespace, kEnters},
    {"decide_setns_ipc", kNamespace, kEnters},
    {"decide_setns_mnt", kNamespace, kEnters},
    {"decide_setns_net", kNamespace, kEnters},
    {"decide_setns_pid", kNamespace, kEnters},
    {"decide_setns_time", kNamespace, kEnters},
    {"decide_setns_user", kNamespace, kEnters},
    {"decide_setns_uts", kNamespace, kEnters},
    {"decide_setuid", kCredential, "credential rules do not see setuid and its like"},
    {"decide_rights", kCredential, "credential rules do not see setuid programs"},
};

constexpr bool IsJudged(RuleEvent event) {
  return std::ranges::any_of(
      kJudging, [event](const Judging& one) { return (one.events & BitOf(event)) != 0; });
}
static_assert(std::ranges::all_of(kRuleKinds, IsJudged, &RuleKind::event),
              "a kind of rule is judged by no program");

// null: it judges nothing.
const Judging* FindJudging(std::string_view program) {
  const auto found = std::ranges::find(kJudging, program, &Judging::program);
  return found == std::end(kJudging) ? nullptr : found;
}

}  // namespace

std::string EffectOf(std::string_view program) {
  if (const Judging* judging = FindJudging(program)) return std::string(judging->effect);
  if (program.starts_with("guard_")) return "pods with enough rights can get at nestor itself";
  if (program == "on_exec") return "programs that start are not seen";
  if (program == "on_fork") return "children do not inherit their chain";
  if (program == "on_exit") return "ends of processes are not seen";
  if (program == "seed") return "what ran before nestord has no chain";
  if (program == "seed_sockets") return "connections that are older than nestord open no hop";
  if (program.ends_with("socket_bind") || program.ends_with("socket_listen"))
    return "bind and listen are not seen";
  if (program.ends_with("ptrace_access_check"))
    return "processes that a tracer takes over stay in their chain";
  if (program.ends_with("inet_csk_clone"))
    return "a client that closed long before its connection is accepted is unknown";
  if (program == "on_waking")
    return "a worker thread's request is told by rule 4 only, or ambiguous";
  if (program == "on_scm_send" || program.ends_with("file_receive"))
    return "passed connections are told when they are read from, without their own hop";
  if (program == "on_datagram" || program.ends_with("unix_may_send"))
    return "hops over unix datagrams are not seen";
  if (program.ends_with("socket_sendmsg") || program.ends_with("socketpair"))
    return "a connection that several hops use counts as its client's; answered requests stay "
           "candidates";
  if (program.ends_with("_release")) return "requests that are never answered stay candidates";
  if (program.ends_with("bprm_creds_for_exec"))
    return "who logs in is not known: rules that ask for users match";
  if (program == "remote_chain") return "chains do not go on to other nodes, nor come from them";
  if (program == "remote_listeners")
    return "servers that listened before nestord do not know clients on other nodes";
  if (program == "on_cgroup_rmdir") return "tables of ended containers are not emptied";
  return "hops over sockets are not complete";
}

uint32_t RuleEventsOf(std::string_view program) {
  const Judging* judging = FindJudging(program);
  return judging ? judging->events : 0;
}

std::vector<std::string_view> JudgingPrograms() {
  std::vector<std::string_view> programs;
  for (const Judging& judging : kJudging) programs.push_back(judging.program);
  return programs;
}

std::string_view CoveredBy(std::string_view program) {
  return program == "guard_open" ? "decide_open" : "";
}

bool IsForDigests(std::string_view program) { return program == "decide_digest"; }

bool IsForAgents(std::string_view program) { return program == "mark_agent"; }

bool IsForNames(std::string_view program) { return program == "learn_names"; }

bool CanHash(const btf* kernel) {
  return btf__find_by_name_kind(kernel, "ima_file_hash", BTF_KIND_FUNC) > 0;
}

bool IsForPeers(std::string_view program) { return program.starts_with("remote_"); }

bool IsIterator(std::string_view program) {
  return program == "seed" || program == "seed_sockets" || program == "remote_listeners";
}

bool IsSecond(std::string_view program) { return program.starts_with("again_"); }

bool IsReplacedByTracepoint(std::string_view program) {
  return program.starts_with("after_") && program.ends_with("_recvmsg");
}

bool IsRequired(std::string_view program) {
  return program == "on_exec" || program == "on_fork" || program == "on_exit" || program == "seed";
}

bool HasTarget(const btf* kernel, std::string_view section) {
  const size_t slash = section.find('/');
  if (slash == std::string_view::npos) return true;
  const std::string_view type = section.substr(0, slash);
  const std::string name(section.substr(slash + 1));
  if (type == "tp_btf") {
    return btf__find_by_name_kind(kernel, ("btf_trace_" + name).c_str(), BTF_KIND_TYPEDEF) > 0;
  }
  if (type == "lsm" || type == "lsm.s") {
    return btf__find_by_name_kind(kernel, ("bpf_lsm_" + name).c_str(), BTF_KIND_FUNC) > 0;
  }
  if (type == "fentry" || type == "fexit") {
    return btf__find_by_name_kind(kernel, name.c_str(), BTF_KIND_FUNC) > 0;
  }
  if (type == "iter") {
    return btf__find_by_name_kind(kernel, ("bpf_iter_" + name).c_str(), BTF_KIND_FUNC) > 0;
  }
  return true;
}

}  // namespace nestor
