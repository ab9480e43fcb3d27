// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_AGENT_EVENT_VOCABULARY_H_
#define NESTOR_AGENT_EVENT_VOCABULARY_H_

#include <cstdint>
#include <optional>
#include <string_view>

namespace nestor {

// The words of the design. Numeric values equal those of bpf/abi.h (asserted in
// agent/kernel/decode.cc).

enum class HopKind : uint8_t {
  kNone = 0,
  kContainerEntrypoint = 1,
  kRuntimeExec = 2,
  kSshLogin = 3,
  kTcp = 4,
  kUnixSocket = 5,
  kHostService = 6,
  kPreExisting = 7,
  kTcpRemote = 8,
  kFdPass = 9,
  kNamespace = 10,
  kCredential = 11,
  kTrace = 12,
  kDelegated = 13,
};
inline constexpr uint8_t kHopKindCount = 14;

enum class Confidence : uint8_t {
  kUnknown = 0,  // not said
  kExact = 1,
  kInferred = 2,
  kAmbiguous = 3,
  kUnseen = 4,  // "unknown": who it comes from was not seen, and so nothing of the chain before
};

enum class Action : uint8_t { kNone = 0, kAllow = 1, kAudit = 2, kDeny = 3, kKill = 4 };

enum class Mode : uint8_t { kNone = 0, kAudit = 1, kEnforce = 2 };

enum class Stage : uint8_t {
  kNone = 0,
  kBprm = 1,
  kExec = 2,
  kOpen = 3,
  kConnect = 4,
  kSend = 5,
  kMmap = 6,
  kLink = 7,
  kRename = 8,
  kCreate = 9,
  kRemove = 10,
  kTruncate = 11,
  kAttributes = 12,
  kTrace = 13,
  kNamespace = 14,
  kCredential = 15,
};
inline constexpr Stage kLastStage = Stage::kCredential;

enum class EventType : uint8_t {
  kHop,
  kExec,
  kExit,
  kConnect,
  kAccept,
  kBind,
  kListen,
  kFile,
  kVerdict,
  kLoss,
  kTamper,
  kHeartbeat,
  kGap,
  kWorkload,
};

// The word as it stands in JSON, in policies and on the screen: "container-entrypoint", "exact",
// "deny", "enforce". Thread: any. kNone and kUnknown give "".
std::string_view Name(HopKind kind);
std::string_view Name(Confidence confidence);
std::string_view Name(Action action);
std::string_view Name(Mode mode);
std::string_view Name(Stage stage);
std::string_view Name(EventType type);

// The inverse of Name; nullopt for a word that is not in the vocabulary.
std::optional<HopKind> HopKindFromName(std::string_view name);
std::optional<Stage> StageFromName(std::string_view name);
std::optional<EventType> EventTypeFromName(std::string_view name);

}  // namespace nestor

#endif  // NESTOR_AGENT_EVENT_VOCABULARY_H_
