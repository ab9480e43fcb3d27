// SPDX-License-Identifier: Apache-2.0
// Whole commands against a nestord that answers from a script, over a real unix socket.
#include "tools/nestorctl/run.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <grpc/grpc.h>
#include <grpcpp/server_builder.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <nlohmann/json.hpp>

#include "nestor/v1/nestor.grpc.pb.h"
#include "tests/support/source_dir.h"
#include "tests/unit/beat/sample_beats.h"
#include "tests/unit/nestorctl/sample.h"
#include "tools/nestorctl/command_line.h"
#include "tools/nestorctl/display_width.h"

namespace nestor::ctl {
namespace {

using nlohmann::json;
using testing::HasSubstr;

class ScriptedNestord : public v1::Nestor::Service {
 public:
  std::atomic<bool> include_ended = false;  // as last asked for
  std::string public_key = nestor::sample::kPublicPem;

  grpc::Status StreamEvents(grpc::ServerContext*, const v1::StreamEventsRequest* request,
                            grpc::ServerWriter<v1::EventBatch>* writer) override {
    v1::EventBatch batch;
    v1::Event& event = *batch.add_events();
    event.set_type("exec");
    for (const std::string& id : request->filter().chain_ids()) event.set_chain_id(id);
    bool reader_is_there = true;
    for (uint64_t seq = 1; reader_is_there && (seq <= 2 || request->follow()); ++seq) {
      event.set_seq(seq);
      reader_is_there = writer->Write(batch);
    }
    return grpc::Status::OK;
  }
  grpc::Status ListChains(grpc::ServerContext*, const v1::ListChainsRequest* request,
                          v1::ListChainsResponse* response) override {
    include_ended = request->include_ended();
    *response->add_chains() = sample::Story();
    return grpc::Status::OK;
  }
  grpc::Status GetChain(grpc::ServerContext*, const v1::GetChainRequest* request,
                        v1::Chain* response) override {
    *response = sample::Story();
    if (request->id() == response->id()) return grpc::Status::OK;
    return {grpc::StatusCode::NOT_FOUND, "no chain " + request->id()};
  }
  grpc::Status WatchChains(grpc::ServerContext*, const v1::WatchChainsRequest*,
                           grpc::ServerWriter<v1::ListChainsResponse>* writer) override {
    v1::ListChainsResponse response;
    *response.add_chains() = sample::Story();
    writer->Write(response);
    return grpc::Status::OK;
  }
  grpc::Status ListAgents(grpc::ServerContext*, const v1::ListAgentsRequest* request,
                          v1::ListAgentsResponse* response) override {
    *response->add_agents() = sample::Agent("claude", 41, 1, "main");
    if (request->include_ended()) *response->add_agents() = sample::Agent("codex", 52, 2, "main");
    return grpc::Status::OK;
  }
  grpc::Status GetStatus(grpc::ServerContext*, const v1::GetStatusRequest*,
                         v1::Status* response) override {
    response->set_ready(true);
    response->mutable_signer()->set_public_key(public_key);
    return grpc::Status::OK;
  }
};

class RunTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    UseUnicodeWidths();
    signal(SIGPIPE, SIG_IGN);
    const sigset_t interrupt = Interrupt();  // before gRPC starts threads that would take it
    pthread_sigmask(SIG_BLOCK, &interrupt, nullptr);
    grpc_init();  // never undone, as in main
  }

  static sigset_t Interrupt() {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    return signals;
  }

  void SetUp() override {
    socket_ = testing::TempDir() + "nestorctl_test." + std::to_string(getpid()) + ".sock";
    grpc::ServerBuilder builder;
    builder.AddListeningPort("unix:" + socket_, grpc::InsecureServerCredentials());
    builder.RegisterService(&service_);
    server_ = builder.BuildAndStart();
    ASSERT_TRUE(server_);
    ASSERT_EQ(pipe2(pipe_.data(), O_CLOEXEC), 0);
    auto stopper = Stopper::Start(pipe_[1]);
    ASSERT_TRUE(stopper) << stopper.error().message;
    stopper_ = *std::move(stopper);
  }

  void TearDown() override {
    stopper_.reset();
    const sigset_t interrupt = Interrupt();
    const timespec at_once{};
    sigtimedwait(&interrupt, nullptr, &at_once);  // takes what a test has sent
    server_->Shutdown();
    close(pipe_[0]);
    close(pipe_[1]);
    unlink(socket_.c_str());
  }

  Result<int> RunIt(std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--socket", socket_});
    const auto parsed = ParseCommandLine(arguments);
    if (!parsed.options) return Error::InvalidArgument(parsed.err);
    Output output(pipe_[1]);
    Session session;
    session.options = *parsed.options;
    session.format = ChooseFormat(*parsed.options, false);
    session.fd = pipe_[1];
    session.output = &output;
    session.stopper = stopper_.get();
    return ctl::Run(session);
  }

  std::string Printed() {
    std::array<char, 65536> text{};
    fcntl(pipe_[0], F_SETFL, O_NONBLOCK);
    const ssize_t bytes = read(pipe_[0], text.data(), text.size());
    return bytes > 0 ? std::string(text.data(), static_cast<size_t>(bytes)) : "";
  }

  std::string socket_;
  ScriptedNestord service_;
  std::unique_ptr<grpc::Server> server_;
  std::array<int, 2> pipe_{};
  std::unique_ptr<Stopper> stopper_;
};

TEST_F(RunTest, EventsArePrintedAsLinesOfJson) {
  const auto exit_code = RunIt({"events"});

  ASSERT_TRUE(exit_code) << exit_code.error().message;
  EXPECT_EQ(*exit_code, kExitOk);
  const std::string text = Printed();
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 2);
  EXPECT_EQ(json::parse(text.substr(0, text.find('\n'))).at("seq"), "1");
}

TEST_F(RunTest, EventsAsOneDocumentAreAList) {
  ASSERT_TRUE(RunIt({"events", "-o", "json"}));

  EXPECT_EQ(json::parse(Printed()).at("events").size(), 2U);
}

std::string Recording(const std::string& name) {
  return SourcePath("tests/fuzz/seeds/verify_fuzz/" + name);
}

TEST_F(RunTest, ARecordingIsVerifiedWithTheKeyOfTheRunningNestord) {
  const auto exit_code = RunIt({"verify", "--key", "from-node", Recording("whole")});

  ASSERT_TRUE(exit_code) << exit_code.error().message;
  EXPECT_EQ(*exit_code, kExitOk);
  const std::string text = Printed();
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 2);
  EXPECT_EQ(json::parse(text.substr(text.find('\n'))).at("holds"), true);
}

TEST_F(RunTest, ARecordingThatIsNotWholeIsAFailure) {
  const auto exit_code = RunIt({"verify", "--key", "from-node", Recording("less")});

  ASSERT_TRUE(exit_code) << exit_code.error().message;
  EXPECT_EQ(*exit_code, kExitFailure);
}

TEST_F(RunTest, WhatCanNotBeVerifiedIsAnErrorWithItsName) {
  const auto why = [&](const std::string& key, const std::string& file) {
    const auto exit_code = RunIt({"verify", "--key", key, file});
    return exit_code ? "" : exit_code.error().message;
  };
  const std::string whole = Recording("whole");

  EXPECT_THAT(why("from-node", "/no/such/file"), HasSubstr("/no/such/file: No such file"));
  EXPECT_THAT(why("/no/such/key", whole), HasSubstr("/no/such/key: No such file"));
  EXPECT_THAT(why(whole, whole), HasSubstr("whole: is no public key in PEM"));
  EXPECT_THAT(why("from-node", SourcePath("README.md")),
              HasSubstr("README.md: line 1: is no JSON object"));
  service_.public_key = "nonsense";
  EXPECT_THAT(why("from-node", whole), HasSubstr("nestord's key: is no public key in PEM"));
}

TEST_F(RunTest, TheEndOfAChainIdIsCompletedBeforeItIsAskedFor) {
  ASSERT_TRUE(RunIt({"events", "--chain", "91c00001"}));

  EXPECT_THAT(Printed(), HasSubstr("\"chain_id\":\"00d14f2a91c00001\""));
}

TEST_F(RunTest, FollowingEndsWellWhenTheReaderGoesAway) {
  close(pipe_[0]);

  const auto exit_code = RunIt({"events", "-f"});
  pipe_[0] = -1;

  EXPECT_TRUE(exit_code ? *exit_code == kExitOk : exit_code.error().code == ErrorCode::kCancelled);
  EXPECT_FALSE(stopper_->interrupted());
}

TEST_F(RunTest, FollowingEndsWellOnAnInterrupt) {
  kill(getpid(), SIGINT);

  const auto exit_code = RunIt({"tree", "-f"});

  ASSERT_TRUE(exit_code) << exit_code.error().message;
  EXPECT_EQ(*exit_code, kExitOk);
}

TEST_F(RunTest, TreeIsDrawnOnRequest) {
  ASSERT_TRUE(RunIt({"tree", "-o", "text"}));

  EXPECT_THAT(Printed(), HasSubstr("✗ denied by protect-credentials/no-shadow-access"));
}

TEST_F(RunTest, FollowedTreeInAPipeIsALineOfJsonAChain) {
  ASSERT_TRUE(RunIt({"tree", "-f"}));

  EXPECT_EQ(json::parse(Printed()).at("id"), "00d14f2a91c00001");
}

TEST_F(RunTest, FollowedTreeAsTextEndsWithItsSummary) {
  ASSERT_TRUE(RunIt({"tree", "-f", "-o", "text"}));

  EXPECT_THAT(Printed(), HasSubstr("1 chain, 2 hops, 3 live processes, 1 denied\n"));
}

TEST_F(RunTest, ChainsAreOneDocumentWithTheirProtoNames) {
  ASSERT_TRUE(RunIt({"chains"}));

  const json document = json::parse(Printed());
  EXPECT_EQ(document.at("chains").at(0).at("hops").at(1).at("parent_id"), "00d14f2a91c00001");
}

TEST_F(RunTest, AgentsInAPipeAreALineOfJsonEach) {
  ASSERT_TRUE(RunIt({"agents", "--all"}));

  const std::string text = Printed();
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 2);
  EXPECT_EQ(json::parse(text.substr(text.find('\n') + 1)).at("depth"), 2);
}

TEST_F(RunTest, APathThatNobodyWentIsAFailure) {
  const auto found = RunIt({"path", "host", "team-a/web-0/main"});
  EXPECT_EQ(json::parse(Printed()).at("hops").size(), 2U);
  const auto missing = RunIt({"path", "host", "elsewhere", "-o", "text"});

  ASSERT_TRUE(found && missing);
  EXPECT_EQ(*found, kExitOk);
  EXPECT_EQ(*missing, kExitFailure);
  EXPECT_THAT(Printed(), HasSubstr("no chain went from host to elsewhere"));
}

TEST_F(RunTest, GraphsArePrintedAsTheyAreAskedFor) {
  ASSERT_TRUE(RunIt({"tree", "-o", "dot"}));
  EXPECT_THAT(Printed(), testing::StartsWith("digraph chains {"));
  ASSERT_TRUE(RunIt({"chains", "get", "91c00001", "-o", "mermaid"}));
  EXPECT_THAT(Printed(), testing::StartsWith("flowchart LR"));
}

TEST_F(RunTest, SinceAsksForEndedChainsToo) {
  ASSERT_TRUE(RunIt({"chains", "--since", "1h"}));

  EXPECT_TRUE(service_.include_ended);
}

TEST_F(RunTest, UnknownChainIsAnErrorOfNestordsWords) {
  const auto exit_code = RunIt({"chains", "get", "ffffffffffffffff"});

  ASSERT_FALSE(exit_code);
  EXPECT_EQ(exit_code.error().message, "no chain ffffffffffffffff");
}

TEST_F(RunTest, RequestThatNestordDoesNotKnowPointsAtTheVersions) {
  const auto exit_code = RunIt({"explain", "1"});

  ASSERT_FALSE(exit_code);
  EXPECT_THAT(AdviceFor(exit_code.error(), socket_), HasSubstr("same version"));
}

TEST_F(RunTest, StatusIsZeroWhenNestordIsReady) {
  const auto exit_code = RunIt({"status", "--wait", "5s"});

  ASSERT_TRUE(exit_code) << exit_code.error().message;
  EXPECT_EQ(*exit_code, kExitOk);
}

TEST_F(RunTest, WithoutASocketDoctorSaysWhatToDo) {
  socket_ += ".missing";

  const auto exit_code = RunIt({"doctor", "-o", "text"});

  ASSERT_TRUE(exit_code);
  EXPECT_EQ(*exit_code, kExitFailure);
  EXPECT_THAT(Printed(), HasSubstr("systemctl start nestord"));
}

TEST_F(RunTest, WaitingForNobodyEndsWithTheReason) {
  socket_ += ".missing";

  const auto exit_code = RunIt({"status", "--wait", "1ms"});

  ASSERT_FALSE(exit_code);
  EXPECT_THAT(exit_code.error().message, HasSubstr("nestord is not ready after 1ms: connect to"));
}

}  // namespace
}  // namespace nestor::ctl
