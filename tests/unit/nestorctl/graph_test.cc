// SPDX-License-Identifier: Apache-2.0
#include "tools/nestorctl/graph.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>

#include "tests/support/source_dir.h"
#include "tests/unit/nestorctl/golden.h"
#include "tests/unit/nestorctl/sample.h"
#include "tools/nestorctl/display_width.h"

namespace nestor::ctl {
namespace {

using testing::HasSubstr;
using testing::Not;

// The forms of a language's lines; the first groups of `node` and `edge` are ids.
struct Language {
  std::vector<std::regex> others;
  std::regex node;
  std::regex edge;
};

// Each line is of one of the forms, and each edge joins nodes that were told before.
testing::AssertionResult IsWritten(const std::string& text, const Language& language) {
  std::set<std::string> nodes;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) {
    std::smatch found;
    if (std::regex_match(line, found, language.edge)) {
      if (!nodes.contains(found[1]) || !nodes.contains(found[2])) {
        return testing::AssertionFailure() << "an end is no node: " << line;
      }
    } else if (std::regex_match(line, found, language.node)) {
      if (!nodes.insert(found[1]).second) return testing::AssertionFailure() << "twice: " << line;
    } else if (std::none_of(
                   language.others.begin(), language.others.end(),
                   [&](const std::regex& other) { return std::regex_match(line, other); })) {
      return testing::AssertionFailure() << "no form of the language: " << line;
    }
  }
  return testing::AssertionSuccess();
}

testing::AssertionResult IsMermaid(const std::string& text) {
  return IsWritten(
      text,
      {{std::regex("flowchart LR"), std::regex("  classDef [a-z]+ fill:#[0-9a-f]{6},stroke:.*")},
       std::regex(R"re(  ([hp]_\w+)(?:\(\["[^"]+"\]\)|\["[^"]+"\])(?::::[a-z]+)?)re"),
       std::regex(R"re(  ([hp]_\w+) (?:-->|-\. "[^"]+" \.->) ([hp]_\w+))re")});
}

testing::AssertionResult IsDot(const std::string& text) {
  const std::string quoted = R"re("(?:[^"\\]|\\.)*")re";
  return IsWritten(
      text,
      {{std::regex(R"re(digraph chains \{)re"), std::regex(R"re(\})re"),
        std::regex("  rankdir=LR;"), std::regex("  node \\[fontname=" + quoted + "\\];")},
       std::regex("  ([hp]_\\w+) \\[label=" + quoted + ", shape=box(?:, \\w+=(?:\\w+|" + quoted +
                  "))*\\];"),
       std::regex("  ([hp]_\\w+) -> ([hp]_\\w+)(?: \\[style=dashed, label=" + quoted + "\\])?;")});
}

class GraphTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { UseUnicodeWidths(); }
};

TEST_F(GraphTest, IsDrawnInBothLanguages) {
  const Graph graph = MakeGraph({sample::Nested()}, false);

  EXPECT_TRUE(IsMermaid(ToMermaid(graph)));
  EXPECT_TRUE(IsDot(ToDot(graph)));
  EXPECT_TRUE(IsGolden("nested.mmd", ToMermaid(graph)));
  EXPECT_TRUE(IsGolden("nested.dot", ToDot(graph)));
}

TEST_F(GraphTest, TheReadmeShowsTheGraphOfTheGoldenFile) {
  const std::string mermaid = ToMermaid(MakeGraph({sample::Nested()}, false));
  const std::ifstream file(SourcePath("README.md"));
  std::stringstream readme;
  readme << file.rdbuf();

  EXPECT_THAT(readme.str(), HasSubstr("```mermaid\n" + mermaid + "```\n"));
}

TEST_F(GraphTest, AnAmbiguousHopHasADashedEdgeFromEachCandidateAndNoOther) {
  const std::string mermaid = ToMermaid(MakeGraph({sample::Nested()}, false));

  for (const char* candidate : {"10", "11", "12"}) {
    EXPECT_THAT(mermaid, HasSubstr(std::string("  h_00d14f2a91c000") + candidate +
                                   " -. \"one of these\" .-> h_00d14f2a91c00013\n"));
  }
  EXPECT_THAT(mermaid, Not(HasSubstr("--> h_00d14f2a91c00013")));
}

TEST_F(GraphTest, QuietProcessesAreLeftOutUnlessAllAreWanted) {
  EXPECT_THAT(ToDot(MakeGraph({sample::Nested()}, false)), Not(HasSubstr("git status")));
  EXPECT_THAT(ToDot(MakeGraph({sample::Nested()}, true)), HasSubstr("git status"));
}

TEST_F(GraphTest, APathIsDrawnWithoutTheListOfProcesses) {
  v1::Chain path = sample::Story();
  path.clear_processes();

  const std::string dot = ToDot(MakeGraph({path}, true));

  EXPECT_TRUE(IsDot(dot));
  EXPECT_THAT(dot, HasSubstr("p_5f5e100_4131 -> h_00d14f2a91c00002;"));
  EXPECT_THAT(dot, HasSubstr("h_00d14f2a91c00002 -> p_5f5e100_4150;"));
}

TEST_F(GraphTest, HostileTextStaysWithinItsLabel) {
  v1::Chain chain = sample::Story();
  chain.mutable_hops(1)->set_id("0\"]; evil");
  chain.mutable_hops(1)->set_kind("x\"--> y\\");
  v1::Process* process = chain.mutable_processes(1)->mutable_process();
  process->set_id("1\n-2");
  process->set_argv(0, "\"]\x1b[2J\n\\<img src=x>&#35;`");
  const Graph graph = MakeGraph({chain}, true);

  for (const std::string& text : {ToMermaid(graph), ToDot(graph)}) {
    EXPECT_EQ(text.find('\x1b'), std::string::npos);
  }
  EXPECT_TRUE(IsMermaid(ToMermaid(graph)));
  EXPECT_TRUE(IsDot(ToDot(graph)));
  EXPECT_THAT(ToMermaid(graph), Not(HasSubstr("<img")));
}

TEST_F(GraphTest, NoChainsAreAnEmptyGraph) {
  EXPECT_TRUE(IsMermaid(ToMermaid(MakeGraph({}, false))));
  EXPECT_EQ(ToDot(MakeGraph({}, false)),
            "digraph chains {\n  rankdir=LR;\n  node [fontname=\"sans-serif\"];\n}\n");
}

}  // namespace
}  // namespace nestor::ctl
