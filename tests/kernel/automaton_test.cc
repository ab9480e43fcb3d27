// SPDX-License-Identifier: Apache-2.0
// The kernel's walk over an automaton, that of user space, and RE2: the same answers.
#include "agent/policy/automaton.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <gtest/gtest.h>
#include <re2/re2.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "agent/policy/regex.h"
#include "agent/policy/tables.h"
#include "bpf/abi.h"
#include "bpf/read_texts_skeleton.skel.h"
#include "tests/kernel/bpf/read_texts.h"
#include "tests/unit/policy/random_regex.h"

namespace nestor {
namespace {

// The tables of slot 0, and texts to read.
class KernelAutomata {
 public:
  KernelAutomata() { skeleton_.reset(read_texts_skeleton__open_and_load()); }
  bool loaded() const { return skeleton_ != nullptr; }

  void Write(const PolicyTables& tables) {
    for (uint32_t kind = 0; kind < NESTOR_DFA_KINDS; ++kind)
      Update(skeleton_->maps.dfas, kind, &tables.dfas[kind]);
    for (uint32_t set = 0; set < tables.sets.size(); ++set)
      Update(skeleton_->maps.rule_sets, set, &tables.sets[set]);
    std::vector<uint16_t> cells = tables.cells;
    cells.resize(NESTOR_DFA_CELLS);
    Update(skeleton_->maps.dfa_cells, 0, cells.data());
  }

  // At most TEXTS_AT_ONCE.
  void Read(std::vector<text_to_read>& texts) {
    for (uint32_t i = 0; i < texts.size(); ++i) Update(skeleton_->maps.texts, i, &texts[i]);
    texts_to_read context{static_cast<uint32_t>(texts.size())};
    bpf_test_run_opts run{};
    run.sz = sizeof(run);
    run.ctx_in = &context;
    run.ctx_size_in = sizeof(context);
    ASSERT_EQ(bpf_prog_test_run_opts(bpf_program__fd(skeleton_->progs.read_texts), &run), 0)
        << strerror(errno);
    for (uint32_t i = 0; i < texts.size(); ++i)
      ASSERT_EQ(bpf_map_lookup_elem(bpf_map__fd(skeleton_->maps.texts), &i, &texts[i]), 0);
  }

 private:
  static void Update(bpf_map* map, uint32_t key, const void* value) {
    ASSERT_EQ(bpf_map_update_elem(bpf_map__fd(map), &key, value, BPF_ANY), 0) << strerror(errno);
  }

  std::unique_ptr<read_texts_skeleton, decltype(&read_texts_skeleton__destroy)> skeleton_{
      nullptr, read_texts_skeleton__destroy};
};

// Expressions of one automaton; each is asked about the whole text, or about its beginning.
struct Expressions {
  std::vector<std::string> regexes;
  std::vector<std::unique_ptr<RE2>> references;
  Dfa dfa;

  uint64_t Expected(const std::string& text) const {
    uint64_t found = 0;
    for (size_t rule = 0; rule < references.size(); ++rule)
      found |= uint64_t{RE2::FullMatch(text, *references[rule])} << rule;
    return found;
  }
};

Expressions RandomExpressions(RandomRegex& random) {
  Expressions made;
  AutomatonBuilder builder;
  for (size_t wanted = 1 + random.Below(4); made.regexes.size() < wanted;) {
    const std::string regex = random.Regex();
    const Result<Pattern> pattern = ParseRegex(regex);
    if (!pattern || !ReferenceFor(regex)->ok()) continue;  // regex_test compares what is refused
    const bool beginning = random.Below(3) == 0 && !PatternMatches(*pattern, "");
    if (beginning)
      builder.AddBeginning(*pattern, made.regexes.size());
    else
      builder.Add(*pattern, made.regexes.size());
    made.references.push_back(ReferenceFor("(?:" + regex + ")" + (beginning ? ".*" : "")));
    made.regexes.push_back(regex);
  }
  Result<Dfa> dfa = builder.Build(4096);
  if (!dfa) return RandomExpressions(random);
  made.dfa = std::move(*dfa);
  return made;
}

constexpr std::array kKinds = {NESTOR_DFA_EXEC_PATH, NESTOR_DFA_ARGV, NESTOR_DFA_OPEN_PATH,
                               NESTOR_DFA_UNIX_PATH, NESTOR_DFA_EXCEPT};

PolicyTables TablesOf(const std::array<Expressions, kKinds.size()>& automata) {
  CompiledPolicies policies;
  policies.exec_path = automata[0].dfa;
  policies.argv = automata[1].dfa;
  policies.open_path = automata[2].dfa;
  policies.unix_path = automata[3].dfa;
  policies.except_path = automata[4].dfa;
  Result<PolicyTables> tables = MakeTables(policies);
  EXPECT_TRUE(tables.ok());
  return tables ? std::move(*tables) : PolicyTables();
}

text_to_read Question(uint32_t kind, const std::string& text) {
  text_to_read question{};
  question.kind = kind;
  question.len = static_cast<uint32_t>(text.size());
  memset(question.bytes, 'a',
         sizeof(question.bytes));  // what lies beside a text counts for nothing
  memcpy(question.bytes + TEXT_MARGIN, text.data(), text.size());
  return question;
}

// NESTOR_REGEX_PAIRS: how many expressions and texts, 20,000 by default.
TEST(AutomatonTest, KernelAgreesWithUserSpaceAndRe2OnRandomExpressionsAndTexts) {
  KernelAutomata kernel;
  ASSERT_TRUE(kernel.loaded()) << strerror(errno);
  const char* wanted = getenv("NESTOR_REGEX_PAIRS");
  const size_t pairs = wanted ? std::strtoul(wanted, nullptr, 10) : 20000;
  RandomRegex random(20260701);
  size_t compared = 0, matched = 0;
  while (compared < pairs) {
    std::array<Expressions, kKinds.size()> automata;
    for (Expressions& one : automata) one = RandomExpressions(random);
    kernel.Write(TablesOf(automata));
    std::vector<text_to_read> questions;
    std::vector<std::string> texts;
    for (size_t i = 0; i < 100 * kKinds.size(); ++i) {
      texts.push_back(random.Text() + random.Text());
      ASSERT_LT(texts.back().size(), size_t{TEXT_BYTES});
      questions.push_back(Question(kKinds[i % kKinds.size()], texts.back()));
    }
    ASSERT_NO_FATAL_FAILURE(kernel.Read(questions));
    for (size_t i = 0; i < questions.size(); ++i) {
      const Expressions& asked = automata[i % kKinds.size()];
      const uint64_t expected = asked.Expected(texts[i]);
      ASSERT_EQ(questions[i].found, expected)
          << testing::PrintToString(asked.regexes) << " on " << testing::PrintToString(texts[i]);
      ASSERT_EQ(RulesMatching(asked.dfa, texts[i]).to_ullong(), expected)
          << testing::PrintToString(asked.regexes) << " on " << testing::PrintToString(texts[i]);
      compared += asked.regexes.size();
      matched += static_cast<size_t>(__builtin_popcountll(expected));
    }
  }
  RecordProperty("pairs", static_cast<int>(compared));
  EXPECT_GT(matched, pairs / 50);  // the comparison is of both answers
}

}  // namespace
}  // namespace nestor
