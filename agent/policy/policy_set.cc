// SPDX-License-Identifier: Apache-2.0
#include "agent/policy/policy_set.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "agent/policy/compile.h"
#include "agent/policy/document.h"
#include "agent/policy/yaml_tree.h"

namespace nestor {
namespace {

Result<std::vector<std::filesystem::path>> PolicyFiles(const std::string& directory) {
  std::vector<std::filesystem::path> files;
  std::error_code error;
  std::filesystem::directory_iterator entries(directory, error);
  if (error == std::errc::no_such_file_or_directory) return files;
  for (; !error && entries != std::filesystem::directory_iterator(); entries.increment(error))
    if (entries->path().extension() == ".yaml" || entries->path().extension() == ".yml")
      files.push_back(entries->path());
  if (error) return Error::FromErrno("read policy directory " + directory, error.value());
  std::sort(files.begin(), files.end());
  return files;
}

// Reads one byte more than allowed, so that the parser can say that the file is too large.
Result<std::string> ReadText(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream) return Error::FromErrno("open policy " + file.string(), errno);
  std::string text(kMaxYamlBytes + 1, '\0');
  stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (stream.bad()) return Error::FromErrno("read policy " + file.string(), errno);
  text.resize(static_cast<size_t>(stream.gcount()));
  return text;
}

Result<std::vector<PolicyDocument>> ReadFile(const std::filesystem::path& file) {
  const Result<std::string> text = ReadText(file);
  if (!text) return text.error();
  return ParsePolicies(*text, file.string());
}

// What counts for a file: its text, or, when that is not fine, what it said before.
std::vector<PolicyDocument> DocumentsOf(const std::filesystem::path& file, const PolicySet* before,
                                        std::vector<Error>& errors) {
  Result<std::vector<PolicyDocument>> policies = ReadFile(file);
  if (policies) return *std::move(policies);
  Error error = policies.error();
  std::vector<PolicyDocument> kept;
  if (before) {
    const auto last = before->documents.find(file.string());
    if (last != before->documents.end() && !last->second.empty()) {
      kept = last->second;
      error.message += "; what this file said before stays in force";
    }
  }
  errors.push_back(std::move(error));
  return kept;
}

}  // namespace

Result<PolicySet> LoadPolicySet(const std::string& directory, uint64_t generation,
                                const PolicySet* before) {
  const auto files = PolicyFiles(directory);
  if (!files) return files.error();
  PolicySet set;
  std::vector<PolicyDocument> good;
  std::map<std::string, std::string> file_of;  // policy name -> file
  for (const std::filesystem::path& file : *files) {
    std::vector<PolicyDocument> policies = DocumentsOf(file, before, set.errors);
    for (const PolicyDocument& policy : policies) {
      const auto [first, fresh] = file_of.try_emplace(policy.name, policy.file);
      if (!fresh) {
        set.errors.push_back(
            Error{ErrorCode::kAlreadyExists, policy.file + ":1:1: policy `" + policy.name +
                                                 "` exists already in " + first->second +
                                                 "; the one read first stays"});
        continue;
      }
      set.policies.push_back(
          {policy.name, policy.file, policy.mode, static_cast<uint32_t>(policy.rules.size())});
      good.push_back(policy);
    }
    set.documents.emplace(file.string(), std::move(policies));
  }
  Result<CompiledPolicies> compiled = Compile(good, generation);
  if (!compiled) return compiled.error();
  set.compiled = *std::move(compiled);
  return set;
}

}  // namespace nestor
