// SPDX-License-Identifier: Apache-2.0
// What the OCI hook and nestord say to each other over a unix socket (SOCK_STREAM). The hook is a
// static program that a runtime starts for each container: it must not bring gRPC along, and
// nestord must see who asks.
//
//   hook:    "prepare PATIENCE_MS\n", then the OCI state as the runtime gave it, then end of file
//   nestord: one line: "ready\n"        the container's rules are in force
//                      "named REASON\n" its names are known, its labels not: the rules for unknown
//                      containers go on "failed REASON\n"
#ifndef NESTOR_AGENT_HOOK_PROTOCOL_H_
#define NESTOR_AGENT_HOOK_PROTOCOL_H_

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace nestor {

inline constexpr char kHookSocket[] = "/run/nestor/hook.sock";
// Of the state: Kubernetes allows 256 KiB of annotations a pod, and escapes may double them.
inline constexpr size_t kMaxHookStateBytes = 1 << 20;
inline constexpr size_t kMaxHookAnswerBytes = 4096;
inline constexpr uint32_t kMinHookPatienceMs = 10, kMaxHookPatienceMs = 10'000;

inline constexpr std::string_view kHookAsks = "prepare ";
inline constexpr std::string_view kHookReady = "ready";
inline constexpr std::string_view kHookNamed = "named";
inline constexpr std::string_view kHookFailed = "failed";

}  // namespace nestor

#endif  // NESTOR_AGENT_HOOK_PROTOCOL_H_
