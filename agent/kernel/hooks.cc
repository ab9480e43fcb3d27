// SPDX-License-Identifier: Apache-2.0
#include "agent/kernel/hooks.h"

#include <bpf/btf.h>

#include "bpf/abi.h"

namespace nestor {

std::string EffectOf(std::string_view program, std::string_view section) {
  if (program.starts_with("decide_open")) return "file rules are not enforced";
  if (program.starts_with("decide_") && section.starts_with("lsm/path_"))
    return "files that rules are about can be renamed, linked, removed, created and cut";
  if (program.starts_with("decide_connect") || program.starts_with("decide_unix") ||
      program == "decide_send")
    return "connect rules are not enforced";
  if (program == "decide_trace") return "trace rules hold for /proc/PID/mem only";
  if (program == "decide_traceme") return "trace rules do not see who asks to be traced";
  if (program == "decide_memory") return "trace rules do not see /proc/PID/mem";
  if (program == "decide_userns") return "namespace rules do not see unshare of user namespaces";
  if (program == "decide_clone") return "namespace rules do not see clone";
  if (program == "decide_capable") return "namespace rules see user namespaces and clone only";
  if (program == "decide_unshare") return "namespace rules see unshare of user namespaces only";
  if (program.starts_with("decide_setns"))
    return "namespace rules do not see setns into namespaces of this kind";
  if (program == "decide_setuid") return "credential rules do not see setuid and its like";
  if (program == "decide_rights") return "credential rules do not see setuid programs";
  if (program == "decide_mmap" || program == "decide_mprotect")
    return "exec rules do not see a program that its loader is told to run";
  if (IsForAgents(program)) return "rules about agents do not see what is below one";
  if (IsForNames(program)) return "connect rules know no names: those with `names` do not match";
  if (IsForDigests(program)) return "digests are not known: rules that ask for one match";
  if (program == "decide_exec") return "a program that changes its arguments in time runs";
  if (program.starts_with("decide_"))
    return "exec rules kill a program at its start, not refuse it";
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

uint32_t RuleEventsOf(std::string_view program, std::string_view section) {
  // Also where no rule asks for agents yet: it must come before decide_exec, so be attached first.
  if (IsForAgents(program)) return 1U << NESTOR_ASKS_AGENTS | 1U << NESTOR_RULE_EXEC;
  if (IsForNames(program)) return 1U << NESTOR_ASKS_NAMES;
  if (!program.starts_with("decide_")) return 0;
  if (program.starts_with("decide_trace") || program == "decide_memory")
    return 1U << NESTOR_RULE_TRACE;
  if (program == "decide_userns" || program == "decide_clone" || program == "decide_capable" ||
      program == "decide_unshare" || program.starts_with("decide_setns"))
    return 1U << NESTOR_RULE_NAMESPACE;
  if (program == "decide_setuid" || program == "decide_rights") return 1U << NESTOR_RULE_CREDENTIAL;
  if (IsForDigests(program)) return 1U << NESTOR_APPLIES_DIGESTS;
  if (section == "lsm/file_open" || section.starts_with("lsm/path_")) return 1U << NESTOR_RULE_OPEN;
  if (section.starts_with("lsm/socket_") || section.starts_with("lsm/unix_"))
    return 1U << NESTOR_RULE_CONNECT;
  return 1U << NESTOR_RULE_EXEC;
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
