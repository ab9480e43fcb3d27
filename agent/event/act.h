// SPDX-License-Identifier: Apache-2.0
// What trace, namespace and credential rules are about, and its words.
#ifndef NESTOR_AGENT_EVENT_ACT_H_
#define NESTOR_AGENT_EVENT_ACT_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace nestor {

// The words of policies; a bit each, in this order (asserted in agent/kernel/decode.cc).
enum class Operation : uint8_t {
  kPtrace = 0,
  kVmRead = 1,
  kVmWrite = 2,
  kGetFd = 3,
  kMemFile = 4,
  kClone = 5,
  kSetns = 6,
  kUnshare = 7,
};
const std::vector<std::string_view>& OperationWords();
const std::vector<std::string_view>& NamespaceKindWords();
const std::vector<std::string_view>& CapabilityWords();  // in the order of capabilities(7)

// The words of the bits that are set. Bits without a word are left out.
std::vector<std::string_view> WordsOf(uint64_t bits, const std::vector<std::string_view>& words);
// The bit of a word; 0: there is no such word.
uint64_t BitOf(std::string_view word, const std::vector<std::string_view>& words);

struct Act {
  uint64_t capabilities = 0;  // credential: that are gained
  uint32_t from = 0;          // credential: the uid before; trace: the tracer
  uint32_t to = 0;            // credential: the uid; trace: the process that is traced
  uint8_t operation = 0;      // trace, namespace: one bit
  uint8_t kinds = 0;          // namespace

  bool operator==(const Act&) const = default;
};

// As verdicts tell it, `program` being the other process's, or the one that gives the rights:
//   trace       "ptrace of /usr/sbin/nginx[12]"; of one that asks to be traced: "ptrace by …"
//   namespace   "unshare user,mnt"
//   credential  "uid 1000 -> 0 gains CAP_CHOWN,CAP_FOWNER by /usr/bin/su"
// Thread: any.
std::string TraceText(const Act& act, uint32_t actor, const std::string& program);
std::string NamespaceText(const Act& act);
std::string CredentialText(const Act& act, const std::string& program);

// The inverse, as far as rules ask for it: of whom is left out. False: no such text. Thread: any.
bool ReadActText(std::string_view text, Act& act);

}  // namespace nestor

#endif  // NESTOR_AGENT_EVENT_ACT_H_
