// SPDX-License-Identifier: Apache-2.0
#include "tools/nestorctl/policy/source.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <map>
#include <system_error>

#include "agent/policy/compile.h"
#include "agent/policy/expiry.h"
#include "agent/policy/policy_set.h"

namespace nestor::ctl {
namespace {

namespace fs = std::filesystem;

// A folder's policies and the tests beside them.
Result<std::vector<std::string>> FilesOf(const std::string& path) {
  std::error_code error;
  if (!fs::is_directory(path, error)) return std::vector<std::string>{path};
  auto files = PolicyFiles(path);
  if (!files) return files;
  for (const auto& entry : fs::directory_iterator(path, error)) {
    const std::string name = entry.path().string();
    if (name.ends_with(".test.yaml") || name.ends_with(".test.yml")) files->push_back(name);
  }
  if (error) return Error::FromErrno("read " + path, error.value());
  std::sort(files->begin(), files->end());
  return files;
}

// The place of an error that names the file first, or its beginning.
Fault ToFault(const Error& error, const std::string& file) {
  Fault fault{{1, 1}, error.message};
  if (!error.message.starts_with(file + ":")) return fault;
  const char* at = error.message.data() + file.size() + 1;
  const char* end = error.message.data() + error.message.size();
  const auto line = std::from_chars(at, end, fault.mark.line);
  if (line.ec != std::errc() || line.ptr == end) return fault;
  const auto column = std::from_chars(line.ptr + 1, end, fault.mark.column);
  if (column.ec == std::errc() && end - column.ptr > 2)
    fault.reason = std::string(column.ptr + 2, end);
  return fault;
}

PolicySource ReadSource(const std::string& file, std::string text) {
  PolicySource source;
  source.file = file;
  source.text = std::move(text);
  PolicyFile read = ReadPolicyText(source.text, file);
  source.faults = std::move(read.faults);
  source.policies = std::move(read.policies);
  source.tests = std::move(read.tests);
  source.idle = std::move(read.idle);
  for (const Error& note : ToErrors(read.notes, file)) source.notes.push_back(note.message);
  for (PolicyDocument& policy : source.policies) {
    for (Fault& fault : Unenforced(policy)) source.faults.push_back(std::move(fault));
    for (std::string& note : RemoveExpired(policy, Today()))
      source.notes.push_back(std::move(note));
  }
  if (!source.faults.empty()) return source;
  if (source.policies.empty() && source.tests.empty())
    source.faults.push_back({{1, 1}, "there is no policy in this file"});
  if (const auto compiled = Compile(source.policies, 1); !compiled)
    source.faults.push_back(ToFault(compiled.error(), file));
  return source;
}

void FindNamesTwice(std::vector<PolicySource>& sources) {
  std::map<std::string, std::string> file_of;
  for (PolicySource& source : sources)
    for (const PolicyDocument& policy : source.policies) {
      const auto [first, fresh] = file_of.try_emplace(policy.name, source.file);
      if (!fresh && !policy.name.empty())
        source.faults.push_back(
            {policy.mark, "policy `" + policy.name + "` exists already in " + first->second});
    }
}

}  // namespace

Result<std::vector<PolicySource>> ReadSources(const std::vector<std::string>& paths) {
  std::vector<PolicySource> sources;
  for (const std::string& path : paths) {
    const auto files = FilesOf(path);
    if (!files) return files.error();
    for (const std::string& file : *files) {
      auto text = ReadPolicyFile(file);
      if (!text) return text.error();
      sources.push_back(ReadSource(file, *std::move(text)));
    }
  }
  FindNamesTwice(sources);
  if (!sources.empty()) return sources;
  return Error::NotFound("there is no policy in " + (paths.empty() ? "" : paths.front()));
}

Result<CompiledPolicies> CompileSources(const std::vector<PolicySource>& sources) {
  std::vector<PolicyDocument> all;
  for (const PolicySource& source : sources) {
    if (!source.faults.empty()) return ToErrors(source.faults, source.file).front();
    all.insert(all.end(), source.policies.begin(), source.policies.end());
  }
  return Compile(all, 1);
}

}  // namespace nestor::ctl
