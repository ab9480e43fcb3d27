// SPDX-License-Identifier: Apache-2.0
// nestor-oci-hook: see kHookHelp. Ends with 0 when the container may start, 1 when it is refused, 2
// for wrong arguments.
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "agent/hook/oci_state.h"
#include "tools/oci_hook/ask.h"
#include "tools/oci_hook/install.h"
#include "tools/oci_hook/options.h"

namespace nestor {
namespace {

void Say(const std::string& text) { std::fprintf(stderr, "nestor-oci-hook: %s\n", text.c_str()); }

bool IsExcepted(const HookOptions& options, const Result<std::string>& state) {
  if (options.except_namespaces.empty() || !state) return false;
  const auto container = ReadOciState(*state);
  return container && std::ranges::find(options.except_namespaces, container->namespace_name) !=
                          options.except_namespaces.end();
}

int Hook(const HookOptions& options) {
  const Deadline end = std::chrono::steady_clock::now() + options.timeout;
  const auto state = ReadState(STDIN_FILENO, end);
  const Status known = state ? AskNestord(options.socket, *state, end) : Status(state.error());
  if (known) return 0;
  const bool refuse = options.refuse && !IsExcepted(options, state);
  Say(known.error().message + (refuse ? "; the container is refused (--on-failure refuse)"
                                      : "; the container starts under the rules for unknown ones"));
  return refuse ? 1 : 0;
}

int InstallAt(const std::string& path) {
  const Status installed = Install(path);
  if (installed) return 0;
  Say(installed.error().message);
  return 1;
}

int Main(std::span<const char* const> arguments) {
  const auto options = ReadOptions(arguments);
  if (!options) {
    Say(options.error().message);
    return 2;
  }
  if (options->help) {
    std::fputs(kHookHelp, stdout);
    return 0;
  }
  return options->install.empty() ? Hook(*options) : InstallAt(options->install);
}

}  // namespace
}  // namespace nestor

int main(int count, char** arguments) {
  const std::span<char*> all(arguments, static_cast<size_t>(count));
  return nestor::Main(all.size() > 0 ? all.subspan(1) : all);
}
