// SPDX-License-Identifier: Apache-2.0
// `nestorctl policy …` on real files; what people read is in tests/golden/nestorctl.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/support/source_dir.h"
#include "tests/unit/nestorctl/golden.h"
#include "tools/nestorctl/command_line.h"
#include "tools/nestorctl/display_width.h"
#include "tools/nestorctl/policy/loaded.h"
#include "tools/nestorctl/run.h"

namespace nestor::ctl {
namespace {

using nlohmann::json;
using testing::HasSubstr;

constexpr char kGuard[] = R"(apiVersion: nestor.dev/v1
kind: ChainPolicy
metadata: {name: guard}
spec:
  mode: enforce
  rules:
  - {name: shadow, message: not yours, severity: high, tags: [T1003.008], file: {paths: [/etc/shadow]}}
  - {name: shell, action: audit, exec: {paths: ["/**/sh"]}}
tests:
  mustDeny:
  - {file: {path: /etc/shadow}, rule: shadow}
  mustAllow:
  - {file: {path: /etc/passwd}}
  mustReport:
  - {exec: {exe: /bin/sh}, rule: shell}
)";

constexpr char kWeb[] = R"(apiVersion: nestor.dev/v1
kind: ChainPolicy
metadata: {name: web}
spec:
  mode: enforce
  selector: {pods: [web-*]}
  rules:
  - {name: may, action: allow, file: {paths: [/etc/shadow]}}
  - {name: net, connect: {cidrs: [10.0.0.0/8], ports: [80]}}
)";

constexpr char kKinds[] = R"(apiVersion: nestor.dev/v1
kind: ChainPolicy
metadata: {name: kinds}
spec:
  mode: enforce
  rules:
  - {name: copies, exec: {is: [deleted], from: added}}
)";

class PolicyCommandTest : public testing::Test {
 protected:
  void SetUp() override {
    UseUnicodeWidths();
    std::string name =
        (std::filesystem::temp_directory_path() / "nestorctl-policy-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
    before_ = std::filesystem::current_path();
    std::filesystem::current_path(folder_);  // names in what is printed stay short
  }
  void TearDown() override {
    std::filesystem::current_path(before_);
    std::filesystem::remove_all(folder_);
  }

  static void Write(const std::string& file, const std::string& text) {
    std::ofstream(file, std::ios::binary) << text;
  }

  // The exit code, or -1 with the error in printed_.
  int RunIt(const std::vector<std::string>& arguments) {
    const auto parsed = ParseCommandLine(arguments);
    if (!parsed.options) {
      printed_ = parsed.err;
      return parsed.exit_code;
    }
    const std::string file = folder_ / "output";
    const int fd = open(file.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
    Output output(fd);
    Session session;
    session.options = *parsed.options;
    session.format = ChooseFormat(*parsed.options, false);
    session.fd = fd;
    session.output = &output;
    const auto exit_code = ctl::Run(session);
    close(fd);
    std::stringstream text;
    text << std::ifstream(file).rdbuf();
    printed_ = exit_code ? text.str() : exit_code.error().message;
    return exit_code ? *exit_code : -1;
  }

  std::filesystem::path folder_, before_;
  std::string printed_;
};

TEST_F(PolicyCommandTest, ValidateShowsEachFaultInItsLine) {
  Write("guard.yaml", kGuard);
  Write("bad.yaml",
        "apiVersion: nestor.dev/v1\nkind: ChainPolicy\nmetadata: {name: bad}\nspec:\n"
        "  mode: enforced\n  rules:\n  - {name: a, exec: {args: [{regex: \"(a\"}]}}\n");

  EXPECT_EQ(RunIt({"policy", "validate", "-o", "text", "guard.yaml", "bad.yaml"}), kExitFailure);

  EXPECT_TRUE(IsGolden("policy-validate.txt", printed_));
}

TEST_F(PolicyCommandTest, APathThatCanNeverMatchIsAFaultToValidateOnly) {
  Write("idle.yaml",
        "apiVersion: nestor.dev/v1\nkind: ChainPolicy\nmetadata: {name: idle}\nspec:\n"
        "  rules:\n  - {name: a, exec: {paths: [/usr/bin/../bin/nc, /usr/bin/curl]}}\n");

  EXPECT_EQ(RunIt({"policy", "validate", "-o", "text", "idle.yaml"}), kExitFailure);
  EXPECT_THAT(printed_, HasSubstr("can never match: no resolved path has `.` or `..` in it; write "
                                  "`/usr/bin/nc`"));
  EXPECT_EQ(RunIt({"policy", "validate", "idle.yaml"}), kExitFailure);
  EXPECT_THAT(printed_, HasSubstr("\"idle\":[{"));
  EXPECT_EQ(RunIt({"policy", "explain", "-f", "idle.yaml", "--", "/usr/bin/curl"}), kExitOk)
      << "nestord takes the rest of the file: " << printed_;
}

TEST_F(PolicyCommandTest, ValidateIsALineOfJsonAFileInAPipe) {
  Write("guard.yaml", kGuard);

  EXPECT_EQ(RunIt({"policy", "validate", "."}), kExitOk);

  const json file = json::parse(printed_);
  EXPECT_EQ(file.at("ok"), true);
  EXPECT_EQ(file.at("policies").at(0).at("name"), "guard");
}

TEST_F(PolicyCommandTest, TestNamesTheExamplesThatAreNotAsExpected) {
  Write("guard.yaml", kGuard);
  Write("web.yaml", kWeb);
  Write("web.test.yaml", R"(apiVersion: nestor.dev/v1
kind: ChainPolicyTest
policy: web
tests:
  mustDeny:
  - {connect: {address: 10.1.1.1, port: 80}, rule: net}
  - {connect: {address: 10.1.1.1, port: 81}, note: any port}
  mustAllow:
  - {connect: {address: 10.1.1.1, port: 80}, workload: {pod: db-0}}
)");

  EXPECT_EQ(RunIt({"policy", "test", "-o", "text", "."}), kExitFailure);

  EXPECT_TRUE(IsGolden("policy-test.txt", printed_));
}

// agent/policy/README.md, "Every field": what it says of its example holds.
TEST_F(PolicyCommandTest, TheExampleOfTheLanguagesPageIsRight) {
  std::stringstream page;
  page << std::ifstream(SourcePath("agent/policy/README.md")).rdbuf();
  const std::string text = page.str();
  const size_t begin = text.find("```yaml\n");
  ASSERT_NE(begin, std::string::npos);
  Write("example.yaml", text.substr(begin + 8, text.find("```", begin + 8) - begin - 8));

  EXPECT_EQ(RunIt({"policy", "test", "-o", "text", "example.yaml"}), kExitOk) << printed_;
}

TEST_F(PolicyCommandTest, ExplainSaysWhichRuleDecidesAndWhy) {
  Write("guard.yaml", kGuard);
  Write("web.yaml", kWeb);

  EXPECT_EQ(RunIt({"policy", "explain", "-o", "text", "-f", ".", "--open", "/etc/shadow", "--pod",
                   "web-0", "--origin", "runtime-exec"}),
            kExitOk);
  EXPECT_TRUE(IsGolden("policy-explain.txt", printed_));

  EXPECT_EQ(RunIt({"policy", "explain", "-f", ".", "--", "/bin/sh", "-c", "true"}), kExitOk);
  EXPECT_EQ(json::parse(printed_).at("rules").at(0).at("rule"), "shell");
  Write("kinds.yaml", kKinds);
  EXPECT_EQ(RunIt({"policy", "explain", "-f", "kinds.yaml", "--from", "added", "--is", "setuid",
                   "--is", "deleted", "--by", "/bin/sh", "--", "/a"}),
            kExitOk);
  EXPECT_EQ(json::parse(printed_).at("why"), "denied by kinds/copies");
  EXPECT_EQ(RunIt({"policy", "explain", "-f", "kinds.yaml", "--", "/a"}), kExitOk);
  EXPECT_EQ(json::parse(printed_).at("action"), "allow");
  const std::string digest(64, 'a');
  Write("digest.yaml",
        "apiVersion: nestor.dev/v1\nkind: ChainPolicy\nmetadata: {name: digest}\nspec:\n"
        "  mode: enforce\n  rules:\n  - {name: bad, exec: {sha256: [" +
            digest + "]}}\n");
  EXPECT_EQ(RunIt({"policy", "explain", "-f", "digest.yaml", "--sha256", digest, "--", "/a"}),
            kExitOk);
  EXPECT_EQ(json::parse(printed_).at("why"), "denied by digest/bad");
  EXPECT_EQ(RunIt({"policy", "explain", "-f", "digest.yaml", "--", "/a"}), kExitOk);
  EXPECT_EQ(json::parse(printed_).at("action"), "allow");
  EXPECT_EQ(RunIt({"policy", "explain", "-f", "digest.yaml", "--sha256", "abc", "--", "/a"}), -1);
  EXPECT_THAT(printed_, HasSubstr("--sha256 takes 64 of the digits"));
  EXPECT_EQ(RunIt({"policy", "explain", "-f", ".", "--", "sh"}), -1);
  EXPECT_THAT(printed_, HasSubstr("write sh with its path"));
  EXPECT_EQ(RunIt({"policy", "explain", "-f", "."}), -1);
  EXPECT_THAT(printed_, HasSubstr("say one act"));
}

TEST_F(PolicyCommandTest, DiffTellsTheMeaningAndNotTheWords) {
  Write("a.yaml", kGuard);
  std::string same = kGuard;
  same.replace(same.find("[/etc/shadow]}}"), 15, "[\"/etc/shado[w]\"]}}");
  Write("b.yaml", same);
  std::string other = kGuard;
  other.replace(other.find("mode: enforce"), 13, "mode: audit");
  other.replace(other.find("/**/sh"), 6, "/bin/*sh");
  other.replace(other.find("name: shadow"), 12, "name: hashes");
  other.replace(other.find("rule: shadow"), 12, "rule: hashes");
  Write("c.yaml", other);

  EXPECT_EQ(RunIt({"policy", "diff", "-o", "text", "a.yaml", "b.yaml"}), kExitOk) << printed_;
  EXPECT_EQ(printed_, "the same: no act is judged otherwise\n");
  EXPECT_EQ(RunIt({"policy", "diff", "-o", "text", "a.yaml", "c.yaml"}), kExitFailure);
  EXPECT_TRUE(IsGolden("policy-diff.txt", printed_));

  Write("d.yaml", kKinds);
  other = kKinds;
  other.replace(other.find("[deleted], from: added"), 22, "[deleted, memfd]");
  Write("e.yaml", other);
  EXPECT_EQ(RunIt({"policy", "diff", "-o", "text", "d.yaml", "e.yaml"}), kExitFailure);
  EXPECT_THAT(printed_, HasSubstr("is: deleted -> memfd, deleted"));
  EXPECT_THAT(printed_, HasSubstr("from: added -> any"));
}

TEST_F(PolicyCommandTest, ReplayJudgesRecordedEvents) {
  Write("guard.yaml", kGuard);
  Write("web.yaml", kWeb);
  const std::string place =
      R"("workload":{"container_id":"c1","namespace":"shop","pod":"web-0","container":"main"},)"
      R"("origin":"runtime-exec","chain_id":"00d14f2a91c00001","depth":1)";
  Write("events.jsonl",
        R"({"type":"exec","process":{"exe":"/bin/sh","argv":["sh"]},)" + place + "}\n" +
            R"({"type":"connect","socket":{"peer":"10.2.3.4:80","family":"inet"},)" + place +
            "}\n" + R"({"type":"connect","socket":{"peer":"11.2.3.4:80","family":"inet"},)" +
            place + "}\n" + R"({"type":"exec","process":{"exe":"/bin/sh","argv":["sh"]}})" +
            "\nno event\n");

  EXPECT_EQ(RunIt({"policy", "replay", "-o", "text", "-f", ".", "events.jsonl"}), kExitFailure);

  EXPECT_TRUE(IsGolden("policy-replay.txt", printed_));

  Write("kinds.yaml", kKinds);
  EXPECT_EQ(RunIt({"policy", "replay", "-o", "text", "-f", "kinds.yaml", "events.jsonl"}),
            kExitFailure);
  EXPECT_THAT(printed_, HasSubstr("none would be denied"));
  EXPECT_THAT(printed_, HasSubstr("rules with `is`, `from` or `sha256` are not judged"));
}

TEST_F(PolicyCommandTest, DiffSeesPatternsThatMatchWhateverFollows) {
  const auto policy = [](const std::string& rule) {
    return "apiVersion: nestor.dev/v1\nkind: ChainPolicy\nmetadata: {name: p}\nspec:\n  rules:\n" +
           ("  - {name: r, " + rule + "}\n");
  };
  const auto diff = [&, this](const std::string& before, const std::string& after) {
    Write("x.yaml", policy(before));
    Write("y.yaml", policy(after));
    RunIt({"policy", "diff", "-o", "text", "x.yaml", "y.yaml"});
    return printed_;
  };

  EXPECT_THAT(diff("exec: {args: [\"-L*\"]}", "exec: {args: [\"-R*\"]}"),
              testing::AllOf(HasSubstr("now also command such as"), HasSubstr("-R"),
                             HasSubstr("no longer command such as"), HasSubstr("-L")));
  EXPECT_THAT(diff("file: {paths: [\"/srv/**\"]}", "file: {paths: [\"/srv/**\", \"/opt/**\"]}"),
              testing::AllOf(HasSubstr("now also file such as /opt/"),
                             testing::Not(HasSubstr("no longer"))));
  EXPECT_THAT(diff("file: {paths: [\"/srv/**\", \"/srv/a/**\"]}", "file: {paths: [\"/srv/**\"]}"),
              HasSubstr("the same"));
  EXPECT_THAT(diff("file: {paths: [\"/srv/**\"]}", "file: {paths: [\"/srv/*\"]}"),
              HasSubstr("no longer file such as /srv/"));
}

constexpr char kWay[] = R"(apiVersion: nestor.dev/v1
kind: ChainPolicy
metadata: {name: way}
spec:
  mode: enforce
  chain: {through: {hops: [ssh-login], containers: [shop/*/side]}}
  rules:
  - {name: shell, exec: {paths: [/bin/sh]}}
)";

TEST_F(PolicyCommandTest, ExplainIsToldTheWay) {
  Write("way.yaml", kWay);
  const auto why = [this](const std::vector<std::string>& way) {
    std::vector<std::string> words = {"policy", "explain", "-f", "way.yaml"};
    words.insert(words.end(), way.begin(), way.end());
    words.insert(words.end(), {"--", "/bin/sh"});
    EXPECT_EQ(RunIt(words), kExitOk) << printed_;
    return json::parse(printed_).at("why").get<std::string>();
  };

  EXPECT_EQ(why({"--through-hop", "ssh-login", "--through-container", "shop/web-0/side"}),
            "denied by way/shell");
  EXPECT_THAT(why({"--through-hop", "tcp", "--through-container", "shop/web-0/side"}),
              HasSubstr("allowed"));
  EXPECT_THAT(why({"--through-hop", "ssh-login", "--through-container", "side"}),
              HasSubstr("allowed"));
  EXPECT_EQ(
      RunIt({"policy", "explain", "-f", "way.yaml", "--through-container", "a/b", "--open", "/x"}),
      -1);
  EXPECT_THAT(printed_, HasSubstr("takes CONTAINER or NAMESPACE/POD/CONTAINER"));
  EXPECT_EQ(
      RunIt({"policy", "explain", "-f", "way.yaml", "--through-hop", "shh-login", "--", "/x"}), -1);
  EXPECT_THAT(printed_, HasSubstr("did you mean `ssh-login`?"));
}

TEST_F(PolicyCommandTest, ReplayKnowsTheWayByTheHopsThatWereTold) {
  Write("way.yaml", kWay);
  const auto hop = [](const char* id, const char* parent, const char* kind, const char* from,
                      const char* to) {
    const auto end = [](const std::string& container) {
      return R"({"workload":{"namespace":"shop","pod":"web-0","container":")" + container +
             R"(","container_id":")" + container + R"("}})";
    };
    return R"({"type":"hop","hop":{"id":")" + std::string(id) + R"(","parent_id":")" + parent +
           R"(","kind":")" + kind + R"(","from":)" + end(from) + R"(,"to":)" + end(to) + "}}\n";
  };
  const auto shell = [](const char* hop_id) {
    return R"({"type":"exec","process":{"exe":"/bin/sh","argv":["sh"]},"hop_id":")" +
           std::string(hop_id) +
           R"(","workload":{"container_id":"main","namespace":"shop","pod":"web-0",)"
           R"("container":"main"},"origin":"runtime-exec"})" +
           "\n";
  };
  const std::string hops =
      hop("01", "", "runtime-exec", "side", "side") + hop("02", "01", "ssh-login", "side", "main") +
      hop("03", "02", "credential", "main", "main") + hop("04", "01", "tcp", "side", "main") +
      hop("05", "05", "tcp", "side", "main");
  const auto denied = [&, this](const char* hop_id) {
    Write("events.jsonl", hops + shell(hop_id));
    EXPECT_EQ(RunIt({"policy", "replay", "-o", "text", "-f", "way.yaml", "events.jsonl"}), kExitOk)
        << printed_;
    return printed_.find("none would be denied") == std::string::npos;
  };

  EXPECT_TRUE(denied("03"));
  EXPECT_FALSE(denied("04")) << "no ssh login";
  EXPECT_FALSE(denied("01")) << "nothing was left";
  EXPECT_TRUE(denied("99")) << "it is not told where it came from";
  EXPECT_TRUE(denied("05")) << "a circle has no end";
}

constexpr char kForAlice[] = R"(apiVersion: nestor.dev/v1
kind: ChainPolicy
metadata: {name: people}
spec:
  mode: enforce
  chain: {identity: {users: [alice]}}
  rules:
  - {name: shell, exec: {paths: [/bin/sh]}}
)";

TEST_F(PolicyCommandTest, ExplainIsToldWhoLoggedIn) {
  Write("people.yaml", kForAlice);
  const auto why = [this](const std::string& user) {
    EXPECT_EQ(RunIt({"policy", "explain", "-f", "people.yaml", "--user", user, "--", "/bin/sh"}),
              kExitOk)
        << printed_;
    return json::parse(printed_).at("why").get<std::string>();
  };

  EXPECT_EQ(why("alice"), "denied by people/shell");
  EXPECT_THAT(why("bob"), HasSubstr("allowed"));
}

TEST_F(PolicyCommandTest, ReplayKnowsWhoLoggedInByTheHopsThatWereTold) {
  Write("people.yaml", kForAlice);
  const auto hop = [](const char* id, const char* parent, const char* kind, const char* user) {
    return R"({"type":"hop","hop":{"id":")" + std::string(id) + R"(","parent_id":")" + parent +
           R"(","kind":")" + kind + R"(","login":{"user":")" + user + "\"}}}\n";
  };
  const std::string hops = hop("01", "", "runtime-exec", "") +
                           hop("02", "01", "ssh-login", "alice") + hop("03", "02", "tcp", "") +
                           hop("04", "01", "ssh-login", "bob") + hop("05", "01", "ssh-login", "") +
                           hop("06", "01", "ssh-login", "") + hop("06", "01", "ssh-login", "bob");
  const auto denied = [&, this](const char* hop_id) {
    Write("events.jsonl",
          hops + R"({"type":"exec","process":{"exe":"/bin/sh","argv":["sh"]},"hop_id":")" + hop_id +
              R"(","workload":{"container_id":"c"},"origin":"runtime-exec"})" + "\n");
    EXPECT_EQ(RunIt({"policy", "replay", "-o", "text", "-f", "people.yaml", "events.jsonl"}),
              kExitOk)
        << printed_;
    return printed_.find("none would be denied") == std::string::npos;
  };

  EXPECT_FALSE(denied("01"));
  EXPECT_TRUE(denied("02"));
  EXPECT_TRUE(denied("03")) << "below it";
  EXPECT_FALSE(denied("04"));
  EXPECT_TRUE(denied("05")) << "who it was is not told";
  EXPECT_FALSE(denied("06")) << "it was told later";
}

constexpr char kBelowClaude[] = R"(apiVersion: nestor.dev/v1
kind: ChainPolicy
metadata: {name: below}
spec:
  mode: enforce
  chain: {through: {agents: [claude]}}
  rules:
  - {name: shell, exec: {paths: [/bin/sh]}}
)";

// Lines of a recording: hop 01 is an origin, 02 below it.
class RecordedAgentsTest : public PolicyCommandTest {
 protected:
  static std::string Hop(const char* id, const char* parent, const char* from, const char* first) {
    return R"({"type":"hop","hop":{"id":")" + std::string(id) + R"(","parent_id":")" + parent +
           R"(","kind":"tcp","from":{"process":{"id":")" + from + R"("}},"to":{"process":{"id":")" +
           first + "\"}}}}\n";
  }
  static std::string Exec(const char* hop, const char* id, const char* parent, const char* exe,
                          const char* agent = "") {
    return R"({"type":"exec","hop_id":")" + std::string(hop) + R"(","process":{"id":")" + id +
           R"(","exe":")" + exe + R"(","argv":["x"],"agent":")" + agent + R"("},"parent":{"id":")" +
           parent + R"("},"workload":{"container_id":"c"},"origin":"runtime-exec"})" + "\n";
  }
  bool IsDenied(const std::string& events) {
    Write("below.yaml", kBelowClaude);
    Write("events.jsonl", events);
    EXPECT_EQ(RunIt({"policy", "replay", "-o", "text", "-f", "below.yaml", "events.jsonl"}),
              kExitOk)
        << printed_;
    return printed_.find("none would be denied") == std::string::npos;
  }

  const std::string begin_ = Hop("01", "", "r", "a") + Exec("01", "a", "r", "/bin/bash");
  const std::string claude_ = begin_ + Exec("01", "b", "a", "/usr/bin/claude", "claude");
};

TEST_F(RecordedAgentsTest, WhatAnAgentStartsIsBelowItAndTheAgentItselfIsNot) {
  EXPECT_FALSE(IsDenied(begin_ + Exec("01", "c", "a", "/bin/sh")));
  EXPECT_TRUE(IsDenied(claude_ + Exec("01", "c", "b", "/bin/sh")));
  EXPECT_FALSE(IsDenied(claude_ + Exec("01", "c", "a", "/bin/sh"))) << "beside it";
  EXPECT_TRUE(
      IsDenied(claude_ + Exec("01", "c", "b", "/bin/ls") + Exec("01", "d", "c", "/bin/sh")));
  EXPECT_TRUE(IsDenied(claude_ + Exec("01", "b", "a", "/bin/sh"))) << "it became that";
}

TEST_F(RecordedAgentsTest, HopsLeadOnAndAServersOwnAgentsDoNot) {
  const std::string below = claude_ + Hop("02", "01", "b", "s");
  const std::string beside = claude_ + Hop("02", "01", "a", "s");

  EXPECT_TRUE(IsDenied(below + Exec("02", "s", "server", "/bin/sh")));
  EXPECT_FALSE(IsDenied(beside + Exec("02", "s", "server", "/bin/sh")));
}

TEST_F(RecordedAgentsTest, WhatIsNotToldCountsAsMatched) {
  EXPECT_TRUE(IsDenied(begin_ + Exec("01", "c", "fork", "/bin/sh"))) << "below whom?";
  EXPECT_TRUE(IsDenied(Exec("07", "c", "d", "/bin/sh"))) << "no such hop";
}

v1::Status Loaded() {
  v1::Status status;
  status.set_policy_generation(12);
  v1::LoadedPolicy& policy = *status.add_policies();
  policy.set_name("guard");
  policy.set_mode("audit");
  policy.set_rules(2);
  policy.set_file("/etc/nestor/policies.d/guard.yaml");
  policy.set_mode_line(5);
  policy.set_selects("pods, namespaces");
  policy.mutable_hits()->set_verdicts(7);
  policy.mutable_hits()->set_would_be_denials(3);
  policy.mutable_hits()->mutable_last()->set_seconds(1000);
  v1::LoadedRule& rule = *policy.add_details();
  rule.set_name("shadow");
  rule.set_kind("file");
  rule.set_action("deny");
  rule.set_severity("high");
  rule.add_tags("T1003.008");
  rule.set_line(7);
  *rule.mutable_hits() = policy.hits();
  return status;
}

TEST(LoadedPoliciesTest, TheTableHasWhatIsInTheKernelAndWhatItDid) {
  const WallTime now{std::chrono::seconds(1090)};

  EXPECT_TRUE(IsGolden("policy-ls.txt", Render(RenderLoaded(Loaded(), true, now), 0, false)));
}

TEST(LoadedPoliciesTest, ModeTellsHowItBecomesAnother) {
  const WallTime now{std::chrono::seconds(1090)};
  const auto lines = RenderMode(Loaded(), "guard", "enforce", now);
  ASSERT_TRUE(lines);
  EXPECT_TRUE(IsGolden("policy-mode.txt", Render(*lines, 0, false)));

  const auto none = RenderMode(Loaded(), "gaurd", "", now);
  ASSERT_FALSE(none);
  EXPECT_THAT(none.error().message, HasSubstr("did you mean `guard`?"));
}

}  // namespace
}  // namespace nestor::ctl
