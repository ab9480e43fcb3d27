// SPDX-License-Identifier: Apache-2.0
#include "agent/pipeline/kept_names.h"

#include <charconv>
#include <utility>

namespace nestor {
namespace {

constexpr std::string_view kBegin = "nestor-rule-names-v1\n";

// Texts one after the other, each behind its length: "7 no-keys\n". Numbers are texts, too.
class Writer {
 public:
  void Add(std::string_view text) {
    bytes_ += std::to_string(text.size());
    bytes_ += ' ';
    bytes_ += text;
    bytes_ += '\n';
  }
  void Add(uint64_t number) { Add(std::to_string(number)); }
  std::string Take() { return std::move(bytes_); }

 private:
  std::string bytes_{kBegin};
};

class Reader {
 public:
  explicit Reader(std::string_view bytes) : left_(bytes) {
    good_ = left_.starts_with(kBegin);
    if (good_) left_.remove_prefix(kBegin.size());
  }

  bool good() const { return good_; }
  bool at_end() const { return left_.empty(); }

  std::string Text() {
    uint64_t size = 0;
    const size_t space = left_.find(' ');
    good_ = good_ && space != std::string_view::npos && Parse(left_.substr(0, space), size);
    if (good_) left_.remove_prefix(space + 1);
    good_ = good_ && size < left_.size() && left_[size] == '\n';
    if (!good_) return "";
    std::string text(left_.substr(0, size));
    left_.remove_prefix(size + 1);
    return text;
  }

  uint64_t Number() {
    uint64_t number = 0;
    const std::string text = Text();
    good_ = good_ && Parse(text, number);
    return good_ ? number : 0;
  }

 private:
  static bool Parse(std::string_view digits, uint64_t& number) {
    const char* end = digits.data() + digits.size();
    const auto [stop, error] = std::from_chars(digits.data(), end, number);
    return error == std::errc() && stop == end;
  }

  std::string_view left_;
  bool good_ = true;
};

RuleNames ReadRule(Reader& reader) {
  RuleNames names;
  for (std::string* text : {&names.rule, &names.policy, &names.message, &names.severity})
    *text = reader.Text();
  const uint64_t tags = reader.Number();
  for (uint64_t i = 0; i < tags && reader.good(); ++i) names.tags.push_back(reader.Text());
  return names;
}

}  // namespace

GenerationNames NamesOf(const CompiledPolicies& policies) {
  GenerationNames names{policies.generation, {}};
  for (const CompiledRule& rule : policies.rules)
    names.rules.push_back({rule.name, rule.policy, rule.message, rule.severity, rule.tags});
  return names;
}

NameKeeper::NameKeeper(std::string boot_id, KeptNames kept, bool continued)
    : boot_id_(std::move(boot_id)), keep_(std::move(kept.keep)) {
  // Where nothing was gone on with, generations are numbered anew.
  if (!continued || kept.bytes.empty()) return;
  auto earlier = FromKeptBytes(kept.bytes, boot_id_);
  if (!earlier) return;
  earlier_ = *std::move(earlier);
  last_ = earlier_;
}

void NameKeeper::Keep(const CompiledPolicies& policies) {
  if (!keep_) return;
  const std::lock_guard lock(mutex_);
  last_.push_back(NamesOf(policies));
  if (last_.size() > kGenerations) last_.erase(last_.begin());
  const Status kept = keep_(ToKeptBytes(boot_id_, last_));
  fault_ =
      kept ? ""
           : "what is denied between this start and the next will lack the names of its rules: " +
                 kept.error().message;
}

std::string NameKeeper::fault() const {
  const std::lock_guard lock(mutex_);
  return fault_;
}

std::string ToKeptBytes(const std::string& boot_id, const std::vector<GenerationNames>& names) {
  Writer writer;
  writer.Add(boot_id);
  for (const GenerationNames& one : names) {
    writer.Add(one.generation);
    writer.Add(one.rules.size());
    for (const RuleNames& rule : one.rules) {
      for (const std::string* text : {&rule.rule, &rule.policy, &rule.message, &rule.severity})
        writer.Add(*text);
      writer.Add(rule.tags.size());
      for (const std::string& tag : rule.tags) writer.Add(tag);
    }
  }
  return writer.Take();
}

Result<std::vector<GenerationNames>> FromKeptBytes(std::string_view bytes,
                                                   const std::string& boot_id) {
  Reader reader(bytes);
  const std::string boot = reader.Text();
  if (!reader.good()) return Error::InvalidArgument("these are no names of rules");
  if (boot != boot_id) return Error::FailedPrecondition("these are of another boot");
  std::vector<GenerationNames> all;
  while (reader.good() && !reader.at_end()) {
    GenerationNames& one = all.emplace_back();
    one.generation = reader.Number();
    const uint64_t rules = reader.Number();
    for (uint64_t i = 0; i < rules && reader.good(); ++i) one.rules.push_back(ReadRule(reader));
  }
  if (!reader.good()) return Error::InvalidArgument("the names of rules are cut off");
  return all;
}

}  // namespace nestor
