// SPDX-License-Identifier: Apache-2.0
// A thousand rules as the kernel gets them. The model below walks exactly the tables that are
// written to its maps, the way bpf/automaton.bpf.h and bpf/policy.bpf.h do.
#include "agent/policy/tables.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <random>
#include <string>

#include "agent/policy/automaton.h"
#include "agent/policy/compile.h"
#include "agent/policy/evaluate.h"

namespace nestor {
namespace {

using ::testing::HasSubstr;

Result<CompiledPolicies> CompileRules(const std::string& rules) {
  auto policies = ParsePolicies(
      "apiVersion: nestor.dev/v1\nkind: ChainPolicy\nmetadata: {name: p}\nspec:\n  mode: enforce\n"
      "  rules:\n" +
          rules,
      "p.yaml");
  if (!policies) return policies.error();
  return Compile(*policies, 1);
}

class KernelModel {
 public:
  explicit KernelModel(PolicyTables tables) : tables_(std::move(tables)) {}

  nestor_rule_bits Accepts(uint32_t kind, std::string_view text) const {
    return SetAfter(kind, text, NESTOR_ROW_ACCEPTS);
  }
  nestor_rule_bits Reaches(uint32_t kind, std::string_view text) const {
    return SetAfter(kind, text, NESTOR_ROW_REACH);
  }

  // The rules that judge() would ask, in its order.
  std::vector<size_t> Asked(const Subject& subject) const {
    const nestor_applying& here = tables_.default_rules;
    const auto event = static_cast<size_t>(subject.event);
    std::vector<size_t> asked;
    if (!(here.events >> event & 1)) return asked;
    const nestor_event_rules& of_event = tables_.events[event];
    const nestor_rule_bits path = ByPath(subject);
    const nestor_rule_bits other = ByOther(subject);
    const nestor_rule_bits spared = Accepts(NESTOR_DFA_EXCEPT, subject.executable);
    const bool named = subject.event == RuleEvent::kOpen ||
                       (subject.event == RuleEvent::kConnect && !subject.address);
    for (uint32_t word = 0; word < here.words; ++word) {
      const uint64_t needs = of_event.need_path.word[word];
      uint64_t matched = here.rules.word[word] & of_event.all.word[word];
      if (named) {
        matched &= path.word[word] & needs;
      } else {
        matched &=
            (path.word[word] | ~needs) &
            (other.word[word] | ~(of_event.need_argv.word[word] | of_event.need_cidr.word[word]));
      }
      matched &= ~(of_event.spares.word[word] & spared.word[word]);
      for (uint32_t bit = 0; bit < 64; ++bit) {
        const size_t rule = word * 64 + bit;
        if ((matched >> bit & 1) && Holds(tables_.rules[rule], subject)) asked.push_back(rule);
      }
    }
    return asked;
  }

 private:
  // The set of a state's row, and the hits of all states on the way there.
  nestor_rule_bits SetAfter(uint32_t kind, std::string_view text, size_t from_end) const {
    const nestor_dfa& dfa = tables_.dfas[kind];
    const auto set_of = [&](uint32_t state, size_t which) {
      return tables_.sets.at(tables_.cells.at(dfa.base + (state + 1) * dfa.stride - which));
    };
    nestor_rule_bits hits{};
    const auto add = [&hits](const nestor_rule_bits& more) {
      for (uint32_t word = 0; word < NESTOR_RULE_WORDS; ++word) hits.word[word] |= more.word[word];
    };
    uint32_t state = NESTOR_DFA_START;
    for (const char c : text) {
      state =
          tables_.cells.at(dfa.base + state * dfa.stride + dfa.class_of[static_cast<uint8_t>(c)]);
      if (state >= dfa.hits_from) add(set_of(state, NESTOR_ROW_HITS));
    }
    add(set_of(state, from_end));
    return hits;
  }

  nestor_rule_bits ByPath(const Subject& subject) const {
    if (subject.event == RuleEvent::kExec) return Accepts(NESTOR_DFA_EXEC_PATH, subject.path);
    if (subject.event == RuleEvent::kOpen) return Accepts(NESTOR_DFA_OPEN_PATH, subject.path);
    return subject.address ? tables_.sets[NESTOR_SET_NONE]
                           : Accepts(NESTOR_DFA_UNIX_PATH, subject.path);
  }

  nestor_rule_bits ByOther(const Subject& subject) const {
    if (subject.event == RuleEvent::kExec)
      return Accepts(NESTOR_DFA_ARGV, JoinedArgv(subject.argv));
    uint32_t longest = 0, set = NESTOR_SET_NONE;
    for (const auto& [key, rules] : tables_.cidrs) {
      Cidr network{key.family == AF_INET6, {}, static_cast<uint8_t>(key.prefix_len - 64)};
      std::ranges::copy(key.addr, network.bytes.begin());
      if (!subject.address || !network.Covers(*subject.address) || key.prefix_len < longest)
        continue;
      longest = key.prefix_len;
      set = rules;
    }
    return tables_.sets[set];
  }

  static uint8_t FromOf(const Subject& subject) {
    if (!subject.provenance) return NESTOR_FROM_ANY;
    return *subject.provenance == Provenance::kImage ? NESTOR_FROM_IMAGE : NESTOR_FROM_ADDED;
  }

  static bool Holds(const nestor_rule& rule, const Subject& subject) {
    if (subject.depth < rule.min_depth || subject.depth > rule.max_depth) return false;
    if (rule.is && !(rule.is & subject.traits)) return false;
    if (rule.from && !(rule.from & FromOf(subject))) return false;
    if (rule.event == NESTOR_RULE_OPEN) return rule.access & subject.access;
    if (rule.event != NESTOR_RULE_CONNECT) return true;
    return subject.port >= rule.port_min && subject.port <= rule.port_max;
  }

  PolicyTables tables_;
};

std::vector<size_t> BitsOf(const nestor_rule_bits& bits) {
  std::vector<size_t> rules;
  for (size_t rule = 0; rule < NESTOR_MAX_RULES; ++rule)
    if (bits.word[rule / 64] >> (rule % 64) & 1) rules.push_back(rule);
  return rules;
}

// What a platform team writes, a thousand times: most of it names one thing, some of it a family.
std::string RuleOf(size_t number, std::mt19937& random) {
  const std::string n = std::to_string(number), few = std::to_string(number % 6);
  const std::string name = "  - {name: r" + n + ", ";
  switch (random() % 12) {
    case 0:
      return name + "file: {paths: [/srv/app-" + n + "/secret.key, /etc/app-" + n + "/**]}}\n";
    case 1:
      return name + "file: {paths: [\"/srv/*/.config/tool-" + n + "/*.json\"], access: read}}\n";
    case 2:
      return name + "file: {paths: [\"/**/credentials-" + few + "\", /var/lib/app-" + n +
             "/data], access: write, exceptExecutables: [/usr/bin/app-" + few + "]}}\n";
    case 3:
      return name + "file: {paths: [\"/data/[a-f]" + n + "?/x\"]}}\n";
    case 4:
      return name + "exec: {paths: [/usr/local/bin/tool-" + n + ", \"/opt/*/tool-" + n + "\"]}}\n";
    case 5:
      return name + "exec: {paths: [\"/**/tool-" + n + "\"], args: [\"--flag-" + few + "\"]}}\n";
    case 6:
      return name + "exec: {args: [\"--forbidden-" + n + "\"]}}\n";
    case 7:
      return name + "connect: {cidrs: [10." + std::to_string(number % 50) + ".0.0/16, 10." +
             std::to_string(number % 50) + "." + std::to_string(number % 200) + ".0/24], ports: [" +
             std::to_string(80 + number % 3) + "]}}\n";
    case 8:
      return name + "connect: {unix: [/run/app-" + n + ".sock, \"/run/*/shared-" + few + "\"]}}\n";
    case 9:
      return name + "exec: {paths: [\"/opt/*/tool-" + n +
             "\"], from: added}, exceptions: [{executables: [/usr/bin/app-" + few + "]}]}\n";
    case 10:
      return name + "exec: {paths: [\"/**/tool-" + n + "\"], is: [memfd, setuid]}}\n";
    default:
      return name + "connect: {ports: [" + std::to_string(9000 + number % 40) + "]}}\n";
  }
}

std::string Thousand() {
  std::mt19937 random(20260401);
  std::string rules;
  for (size_t number = 0; number < 1000; ++number) rules += RuleOf(number, random);
  return rules;
}

// Texts that the rules above are about, often with a byte less or another number.
std::string Path(std::mt19937& random) {
  const std::string n = std::to_string(random() % 1000), few = std::to_string(random() % 7);
  const std::vector<std::string> paths = {"/srv/app-" + n + "/secret.key",
                                          "/etc/app-" + n + "/a/b",
                                          "/srv/me/.config/tool-" + n + "/x.json",
                                          "/a/b/credentials-" + few,
                                          "/srv/app-" + n + "/credentials-" + few,
                                          "/var/lib/app-" + n + "/data",
                                          "/data/c" + n + "z/x",
                                          "/usr/local/bin/tool-" + n,
                                          "/opt/x/tool-" + n,
                                          "/run/app-" + n + ".sock",
                                          "/run/etc/shared-" + few,
                                          "/usr/bin/app-" + few};
  std::string path = paths[random() % paths.size()];
  if (random() % 8 == 0) path.erase(random() % path.size(), 1);
  return path;
}

Subject RandomSubject(std::mt19937& random) {
  Subject subject;
  subject.event = static_cast<RuleEvent>(1 + random() % 3);
  subject.path = Path(random);
  subject.access = static_cast<uint8_t>(1 + random() % 3);
  subject.executable = random() % 2 ? Path(random) : "";
  subject.depth = random() % 3;
  subject.traits = static_cast<uint8_t>(random() % 16);
  if (random() % 4) subject.provenance = random() % 2 ? Provenance::kImage : Provenance::kAdded;
  subject.workload.container_id = "c1";
  subject.workload.pending = true;  // so the default rules apply, which are all
  for (size_t count = random() % 4; count > 0; --count) {
    const std::string n = std::to_string(random() % 1000), few = std::to_string(random() % 7);
    const std::vector<std::string> words = {"x", "--flag-" + few, "--forbidden-" + n};
    subject.argv.push_back(words[random() % words.size()]);
  }
  if (subject.event == RuleEvent::kConnect && random() % 2) {
    subject.address =
        Cidr{false,
             {10, static_cast<uint8_t>(random() % 60), static_cast<uint8_t>(random() % 210), 1},
             32};
    subject.port = static_cast<uint16_t>(random() % 2 ? 80 + random() % 4 : 9000 + random() % 50);
  }
  return subject;
}

TEST(TablesTest, AThousandRulesSayInTheTablesWhatTheReferenceSays) {
  constexpr int kPairs = 30000;
  const auto policies = CompileRules(Thousand());
  ASSERT_TRUE(policies.ok()) << policies.error().message;
  auto tables = MakeTables(*policies);
  ASSERT_TRUE(tables.ok()) << tables.error().message;
  std::printf("cells %zu, sets %zu\n", tables->cells.size(), tables->sets.size());
  const KernelModel model(*std::move(tables));
  std::mt19937 random(7);
  size_t hits = 0;
  for (int pair = 0; pair < kPairs; ++pair) {
    const Subject subject = RandomSubject(random);
    std::vector<size_t> expected;
    for (const Hit& hit : Evaluate(*policies, subject).hits) expected.push_back(hit.rule);
    ASSERT_EQ(model.Asked(subject), expected)
        << subject.path << " " << testing::PrintToString(subject.argv);
    hits += !expected.empty();
  }
  EXPECT_GT(hits, kPairs / 8u);
}

TEST(TablesTest, WhatExecRulesAskBesidePatternsIsInTheirBits) {
  const auto policies = CompileRules(R"(
  - {name: a, exec: {is: [loader, deleted]}}
  - {name: b, exec: {from: image}, onTruncated: audit}
  - {name: c, exec: {paths: [/a]}, exceptions: [{executables: [/b]}]}
)");
  ASSERT_TRUE(policies.ok()) << policies.error().message;

  const auto tables = MakeTables(*policies);

  ASSERT_TRUE(tables.ok());
  EXPECT_EQ(tables->rules[0].is, NESTOR_IS_LOADER | NESTOR_IS_DELETED);
  EXPECT_EQ(tables->rules[0].sees, 0);
  EXPECT_EQ(tables->rules[1].from, NESTOR_FROM_IMAGE);
  EXPECT_EQ(tables->rules[1].sees, NESTOR_SEES_FROM);
  EXPECT_THAT(BitsOf(tables->events[NESTOR_RULE_EXEC].asks_file), testing::ElementsAre(0, 1));
  EXPECT_EQ(tables->default_rules.events, 1U << NESTOR_RULE_EXEC | 1U << NESTOR_APPLIES_SPARES);
  EXPECT_EQ(ApplyingOf(tables->events, {RuleBits(3), 0}).events, 1U << NESTOR_RULE_EXEC);
}

TEST(TablesTest, RulesThatAskForADigestShareItsSet) {
  const std::string one(64, 'a'), two = std::string(62, '0') + "1f";
  const auto policies = CompileRules("  - {name: a, exec: {sha256: [" + one + ", " + two +
                                     "]}}\n  - {name: b, exec: {sha256: [" + two + "]}}\n");
  ASSERT_TRUE(policies.ok()) << policies.error().message;

  const auto tables = MakeTables(*policies);

  ASSERT_TRUE(tables.ok());
  ASSERT_EQ(tables->digests.size(), 2u);
  EXPECT_EQ(tables->digests[0].first.sha256[31], 0x1f);
  EXPECT_THAT(BitsOf(tables->sets[tables->digests[0].second]), testing::ElementsAre(0, 1));
  EXPECT_EQ(tables->digests[1].first.sha256[0], 0xaa);
  EXPECT_THAT(BitsOf(tables->sets[tables->digests[1].second]), testing::ElementsAre(0));
  EXPECT_THAT(BitsOf(tables->events[NESTOR_RULE_EXEC].need_digest), testing::ElementsAre(0, 1));
  EXPECT_EQ(tables->rules[0].sees, NESTOR_SEES_DIGEST);
  EXPECT_EQ(tables->default_rules.events, 1U << NESTOR_RULE_EXEC | 1U << NESTOR_APPLIES_DIGESTS);
}

TEST(TablesTest, WithoutRulesNothingMatches) {
  const auto tables = MakeTables(CompiledPolicies());

  ASSERT_TRUE(tables.ok());
  const KernelModel model(*tables);
  for (uint32_t kind = 0; kind < NESTOR_DFA_KINDS; ++kind) {
    EXPECT_THAT(BitsOf(model.Accepts(kind, "")), testing::IsEmpty());
    EXPECT_THAT(BitsOf(model.Accepts(kind, "/x")), testing::IsEmpty());
  }
}

TEST(TablesTest, ReachIsWhatADirectoryMayStillLeadTo) {
  const auto policies = CompileRules(R"(
  - {name: a, file: {paths: [/etc/app/key]}}
  - {name: b, file: {paths: ["/srv/*/.ssh/**"]}}
  - {name: c, file: {paths: [/etc/app/key, /etc/other]}}
)");
  ASSERT_TRUE(policies.ok()) << policies.error().message;
  const KernelModel model(*MakeTables(*policies));
  const auto reach = [&](std::string_view text) {
    return BitsOf(model.Reaches(NESTOR_DFA_OPEN_PATH, text));
  };
  const auto rule = [&](const char* name) {
    return static_cast<size_t>(std::ranges::find(policies->rules, name, &CompiledRule::name) -
                               policies->rules.begin());
  };

  EXPECT_EQ(reach("/").size(), 3u);
  EXPECT_THAT(reach("/etc/"), testing::UnorderedElementsAre(rule("a"), rule("c")));
  EXPECT_THAT(reach("/etc/o"), testing::ElementsAre(rule("c")));
  EXPECT_THAT(reach("/etc/app/key"), testing::UnorderedElementsAre(rule("a"), rule("c")));
  EXPECT_THAT(reach("/srv/me/"), testing::ElementsAre(rule("b")));
  EXPECT_THAT(reach("/srv/me/.ssh/x/y"), testing::ElementsAre(rule("b")));
  EXPECT_THAT(reach("/srv/me/x/"), testing::IsEmpty());
  EXPECT_THAT(reach("/usr/"), testing::IsEmpty());
}

// Were what is below a directory remembered, it would be once for each state of the others.
TEST(TablesTest, DirectoriesAndNamesAnywhereDoNotMultiply) {
  std::string rules;
  for (int i = 0; i < 100; ++i) {
    const std::string n = std::to_string(i);
    rules += "  - {name: d" + n + ", file: {paths: [\"/srv/*/.config/tool-" + n + "/**\"]}}\n";
    rules += "  - {name: n" + n + ", file: {paths: [\"/**/credentials-" + n + ".json\"]}}\n";
  }

  const auto policies = CompileRules(rules);

  ASSERT_TRUE(policies.ok()) << policies.error().message;
  EXPECT_LT(policies->open_path.states(), 20000u);
  EXPECT_EQ(
      RulesMatching(policies->open_path, "/srv/me/.config/tool-7/a/credentials-9.json").count(),
      2u);
}

TEST(TablesTest, MoreThanTheTablesHoldNamesTheRuleThatIsTooMuch) {
  std::string rules;
  for (int i = 0; i < 24; ++i)
    rules += "  - {name: r" + std::to_string(i) + ", file: {paths: [\"/**/a" + std::to_string(i) +
             "/**/b/**\"]}}\n";

  const auto policies = CompileRules(rules);

  ASSERT_FALSE(policies.ok());
  EXPECT_EQ(policies.error().code, ErrorCode::kResourceExhausted);
  EXPECT_THAT(policies.error().message, HasSubstr("takes them over"));
}

}  // namespace
}  // namespace nestor
