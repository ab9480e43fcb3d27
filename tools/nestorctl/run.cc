// SPDX-License-Identifier: Apache-2.0
#include "tools/nestorctl/run.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "tools/nestorctl/agents.h"
#include "tools/nestorctl/chain_ids.h"
#include "tools/nestorctl/chain_view.h"
#include "tools/nestorctl/client.h"
#include "tools/nestorctl/command_line.h"
#include "tools/nestorctl/doctor.h"
#include "tools/nestorctl/event_line.h"
#include "tools/nestorctl/explain.h"
#include "tools/nestorctl/graph.h"
#include "tools/nestorctl/hop_sentence.h"
#include "tools/nestorctl/json.h"
#include "tools/nestorctl/path.h"
#include "tools/nestorctl/policy/commands.h"
#include "tools/nestorctl/policy/loaded.h"
#include "tools/nestorctl/screen.h"
#include "tools/nestorctl/status_text.h"
#include "tools/nestorctl/table.h"
#include "tools/nestorctl/tree.h"
#include "tools/nestorctl/verify/verify.h"

namespace nestor::ctl {
namespace {

Result<int> Done(const Status& status, int exit_code = kExitOk) {
  if (!status) return status.error();
  return exit_code;
}

// Lines cut to the width, for what is looked over.
Status PrintCut(Session& session, const std::vector<Line>& lines) {
  const size_t columns = SizeOf(session.fd, session.terminal).columns;
  return session.output->Write(Render(lines, columns, session.color));
}

// Lines whole, for what is read: no advice may be lost.
Status PrintWhole(Session& session, const std::vector<Line>& lines) {
  return session.output->Write(Render(lines, 0, session.color));
}

Status PrintJson(Session& session, const google::protobuf::Message& message) {
  if (session.format == Format::kJson) {
    const auto text = ToJsonDocument(message);
    return text ? session.output->Write(*text) : Status(text.error());
  }
  const auto text = ToJsonLine(message);
  return text ? session.output->Write(*text + "\n") : Status(text.error());
}

Status PrintChainsAsJson(Session& session, const v1::ListChainsResponse& response) {
  if (session.format == Format::kJson) return PrintJson(session, response);
  for (const v1::Chain& chain : response.chains()) {
    if (Status status = PrintJson(session, chain); !status) return status;
  }
  return {};
}

Result<v1::EventFilter> FilterOf(Client& client, const Options& options) {
  auto filter = ToProto(options.filter, Now());
  if (!filter) return filter;
  if (Status status = CompleteChainIds(client, *filter); !status) return status.error();
  return filter;
}

Result<v1::ListChainsResponse> AskForChains(Client& client, const Options& options) {
  auto filter = FilterOf(client, options);
  if (!filter) return filter.error();
  v1::ListChainsRequest request;
  *request.mutable_filter() = *std::move(filter);
  request.set_include_ended(options.all || !options.filter.since.empty());
  return client.ListChains(request);
}

std::vector<v1::Chain> ToVector(const v1::ListChainsResponse& response) {
  return {response.chains().begin(), response.chains().end()};
}

Status PrintGraph(Session& session, const std::vector<v1::Chain>& chains, bool all) {
  const Graph graph = MakeGraph(chains, all);
  return session.output->Write(session.format == Format::kDot ? ToDot(graph) : ToMermaid(graph));
}

Line NoChains(const Options& options) {
  if (!options.filter.since.empty()) return Line().Add("no chains since then", Style::kDim);
  return Line().Add(options.all ? "no chains" : "no live chains (--all shows ended ones)",
                    Style::kDim);
}

std::vector<Line> Frame(const std::vector<v1::Chain>& chains, const Options& options, size_t rows) {
  std::vector<Line> lines = RenderTree(chains, {.now = Now(), .all = options.all});
  if (lines.empty()) lines.push_back(NoChains(options));
  constexpr size_t kSummaryAndCursor = 2;
  if (rows > 0) lines = FitRows(std::move(lines), std::max<size_t>(rows, 3) - kSummaryAndCursor);
  lines.push_back(SummaryLine(chains));
  return lines;
}

Status WatchAsFrames(Session& session, Client& client, const v1::WatchChainsRequest& request) {
  const bool repaint = CanRepaint(session.terminal);
  Screen screen(repaint, session.color);
  ChainView view(session.options.all);
  const Status status = client.WatchChains(request, [&](const v1::ListChainsResponse* changed) {
    if (!changed && !repaint) return Status();  // ages alone are not worth a new copy
    if (changed) view.Apply(*changed, Now());
    const TerminalSize size = SizeOf(session.fd, session.terminal);
    const auto lines = Frame(view.Chains(Now()), session.options, repaint ? size.rows : 0);
    return session.output->Write(screen.Frame(lines, size));
  });
  const Status closed = session.output->Write(screen.Close());
  return status ? closed : status;
}

Status WatchAsJson(Session& session, Client& client, const v1::WatchChainsRequest& request) {
  return client.WatchChains(request, [&](const v1::ListChainsResponse* changed) {
    return changed ? PrintChainsAsJson(session, *changed) : Status();
  });
}

Result<int> FollowTree(Session& session, Client& client) {
  auto filter = FilterOf(client, session.options);
  if (!filter) return filter.error();
  v1::WatchChainsRequest request;
  *request.mutable_filter() = *std::move(filter);
  request.set_include_ended(session.options.all);
  return Done(session.format == Format::kText ? WatchAsFrames(session, client, request)
                                              : WatchAsJson(session, client, request));
}

Result<int> RunTree(Session& session, Client& client) {
  if (session.options.follow) return FollowTree(session, client);
  const auto response = AskForChains(client, session.options);
  if (!response) return response.error();
  if (IsGraph(session.format)) {
    return Done(PrintGraph(session, ToVector(*response), session.options.all));
  }
  if (session.format != Format::kText) return Done(PrintChainsAsJson(session, *response));
  std::vector<Line> lines =
      RenderTree(ToVector(*response), {.now = Now(), .all = session.options.all});
  if (lines.empty()) lines.push_back(NoChains(session.options));
  return Done(PrintCut(session, lines));
}

Result<int> RunChains(Session& session, Client& client) {
  const auto response = AskForChains(client, session.options);
  if (!response) return response.error();
  if (IsGraph(session.format)) {
    return Done(PrintGraph(session, ToVector(*response), session.options.all));
  }
  if (session.format != Format::kText) return Done(PrintChainsAsJson(session, *response));
  if (response->chains().empty()) return Done(PrintCut(session, {NoChains(session.options)}));
  return Done(PrintCut(session, ChainTable(ToVector(*response), Now())));
}

Result<int> RunChain(Session& session, Client& client) {
  const auto text = ParseChainId(session.options.chain_id);
  if (!text) return text.error();
  const auto id = CompleteChainId(client, *text);
  if (!id) return id.error();
  v1::GetChainRequest request;
  request.set_id(*id);
  const auto chain = client.GetChain(request);
  if (!chain) return chain.error();
  if (IsGraph(session.format)) return Done(PrintGraph(session, {*chain}, true));
  if (session.format != Format::kText) return Done(PrintJson(session, *chain));
  return Done(PrintCut(session, RenderTree({*chain}, {.now = Now(), .all = true})));
}

// One way to print a stream of events; each line is flushed while following.
class EventPrinter {
 public:
  explicit EventPrinter(Session& session) : session_(session) {}

  Status Open() {
    return session_.format == Format::kJson ? session_.output->Add("{\"events\":[") : Status();
  }

  Status Print(const v1::Event& event) {
    std::string text;
    if (session_.format == Format::kText) {
      const size_t columns = SizeOf(session_.fd, session_.terminal).columns;
      text = EventLine(event, Now(), columns).Render(columns, session_.color) + "\n";
    } else {
      const auto json = ToJsonLine(event);
      if (!json) return json.error();
      const bool document = session_.format == Format::kJson;
      text = document ? (first_ ? "\n" : ",\n") + *json : *json + "\n";
      first_ = false;
    }
    return session_.options.follow ? session_.output->Write(text) : session_.output->Add(text);
  }

  Status Close() {
    return session_.output->Write(session_.format == Format::kJson ? "\n]}\n" : "");
  }

 private:
  Session& session_;
  bool first_ = true;
};

Result<int> RunEvents(Session& session, Client& client) {
  auto filter = FilterOf(client, session.options);
  if (!filter) return filter.error();
  v1::StreamEventsRequest request;
  *request.mutable_filter() = *std::move(filter);
  request.set_follow(session.options.follow);
  request.set_from_seq(session.options.from_seq);

  EventPrinter printer(session);
  if (Status status = printer.Open(); !status) return status.error();
  const Status streamed =
      client.StreamEvents(request, [&](const v1::Event& event) { return printer.Print(event); });
  if (!streamed) {
    const Status flushed = session.output->Flush();  // what came before is still true
    return streamed.error().code == ErrorCode::kCancelled || flushed ? streamed.error()
                                                                     : flushed.error();
  }
  return Done(printer.Close());
}

Result<int> RunPath(Session& session, Client& client) {
  const auto from = ParseWaypoint(session.options.path_from);
  if (!from) return from.error().In("FROM");
  const auto to = ParseWaypoint(session.options.path_to);
  if (!to) return to.error().In("TO");
  Options wanted = session.options;
  wanted.all = true;
  const auto response = AskForChains(client, wanted);
  if (!response) return response.error();

  const std::vector<v1::Chain> chains = ToVector(*response);
  const std::vector<v1::Chain> paths = FindPaths(chains, *from, *to);
  const int exit_code = paths.empty() ? kExitFailure : kExitOk;
  if (IsGraph(session.format)) return Done(PrintGraph(session, paths, true), exit_code);
  if (session.format != Format::kText) {
    v1::ListChainsResponse found;
    for (const v1::Chain& path : paths) *found.add_chains() = path;
    return Done(PrintChainsAsJson(session, found), exit_code);
  }
  if (!paths.empty()) return Done(PrintWhole(session, RenderPaths(paths, chains)), exit_code);
  const std::string none = "no chain went from " + session.options.path_from + " to " +
                           session.options.path_to + ", as far as nestord remembers";
  return Done(PrintWhole(session, {Line().Add(none, Style::kDim)}), exit_code);
}

Status PrintAgentsAsJson(Session& session, const v1::ListAgentsResponse& response) {
  if (session.format == Format::kJson) return PrintJson(session, response);
  for (const v1::Agent& agent : response.agents()) {
    if (Status status = PrintJson(session, agent); !status) return status;
  }
  return {};
}

Result<int> RunAgents(Session& session, Client& client) {
  auto filter = FilterOf(client, session.options);
  if (!filter) return filter.error();
  v1::ListAgentsRequest request;
  *request.mutable_filter() = *std::move(filter);
  request.set_include_ended(session.options.all || !session.options.filter.since.empty());
  const auto response = client.ListAgents(request);
  if (!response) return response.error();
  if (session.format != Format::kText) return Done(PrintAgentsAsJson(session, *response));
  if (response->agents().empty()) {
    const bool all = session.options.all;
    return Done(PrintCut(
        session,
        {Line().Add(all ? "no agents" : "no live agents (--all shows ended ones)", Style::kDim)}));
  }
  return Done(PrintCut(session, RenderAgents(*response, Now())));
}

// The hops that candidates are looked up in: all that nestord knows, when there is a candidate.
// Refers to `chains`, which it fills.
Result<KnownHops> HopsFor(const v1::ExplainResponse& response, Client& client,
                          v1::ListChainsResponse& chains) {
  KnownHops known;
  const auto& hops = response.chain().hops();
  if (std::none_of(hops.begin(), hops.end(), IsAmbiguous)) return known;
  v1::ListChainsRequest request;
  request.set_include_ended(true);
  auto listed = client.ListChains(request);
  if (!listed) return listed.error();
  chains = *std::move(listed);
  for (const v1::Chain& chain : chains.chains()) known.Add(chain);
  return known;
}

Result<int> RunExplain(Session& session, Client& client) {
  v1::ExplainRequest request;
  request.set_pid(session.options.pid);
  const auto response = client.Explain(request);
  if (!response) return response.error();
  if (session.format != Format::kText) return Done(PrintJson(session, *response));
  v1::ListChainsResponse chains;
  const auto known = HopsFor(*response, client, chains);
  if (!known) return known.error();
  return Done(PrintWhole(session, RenderExplanation(*response, *known, Now())));
}

Result<v1::Status> AskForStatus(const Session& session, std::chrono::milliseconds timeout) {
  auto client = Client::Connect(session.options.socket, *session.stopper);
  if (!client) return client.error();
  return client->GetStatus(timeout);
}

// Asks until nestord is ready. A refusal that time does not heal ends it at once.
Result<v1::Status> WaitUntilReady(const Session& session, std::chrono::nanoseconds time) {
  using Clock = std::chrono::steady_clock;
  constexpr std::chrono::milliseconds kPause(200);
  const auto end = Clock::now() + time;
  while (true) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now());
    const auto timeout = std::clamp(left, kPause, kPatience);
    auto status = AskForStatus(session, timeout);
    if (status && status->ready()) return status;
    if (!status && status.error().code == ErrorCode::kPermissionDenied) return status.error();
    const bool over = Clock::now() + kPause >= end;
    if (over || session.stopper->Wait(kPause)) {
      if (session.stopper->stopped()) return Error{ErrorCode::kCancelled, "interrupted"};
      const std::string reason = status ? WhyNotReady(*status) : status.error().message;
      const ErrorCode code = status ? ErrorCode::kFailedPrecondition : status.error().code;
      return Error{code, "nestord is not ready after " + FormatRunTime(time) + ": " + reason};
    }
  }
}

Result<int> RunStatus(Session& session) {
  const auto status = session.options.wait ? WaitUntilReady(session, *session.options.wait)
                                           : AskForStatus(session, kPatience);
  if (!status) return status.error();
  const int exit_code = status->ready() ? kExitOk : kExitFailure;
  if (session.format != Format::kText) return Done(PrintJson(session, *status), exit_code);
  return Done(PrintWhole(session, RenderStatus(*status, Now())), exit_code);
}

Result<int> RunDoctor(Session& session) {
  const auto status = AskForStatus(session, kPatience);
  if (!status && status.error().code == ErrorCode::kCancelled) return status.error();
  const bool text = session.format == Format::kText;
  if (!status) {
    const std::string advice = AdviceFor(status.error(), session.options.socket);
    return Done(text ? PrintWhole(session, RenderDoctorUnreachable(status.error(), advice))
                     : session.output->Write(DoctorJsonUnreachable(status.error(), advice)),
                kExitFailure);
  }
  const int exit_code = IsHealthy(*status) ? kExitOk : kExitFailure;
  if (text) return Done(PrintWhole(session, RenderDoctor(*status)), exit_code);
  const auto json = DoctorJson(*status);
  if (!json) return json.error();
  return Done(session.output->Write(*json), exit_code);
}

Result<int> RunLoadedPolicies(Session& session, Client& client) {
  const auto status = client.GetStatus(kPatience);
  if (!status) return status.error();
  return session.options.command == Command::kPolicyMode ? PrintMode(session, *status)
                                                         : PrintLoaded(session, *status);
}

Result<int> RunWithClient(Session& session) {
  auto client = Client::Connect(session.options.socket, *session.stopper);
  if (!client) return client.error();
  switch (session.options.command) {
    case Command::kTree:
      return RunTree(session, *client);
    case Command::kChains:
      return RunChains(session, *client);
    case Command::kChain:
      return RunChain(session, *client);
    case Command::kEvents:
      return RunEvents(session, *client);
    case Command::kAgents:
      return RunAgents(session, *client);
    case Command::kPath:
      return RunPath(session, *client);
    case Command::kExplain:
      return RunExplain(session, *client);
    case Command::kPolicyLoaded:
    case Command::kPolicyMode:
      return RunLoadedPolicies(session, *client);
    case Command::kStatus:
    case Command::kDoctor:
    case Command::kPolicyValidate:
    case Command::kPolicyTest:
    case Command::kPolicyExplain:
    case Command::kPolicyDiff:
    case Command::kPolicyReplay:
    case Command::kVerify:
      break;  // these say what is wrong with the connection themselves, or need none
  }
  return Error::Internal("a command without a handler");
}

}  // namespace

Result<int> Run(Session& session) {
  switch (session.options.command) {
    case Command::kStatus:
      return RunStatus(session);
    case Command::kDoctor:
      return RunDoctor(session);
    case Command::kPolicyValidate:
      return RunPolicyValidate(session);
    case Command::kPolicyTest:
      return RunPolicyTest(session);
    case Command::kPolicyExplain:
      return RunPolicyExplain(session);
    case Command::kPolicyDiff:
      return RunPolicyDiff(session);
    case Command::kPolicyReplay:
      return RunPolicyReplay(session);
    case Command::kVerify:
      return RunVerify(session);
    default:
      return RunWithClient(session);
  }
}

}  // namespace nestor::ctl
