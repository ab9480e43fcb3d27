// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_TOOLS_NESTORCTL_SHELL_QUOTE_H_
#define NESTOR_TOOLS_NESTORCTL_SHELL_QUOTE_H_

#include <string>
#include <string_view>
#include <vector>

namespace nestor::ctl {

// `argument` as a shell would read it back: bare when it is safe so, 'single quoted', or $'...'
// with
// \xNN when it holds hostile bytes. What is returned is printable. Thread: any.
std::string ShellQuote(std::string_view argument);

}  // namespace nestor::ctl

#endif  // NESTOR_TOOLS_NESTORCTL_SHELL_QUOTE_H_
