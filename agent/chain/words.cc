// SPDX-License-Identifier: Apache-2.0
#include "agent/chain/words.h"

namespace nestor {

std::string_view AccessWord(uint32_t access) {
  constexpr uint32_t kRead = 1, kWrite = 2, kLink = 4;
  if (access & kLink) return "link";
  const bool write = access & kWrite, read = access & kRead;
  return write ? (read ? "read write" : "write") : "read";
}

std::string_view SocketTypeName(uint16_t type) {
  constexpr uint16_t kStream = 1, kDgram = 2, kSeqpacket = 5;
  if (type == kStream) return "stream";
  if (type == kDgram) return "dgram";
  if (type == kSeqpacket) return "seqpacket";
  return "";
}

std::string_view FamilyName(AddressFamily family) {
  switch (family) {
    case AddressFamily::kInet:
      return "inet";
    case AddressFamily::kInet6:
      return "inet6";
    case AddressFamily::kUnix:
      return "unix";
    case AddressFamily::kNone:
      return "";
  }
  return "";
}

std::string_view WordOf(Guarded target) {
  switch (target) {
    case Guarded::kMap:
      return "guard-map";
    case Guarded::kProgram:
      return "guard-program";
    case Guarded::kLink:
      return "guard-link";
    case Guarded::kFile:
      return "guard-file";
    case Guarded::kMount:
      return "guard-mount";
    case Guarded::kProcess:
      return "guard-process";
    case Guarded::kNone:
      break;
  }
  return "guard";
}

std::string_view WordOf(TamperReason reason) {
  switch (reason) {
    case TamperReason::kForged:
      return "option-forged";
    case TamperReason::kReplayed:
      return "option-replayed";
    case TamperReason::kStale:
      return "option-stale";
    case TamperReason::kForeign:
      return "option-foreign";
    case TamperReason::kMalformed:
      return "option-malformed";
    case TamperReason::kNone:
      return "option-refused";
  }
  return "";
}

}  // namespace nestor
