// SPDX-License-Identifier: Apache-2.0
#include "agent/base/strict_yaml.h"

#include <yaml-cpp/eventhandler.h>

#include <charconv>
#include <optional>
#include <set>
#include <sstream>

#include "agent/base/nearest.h"

namespace nestor {
namespace {

constexpr size_t kMaxBytes = 1U << 20;
constexpr size_t kMaxNodes = 100'000;
constexpr int kMaxDepth = 32;
constexpr size_t kMaxErrors = 64;

// yaml-cpp parses recursively: the depth is bounded before it sees the text, by what can nest.
std::optional<std::string> TooDeep(const std::string& text) {
  int depth = 0;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view line(text.data() + at, end - at);
    const size_t first = line.find_first_not_of(' ');
    if (first != std::string_view::npos && line[first] != '#') {
      if (first > 2 * static_cast<size_t>(kMaxDepth) + 64) return "is nested too deeply";
      size_t dashes = 0;
      for (size_t i = first; i + 1 < line.size() && line[i] == '-' && line[i + 1] == ' '; i += 2) {
        if (++dashes > 8) return "is nested too deeply";
      }
    }
    for (const char c : line) {
      if (c == '[' || c == '{') ++depth;
      if ((c == ']' || c == '}') && depth > 0) --depth;
      if (depth > kMaxDepth) return "is nested too deeply";
    }
    at = end + 1;
  }
  return std::nullopt;
}

bool CountNodes(const YAML::Node& node, int depth, size_t& count) {
  if (++count > kMaxNodes || depth > kMaxDepth) return false;
  if (!node.IsMap() && !node.IsSequence()) return true;
  for (auto it = node.begin(); it != node.end(); ++it) {
    if (node.IsMap()) {
      if (!CountNodes(it->first, depth + 1, count) || !CountNodes(it->second, depth + 1, count))
        return false;
    } else if (!CountNodes(*it, depth + 1, count)) {
      return false;
    }
  }
  return true;
}

// "12ms" → 12 and "ms". nullopt: no digits or too large.
std::optional<std::pair<uint64_t, std::string_view>> SplitUnit(std::string_view text) {
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return std::nullopt;
  return std::pair(number, text.substr(static_cast<size_t>(end - text.data())));
}

// Refuses what LoadAll must not see: yaml-cpp 0.7 does not get past a token that begins no value,
// such as a lone ",", and gives empty documents for ever.
class Guard : public YAML::EventHandler {
 public:
  void OnDocumentStart(const YAML::Mark& mark) override {
    if (mark.pos == last_start_) throw YAML::ParserException(mark, "this begins no value");
    last_start_ = mark.pos;
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t) override { Count(mark); }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override { Count(mark); }
  void OnScalar(const YAML::Mark& mark, const std::string&, YAML::anchor_t,
                const std::string&) override {
    Count(mark);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {
    Count(mark);
  }
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t,
                  YAML::EmitterStyle::value) override {
    Count(mark);
  }
  void OnMapEnd() override {}

 private:
  void Count(const YAML::Mark& mark) {
    if (++values_ > kMaxNodes) throw YAML::ParserException(mark, "has too many values");
  }

  int last_start_ = -1;
  size_t values_ = 0;
};

// Throws what Parse catches.
void CheckByGuard(const std::string& text) {
  std::istringstream stream(text);
  YAML::Parser parser(stream);
  Guard guard;
  while (parser.HandleNextDocument(guard)) {
  }
}

std::string Quote(std::string_view text) { return "`" + std::string(text.substr(0, 80)) + "`"; }

}  // namespace

std::vector<YAML::Node> StrictYaml::Parse(const std::string& text) {
  if (text.size() > kMaxBytes) {
    errors_.push_back(Error::InvalidArgument(file_ + ": has more than 1 MiB"));
    return {};
  }
  if (const auto reason = TooDeep(text)) {
    errors_.push_back(Error::InvalidArgument(file_ + ": " + *reason));
    return {};
  }
  try {
    CheckByGuard(text);
    std::vector<YAML::Node> documents = YAML::LoadAll(text);
    size_t count = 0;
    for (const YAML::Node& document : documents) {
      if (CountNodes(document, 0, count)) continue;
      errors_.push_back(
          Error::InvalidArgument(file_ + ": is nested too deeply or has too many values"));
      return {};
    }
    return documents;
  } catch (const YAML::Exception& error) {
    errors_.push_back(Error::InvalidArgument(file_ + ":" + std::to_string(error.mark.line + 1) +
                                             ":" + std::to_string(error.mark.column + 1) + ": " +
                                             error.msg));
  } catch (const std::exception& error) {
    errors_.push_back(Error::InvalidArgument(file_ + ": " + error.what()));
  }
  return {};
}

void StrictYaml::Fail(const YAML::Node& at, const std::string& reason) {
  if (errors_.size() >= kMaxErrors) return;
  const YAML::Mark mark = at.IsDefined() ? at.Mark() : YAML::Mark();  // absent: Mark() throws
  errors_.push_back(Error::InvalidArgument(file_ + ":" + std::to_string(mark.line + 1) + ":" +
                                           std::to_string(mark.column + 1) + ": " + reason));
}

bool StrictYaml::Map(const YAML::Node& node, std::string_view what,
                     const std::vector<std::string_view>& keys) {
  if (!node.IsMap()) {
    Fail(node, std::string(what) + " must be a map");
    return false;
  }
  std::set<std::string> seen;
  for (const auto& entry : node) {
    if (!entry.first.IsScalar()) {
      Fail(entry.first, "a key of " + std::string(what) + " must be a word");
      continue;
    }
    const std::string& key = entry.first.Scalar();
    if (!seen.insert(key).second)
      Fail(entry.first, "key " + Quote(key) + " stands twice in " + std::string(what));
    bool known = false;
    for (const std::string_view candidate : keys) known |= candidate == key;
    if (!known)
      Fail(entry.first,
           "unknown key " + Quote(key) + " in " + std::string(what) + Suggest(key, keys));
  }
  return true;
}

bool StrictYaml::Scalar(const YAML::Node& map, const char* key, std::string& out) {
  const YAML::Node node = map[key];
  if (!node) return false;
  if (!node.IsScalar()) {
    Fail(node, std::string(key) + " must be a single value");
    return false;
  }
  out = node.Scalar();
  return true;
}

void StrictYaml::Read(const YAML::Node& map, const char* key, std::string& out) {
  Scalar(map, key, out);
}

void StrictYaml::Read(const YAML::Node& map, const char* key, bool& out) {
  std::string text;
  if (!Scalar(map, key, text)) return;
  if (text == "true" || text == "false") {
    out = text == "true";
  } else {
    Fail(map[key], std::string(key) + " must be true or false, not " + Quote(text));
  }
}

void StrictYaml::Read(const YAML::Node& map, const char* key, std::vector<std::string>& out) {
  if (!map[key]) return;
  out.clear();
  ForEach(map, key, [&](const YAML::Node& item) {
    if (item.IsScalar()) {
      out.push_back(item.Scalar());
    } else {
      Fail(item, "every item of " + std::string(key) + " must be a single value");
    }
  });
}

void StrictYaml::ReadNumber(const YAML::Node& map, const char* key, uint64_t low, uint64_t high,
                            uint64_t& out) {
  std::string text;
  if (!Scalar(map, key, text)) return;
  const auto parts = SplitUnit(text);
  if (!parts || !parts->second.empty() || parts->first < low || parts->first > high) {
    Fail(map[key], std::string(key) + " must be a number from " + std::to_string(low) + " to " +
                       std::to_string(high) + ", not " + Quote(text));
    return;
  }
  out = parts->first;
}

void StrictYaml::ReadDuration(const YAML::Node& map, const char* key, std::chrono::milliseconds low,
                              std::chrono::milliseconds high, std::chrono::milliseconds& out) {
  std::string text;
  if (!Scalar(map, key, text)) return;
  const auto parts = SplitUnit(text);
  uint64_t factor = 0;
  if (parts) {
    if (parts->second == "ms") factor = 1;
    if (parts->second == "s") factor = 1000;
    if (parts->second == "m") factor = 60'000;
    if (parts->second == "h") factor = 3'600'000;
  }
  const auto most = static_cast<uint64_t>(high.count());
  if (!factor || parts->first > most / factor ||
      parts->first * factor < static_cast<uint64_t>(low.count())) {
    Fail(map[key], std::string(key) + " must be a duration from " + std::to_string(low.count()) +
                       "ms to " + std::to_string(high.count()) +
                       "ms, written like 10ms, 5s, 2m or 1h, not " + Quote(text));
    return;
  }
  out = std::chrono::milliseconds(parts->first * factor);
}

void StrictYaml::ReadSize(const YAML::Node& map, const char* key, uint64_t low, uint64_t high,
                          uint64_t& out) {
  std::string text;
  if (!Scalar(map, key, text)) return;
  const auto parts = SplitUnit(text);
  uint64_t factor = 0;
  if (parts) {
    if (parts->second.empty() || parts->second == "B") factor = 1;
    if (parts->second == "KiB") factor = 1U << 10;
    if (parts->second == "MiB") factor = 1U << 20;
    if (parts->second == "GiB") factor = 1U << 30;
  }
  if (!factor || parts->first > high / factor || parts->first * factor < low) {
    Fail(map[key], std::string(key) + " must be a size from " + std::to_string(low) + " to " +
                       std::to_string(high) + " bytes, written like 65536, 64KiB or 8MiB, not " +
                       Quote(text));
    return;
  }
  out = parts->first * factor;
}

void StrictYaml::ReadWord(const YAML::Node& map, const char* key,
                          const std::vector<std::string_view>& words, std::string& out) {
  std::string text;
  if (!Scalar(map, key, text)) return;
  for (const std::string_view word : words) {
    if (word == text) {
      out = text;
      return;
    }
  }
  Fail(map[key], "unknown " + std::string(key) + " " + Quote(text) + Suggest(text, words));
}

void StrictYaml::ForEach(const YAML::Node& map, const char* key,
                         const std::function<void(const YAML::Node&)>& each) {
  const YAML::Node node = map[key];
  if (!node) return;
  if (!node.IsSequence()) {
    Fail(node, std::string(key) + " must be a list");
    return;
  }
  for (const YAML::Node& item : node) each(item);
}

}  // namespace nestor
