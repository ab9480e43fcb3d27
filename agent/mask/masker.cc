// SPDX-License-Identifier: Apache-2.0
#include "agent/mask/masker.h"

#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>

#include "agent/mask/literals.h"
#include "agent/mask/patterns.h"
#include "agent/mask/visit_strings.h"

namespace nestor {
namespace {

constexpr std::string_view kMask = "*****";
// A string that is shorter than this cannot hold what a shipped pattern matches ("pass=x").
constexpr size_t kShortestMatch = 6;
// Longer strings are not remembered as clean.
constexpr size_t kRememberedBytes = 256;
// What a search takes beside its bytes, in bytes.
constexpr uint64_t kSearchWork = 64;

RE2::Options PatternOptions() {
  RE2::Options options;
  options.set_encoding(RE2::Options::EncodingLatin1);  // every byte matches, also broken UTF-8
  options.set_log_errors(false);
  return options;
}

re2::StringPiece ToPiece(std::string_view text) { return {text.data(), text.size()}; }

// "-c", "-lc", "-xec": what follows is a shell's script.
bool IsScriptFlag(std::string_view text) {
  if (text.size() < 2 || text.front() != '-' || text.back() != 'c') return false;
  return std::ranges::all_of(text.substr(1),
                             [](char letter) { return letter >= 'a' && letter <= 'z'; });
}

std::string_view BaseName(std::string_view path) {
  const size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

// The strings last found clean. The same paths, names and ids come with every event; comparing one
// is much cheaper than searching it.
class CleanStrings {
 public:
  bool Has(std::string_view text) const {
    return text.size() <= kRememberedBytes && slots_[SlotOf(text)] == text;
  }
  void Remember(std::string_view text) {
    if (text.size() <= kRememberedBytes) slots_[SlotOf(text)] = text;
  }

 private:
  static constexpr size_t kSlots = 1024;

  static size_t SlotOf(std::string_view text) {
    uint64_t head = 0;
    uint64_t tail = 0;
    if (text.size() >= sizeof(head)) {
      std::memcpy(&head, text.data(), sizeof(head));
      std::memcpy(&tail, text.data() + text.size() - sizeof(tail), sizeof(tail));
    } else {
      std::memcpy(&head, text.data(), text.size());
    }
    const uint64_t mixed = (head ^ (tail * 31) ^ text.size()) * 0x9e3779b97f4a7c15ULL;
    return mixed >> 54;  // the top 10 bits: kSlots
  }

  std::array<std::string, kSlots> slots_;
};

}  // namespace

struct Masker::Patterns {
  // Each masks its groups, or its whole match.
  struct Pattern {
    std::unique_ptr<RE2> regex;
    Literals::Groups needs;
  };

  std::unique_ptr<Literals> literals;  // null without the shipped patterns
  std::unique_ptr<RE2> own_trigger;    // where one of the node's own patterns matches; null: none
  std::vector<Pattern> everywhere;
  std::unique_ptr<RE2> secret_flag;  // null without the shipped patterns
  std::unique_ptr<RE2> secret_assignment;
  size_t shortest = 1;
  uint64_t masked = 0;
  uint64_t work = 0;

  void Text(std::string& text);
  void Argv(std::vector<std::string>& argv);

 private:
  // Of the node's own patterns, whose texts are not known.
  static constexpr Literals::Groups kOwn = Literals::Groups{1} << 63;
  friend class Masker;

  Literals::Groups Found(const std::string& text);
  bool Is(const RE2& pattern, const std::string& text);
  bool Replace(const RE2& pattern, std::string& text);
  void ReplaceAll(std::string& text, Literals::Groups found);
  void MaskWhole(std::string& text) { MaskFrom(text, 0); }
  void MaskFrom(std::string& text, size_t offset);
  void MaskKeyBlocks(std::vector<std::string>& argv);
  void MaskAfterFlags(std::vector<std::string>& argv);
  void MaskProgramFlags(std::vector<std::string>& argv);
  void MaskProgramFlag(const SecretShortFlag& rule, std::vector<std::string>& argv, size_t from);
  void MaskAssignments(std::vector<std::string>& argv);

  CleanStrings untriggered_;
  CleanStrings unchanged_;
  std::vector<Literals::Groups> found_;  // in each argument, before anything was masked
};

// The groups that occur; 0: nothing is to be looked for.
Literals::Groups Masker::Patterns::Found(const std::string& text) {
  if (text.empty() || untriggered_.Has(text)) return 0;
  Literals::Groups found = 0;
  if (literals) {
    work += text.size();
    found = literals->In(text);
    if ((found & kTriggers) == 0) found = 0;
  }
  if (own_trigger) {
    work += kSearchWork + text.size();
    if (RE2::PartialMatch(text, *own_trigger)) found |= kOwn;
  }
  if (found == 0) untriggered_.Remember(text);
  return found;
}

bool Masker::Patterns::Is(const RE2& pattern, const std::string& text) {
  work += kSearchWork + text.size();
  return RE2::FullMatch(text, pattern);
}

void Masker::Patterns::MaskFrom(std::string& text, size_t offset) {
  if (offset >= text.size() || std::string_view(text).substr(offset) == kMask) return;
  text.replace(offset, std::string::npos, kMask);
  ++masked;
}

// Replaces every secret that `pattern` finds, left to right; the text between stays.
bool Masker::Patterns::Replace(const RE2& pattern, std::string& text) {
  std::array<re2::StringPiece, 6> groups;
  const int count = std::min<int>(pattern.NumberOfCapturingGroups() + 1, groups.size());
  const re2::StringPiece input(text);
  std::string out;
  size_t copied = 0;
  size_t from = 0;
  work += kSearchWork + text.size();
  while (from <= input.size() &&
         pattern.Match(input, from, input.size(), RE2::UNANCHORED, groups.data(), count)) {
    work += kSearchWork;
    for (int i = count == 1 ? 0 : 1; i < count; ++i) {
      if (groups[i].data() == nullptr || groups[i].empty()) continue;
      const auto offset = static_cast<size_t>(groups[i].data() - input.data());
      if (offset < copied || groups[i] == re2::StringPiece(kMask.data(), kMask.size())) continue;
      out.append(text, copied, offset - copied).append(kMask);
      copied = offset + groups[i].size();
      ++masked;
    }
    const auto end = static_cast<size_t>(groups[0].data() - input.data()) + groups[0].size();
    from = groups[0].empty() ? end + 1 : end;
  }
  if (copied == 0) return false;
  out.append(text, copied);
  text = std::move(out);
  return true;
}

void Masker::Patterns::ReplaceAll(std::string& text, Literals::Groups found) {
  if (found == 0 || text.size() < shortest || unchanged_.Has(text)) return;
  bool changed = false;
  for (const Pattern& pattern : everywhere) {
    if ((pattern.needs & ~found) == 0) changed |= Replace(*pattern.regex, text);
  }
  if (!changed) unchanged_.Remember(text);
}

void Masker::Patterns::Text(std::string& text) {
  if (text.size() >= shortest) ReplaceAll(text, Found(text));
}

// A private key that the shell split at its spaces: everything up to the END line's argument.
void Masker::Patterns::MaskKeyBlocks(std::vector<std::string>& argv) {
  bool inside = false;
  for (size_t i = 0; i < argv.size(); ++i) {
    if (!inside) {
      if (!argv[i].ends_with("-----BEGIN")) continue;
      const size_t look = std::min(argv.size(), i + 6);
      for (size_t j = i + 1; j < look; ++j) inside |= argv[j] == "PRIVATE";
      continue;
    }
    inside = argv[i].find("-----END") == std::string::npos;
    MaskWhole(argv[i]);
  }
}

// `--password VALUE`, `Authorization: Bearer VALUE` given as separate arguments.
void Masker::Patterns::MaskAfterFlags(std::vector<std::string>& argv) {
  static const RE2 kScheme("(?i)basic|bearer|token|digest", PatternOptions());
  bool value_follows = false;
  for (size_t i = 0; i < argv.size(); ++i) {
    std::string& argument = argv[i];
    const bool is_flag = (found_[i] & kFlagTriggers) != 0 && Is(*secret_flag, argument);
    if (value_follows && Is(kScheme, argument)) continue;
    if (value_follows && !argument.starts_with("--")) MaskWhole(argument);
    value_follows = is_flag;
  }
}

// `curl -u user:VALUE`, `mysql -pVALUE`: short flags that mean a secret only to some programs.
void Masker::Patterns::MaskProgramFlags(std::vector<std::string>& argv) {
  const bool login = std::ranges::any_of(
      found_, [](Literals::Groups found) { return (found & kLoginTrigger) != 0; });
  // Where each program first stands; those without a literal of their own count after `login` only.
  std::vector<std::pair<std::string_view, size_t>> programs;
  for (const SecretShortFlag& rule : SecretShortFlags()) {
    if (programs.empty() || programs.back().first != rule.program)
      programs.emplace_back(rule.program, argv.size());
  }
  for (size_t i = 0; i < argv.size(); ++i) {
    if (!login && (found_[i] & kTriggers) == 0) continue;
    const std::string_view name = BaseName(argv[i]);
    for (auto& [program, first] : programs) {
      if (first == argv.size() && name == program) first = i;
    }
  }
  for (const SecretShortFlag& rule : SecretShortFlags()) {
    const auto found =
        std::ranges::find(programs, rule.program, &decltype(programs)::value_type::first);
    MaskProgramFlag(rule, argv, found->second);
  }
}

void Masker::Patterns::MaskProgramFlag(const SecretShortFlag& rule, std::vector<std::string>& argv,
                                       size_t from) {
  bool program = false;
  bool after = rule.only_after.empty();
  for (size_t i = from; i < argv.size(); ++i) {
    if (!program) {
      program = BaseName(argv[i]) == rule.program;
      continue;
    }
    after |= argv[i] == rule.only_after;
    if (!after || !argv[i].starts_with(rule.flag)) continue;
    const bool attached = argv[i].size() > rule.flag.size();
    if (attached && rule.flag.starts_with("--") && argv[i][rule.flag.size()] != '=') continue;
    if (!attached && (rule.attached_only || i + 1 == argv.size())) continue;
    std::string& holder = attached ? argv[i] : argv[++i];
    size_t offset = attached ? rule.flag.size() : 0;
    if (attached && holder[offset] == '=') ++offset;
    if (rule.after_colon) {
      const size_t colon = holder.find_first_of(":%", offset);
      offset = colon == std::string::npos ? holder.size() : colon + 1;
    }
    MaskFrom(holder, offset);
  }
}

// `--password=VALUE` and `TOKEN=VALUE` as whole arguments: the value goes to the argument's end. A
// shell's script (`-c`) has a language of its own; there the patterns for text look for words.
void Masker::Patterns::MaskAssignments(std::vector<std::string>& argv) {
  for (size_t i = 0; i < argv.size(); ++i) {
    if ((found_[i] & kFlagTriggers) == 0 || (i > 0 && IsScriptFlag(argv[i - 1]))) continue;
    const size_t equals = argv[i].find('=');
    if (equals != std::string::npos && Is(*secret_assignment, argv[i]))
      MaskFrom(argv[i], equals + 1);
  }
}

void Masker::Patterns::Argv(std::vector<std::string>& argv) {
  found_.clear();
  Literals::Groups any = 0;
  for (const std::string& argument : argv) any |= found_.emplace_back(Found(argument));
  if (any == 0) return;
  if (secret_flag) {
    MaskKeyBlocks(argv);
    MaskAfterFlags(argv);
    MaskProgramFlags(argv);
    MaskAssignments(argv);
  }
  for (size_t i = 0; i < argv.size(); ++i) ReplaceAll(argv[i], found_[i]);
}

Masker::Masker(std::unique_ptr<Patterns> patterns) : patterns_(std::move(patterns)) {}
Masker::Masker(Masker&&) noexcept = default;
Masker& Masker::operator=(Masker&&) noexcept = default;
Masker::~Masker() = default;

Result<Masker> Masker::Create(const MaskOptions& options) {
  auto patterns = std::make_unique<Patterns>();
  if (options.enabled_builtin) {
    patterns->literals = std::make_unique<Literals>(SecretLiterals());
    patterns->shortest = kShortestMatch;
    patterns->secret_flag = std::make_unique<RE2>(ToPiece(kSecretFlagPattern), PatternOptions());
    patterns->secret_assignment =
        std::make_unique<RE2>(ToPiece(kSecretAssignmentPattern), PatternOptions());
    for (const TextPattern& one : TextPatterns()) {
      patterns->everywhere.push_back(
          {std::make_unique<RE2>(ToPiece(one.pattern), PatternOptions()), one.needs});
    }
  }
  std::string own_trigger;
  for (size_t i = 0; i < options.extra_patterns.size(); ++i) {
    const std::string& text = options.extra_patterns[i];
    auto pattern = std::make_unique<RE2>(text, PatternOptions());
    const std::string name = "mask pattern " + std::to_string(i + 1) + " `" + text + "`";
    if (!pattern->ok()) return Error::InvalidArgument(name + ": " + pattern->error());
    if (RE2::FullMatch("", *pattern))
      return Error::InvalidArgument(name + ": it matches the empty string");
    own_trigger += (own_trigger.empty() ? "(?:" : "|(?:") + text + ")";
    patterns->everywhere.push_back({std::move(pattern), Patterns::kOwn});
    patterns->shortest = 1;
  }
  if (!own_trigger.empty()) {
    patterns->own_trigger = std::make_unique<RE2>(own_trigger, PatternOptions());
    if (!patterns->own_trigger->ok())
      return Error::InvalidArgument("mask patterns together: " + patterns->own_trigger->error());
  }
  for (const Patterns::Pattern& pattern : patterns->everywhere)
    if (!pattern.regex->ok()) return Error::Internal("mask pattern: " + pattern.regex->error());
  return Masker(std::move(patterns));
}

Masked<Event> Masker::Mask(Event event) {
  VisitStrings(event, *patterns_);
  return Masked<Event>(std::move(event));
}

Masked<ChainInfo> Masker::Mask(ChainInfo chain) {
  VisitStrings(chain, *patterns_);
  return Masked<ChainInfo>(std::move(chain));
}

Masked<std::vector<ChainInfo>> Masker::Mask(std::vector<ChainInfo> chains) {
  for (ChainInfo& chain : chains) VisitStrings(chain, *patterns_);
  return Masked<std::vector<ChainInfo>>(std::move(chains));
}

Masked<std::vector<AgentInfo>> Masker::Mask(std::vector<AgentInfo> agents) {
  for (AgentInfo& agent : agents) VisitStrings(agent, *patterns_);
  return Masked<std::vector<AgentInfo>>(std::move(agents));
}

std::string Masker::MaskText(std::string text) {
  patterns_->Text(text);
  return text;
}

void Masker::MaskArgv(std::vector<std::string>& argv) { patterns_->Argv(argv); }

uint64_t Masker::masked_count() const { return patterns_->masked; }

uint64_t Masker::work() const { return patterns_->work; }

}  // namespace nestor
