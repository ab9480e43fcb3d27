// SPDX-License-Identifier: Apache-2.0
#include "agent/agents/marks.h"

#include <algorithm>
#include <bit>
#include <optional>
#include <utility>

#include "agent/agents/recogniser.h"
#include "agent/agents/run_automaton.h"
#include "agent/agents/runner.h"
#include "agent/policy/automaton.h"

namespace nestor {
namespace {

constexpr size_t kMaxMarkStates = 16384;  // of each of the automata
constexpr size_t kMostWithArgs = 2;       // NESTOR_AGENT_WITH_MOST

const ByteSet& InText() {
  static const ByteSet kBytes = AnyByteBut('\0');
  return kBytes;
}

Pattern Joined(const std::vector<Pattern>& parts) {
  Pattern joined;
  for (const Pattern& part : parts) joined.insert(joined.end(), part.begin(), part.end());
  return joined;
}

Pattern Optional(const Pattern& pattern) {
  return Joined({{MaySkip(static_cast<uint32_t>(pattern.size()))}, pattern});
}

// What of `pattern` has no `/`.
Pattern InOneFolder(Pattern pattern) {
  for (PatternItem& item : pattern) item.bytes.reset('/');
  return pattern;
}

// Any folder, or none, before a file's name.
const Pattern& InAnyFolder() {
  static const auto& pattern = *new Pattern(Optional({RepeatOf(InText()), OneByte('/')}));
  return pattern;
}

// Any of them, with one way on behind all: what has a way of its own is followed on its own.
Pattern AnyOf(const std::vector<Pattern>& choices) {
  Pattern any;
  for (const Pattern& pattern : choices) {
    Pattern choice = pattern;
    if (!any.empty()) {
      choice.push_back(Jump(static_cast<int32_t>(any.size())));
      choice.insert(choice.begin(), Split(static_cast<int32_t>(choice.size())));
    }
    any.insert(any.begin(), choice.begin(), choice.end());
  }
  return any;
}

Pattern AnyWord(Runner::Words words) {
  std::vector<Pattern> choices;
  for (const std::string_view word : words) choices.push_back(LiteralPattern(word));
  return AnyOf(choices);
}

// What a program is named by: a path, or what a runner is given, which may have a scheme before it
// and a version behind it.
struct Subject {
  bool operand;

  Pattern Before() const { return operand ? Optional(LiteralPattern(kPackageScheme)) : Pattern(); }
  Pattern After() const {
    return operand ? Optional({OneByte('@'), RepeatOf(AnyByteBut('\0').reset('/'))}) : Pattern();
  }
};

// A version begins with `@`: no wildcard of the name before it reaches over that.
Pattern BeforeVersion(Pattern glob) {
  for (PatternItem& item : glob)
    if (item.bytes.count() > 1) item.bytes.reset('@');
  return glob;
}

// The globs of one signature.
class SignatureGlobs {
 public:
  Status Read(const AgentSignature& signature, Subject subject) {
    for (const std::string& glob : signature.exe) {
      Result<Pattern> pattern = ParseGlob(glob, kExeGlob);
      if (!pattern)
        return pattern.error().In("agent " + signature.name + ": pattern `" + glob + "`");
      Take(glob, *std::move(pattern), subject);
    }
    return {};
  }

  // The programs that they name: see AgentSignature::exe.
  void Add(Subject subject, size_t bit, AutomatonBuilder& builder) const {
    for (const Pattern& beginning : beginnings_)
      builder.AddBeginning(Joined({subject.Before(), beginning}), bit);
    if (!wholes_.empty())
      builder.Add(Joined({subject.Before(), AnyOf(wholes_), subject.After()}), bit);
    if (!names_.empty())
      builder.Add(Joined({subject.Before(), InAnyFolder(), AnyOf(names_), subject.After()}), bit);
    if (packages_.empty()) return;
    const Pattern package =
        Joined({{RepeatOf(InText())}, AnyWord(PackageFolders()), AnyOf(packages_)});
    builder.Add(Joined({package, subject.After()}), bit);
    builder.AddBeginning(Joined({package, {OneByte('/')}}), bit);
  }

 private:
  void Take(const std::string& text, Pattern glob, Subject subject) {
    const bool has_folders = text.find('/') != std::string::npos;
    const auto beginning = BeginningOf(glob, InText());
    if (subject.operand) glob = BeforeVersion(std::move(glob));
    // What matches whatever follows is a hit: else it would have to be remembered beside all
    // others.
    if (beginning)
      beginnings_.push_back(*beginning);
    else if (has_folders || text.find("**") != std::string::npos)
      wholes_.push_back(glob);
    if (!has_folders) names_.push_back(InOneFolder(glob));
    // A package's name has one `/` at most, and begins with `@` where it has one.
    if (!has_folders)
      packages_.push_back(InOneFolder(std::move(glob)));
    else if (text[0] == '@')
      packages_.push_back(std::move(glob));
  }

  std::vector<Pattern> beginnings_, wholes_, names_, packages_;
};

void AddRunners(Subject subject, AutomatonBuilder& builder) {
  ByteSet version;
  for (const char digit : std::string_view("0123456789.")) version.set(static_cast<uint8_t>(digit));
  for (size_t index = 0; index < Runners().size(); ++index) {
    const Runner& runner = Runners()[index];
    const Pattern number = runner.numbered ? Pattern{RepeatOf(version)} : Pattern();
    builder.Add(
        Joined({subject.Before(), InAnyFolder(), AnyWord(runner.names), number, subject.After()}),
        RunBits::Runner(index));
  }
}

// A signature as the automata have it.
struct Mark {
  const AgentSignature* signature;
  size_t bit;  // where a match of its exe is told
};

Status AddPrograms(const std::vector<Mark>& marks, Subject subject, AutomatonBuilder& builder) {
  for (const Mark& mark : marks) {
    SignatureGlobs globs;
    if (Status read = globs.Read(*mark.signature, subject); !read) return read;
    globs.Add(subject, mark.bit, builder);
    // Whatever the program is: its arguments tell.
    if (mark.signature->exe.empty() && !subject.operand)
      builder.Add({RepeatOf(InText())}, mark.bit);
  }
  AddRunners(subject, builder);
  return {};
}

// One argument, or its last path component, after the program's own name.
Status AddArguments(const std::vector<Mark>& marks, AutomatonBuilder& builder) {
  const Pattern earlier = {RepeatOf(InText()), OneByte('\0'), MaySkip(2), RepeatOf(AnyByte()),
                           OneByte('\0')};
  for (const Mark& mark : marks) {
    for (const std::string& glob : mark.signature->args) {
      const Result<Pattern> pattern = ParseGlob(glob, kArgsGlob);
      if (!pattern)
        return pattern.error().In("agent " + mark.signature->name + ": pattern `" + glob + "`");
      builder.AddBeginning(Joined({earlier, *pattern, {OneByte('\0')}}), mark.bit);
      builder.AddBeginning(Joined({earlier, InAnyFolder(), InOneFolder(*pattern), {OneByte('\0')}}),
                           mark.bit);
    }
  }
  return {};
}

class Maker {
 public:
  explicit Maker(const AgentOptions& options) {
    for (const AgentSignature& signature : options.signatures) signatures_.push_back(&signature);
    if (!options.builtin) return;
    for (const AgentSignature& signature : BuiltinSignatures()) signatures_.push_back(&signature);
  }

  Result<AgentMarks> Make() {
    for (const AgentSignature* signature : signatures_)
      if (Status taken = Take(*signature); !taken) return taken.error();
    ExplainUnmarked();
    if (Status built = BuildAll(); !built) return built.error().In("the patterns of agents");
    return std::move(out_);
  }

 private:
  // The bit of a name; none: there is no room for it.
  std::optional<size_t> BitOf(const std::string& name) {
    const auto known = std::ranges::find(out_.names, name);
    if (known != out_.names.end()) return static_cast<size_t>(known - out_.names.begin());
    if (out_.names.size() == kMaxAgents) return std::nullopt;
    out_.names.push_back(name);
    return out_.names.size() - 1;
  }

  Status Take(const AgentSignature& signature) {
    if (!signature.images.empty()) return {};
    const auto bit = BitOf(signature.name);
    if (!bit) return {};
    if (signature.args.empty()) {
      marks_.push_back({&signature, RunBits::Is(*bit)});
      return {};
    }
    const size_t before = static_cast<size_t>(std::ranges::count_if(marks_, [&](const Mark& mark) {
      return mark.signature->name == signature.name && !mark.signature->args.empty();
    }));
    if (before == kMostWithArgs)
      return Error{ErrorCode::kResourceExhausted,
                   "agent " + signature.name + " has more than " + std::to_string(kMostWithArgs) +
                       " signatures with args: the kernel has no room for more"};
    marks_.push_back({&signature, RunBits::With(before, *bit)});
    return {};
  }

  void ExplainUnmarked() {
    for (const AgentSignature* signature : signatures_) {
      if (std::ranges::find(out_.names, signature->name) != out_.names.end()) continue;
      out_.unmarked[signature->name] =
          signature->images.empty()
              ? "there is room for " + std::to_string(kMaxAgents) +
                    " names of agents in the kernel, the own ones first, and it comes after them"
              : "it is known by an image, which the kernel does not know; select the containers";
    }
  }

  Status BuildAll() {
    AutomatonBuilder path, operand, argv;
    if (Status added = AddPrograms(marks_, {false}, path); !added) return added;
    if (Status added = AddPrograms(marks_, {true}, operand); !added) return added;
    if (Status added = AddArguments(marks_, argv); !added) return added;
    for (const auto& [builder, dfa] : {std::pair{&path, &out_.path}, {&argv, &out_.argv}}) {
      Result<Dfa> built = builder->Build(kMaxMarkStates);
      if (!built) return built.error();
      *dfa = *std::move(built);
    }
    Result<Dfa> run = MakeRunAutomaton(std::move(operand), kMaxMarkStates);
    if (!run) return run.error();
    out_.run = *std::move(run);
    return {};
  }

  std::vector<const AgentSignature*> signatures_;
  std::vector<Mark> marks_;
  AgentMarks out_;
};

uint64_t Word(const RuleBits& bits, size_t first) {
  uint64_t word = 0;
  for (size_t bit = 0; bit < 64; ++bit) word |= uint64_t{bits[first + bit]} << bit;
  return word;
}

// What an automaton tells of a text that is read from `state` on.
RuleBits Told(const Dfa& dfa, uint32_t state, std::string_view text) {
  RuleBits told;
  if (dfa.states() == 0) return told;
  for (const char byte : text) {
    state = dfa.Next(state, static_cast<uint8_t>(byte));
    told |= dfa.Hits(state);
  }
  return told | dfa.Accepts(state);
}

}  // namespace

Result<AgentMarks> MakeAgentMarks(const AgentOptions& options) { return Maker(options).Make(); }

uint64_t AgentsOf(const AgentMarks& marks, const std::string& exe,
                  const std::vector<std::string>& argv) {
  std::string joined;
  for (const std::string& argument : argv) (joined += argument) += '\0';
  const RuleBits by_path = Told(marks.path, 1, exe);
  RuleBits by_run;
  if (const uint64_t runner = Word(by_path, RunBits::Runner(0)))
    by_run = Told(marks.run, 1 + static_cast<uint32_t>(std::countr_zero(runner)), joined);
  const RuleBits by_argv = Told(marks.argv, 1, joined);
  const RuleBits programs = by_path | by_run;
  uint64_t found = Word(programs, RunBits::Is(0));
  for (size_t which = 0; which < kMostWithArgs; ++which)
    found |= Word(programs, RunBits::With(which, 0)) & Word(by_argv, RunBits::With(which, 0));
  return found;
}

}  // namespace nestor
