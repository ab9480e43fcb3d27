// SPDX-License-Identifier: Apache-2.0
// Every string from a node may have been chosen by an attacker: a process names itself.
#ifndef NESTOR_TOOLS_NESTORCTL_ESCAPE_H_
#define NESTOR_TOOLS_NESTORCTL_ESCAPE_H_

#include <string>
#include <string_view>

namespace nestor::ctl {

// True for what may move the cursor, reorder or hide text on a terminal: C0 and C1 controls, DEL,
// bidirectional marks and overrides, line separators, invisible format characters and tags.
bool IsHostile(char32_t code_point);

// `text` with each byte of a hostile code point or of invalid UTF-8 as \xNN. A long run of
// combining marks is cut off the same way, so that width 0 cannot smuggle unbounded text.
// Idempotent.
std::string EscapeHostile(std::string_view text);

// The same promise for a JSON document, whose meaning stays: hostile code points become \uNNNN. The
// needless \u003c and \u003e of protobuf's writer become < and > again, so that grep finds "->".
std::string EscapeHostileJson(std::string_view json);

}  // namespace nestor::ctl

#endif  // NESTOR_TOOLS_NESTORCTL_ESCAPE_H_
