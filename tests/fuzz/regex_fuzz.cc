// SPDX-License-Identifier: Apache-2.0
// An expression and texts, apart by NULs: what agent/policy takes, RE2 takes, and both match the
// same. Each expression makes one automaton with a second one's, as the kernel's are made.
#include <re2/re2.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "agent/policy/automaton.h"
#include "agent/policy/regex.h"

namespace nestor {
namespace {

std::vector<std::string> Parts(std::string_view text) {
  std::vector<std::string> parts;
  for (size_t end = text.find('\0'); end != std::string_view::npos; end = text.find('\0')) {
    parts.emplace_back(text.substr(0, end));
    text.remove_prefix(end + 1);
  }
  parts.emplace_back(text);
  return parts;
}

bool IsAscii(const std::string& text) {
  for (const char c : text)
    if (static_cast<unsigned char>(c) >= 0x80) return false;
  return true;
}

void Agree(bool found, bool expected, const char* who, const std::string& regex,
           const std::string& text) {
  if (found == expected) return;
  fprintf(stderr, "%s: \"%s\" on \"%s\": %d, RE2 says %d\n", who, RE2::QuoteMeta(regex).c_str(),
          RE2::QuoteMeta(text).c_str(), found, expected);
  std::abort();
}

void Check(std::string_view input) {
  const std::vector<std::string> parts = Parts(input);
  const std::string& regex = parts.front();
  const Result<Pattern> pattern = ParseRegex(regex);
  if (!pattern) {
    if (pattern.error().message.empty()) std::abort();
    return;
  }
  AutomatonBuilder builder;
  builder.Add(*pattern, 0);
  builder.Add({RepeatOf(AnyByte()), OneByte('b')}, 1);
  const Result<Dfa> dfa = builder.Build(1024);
  RE2::Options options;
  options.set_encoding(RE2::Options::EncodingLatin1);
  options.set_dot_nl(true);
  options.set_log_errors(false);
  const RE2 reference(regex, options);
  // RE2 bounds what it takes otherwise, and folds the case of letters beyond ASCII: `(?i)\xe9`.
  if (!reference.ok() || !IsAscii(regex)) return;
  const bool folds_case = regex.find("(?i") != std::string::npos;
  for (size_t i = 1; i < parts.size(); ++i) {
    if (folds_case && !IsAscii(parts[i])) continue;
    const bool expected = RE2::FullMatch(parts[i], reference);
    Agree(PatternMatches(*pattern, parts[i]), expected, "pattern", regex, parts[i]);
    if (!dfa) continue;
    const RuleBits matching = RulesMatching(*dfa, parts[i]);
    Agree(matching[0], expected, "automaton", regex, parts[i]);
    Agree(matching[1], parts[i].ends_with('b'), "second rule", "*b", parts[i]);
  }
}

}  // namespace
}  // namespace nestor

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  nestor::Check(std::string_view(reinterpret_cast<const char*>(data), size));
  return 0;
}
