// SPDX-License-Identifier: Apache-2.0
#include "tests/vm/pod/log.h"

#include <cerrno>
#include <fstream>
#include <optional>
#include <string_view>

namespace nestor::pod {
namespace {

struct Line {
  std::string_view message;
  bool partial = false;  // the message goes on in the next line of this stream
};

std::optional<std::string_view> NextWord(std::string_view& rest) {
  const size_t end = rest.find(' ');
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view word = rest.substr(0, end);
  rest.remove_prefix(end + 1);
  return word;
}

std::optional<Line> Split(std::string_view text) {
  const auto time = NextWord(text);
  const auto stream = NextWord(text);
  const auto tags = NextWord(text);
  if (!time || !stream || !tags) return std::nullopt;
  if (*stream != "stdout" && *stream != "stderr") return std::nullopt;
  // Tags are separated by colons; the first tells whether the line is whole.
  const std::string_view first = tags->substr(0, tags->find(':'));
  if (first != "F" && first != "P") return std::nullopt;
  return Line{text, first == "P"};
}

}  // namespace

Status PrintLog(const std::string& path, std::ostream& out) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return Error::FromErrno("open " + path, errno);
  std::string text;
  for (size_t number = 1; std::getline(file, text); ++number) {
    const auto line = Split(text);
    if (!line) {
      return Error::InvalidArgument(path + ":" + std::to_string(number) +
                                    ": not a line of a CRI log: " + text.substr(0, 80));
    }
    out << line->message;
    if (!line->partial) out << '\n';
  }
  out.flush();
  if (!out) return Error::FromErrno("write the log of " + path, errno);
  return {};
}

}  // namespace nestor::pod
