// SPDX-License-Identifier: Apache-2.0
#include "tools/oci_hook/options.h"

#include <charconv>
#include <string_view>

namespace nestor {
namespace {

using std::chrono::milliseconds;

// "500ms", "2s".
Result<milliseconds> ReadTimeout(std::string_view text) {
  uint32_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [stopped, fault] = std::from_chars(text.data(), end, number);
  const std::string_view unit(stopped, static_cast<size_t>(end - stopped));
  const uint32_t factor = unit == "ms" ? 1 : unit == "s" ? 1000 : 0;
  const uint64_t ms = uint64_t{number} * factor;
  if (fault != std::errc() || ms < kMinHookPatienceMs || ms > kMaxHookPatienceMs) {
    return Error::InvalidArgument("--timeout wants a time from 10ms to 10s, not `" +
                                  std::string(text) + "`");
  }
  return milliseconds(ms);
}

Status Set(HookOptions& options, std::string_view name, std::string_view value) {
  if (name == "--socket") {
    options.socket = value;
  } else if (name == "--install") {
    options.install = value;
  } else if (name == "--except-namespace") {
    options.except_namespaces.emplace_back(value);
  } else if (name == "--timeout") {
    auto timeout = ReadTimeout(value);
    if (!timeout) return timeout.error();
    options.timeout = *timeout;
  } else if (name == "--on-failure") {
    if (value != "allow" && value != "refuse") {
      return Error::InvalidArgument("--on-failure is allow or refuse, not `" + std::string(value) +
                                    "`");
    }
    options.refuse = value == "refuse";
  } else {
    return Error::InvalidArgument("unknown option `" + std::string(name) + "`; see --help");
  }
  return {};
}

}  // namespace

const char kHookHelp[] =
    "nestor-oci-hook: an OCI createRuntime hook. Reads the container's state from its input and "
    "waits until\n"
    "nestord has the container's rules in force. A runtime calls it: deploy/README.md says how.\n"
    "  --timeout TIME           10ms to 10s; 2s\n"
    "  --on-failure WORD        nestord does not answer in time, or fails: allow (the container "
    "starts under the\n"
    "                           rules for unknown ones) or refuse (it does not start); allow\n"
    "  --except-namespace NAME  pods of it are never refused; may be given again\n"
    "  --socket PATH            nestord's runtime.hookSocket; /run/nestor/hook.sock\n"
    "  --install PATH           copies this program to PATH, and does nothing else\n";

Result<HookOptions> ReadOptions(std::span<const char* const> arguments) {
  HookOptions options;
  for (size_t i = 0; i < arguments.size(); ++i) {
    const std::string_view argument = arguments[i];
    if (argument == "--help" || argument == "-h") {
      options.help = true;
      continue;
    }
    const size_t equals = argument.find('=');
    const std::string_view name = argument.substr(0, equals);
    std::string_view value;
    if (equals != std::string_view::npos) {
      value = argument.substr(equals + 1);
    } else if (i + 1 < arguments.size()) {
      value = arguments[++i];
    }
    if (Status status = Set(options, name, value); !status) return status.error();
    if (value.empty()) {
      return Error::InvalidArgument("option `" + std::string(name) + "` wants a value");
    }
  }
  return options;
}

}  // namespace nestor
