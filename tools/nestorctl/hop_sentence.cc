// SPDX-License-Identifier: Apache-2.0
#include "tools/nestorctl/hop_sentence.h"

#include <functional>

#include "tools/nestorctl/words.h"

namespace nestor::ctl {
namespace {

// How one end is called: within one pod the container is enough.
std::string Place(const v1::Workload& workload, const v1::Workload& other) {
  return SamePod(workload, other) ? workload.container() : WorkloadName(workload);
}

// "sidecar:ssh[97]"
std::string Who(const v1::HopEnd& end, const v1::HopEnd& other) {
  const std::string process = ProcessName(end.process());
  const bool somewhere = !process.empty() || !end.workload().container_id().empty();
  if (!somewhere) return "elsewhere";
  return Place(end.workload(), other.workload()) + ":" +
         (process.empty() ? "an unknown process" : process);
}

std::string Name(const v1::HopEnd& end) {
  const std::string process = ProcessName(end.process());
  return process.empty() ? "a process" : process;
}

std::string From(const v1::ChainHop& hop) { return Who(hop.from(), hop.to()); }
// The same where no network lies between.
std::string By(const v1::ChainHop& hop) {
  const std::string from = From(hop);
  return from == "elsewhere" ? "an unknown process" : from;
}

std::string To(const v1::ChainHop& hop) { return Who(hop.to(), hop.from()); }

// "tcp 10.0.3.7:51544", "unix /run/agent.sock"
std::string Connection(const v1::ChainHop& hop) {
  if (!hop.from().address().empty()) return "tcp " + hop.from().address();
  const std::string& path = hop.to().address();
  if (path.starts_with('/') || path.starts_with('@')) return "unix " + path;
  const bool unnamed = hop.kind() == "unix-socket" || hop.kind() == "fd-pass";
  return unnamed ? "an unnamed unix socket" : "a connection";
}

// Who accepted when that is not who runs in the hop: a server may fork first.
std::string AcceptedByAnother(const v1::ChainHop& hop) {
  const std::string& evidence = hop.evidence();
  const size_t end = evidence.find(" accepted ");
  if (end == std::string::npos) return "";
  const std::string pid = "[" + std::to_string(hop.to().process().pid()) + "]";
  const std::string who = evidence.substr(0, end);
  return who.ends_with(pid) || !who.ends_with(']') ? "" : who;
}

std::string Remarks(const v1::ChainHop& hop) {
  std::string text;
  if (hop.detail().find("translated") != std::string::npos)
    text += ", through a translated address";
  if (hop.detail().find("shared") != std::string::npos) text += ", on a connection that others use";
  return text;
}

std::string Accepted(const v1::ChainHop& hop, const std::string& from) {
  const std::string by = AcceptedByAnother(hop);
  const std::string what = by.empty() ? " accepted " + Connection(hop)
                                      : " serves " + Connection(hop) + ", accepted by " + by + ",";
  return To(hop) + what + " from " + from + Remarks(hop);
}

std::string FarSide(const v1::Remote& remote) {
  std::string far = remote.pid() != 0 ? "process " + std::to_string(remote.pid()) : "a process";
  far += " on node " + (remote.node().empty() ? "that is not known" : remote.node());
  if (!remote.hop_id().empty()) far += ", in its hop " + remote.hop_id();
  return far;
}

std::string FromAfar(const v1::ChainHop& hop) {
  if (!IsOutgoing(hop)) return Accepted(hop, FarSide(hop.remote()));
  return From(hop) + " connected to " + hop.to().address() + ", accepted by " +
         FarSide(hop.remote());
}

std::string WithInput(const std::string& detail) {
  if (detail == "terminal") return ", with a terminal";
  if (detail == "input") return ", with input";
  return detail == "no input" ? ", without input" : "";
}

std::string PutInto(const v1::ChainHop& hop) {
  return By(hop) + " put " + Name(hop.to()) + " into " + WorkloadName(hop.to().workload()) +
         WithInput(hop.detail());
}

std::string FirstOf(const v1::ChainHop& hop) {
  return Name(hop.to()) + " is the first process of " + WorkloadName(hop.to().workload()) +
         ", started by " + By(hop);
}

std::string OtherNamespaces(const v1::ChainHop& hop) {
  const std::string which = hop.detail().empty() ? "" : " (" + hop.detail() + ")";
  return By(hop) + " entered other namespaces" + which + ": " +
         WorkloadName(hop.from().workload()) + " -> " + WorkloadName(hop.to().workload());
}

std::string OtherRights(const v1::ChainHop& hop) {
  const std::string who = By(hop) + (hop.detail().empty() ? "" : " (" + hop.detail() + ")");
  const bool itself = hop.from().process().id() == hop.to().process().id();
  return itself ? who + " goes on with other rights" : who + " runs " + Name(hop.to());
}

std::string Delegated(const v1::ChainHop& hop) {
  return By(hop) + " started " + Name(hop.to()) + " for somebody who is not known";
}

std::string StartedBy(const v1::ChainHop& hop) { return By(hop) + " started " + Name(hop.to()); }

const std::map<std::string_view, std::function<std::string(const v1::ChainHop&)>>& Sentences() {
  const auto near = [](const v1::ChainHop& hop) {
    return hop.has_remote() ? FromAfar(hop) : Accepted(hop, From(hop));
  };
  static const auto& sentences =
      *new std::map<std::string_view, std::function<std::string(const v1::ChainHop&)>>{
          {"container-entrypoint", FirstOf},
          {"runtime-exec", PutInto},
          {"ssh-login", near},
          {"tcp", near},
          {"unix-socket", near},
          {"tcp-remote", FromAfar},
          {"fd-pass",
           [](const v1::ChainHop& hop) {
             return To(hop) + " got " + Connection(hop) + " as a descriptor from " + By(hop);
           }},
          {"namespace", OtherNamespaces},
          {"credential", OtherRights},
          {"trace",
           [](const v1::ChainHop& hop) {
             return By(hop) + " took hold of " + To(hop) +
                    (hop.detail().empty() ? "" : " by " + hop.detail());
           }},
          {"delegated", Delegated},
          {"host-service", StartedBy},
          {"pre-existing",
           [](const v1::ChainHop& hop) { return To(hop) + " ran before nestord started"; }}};
  return sentences;
}

// nestord names who served several requests; the container is put before it.
std::string OneOfSeveral(const v1::ChainHop& hop) {
  const std::string name = ProcessName(hop.from().process());
  if (hop.evidence().empty() || name.empty() || !hop.evidence().starts_with(name)) {
    return By(hop) + " was at several requests at once: this came from one of them";
  }
  return Place(hop.from().workload(), hop.to().workload()) + ":" + hop.evidence();
}

struct Sureness {
  std::string_view text;
  Style style;
};

Sureness SurenessOf(std::string_view confidence) {
  if (confidence == "exact") return {"exact", Style::kGood};
  if (confidence == "inferred") {
    return {"inferred: the only request its thread was serving", Style::kWarning};
  }
  if (confidence == "ambiguous") {
    return {"ambiguous: nestord names none for certain", Style::kWarning};
  }
  if (confidence == "unknown") {
    return {"unknown: who called was not seen, nor what is before", Style::kWarning};
  }
  return {"confidence unknown", Style::kWarning};
}

}  // namespace

bool IsAmbiguous(const v1::ChainHop& hop) {
  return hop.confidence() == "ambiguous" && hop.candidate_ids_size() > 0;
}

std::string HopSentence(const v1::ChainHop& hop) {
  if (IsAmbiguous(hop)) return OneOfSeveral(hop);
  const auto found = Sentences().find(hop.kind());
  const bool ends_known =
      hop.from().process().pid() != 0 || hop.to().process().pid() != 0 || hop.has_remote();
  if (found != Sentences().end() && ends_known) {
    return found->second(hop) + (hop.has_login() ? ", for " + LoginText(hop.login()) : "");
  }
  return hop.evidence().empty() ? "nothing more is known" : hop.evidence();
}

void KnownHops::Add(const v1::Chain& chain) {
  for (const v1::ChainHop& hop : chain.hops())
    places_.insert_or_assign(hop.id(), Place{&hop, &chain});
}

std::string KnownHops::Describe(const std::string& id) const {
  const auto found = places_.find(id);
  if (found == places_.end()) return "hop " + id + ", which nestord does not show any more";
  const auto& [hop, chain] = found->second;
  const std::string began =
      WorkloadName(chain->workload()) + " (" + chain->origin() + ", " + ShortId(chain->id()) + ")";
  if (hop->id() == chain->id()) return hop->kind() + ", where the chain of " + began + " began";
  return hop->kind() + " from " + Who(hop->from(), v1::HopEnd()) + ", in the chain that began in " +
         began;
}

std::vector<Line> HopLines(const v1::ChainHop& hop, int number, const KnownHops& known) {
  const auto [sureness, style] = SurenessOf(hop.confidence());
  Line line;
  line.Add(std::to_string(number) + ". ", Style::kDim);
  line.Add(hop.kind().empty() ? "unknown" : hop.kind(), Style::kStrong);
  line.Add(": ").Add(HopSentence(hop)).Add("; ").Add(sureness, style);
  std::vector<Line> lines{line};
  if (!IsAmbiguous(hop)) return lines;
  for (const std::string& id : hop.candidate_ids()) {
    lines.push_back(Line().Add("   ? ", Style::kWarning).Add(known.Describe(id)));
  }
  return lines;
}

}  // namespace nestor::ctl
