// SPDX-License-Identifier: Apache-2.0
#include "agent/policy/policy_set.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <utility>

#include "agent/policy/compile.h"
#include "agent/policy/document.h"
#include "agent/policy/yaml_tree.h"

namespace nestor {
namespace {

bool IsTestFile(const std::filesystem::path& file) {
  const std::string name = file.filename().string();
  return name.ends_with(".test.yaml") || name.ends_with(".test.yml");
}

bool IsPolicyFile(const std::filesystem::path& file) {
  const std::string name = file.filename().string();
  return (name.ends_with(".yaml") || name.ends_with(".yml")) && !IsTestFile(file);
}

// Why a directory's entry is no policy though somebody may take it for one; empty: it is one, or
// nobody does. A ConfigMap's own files begin with `..`, an editor's with `.` or end with `~`.
std::string WhyNotRead(const std::filesystem::directory_entry& entry) {
  const std::string name = entry.path().filename().string();
  if (name.starts_with(".") || name.ends_with("~") || IsTestFile(entry.path())) return "";
  std::error_code error;
  if (entry.is_directory(error)) return "folders are not looked into; put its files beside it";
  if (IsPolicyFile(entry.path())) return "";
  return "the name of a policy file ends with .yaml or .yml, in lower case";
}

// The policies of one file, or all that is wrong with it. What only compiling shows (a rule that
// can match nothing, patterns too large) is a fault of the file, too, when it is so alone.
std::vector<Error> ReadFile(const std::string& file, Day today, const KnownAgents& agents,
                            std::vector<PolicyDocument>& policies,
                            std::vector<std::string>& warnings) {
  const Result<std::string> text = ReadPolicyFile(file);
  if (!text) return {text.error()};
  PolicyFile read = ReadPolicyText(*text, file);
  for (const PolicyDocument& policy : read.policies) {
    const std::vector<Fault> unenforced = Unenforced(policy);
    read.faults.insert(read.faults.end(), unenforced.begin(), unenforced.end());
  }
  if (!read.faults.empty()) return ToErrors(read.faults, file);
  std::vector<PolicyDocument> counting = read.policies;
  for (PolicyDocument& policy : counting) RemoveExpired(policy, today);
  if (const auto compiled = Compile(counting, 1, agents); !compiled) {
    Error error = compiled.error();
    if (!error.message.starts_with(file + ":")) error.message = file + ":1:1: " + error.message;
    return {std::move(error)};
  }
  policies = std::move(read.policies);
  for (const std::vector<Fault>* list : {&read.idle, &read.notes})
    for (const Error& said : ToErrors(*list, file)) warnings.push_back(said.message);
  return {};
}

// What counts for a file: its text, or, when that is not fine, what it said before.
std::vector<PolicyDocument> DocumentsOf(const std::string& file, Day today, const PolicySet* before,
                                        const KnownAgents& agents, PolicySet& set) {
  std::vector<Error>& errors = set.errors;
  std::vector<PolicyDocument> policies;
  std::vector<Error> wrong = ReadFile(file, today, agents, policies, set.warnings);
  if (wrong.empty()) return policies;
  if (before) {
    const auto last = before->documents.find(file);
    if (last != before->documents.end() && !last->second.empty()) {
      policies = last->second;
      wrong.back().message += "; what this file said before stays in force";
    }
  }
  errors.insert(errors.end(), std::make_move_iterator(wrong.begin()),
                std::make_move_iterator(wrong.end()));
  return policies;
}

// Puts a policy into the set, as it counts today.
void Take(PolicyDocument policy, Day today, PolicySet& set, std::vector<PolicyDocument>& counting) {
  for (std::string& said : RemoveExpired(policy, today)) set.warnings.push_back(std::move(said));
  if (const auto next = NextExpiry(policy, today))
    set.stale_on = set.stale_on ? std::min(*set.stale_on, *next) : *next;
  set.policies.push_back({policy.name, policy.file, policy.mode, policy.mode_mark.line,
                          SpecificityOf(policy.selector), policy.default_deny,
                          static_cast<uint32_t>(policy.rules.size())});
  counting.push_back(std::move(policy));
}

}  // namespace

Result<std::vector<std::string>> PolicyFiles(const std::string& directory) {
  std::vector<std::string> files;
  std::error_code error;
  std::filesystem::directory_iterator entries(directory, error);
  if (error == std::errc::no_such_file_or_directory) return files;
  for (; !error && entries != std::filesystem::directory_iterator(); entries.increment(error))
    if (IsPolicyFile(entries->path())) files.push_back(entries->path().string());
  if (error) return Error::FromErrno("read policy directory " + directory, error.value());
  std::sort(files.begin(), files.end());
  return files;
}

std::vector<std::string> NotPolicyFiles(const std::string& directory) {
  constexpr size_t kMost = 20;
  std::vector<std::string> said;
  std::error_code error;
  std::filesystem::directory_iterator entries(directory, error);
  size_t more = 0;
  for (; !error && entries != std::filesystem::directory_iterator(); entries.increment(error)) {
    const std::string why = WhyNotRead(*entries);
    if (why.empty()) continue;
    if (said.size() < kMost)
      said.push_back(entries->path().string() + " is not read: " + why);
    else
      ++more;
  }
  std::sort(said.begin(), said.end());
  if (more > 0) said.push_back("and " + std::to_string(more) + " more in " + directory);
  return said;
}

Result<std::string> ReadPolicyFile(const std::string& file) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream) return Error::FromErrno("open policy " + file, errno);
  std::string text(kMaxYamlBytes + 1, '\0');
  stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (stream.bad()) return Error::FromErrno("read policy " + file, errno);
  text.resize(static_cast<size_t>(stream.gcount()));
  return text;
}

Result<PolicySet> LoadPolicySet(const std::string& directory, uint64_t generation,
                                const PolicySet* before, Day today, const KnownAgents& agents) {
  const auto files = PolicyFiles(directory);
  if (!files) return files.error();
  PolicySet set;
  for (const std::string& left : NotPolicyFiles(directory)) set.warnings.push_back(left);
  std::vector<PolicyDocument> counting;
  std::map<std::string, std::string> file_of;  // policy name -> file
  for (const std::string& file : *files) {
    std::vector<PolicyDocument> policies = DocumentsOf(file, today, before, agents, set);
    for (const PolicyDocument& policy : policies) {
      const auto [first, fresh] = file_of.try_emplace(policy.name, policy.file);
      if (fresh) {
        Take(policy, today, set, counting);
        continue;
      }
      const Fault twice{policy.mark, "policy `" + policy.name + "` exists already in " +
                                         first->second + "; the one read first stays"};
      set.errors.push_back(ToErrors({twice}, policy.file)[0]);
      set.errors.back().code = ErrorCode::kAlreadyExists;
    }
    set.documents.emplace(file, std::move(policies));
  }
  Result<CompiledPolicies> compiled = Compile(counting, generation, agents);
  if (!compiled) return compiled.error();
  set.compiled = *std::move(compiled);
  return set;
}

}  // namespace nestor
