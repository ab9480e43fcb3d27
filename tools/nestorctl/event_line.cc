// SPDX-License-Identifier: Apache-2.0
#include "tools/nestorctl/event_line.h"

#include <string>

#include "tools/nestorctl/display_width.h"
#include "tools/nestorctl/escape.h"
#include "tools/nestorctl/gap_text.h"
#include "tools/nestorctl/words.h"

namespace nestor::ctl {
namespace {

Line Who(const v1::Event& event) {
  Line line;
  const std::string name = ProcessName(event.process());
  return name.empty() ? line : line.Add(name + " ");
}

Line ExecText(const v1::Event& event) {
  Line line;
  line.Add(std::to_string(event.process().pid()) + " ", Style::kDim);
  line.AddShrinkable(CommandLine(event.process()));
  if (const std::string tag = AgentTag(event.process()); !tag.empty()) {
    line.Add("  " + tag, Style::kAgent);
  }
  return line;
}

Line HopText(const v1::Event& event) {
  const v1::Hop& hop = event.hop();
  Line line;
  line.Add(hop.kind(), Style::kStrong);
  if (!ConfidenceMark(event.confidence()).empty()) {
    line.Add(" " + std::string(ConfidenceMark(event.confidence())), Style::kWarning);
  }
  line.Add("  ").Add(HopPath(hop), Style::kName);
  if (hop.has_login()) line.Add("  " + LoginText(hop.login()));
  return line.Add("  ").AddShrinkable(hop.evidence(), Style::kDim);
}

Line ExitLine(const v1::Event& event) {
  const bool failed = event.exit().code() != 0 || event.exit().signal() != 0;
  Line line = Who(event);
  line.Add(ExitText(event.exit()), failed ? Style::kWarning : Style::kPlain);
  const std::chrono::nanoseconds run_time(event.exit().run_ns());
  return line.Add(" after " + FormatRunTime(run_time), Style::kDim);
}

Line SocketText(const v1::Event& event) {
  const v1::Socket& socket = event.socket();
  Line line = Who(event);
  const bool has_peer = event.type() == "connect" || event.type() == "accept";
  line.AddShrinkable(has_peer ? socket.peer() : socket.local());
  if (event.type() == "accept") line.Add(" on " + socket.local(), Style::kDim);
  line.Add(" " + socket.family() + " " + socket.type(), Style::kDim);
  if (socket.peer_process().pid() != 0) {
    const std::string& exe = socket.peer_process().exe();
    const std::string name = exe.substr(exe.rfind('/') + 1);
    line.Add(" peer " + name + "[" + std::to_string(socket.peer_process().pid()) + "]",
             Style::kDim);
  }
  if (socket.result() != 0) line.Add(" " + ErrnoName(socket.result()), Style::kWarning);
  return line;
}

Line FileText(const v1::Event& event) {
  Line line = Who(event);
  line.Add(event.file().access() + " ", Style::kDim);
  return line.AddShrinkable(event.file().path());
}

Line LossText(const v1::Event& event) {
  Line line;
  const v1::Loss& loss = event.loss();
  const std::string of = loss.events().empty() ? "" : " (" + loss.events() + ")";
  line.Add(Count(loss.count(), "event", "events") + of + " lost at " + loss.where(), Style::kBad);
  return line.Add(" (" + std::to_string(event.loss().total()) + " in all)", Style::kDim);
}

Line TamperText(const v1::Event& event) {
  Line line;
  line.Add(event.tamper().what(), Style::kBad).Add("  ");
  return line.AddShrinkable(event.tamper().detail());
}

Line HeartbeatText(const v1::Heartbeat& beat) {
  Line line;
  line.Add("number " + std::to_string(beat.number()) + "  ", Style::kDim);
  line.Add("seq " + std::to_string(beat.first_seq()) + " to " + std::to_string(beat.last_seq()),
           Style::kDim);
  if (beat.losses() > 0) line.Add("  " + std::to_string(beat.losses()) + " lost", Style::kDim);
  return beat.final() ? line.Add("  the last one: nestord ends on purpose") : line;
}

Line GapText(const v1::Gap& gap) {
  const bool expected = gap.earlier() == "none" || gap.ending() == "on-purpose";
  return Line().AddShrinkable(
      GapSentence({gap.earlier(), gap.ending(), gap.kernel(), gap.previous_number(),
                   gap.previous_seq(), gap.same_boot(), gap.previous_boot_ns(), gap.boot_ns(),
                   gap.previous_time_ns(), gap.time_ns(), gap.losses()}),
      expected ? Style::kPlain : Style::kBad);
}

// What happened, by the message that is present: a new type with a known message still reads well.
Line What(const v1::Event& event) {
  if (event.has_verdict()) return Who(event).Append(VerdictLine(event.verdict()));
  if (event.has_hop()) return HopText(event);
  if (event.has_exit()) return ExitLine(event);
  if (event.has_heartbeat()) return HeartbeatText(event.heartbeat());
  if (event.has_gap()) return GapText(event.gap());
  if (event.has_tamper()) return TamperText(event);
  if (event.has_socket()) return SocketText(event);
  if (event.has_file()) return FileText(event);
  if (event.has_loss()) return LossText(event);
  if (event.type() == "workload") return Line().Add("is " + WorkloadName(event.workload()));
  return ExecText(event);
}

// The namespace goes first when there is little room: the container says most.
std::string Where(const v1::Event& event, bool roomy) {
  if (!event.has_workload()) return "-";
  const v1::Workload& workload = event.workload();
  const bool named = !workload.pod().empty() && !workload.container().empty();
  return roomy || !named ? WorkloadName(workload) : workload.pod() + "/" + workload.container();
}

std::string Clock(WallTime time, WallTime now, bool roomy) {
  constexpr size_t kMilliseconds = 4;  // ".123"
  const std::string text = FormatClock(time, now);
  return roomy ? text : text.substr(0, text.size() - kMilliseconds);
}

Style TypeStyle(const std::string& type) {
  if (type == "hop") return Style::kName;
  if (type == "verdict") return Style::kWarning;
  if (type == "loss" || type == "tamper" || type == "gap") return Style::kBad;
  if (type == "heartbeat") return Style::kDim;
  return Style::kPlain;
}

std::string Column(std::string_view text, size_t columns) {
  return PadToWidth(CutToWidth(EscapeHostile(text), columns), columns) + " ";
}

}  // namespace

Line EventLine(const v1::Event& event, WallTime now, size_t columns) {
  constexpr size_t kType = 9, kChain = 8, kDepth = 2, kRoomy = 120;
  const bool roomy = columns == 0 || columns >= kRoomy;
  const size_t where_columns = roomy ? 28 : 16;
  const bool of_chain = !event.chain_id().empty();
  Line line;
  line.Add(Clock(ToWallTime(event.time()), now, roomy) + " ", Style::kDim);
  line.Add(Column(event.type(), kType), TypeStyle(event.type()));
  line.Add(Column(of_chain ? ShortId(event.chain_id()) : "-", kChain), Style::kDim);
  line.Add(Column(of_chain ? "+" + std::to_string(event.depth()) : "", kDepth), Style::kDim);
  line.Add(Column(Where(event, roomy), where_columns), Style::kName);
  return line.Append(What(event));
}

}  // namespace nestor::ctl
