// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/nestorctl/sample.h"

namespace nestor::ctl::sample {
namespace {

constexpr std::chrono::minutes kAge(3);

std::string IdOf(uint32_t pid) { return pid ? "5f5e100-" + std::to_string(pid) : ""; }

}  // namespace

v1::Workload Container(const std::string& container) {
  v1::Workload workload;
  workload.set_namespace_("team-a");
  workload.set_pod("web-0");
  workload.set_container(container);
  workload.set_container_id("9d2c1f00aa5512345678");
  return workload;
}

v1::Process Process(uint32_t pid, std::initializer_list<std::string> argv) {
  v1::Process process;
  process.set_id(IdOf(pid));
  process.set_pid(pid);
  for (const std::string& argument : argv) process.add_argv(argument);
  return process;
}

v1::ChainHop* AddHop(v1::Chain& chain, const std::string& id, const std::string& parent_id,
                     const std::string& kind, const std::string& confidence) {
  v1::ChainHop* hop = chain.add_hops();
  hop->set_id(id);
  hop->set_parent_id(parent_id);
  hop->set_kind(kind);
  hop->set_confidence(confidence);
  hop->set_alive(true);
  *hop->mutable_time() = ToTimestamp(kNow - kAge);
  return hop;
}

v1::ChainProcess* AddProcess(v1::Chain& chain, const std::string& hop_id, uint32_t parent_pid,
                             const v1::Process& process) {
  v1::ChainProcess* added = chain.add_processes();
  *added->mutable_process() = process;
  added->set_hop_id(hop_id);
  added->set_parent_id(IdOf(parent_pid));
  added->set_alive(true);
  *added->mutable_time() = ToTimestamp(kNow - kAge);
  return added;
}

void End(v1::ChainProcess* process, uint32_t code, uint32_t signal) {
  process->set_alive(false);
  process->mutable_exit()->set_code(code);
  process->mutable_exit()->set_signal(signal);
  process->mutable_exit()->set_run_ns(12'000'000);
}

v1::Verdict Denied(const std::string& subject) {
  v1::Verdict verdict;
  verdict.set_policy("protect-credentials");
  verdict.set_rule("no-shadow-access");
  verdict.set_mode("enforce");
  verdict.set_action("deny");
  verdict.set_applied(true);
  verdict.set_stage("open");
  verdict.set_subject(subject);
  return verdict;
}

v1::Verdict WouldDeny(const std::string& subject) {
  v1::Verdict verdict = Denied(subject);
  verdict.set_mode("audit");
  verdict.set_applied(false);
  return verdict;
}

v1::Process AgentProcess(uint32_t pid, std::initializer_list<std::string> argv,
                         const std::string& agent, uint32_t depth) {
  v1::Process process = Process(pid, argv);
  process.set_agent(agent);
  process.set_agent_depth(depth);
  return process;
}

// A hop of Nested() from a process in one container to one in another.
v1::ChainHop* Cross(v1::Chain& chain, const char* id, const char* parent, const char* kind,
                    const char* confidence, const std::string& from, const v1::Process& by,
                    const std::string& to, const v1::Process& reached) {
  v1::ChainHop* hop = AddHop(chain, id, parent, kind, confidence);
  *hop->mutable_from()->mutable_workload() = Container(from);
  *hop->mutable_from()->mutable_process() = by;
  *hop->mutable_to()->mutable_workload() = Container(to);
  *hop->mutable_to()->mutable_process() = reached;
  return hop;
}

v1::Chain Nested() {
  constexpr const char* kOrigin = "00d14f2a91c00010";
  constexpr const char* kSsh = "00d14f2a91c00011";
  constexpr const char* kSudo = "00d14f2a91c00012";
  constexpr const char* kTcp = "00d14f2a91c00013";
  const v1::Process claude = AgentProcess(
      41, {"node", "/usr/bin/claude", "-p", "tidy up the whole repository"}, "claude", 1);
  const v1::Process ssh = Process(55, {"ssh", "main", "codex exec 'run the tests'"});
  const v1::Process sshd = AgentProcess(60, {"sshd"}, "sshd", 2);
  const v1::Process codex = AgentProcess(70, {"codex", "exec", "run the tests"}, "codex", 3);
  const v1::Process sudo = Process(81, {"sudo", "make", "install"});

  v1::Chain chain;
  chain.set_id(kOrigin);
  chain.set_origin("container-entrypoint");
  *chain.mutable_workload() = Container("dev");
  chain.set_alive(true);
  *chain.mutable_time() = ToTimestamp(kNow - kAge);
  v1::ChainHop* origin = AddHop(chain, kOrigin, "", "container-entrypoint", "exact");
  *origin->mutable_from()->mutable_process() = Process(12, {"containerd-shim"});
  *origin->mutable_to()->mutable_workload() = Container("dev");
  *origin->mutable_to()->mutable_process() = Process(40, {"bash"});
  v1::ChainHop* login =
      Cross(chain, kSsh, kOrigin, "ssh-login", "inferred", "dev", ssh, "main", sshd);
  login->mutable_from()->set_address("10.0.3.7:51544");
  v1::ChainHop* rights =
      Cross(chain, kSudo, kSsh, "credential", "exact", "main", sudo, "main", sudo);
  rights->set_detail("uid 1000 -> 0");
  v1::ChainHop* shared = Cross(chain, kTcp, kSsh, "tcp", "ambiguous", "aux",
                               Process(90, {"mcp-gateway"}), "aux", Process(92, {"sh"}));
  for (const char* id : {kOrigin, kSsh, kSudo}) shared->add_candidate_ids(id);
  shared->set_evidence("mcp-gateway[90] was at 3 requests at once: this came from one of them");

  AddProcess(chain, kOrigin, 0, Process(40, {"bash"}));
  AddProcess(chain, kOrigin, 40, claude);
  for (uint32_t pid = 42; pid < 50; ++pid) {
    End(AddProcess(chain, kOrigin, 41, Process(pid, {"git", "status", "--short"})), 0, 0);
  }
  AddProcess(chain, kOrigin, 41, ssh);
  AddProcess(chain, kSsh, 0, sshd);
  AddProcess(chain, kSsh, 60, codex);
  AddProcess(chain, kSudo, 70, sudo);
  v1::ChainProcess* denied =
      AddProcess(chain, kTcp, 90, Process(92, {"sh", "-c", "cat /etc/shadow"}));
  *denied->add_verdicts() = Denied("/etc/shadow");
  End(denied, 1, 0);
  return chain;
}

v1::Agent Agent(const std::string& name, uint32_t pid, uint32_t depth,
                const std::string& container) {
  v1::Agent agent;
  agent.set_name(name);
  *agent.mutable_process() = Process(pid, {name, "-p", "say \x1b[31mhi"});
  *agent.mutable_workload() = Container(container);
  agent.set_depth(depth);
  agent.set_chain_id("00d14f2a91c00001");
  *agent.mutable_started() = ToTimestamp(kNow - kAge);
  agent.set_alive(true);
  agent.mutable_started_by()->set_pid(pid - 1);
  agent.mutable_started_by()->set_exe("/bin/bash");
  return agent;
}

v1::Chain Story() {
  v1::Chain chain;
  const std::string origin = "00d14f2a91c00001", ssh_hop = "00d14f2a91c00002";
  chain.set_id(origin);
  chain.set_origin("runtime-exec");
  *chain.mutable_workload() = Container("ssh");
  chain.set_alive(true);
  *chain.mutable_time() = ToTimestamp(kNow - kAge);

  v1::ChainHop* entered = AddHop(chain, origin, "", "runtime-exec", "exact");
  *entered->mutable_to()->mutable_workload() = Container("ssh");
  *entered->mutable_to()->mutable_process() = Process(4120, {"bash"});
  *entered->mutable_from()->mutable_process() = Process(88, {"runc"});
  entered->set_detail("terminal");
  entered->set_evidence("put into container 9d2c1f00aa55 by runc[88]");
  v1::ChainHop* hop = AddHop(chain, ssh_hop, origin, "tcp", "inferred");
  *hop->mutable_from()->mutable_workload() = Container("ssh");
  *hop->mutable_from()->mutable_process() = Process(4131, {"ssh"});
  hop->mutable_from()->set_address("10.0.3.7:51544");
  *hop->mutable_to()->mutable_workload() = Container("main");
  *hop->mutable_to()->mutable_process() = Process(4150, {"sshd"});
  hop->mutable_to()->set_address("10.0.3.8:22");
  hop->set_evidence("sshd[60] accepted tcp 10.0.3.7:51544 -> 10.0.3.8:22 from ssh[4131]");

  AddProcess(chain, origin, 0, Process(4120, {"bash"}));
  AddProcess(chain, origin, 4120,
             Process(4131, {"ssh", "-A", "main@10.0.3.8", "cat $HOME/.token"}));
  AddProcess(chain, ssh_hop, 60, Process(4150, {"sshd: main@pts/0"}));
  v1::ChainProcess* cat = AddProcess(chain, ssh_hop, 4150, Process(4160, {"cat", "/etc/shadow"}));
  *cat->add_verdicts() = Denied("/etc/shadow");
  End(cat, 1, 0);
  return chain;
}

}  // namespace nestor::ctl::sample
