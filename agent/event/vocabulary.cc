// SPDX-License-Identifier: Apache-2.0
#include "agent/event/vocabulary.h"

namespace nestor {

std::string_view Name(HopKind kind) {
  switch (kind) {
    case HopKind::kNone:
      return "";
    case HopKind::kContainerEntrypoint:
      return "container-entrypoint";
    case HopKind::kRuntimeExec:
      return "runtime-exec";
    case HopKind::kSshLogin:
      return "ssh-login";
    case HopKind::kTcp:
      return "tcp";
    case HopKind::kUnixSocket:
      return "unix-socket";
    case HopKind::kHostService:
      return "host-service";
    case HopKind::kPreExisting:
      return "pre-existing";
    case HopKind::kTcpRemote:
      return "tcp-remote";
    case HopKind::kFdPass:
      return "fd-pass";
    case HopKind::kNamespace:
      return "namespace";
    case HopKind::kCredential:
      return "credential";
    case HopKind::kTrace:
      return "trace";
    case HopKind::kDelegated:
      return "delegated";
  }
  return "";
}

std::string_view Name(Confidence confidence) {
  switch (confidence) {
    case Confidence::kUnknown:
      return "";
    case Confidence::kExact:
      return "exact";
    case Confidence::kInferred:
      return "inferred";
    case Confidence::kAmbiguous:
      return "ambiguous";
    case Confidence::kUnseen:
      return "unknown";
  }
  return "";
}

std::string_view Name(Action action) {
  switch (action) {
    case Action::kNone:
      return "";
    case Action::kAllow:
      return "allow";
    case Action::kAudit:
      return "audit";
    case Action::kDeny:
      return "deny";
    case Action::kKill:
      return "kill";
  }
  return "";
}

std::string_view Name(Mode mode) {
  switch (mode) {
    case Mode::kNone:
      return "";
    case Mode::kAudit:
      return "audit";
    case Mode::kEnforce:
      return "enforce";
  }
  return "";
}

std::string_view Name(Stage stage) {
  switch (stage) {
    case Stage::kNone:
      return "";
    case Stage::kBprm:
      return "check";
    case Stage::kExec:
      return "exec";
    case Stage::kOpen:
      return "open";
    case Stage::kConnect:
      return "connect";
    case Stage::kSend:
      return "send";
    case Stage::kMmap:
      return "mmap";
    case Stage::kLink:
      return "link";
    case Stage::kRename:
      return "rename";
    case Stage::kCreate:
      return "create";
    case Stage::kRemove:
      return "remove";
    case Stage::kTruncate:
      return "truncate";
    case Stage::kAttributes:
      return "attributes";
    case Stage::kTrace:
      return "trace";
    case Stage::kNamespace:
      return "namespace";
    case Stage::kCredential:
      return "credential";
  }
  return "";
}

std::string_view Name(EventType type) {
  switch (type) {
    case EventType::kHop:
      return "hop";
    case EventType::kExec:
      return "exec";
    case EventType::kExit:
      return "exit";
    case EventType::kConnect:
      return "connect";
    case EventType::kAccept:
      return "accept";
    case EventType::kBind:
      return "bind";
    case EventType::kListen:
      return "listen";
    case EventType::kFile:
      return "file";
    case EventType::kVerdict:
      return "verdict";
    case EventType::kLoss:
      return "loss";
    case EventType::kTamper:
      return "tamper";
    case EventType::kHeartbeat:
      return "heartbeat";
    case EventType::kGap:
      return "gap";
    case EventType::kWorkload:
      return "workload";
  }
  return "";
}

std::optional<HopKind> HopKindFromName(std::string_view name) {
  for (uint8_t number = 1; number < kHopKindCount; ++number) {
    if (Name(static_cast<HopKind>(number)) == name) return static_cast<HopKind>(number);
  }
  return std::nullopt;
}

std::optional<Stage> StageFromName(std::string_view name) {
  for (uint8_t number = 1; number <= static_cast<uint8_t>(kLastStage); ++number) {
    if (Name(static_cast<Stage>(number)) == name) return static_cast<Stage>(number);
  }
  return std::nullopt;
}

std::optional<EventType> EventTypeFromName(std::string_view name) {
  for (auto number = static_cast<uint8_t>(EventType::kHop);
       number <= static_cast<uint8_t>(EventType::kWorkload); ++number) {
    if (Name(static_cast<EventType>(number)) == name) return static_cast<EventType>(number);
  }
  return std::nullopt;
}

}  // namespace nestor
