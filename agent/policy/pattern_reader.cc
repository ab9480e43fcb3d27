// SPDX-License-Identifier: Apache-2.0
#include "agent/policy/pattern_reader.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "agent/policy/dns_name.h"
#include "agent/policy/path_spelling.h"
#include "agent/policy/regex.h"

namespace nestor {
namespace {

std::optional<Pattern> Checked(NodeReader& reader, YamlMark mark, const std::string& text,
                               const Result<Pattern>& pattern, const char* what) {
  if (pattern) return *pattern;
  reader.Fail(mark,
              "bad " + std::string(what) + " " + Shown(text) + ": " + pattern.error().message);
  return std::nullopt;
}

// A list's text or, of a map, `key: text`.
struct Written {
  std::string key;
  std::string text;
  YamlMark mark;
};

std::optional<Written> ReadWritten(NodeReader& reader, const YamlNode& item) {
  const WordList keys = {"glob", "literal", "regex"};
  if (item.kind != YamlNode::Kind::kMap) {
    auto text = reader.Text(item, "a value of args", kMaxGlobBytes);
    if (!text) return std::nullopt;
    return Written{"glob", *std::move(text), item.mark};
  }
  if (!reader.IsMap(item, "a value of args", keys)) return std::nullopt;
  if (item.entries.size() != 1) {
    reader.Fail(item.mark, "a value of args has one of `glob`, `literal` and `regex`");
    return std::nullopt;
  }
  const auto& [key, value] = item.entries.front();
  auto text = reader.Text(value, "`" + key.scalar + "`", kMaxGlobBytes);
  if (!text) return std::nullopt;
  return Written{key.scalar, *std::move(text), value.mark};
}

std::optional<Pattern> ArgumentPattern(NodeReader& reader, const Written& written) {
  if (written.key == "regex")
    return Checked(reader, written.mark, written.text, ParseRegex(written.text), "expression");
  if (written.key == "literal" && written.text.find('\0') == std::string::npos)
    return LiteralPattern(written.text);
  return Checked(reader, written.mark, written.text, ParseGlob(written.text, GlobKind::kArgument),
                 "pattern");
}

std::optional<PortRange> ReadPort(NodeReader& reader, const YamlNode& node) {
  PortRange range;
  const char* begin = node.scalar.data();
  const char* end = begin + node.scalar.size();
  auto [at, error] = std::from_chars(begin, end, range.min);
  range.max = range.min;
  if (error == std::errc() && at != end && *at == '-') {
    const auto second = std::from_chars(at + 1, end, range.max);
    at = second.ptr;
    error = second.ec;
  }
  if (node.kind == YamlNode::Kind::kScalar && error == std::errc() && at == end && range.min != 0 &&
      range.max >= range.min)
    return range;
  reader.Fail(node.mark, "port " + Shown(node.scalar) +
                             " must be a number from 1 to 65535 or a range such as \"8000-8999\"");
  return std::nullopt;
}

// `all`: who writes a link and what it leads to beside it needs no note.
void CheckSpelling(NodeReader& reader, YamlMark mark, const NamedPattern& path,
                   const std::vector<NamedPattern>& all) {
  if (const auto never = NeverAPath(path.text)) {
    reader.Idle(mark, "path " + Shown(path.text) + " can never match: " + never->why + "; write " +
                          Shown(never->instead));
    return;
  }
  const auto link = UsuallyALink(path.text);
  if (!link) return;
  const auto is_there = [&](const NamedPattern& other) { return other.text == link->instead; };
  if (std::any_of(all.begin(), all.end(), is_there)) return;
  reader.Note(mark, "path " + Shown(path.text) + " holds in few images: " + link->why + "; write " +
                        Shown(link->instead) + ", too");
}

}  // namespace

std::vector<NamedPattern> ReadPaths(NodeReader& reader, const YamlNode& node,
                                    const std::string& what, PathKind kind) {
  std::vector<NamedPattern> paths;
  std::vector<YamlMark> marks;
  for (const YamlNode& item : reader.List(node, what)) {
    const auto text = reader.Text(item, "a value of " + what, kMaxGlobBytes);
    if (!text) continue;
    const bool socket = kind == PathKind::kSocket;
    if ((*text)[0] != '/' && !text->starts_with("**") && !(socket && (*text)[0] == '@')) {
      reader.Fail(item.mark, "path " + Shown(*text) + " must begin with `/`" +
                                 (socket ? " (or `@`, an abstract name)" : "") +
                                 "; for any folder write " + Shown("/**/" + *text));
      continue;
    }
    auto glob = Checked(reader, item.mark, *text, ParseGlob(*text, GlobKind::kPath), "pattern");
    if (!glob) continue;
    paths.push_back({*text, *std::move(glob)});
    marks.push_back(item.mark);
  }
  for (size_t i = 0; i < paths.size(); ++i) CheckSpelling(reader, marks[i], paths[i], paths);
  return paths;
}

std::vector<std::string> ReadNames(NodeReader& reader, const YamlNode& node,
                                   const std::string& what) {
  constexpr size_t kLongest = 253;
  std::vector<std::string> names;
  for (const YamlNode& item : reader.List(node, what)) {
    auto text = reader.Text(item, "a value of " + what, kLongest);
    if (!text) continue;
    if (Checked(reader, item.mark, *text, ParseGlob(*text, GlobKind::kArgument), "pattern"))
      names.push_back(*std::move(text));
  }
  return names;
}

std::vector<NamedPattern> ReadArguments(NodeReader& reader, const YamlNode& node) {
  NamedPattern all{"", {RepeatOf(AnyByteBut('\0')), OneByte('\0')}};  // argv[0]
  for (const YamlNode& item : reader.List(node, "args")) {
    const auto written = ReadWritten(reader, item);
    const auto argument = written ? ArgumentPattern(reader, *written) : std::nullopt;
    if (!argument) continue;
    Pattern& pattern = all.pattern;
    pattern.push_back(MaySkip(2));  // any others between
    pattern.push_back(RepeatOf(AnyByte()));
    pattern.push_back(OneByte('\0'));
    pattern.insert(pattern.end(), argument->begin(), argument->end());
    pattern.push_back(OneByte('\0'));
    all.text += (all.text.empty() ? "" : " … ") +
                (written->key == "glob" ? "" : written->key + ":") + written->text;
  }
  all.pattern.push_back(RepeatOf(AnyByte()));
  return {std::move(all)};
}

std::vector<NamedPattern> ReadCommandLines(NodeReader& reader, const YamlNode& node) {
  std::vector<NamedPattern> lines;
  for (const YamlNode& item : reader.List(node, "commandLine")) {
    const auto text = reader.Text(item, "a value of commandLine", kMaxRegexBytes);
    if (!text) continue;
    auto pattern = Checked(reader, item.mark, *text, ParseRegex(*text), "expression");
    if (!pattern) continue;
    // The kernel sees a NUL where a line has the space between two arguments.
    for (PatternItem& part : *pattern) part.bytes[0] = part.bytes[' '];
    pattern->push_back(OneByte('\0'));
    lines.push_back({"line:" + *text, *std::move(pattern)});
  }
  return lines;
}

std::vector<Cidr> ReadCidrs(NodeReader& reader, const YamlNode& node) {
  constexpr size_t kLongest = 64;
  std::vector<Cidr> cidrs;
  for (const YamlNode& item : reader.List(node, "cidrs")) {
    const auto text = reader.Text(item, "a value of cidrs", kLongest);
    if (!text) continue;
    const Result<Cidr> cidr = ParseCidr(*text);
    if (cidr)
      cidrs.push_back(*cidr);
    else
      reader.Fail(item.mark, "bad network " + Shown(*text) + ": " + cidr.error().message);
  }
  return cidrs;
}

std::vector<NamedPattern> ReadDnsNames(NodeReader& reader, const YamlNode& node) {
  constexpr size_t kLongest = 300;
  std::vector<NamedPattern> names;
  for (const YamlNode& item : reader.List(node, "names")) {
    const auto text = reader.Text(item, "a value of names", kLongest);
    if (!text) continue;
    auto pattern = Checked(reader, item.mark, *text, ParseDnsName(*text), "name");
    if (pattern) names.push_back({*text, *std::move(pattern)});
  }
  return names;
}

std::vector<PortRange> ReadPorts(NodeReader& reader, const YamlNode& node) {
  std::vector<PortRange> ports;
  for (const YamlNode& item : reader.List(node, "ports"))
    if (const auto range = ReadPort(reader, item)) ports.push_back(*range);
  return ports;
}

}  // namespace nestor
