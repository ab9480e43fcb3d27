// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_AGENT_POLICY_DOCUMENT_H_
#define NESTOR_AGENT_POLICY_DOCUMENT_H_

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/result.h"
#include "agent/policy/address.h"
#include "agent/policy/compiled.h"
#include "agent/policy/features.h"
#include "agent/policy/glob.h"
#include "agent/policy/subject.h"
#include "agent/policy/yaml_tree.h"

namespace nestor {

struct PortRange {
  uint16_t min = 0;
  uint16_t max = 65535;

  bool operator==(const PortRange&) const = default;
};

// A pattern and the words that it was written in.
struct NamedPattern {
  std::string text;
  Pattern pattern;
};

// What a rule is not for. All that is given must match; at least one thing is given.
struct ExceptionDocument {
  YamlMark mark;
  std::string reason;
  std::optional<std::chrono::sys_days> until;  // the last day on which it counts, in UTC
  WorkloadSelector selector;
  std::vector<NamedPattern> executables;  // of who acts
  std::vector<NamedPattern> paths;        // exec, file, connect (unix)
  std::vector<NamedPattern> args;         // exec: whole argv patterns
  std::vector<Cidr> cidrs;                // connect
};

// `credential`, `namespace` and `trace` rules. What is not given is any.
struct CrossingMatch {
  std::vector<uint32_t> to_uids;
  uint64_t capabilities = 0;  // bits of CapabilityWords
  uint8_t kinds = 0;          // bits of NamespaceKindWords
  uint8_t operations = 0;     // bits of OperationWords
};

// One rule of a policy file, its values checked and its patterns parsed.
struct RuleDocument {
  YamlMark mark;
  std::string name;
  std::string message;
  std::string severity;  // empty: not said
  std::vector<std::string> tags;
  Action action = Action::kDeny;
  OnTruncated on_truncated = OnTruncated::kDeny;
  RuleEvent event = RuleEvent::kExec;
  std::vector<NamedPattern> paths;       // exec, file: any of them
  std::vector<NamedPattern> args;        // exec: whole argv patterns, any of them
  std::vector<std::string> digests;      // exec: sha256, 64 hex digits each
  std::optional<Provenance> provenance;  // exec
  uint8_t traits = 0;                    // exec: bits (1 << ExecTrait), any of them
  std::vector<Cidr> cidrs;               // connect
  std::vector<NamedPattern> names;       // connect: of DNS, in lower case
  std::vector<NamedPattern> unix_paths;  // connect
  std::vector<PortRange> ports;          // connect
  uint8_t access = 7;                    // file: 1 read, 2 write, 4 another name
  CrossingMatch crossing;
  std::vector<ExceptionDocument> exceptions;
};

// What a chain must have come through; each list that is given must have one that matches.
struct ThroughDocument {
  std::vector<std::string> containers;  // that it left: see IsOneOf
  uint32_t hops = 0;                    // kinds that it has: bits (1 << HopKind)
  std::vector<std::string> agents;      // that it came through: names, or globs of names
  YamlMark agents_mark;                 // where they are written
};

// What the language can say and something asks for, with the place of it.
struct FeatureUse {
  Feature feature;
  YamlMark mark;
};

// An example beside a policy: what must be denied, or must not.
struct PolicyTest {
  enum class Expected : uint8_t { kDeny, kAllow, kReport };
  YamlMark mark;
  Expected expected = Expected::kDeny;
  std::string note;
  std::string rule;  // that must say so; empty: any
  Subject subject;
  bool names_workload = false;  // else it stands for one that the policy selects
};

// A policy file's `kind: ChainPolicy` document.
struct PolicyDocument {
  std::string name;
  std::string file;
  YamlMark mark;
  YamlMark mode_mark;  // where `mode` is written; line 0: nowhere
  Mode mode = Mode::kAudit;
  bool default_deny = false;
  WorkloadSelector selector;
  bool while_unknown = true;
  uint32_t origin_mask = 0;
  uint32_t min_depth = 0;
  uint32_t max_depth = 0xffffffff;
  ThroughDocument through;
  std::vector<std::string> users;  // any of them logged in on the chain's way; empty: not asked
  std::vector<RuleDocument> rules;
  std::vector<FeatureUse> features;  // all that the policy asks for and that is in features.h
  std::vector<PolicyTest> tests;
};

// `kind: ChainPolicyTest`: examples for a policy of another file.
struct PolicyTestDocument {
  std::string policy;
  std::string file;
  std::vector<PolicyTest> tests;
};

struct PolicyFile {
  std::vector<PolicyDocument> policies;
  std::vector<PolicyTestDocument> tests;
  std::vector<Fault> faults;  // in order of place; with one, the file has no meaning
  std::vector<Fault> idle;    // paths that can never match; the rest of the file counts
  std::vector<Fault> notes;   // paths that match in few images
};

// The kinds of hop that a chain can begin with; and all kinds.
const std::vector<std::string_view>& OriginWords();
const std::vector<std::string_view>& HopWords();

// Reads all of one file's text. `file` is only named. Every fault is found, not the first alone.
// Thread: any.
PolicyFile ReadPolicyText(std::string_view text, const std::string& file);

// "file:line:column: reason" of each, the first 50; what is left out is counted in the last.
std::vector<Error> ToErrors(const std::vector<Fault>& faults, const std::string& file);

// The policies of one file's text, or all of its faults, one a line: a file is taken whole or not
// at all. Thread: any.
Result<std::vector<PolicyDocument>> ParsePolicies(std::string_view text, const std::string& file);

// What a policy asks for and this build's kernel side does not decide, as faults.
std::vector<Fault> Unenforced(const PolicyDocument& policy);

}  // namespace nestor

#endif  // NESTOR_AGENT_POLICY_DOCUMENT_H_
