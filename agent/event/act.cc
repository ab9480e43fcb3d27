// SPDX-License-Identifier: Apache-2.0
#include "agent/event/act.h"

#include <charconv>

namespace nestor {
namespace {

std::string Joined(const std::vector<std::string_view>& words) {
  std::string text;
  for (const std::string_view word : words) {
    if (!text.empty()) text += ',';
    text += word;
  }
  return text;
}

// The next word of a text that has one space between two.
std::string_view NextWord(std::string_view& text) {
  const size_t space = text.find(' ');
  const std::string_view word = text.substr(0, space);
  text.remove_prefix(space == std::string_view::npos ? text.size() : space + 1);
  return word;
}

bool ReadBits(std::string_view list, const std::vector<std::string_view>& words, uint64_t& bits) {
  while (!list.empty()) {
    const size_t comma = list.find(',');
    const uint64_t bit = BitOf(list.substr(0, comma), words);
    if (bit == 0) return false;
    bits |= bit;
    list.remove_prefix(comma == std::string_view::npos ? list.size() : comma + 1);
  }
  return true;
}

bool ReadNumber(std::string_view word, uint32_t& number) {
  const char* end = word.data() + word.size();
  const auto [stop, error] = std::from_chars(word.data(), end, number);
  return error == std::errc() && stop == end;
}

bool ReadCredential(std::string_view first, std::string_view text, Act& act) {
  if (first == "uid") {
    if (!ReadNumber(NextWord(text), act.from) || NextWord(text) != "->" ||
        !ReadNumber(NextWord(text), act.to))
      return false;
    first = NextWord(text);
  }
  return first != "gains" || ReadBits(NextWord(text), CapabilityWords(), act.capabilities);
}

}  // namespace

const std::vector<std::string_view>& OperationWords() {
  static const std::vector<std::string_view> kWords = {
      "ptrace", "process-vm-read", "process-vm-write", "pidfd-getfd", "proc-mem",
      "clone",  "setns",           "unshare"};
  return kWords;
}

const std::vector<std::string_view>& NamespaceKindWords() {
  static const std::vector<std::string_view> kWords = {"cgroup", "ipc",  "mnt",  "net",
                                                       "pid",    "time", "user", "uts"};
  return kWords;
}

const std::vector<std::string_view>& CapabilityWords() {
  static const std::vector<std::string_view> kWords = {"CAP_CHOWN",
                                                       "CAP_DAC_OVERRIDE",
                                                       "CAP_DAC_READ_SEARCH",
                                                       "CAP_FOWNER",
                                                       "CAP_FSETID",
                                                       "CAP_KILL",
                                                       "CAP_SETGID",
                                                       "CAP_SETUID",
                                                       "CAP_SETPCAP",
                                                       "CAP_LINUX_IMMUTABLE",
                                                       "CAP_NET_BIND_SERVICE",
                                                       "CAP_NET_BROADCAST",
                                                       "CAP_NET_ADMIN",
                                                       "CAP_NET_RAW",
                                                       "CAP_IPC_LOCK",
                                                       "CAP_IPC_OWNER",
                                                       "CAP_SYS_MODULE",
                                                       "CAP_SYS_RAWIO",
                                                       "CAP_SYS_CHROOT",
                                                       "CAP_SYS_PTRACE",
                                                       "CAP_SYS_PACCT",
                                                       "CAP_SYS_ADMIN",
                                                       "CAP_SYS_BOOT",
                                                       "CAP_SYS_NICE",
                                                       "CAP_SYS_RESOURCE",
                                                       "CAP_SYS_TIME",
                                                       "CAP_SYS_TTY_CONFIG",
                                                       "CAP_MKNOD",
                                                       "CAP_LEASE",
                                                       "CAP_AUDIT_WRITE",
                                                       "CAP_AUDIT_CONTROL",
                                                       "CAP_SETFCAP",
                                                       "CAP_MAC_OVERRIDE",
                                                       "CAP_MAC_ADMIN",
                                                       "CAP_SYSLOG",
                                                       "CAP_WAKE_ALARM",
                                                       "CAP_BLOCK_SUSPEND",
                                                       "CAP_AUDIT_READ",
                                                       "CAP_PERFMON",
                                                       "CAP_BPF",
                                                       "CAP_CHECKPOINT_RESTORE"};
  return kWords;
}

std::vector<std::string_view> WordsOf(uint64_t bits, const std::vector<std::string_view>& words) {
  std::vector<std::string_view> found;
  for (size_t bit = 0; bit < words.size(); ++bit)
    if (bits >> bit & 1) found.push_back(words[bit]);
  return found;
}

uint64_t BitOf(std::string_view word, const std::vector<std::string_view>& words) {
  for (size_t bit = 0; bit < words.size(); ++bit)
    if (words[bit] == word) return uint64_t{1} << bit;
  return 0;
}

std::string TraceText(const Act& act, uint32_t actor, const std::string& program) {
  const bool asks = act.to == actor && act.from != actor;
  return Joined(WordsOf(act.operation, OperationWords())) + (asks ? " by " : " of ") + program +
         "[" + std::to_string(asks ? act.from : act.to) + "]";
}

std::string NamespaceText(const Act& act) {
  return Joined(WordsOf(act.operation, OperationWords())) + " " +
         Joined(WordsOf(act.kinds, NamespaceKindWords()));
}

std::string CredentialText(const Act& act, const std::string& program) {
  std::string text;
  if (act.from != act.to)
    text = "uid " + std::to_string(act.from) + " -> " + std::to_string(act.to);
  if (act.capabilities != 0)
    text += (text.empty() ? "gains " : " gains ") +
            Joined(WordsOf(act.capabilities, CapabilityWords()));
  return program.empty() ? text : text + " by " + program;
}

bool ReadActText(std::string_view text, Act& act) {
  const std::string_view first = NextWord(text);
  if (first == "uid" || first == "gains") return ReadCredential(first, text, act);
  act.operation = static_cast<uint8_t>(BitOf(first, OperationWords()));
  if (act.operation == 0) return false;
  if (act.operation < 1U << static_cast<unsigned>(Operation::kClone)) return true;
  uint64_t kinds = 0;
  const bool read = ReadBits(NextWord(text), NamespaceKindWords(), kinds);
  act.kinds = static_cast<uint8_t>(kinds);
  return read && kinds != 0;
}

}  // namespace nestor
