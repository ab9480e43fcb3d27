// SPDX-License-Identifier: Apache-2.0
#include "tools/nestorctl/gap_text.h"

#include <chrono>

#include "tools/nestorctl/time_text.h"
#include "tools/nestorctl/words.h"

namespace nestor::ctl {
namespace {

std::string Earlier(const GapFacts& gap) {
  if (gap.earlier == "none") return "no earlier heartbeat: a first start, or the state was removed";
  if (gap.earlier == "unreadable") return "the last heartbeat's file is none that nestord wrote";
  if (gap.earlier == "not-ours") return "the last heartbeat is not signed by this node's key";
  if (gap.earlier == "unusable") return "the directory of the last heartbeat can't be used";
  return "the last heartbeat is " + gap.earlier;
}

std::string Ending(const std::string& ending) {
  if (ending == "on-purpose") return "nestord was ended on purpose";
  return ending == "killed" ? "nestord was killed or crashed" : "nestord ended (" + ending + ")";
}

// Of one boot, by the clock that nobody sets.
std::string Pause(const GapFacts& gap) {
  const uint64_t from = gap.same_boot ? gap.previous_boot_ns : gap.previous_time_ns;
  const uint64_t to = gap.same_boot ? gap.boot_ns : gap.time_ns;
  if (to < from) return "after this start, by the clock";
  return FormatRunTime(std::chrono::nanoseconds(static_cast<int64_t>(to - from))) +
         " before this start";
}

std::string Kernel(const std::string& kernel) {
  if (kernel == "kept") return "rules and programs stayed in force";
  if (kernel == "replaced") return "rules stayed in force, of another build; chains begin anew";
  if (kernel == "nothing") return "nothing was in force meanwhile";
  return "kernel: " + kernel;
}

}  // namespace

std::string GapSentence(const GapFacts& gap) {
  std::string text;
  if (gap.earlier == "known") {
    text = Ending(gap.ending) + "; last heartbeat " + std::to_string(gap.previous_number) +
           " (seq " + std::to_string(gap.previous_seq) + "), " + Pause(gap) +
           (gap.same_boot ? "" : ", another boot");
  } else {
    text = Earlier(gap);
  }
  text += "; " + Kernel(gap.kernel);
  if (gap.losses > 0) text += "; " + Count(gap.losses, "event", "events") + " lost";
  return text;
}

}  // namespace nestor::ctl
