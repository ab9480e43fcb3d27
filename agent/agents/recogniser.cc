// SPDX-License-Identifier: Apache-2.0
#include "agent/agents/recogniser.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "agent/agents/program.h"
#include "agent/policy/automaton.h"

namespace nestor {
namespace {

constexpr size_t kMaxSignatures = 256;
constexpr size_t kMaxMatcherStates = 8192;  // of one automaton; a state has some 100 bytes

// One kind of glob of all signatures; a signature's number is its bit.
struct Matcher {
  Dfa dfa;
  RuleBits asked;  // signatures that have such globs

  RuleBits Of(std::string_view text) const { return RulesMatching(dfa, text); }
};

Result<Matcher> Compile(const std::vector<AgentSignature>& signatures,
                        const std::vector<std::string> AgentSignature::* globs, GlobKind kind) {
  AutomatonBuilder builder;
  for (size_t index = 0; index < signatures.size(); ++index) {
    for (const std::string& glob : signatures[index].*globs) {
      const Result<Pattern> pattern = ParseGlob(glob, kind);
      if (!pattern) {
        return pattern.error().In("agent " + signatures[index].name + ": pattern `" + glob + "`");
      }
      builder.Add(*pattern, index);
    }
  }
  Result<Dfa> dfa = builder.Build(kMaxMatcherStates);
  if (!dfa) return dfa.error().In("the patterns of agents");
  return Matcher{*std::move(dfa), builder.rules()};
}

Status Check(const AgentSignature& signature) {
  if (Status named = CheckAgentName(signature.name); !named) return named;
  if (!signature.exe.empty() || !signature.args.empty() || !signature.images.empty()) return {};
  return Error::InvalidArgument("agent " + signature.name + " has neither exe nor args nor images");
}

}  // namespace

struct AgentRecogniser::Compiled {
  std::vector<AgentSignature> signatures;
  Matcher exe;
  Matcher args;
  Matcher images;

  // The signatures that a program matches: by its file's name, its package, or whole.
  RuleBits ByProgram(const Program& program) const {
    const RuleBits found = exe.Of(BaseName(program.path)) | exe.Of(program.path);
    return program.package.empty() ? found : found | exe.Of(program.package);
  }

  RuleBits ByArguments(const std::vector<std::string>& argv) const {
    RuleBits found;
    for (size_t index = 1; index < argv.size(); ++index) {
      found |= args.Of(argv[index]) | args.Of(BaseName(argv[index]));
    }
    return found;
  }

  AgentForm FormOf(size_t index, const std::vector<Program>& programs) const {
    if (signatures[index].service) return AgentForm::kService;
    if (!exe.asked[index] && !args.asked[index]) return AgentForm::kContainer;
    for (const Program& program : programs) {
      if (ByProgram(program)[index]) return program.form;
    }
    return AgentForm::kProgram;
  }
};

AgentRecogniser::AgentRecogniser(std::unique_ptr<const Compiled> compiled)
    : compiled_(std::move(compiled)) {}
AgentRecogniser::AgentRecogniser(AgentRecogniser&&) noexcept = default;
AgentRecogniser& AgentRecogniser::operator=(AgentRecogniser&&) noexcept = default;
AgentRecogniser::~AgentRecogniser() = default;

Status CheckAgentName(std::string_view name) {
  constexpr size_t kLongest = 63;
  const bool plain = std::ranges::all_of(name, [](char letter) {
    return (letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9') || letter == '-' ||
           letter == '.';
  });
  if (plain && !name.empty() && name.size() <= kLongest) return {};
  return Error::InvalidArgument(
      "an agent's name has 1 to 63 lower-case letters, digits, `-` and `.`, not `" +
      std::string(name.substr(0, kLongest)) + "`");
}

Result<AgentRecogniser> AgentRecogniser::Create(const AgentOptions& options) {
  auto compiled = std::make_unique<Compiled>();
  compiled->signatures = options.signatures;
  if (options.builtin) {
    const std::vector<AgentSignature>& builtin = BuiltinSignatures();
    compiled->signatures.insert(compiled->signatures.end(), builtin.begin(), builtin.end());
  }
  if (compiled->signatures.size() > kMaxSignatures) {
    return Error{ErrorCode::kResourceExhausted,
                 "more than " + std::to_string(kMaxSignatures) +
                     " signatures of agents, the shipped ones included"};
  }
  for (const AgentSignature& signature : compiled->signatures) {
    if (Status checked = Check(signature); !checked) return checked.error();
  }
  auto exe = Compile(compiled->signatures, &AgentSignature::exe, kExeGlob);
  if (!exe) return exe.error();
  auto args = Compile(compiled->signatures, &AgentSignature::args, kArgsGlob);
  if (!args) return args.error();
  auto images = Compile(compiled->signatures, &AgentSignature::images, kImagesGlob);
  if (!images) return images.error();
  compiled->exe = *std::move(exe);
  compiled->args = *std::move(args);
  compiled->images = *std::move(images);
  return AgentRecogniser(std::move(compiled));
}

AgentMatch AgentRecogniser::Recognise(const ProcessInfo& process, const Workload& workload) const {
  const std::vector<Program> programs = ProgramsOf(process);
  RuleBits found = ~compiled_->exe.asked;
  for (const Program& program : programs) found |= compiled_->ByProgram(program);
  found &= ~compiled_->images.asked | compiled_->images.Of(workload.image);
  if ((found & compiled_->args.asked).any()) {
    found &= ~compiled_->args.asked | compiled_->ByArguments(process.argv);
  }
  for (size_t index = 0; index < compiled_->signatures.size(); ++index) {
    if (!found[index]) continue;
    return {compiled_->signatures[index].name, compiled_->FormOf(index, programs)};
  }
  return {};
}

}  // namespace nestor
