// SPDX-License-Identifier: Apache-2.0
#include "agent/policy/path_spelling.h"

#include <algorithm>
#include <array>
#include <vector>

namespace nestor {
namespace {

std::vector<std::string> PartsOf(std::string_view path) {
  std::vector<std::string> parts;
  for (size_t begin = 0;;) {
    const size_t end = path.find('/', begin);
    parts.emplace_back(path.substr(begin, end == path.npos ? path.npos : end - begin));
    if (end == path.npos) return parts;
    begin = end + 1;
  }
}

std::string Joined(const std::vector<std::string>& parts) {
  std::string path;
  for (const std::string& part : parts) path += "/" + part;
  return path.empty() ? "/" : path;
}

// What a part means whose bytes are quoted: `\\.` is `.`.
std::string Unquoted(std::string_view part) {
  std::string plain;
  for (size_t i = 0; i < part.size(); ++i) {
    if (part[i] == '\\' && i + 1 < part.size()) ++i;
    plain += part[i];
  }
  return plain;
}

bool IsStep(const std::string& part) { return Unquoted(part) == "." || Unquoted(part) == ".."; }

// Without `.`, `..` and empty parts, as the kernel walks. `parts`: behind the first `/`.
std::vector<std::string> Walked(const std::vector<std::string>& parts) {
  std::vector<std::string> walked;
  for (const std::string& part : parts) {
    if (Unquoted(part) == "..") {
      if (!walked.empty()) walked.pop_back();
    } else if (!part.empty() && Unquoted(part) != ".") {
      walked.push_back(part);
    }
  }
  return walked;
}

// Links of every procfs: none of them is in a resolved path.
std::optional<std::string> WithoutProcLinks(std::vector<std::string> parts) {
  if (parts.size() < 2 || parts[0] != "proc") return std::nullopt;
  const std::string link = Unquoted(parts[1]);
  if (link == "self") {
    parts[1] = "*";
  } else if (link == "thread-self") {
    parts[1] = "*/task/*";
  } else if (link == "mounts" || link == "net") {
    parts.insert(parts.begin() + 1, "*");
  } else {
    return std::nullopt;
  }
  return Joined(parts);
}

struct LinkedFolder {
  std::string_view link, target;
};
constexpr std::array kLinkedFolders = {
    LinkedFolder{"/bin/", "/usr/bin/"}, LinkedFolder{"/sbin/", "/usr/sbin/"},
    LinkedFolder{"/lib/", "/usr/lib/"}, LinkedFolder{"/lib64/", "/usr/lib64/"},
    LinkedFolder{"/var/run/", "/run/"}, LinkedFolder{"/var/lock/", "/run/lock/"},
};

// Programs that distributions install under a name with a version, or as one of several.
struct LinkedProgram {
  std::string_view name, instead;
};
constexpr std::array kLinkedPrograms = {
    LinkedProgram{"python3", "python3*"}, LinkedProgram{"python", "python*"},
    LinkedProgram{"nc", "nc.*"},          LinkedProgram{"awk", "?awk"},
    LinkedProgram{"vi", "vim*"},          LinkedProgram{"vim", "vim*"},
    LinkedProgram{"sh", "*sh"},           LinkedProgram{"gcc", "*gcc-[0-9]*"},
    LinkedProgram{"cc", "*gcc-[0-9]*"},   LinkedProgram{"g++", "*g++-[0-9]*"},
    LinkedProgram{"ruby", "ruby*"},       LinkedProgram{"php", "php*"},
};

}  // namespace

std::optional<Misspelling> NeverAPath(std::string_view glob) {
  if (glob.size() < 2 || glob[0] != '/') return std::nullopt;
  const std::vector<std::string> parts = PartsOf(glob.substr(1));
  const std::vector<std::string> walked = Walked(parts);
  std::optional<std::string> without_links = WithoutProcLinks(walked);
  const std::string instead = without_links.value_or(Joined(walked));
  if (std::ranges::any_of(parts, IsStep))
    return Misspelling{"no resolved path has `.` or `..` in it", instead};
  const bool slash_at_end = parts.back().empty();
  if (std::count(parts.begin(), parts.end(), "") > (slash_at_end ? 1 : 0))
    return Misspelling{"no resolved path has `//` in it", instead};
  if (slash_at_end) return Misspelling{"no resolved path ends with `/`", instead};
  if (without_links)
    return Misspelling{"a link of /proc, and no resolved path has one in it", instead};
  return std::nullopt;
}

std::optional<Misspelling> UsuallyALink(std::string_view glob) {
  for (const auto& [link, target] : kLinkedFolders) {
    if (!glob.starts_with(link)) continue;
    const std::string folder(link.substr(0, link.size() - 1));
    return Misspelling{folder +
                           " is a link in most images, and paths are compared as they are "
                           "resolved",
                       std::string(target) + std::string(glob.substr(link.size()))};
  }
  const size_t slash = glob.rfind('/');
  if (slash == std::string_view::npos || !glob.starts_with("/usr/")) return std::nullopt;
  for (const auto& [name, instead] : kLinkedPrograms) {
    if (glob.substr(slash + 1) != name) continue;
    return Misspelling{
        "this program is a link in most images, and paths are compared as they are "
        "resolved",
        std::string(glob.substr(0, slash + 1)) + std::string(instead)};
  }
  return std::nullopt;
}

}  // namespace nestor
