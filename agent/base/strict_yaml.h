// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_AGENT_BASE_STRICT_YAML_H_
#define NESTOR_AGENT_BASE_STRICT_YAML_H_

#include <yaml-cpp/yaml.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/result.h"

namespace nestor {

// Reads YAML without forgiving anything: unknown keys, wrong types and values out of bounds are
// errors with file:line:column and the nearest right spelling. All errors are collected, so that a
// user sees them at once. Never throws. Thread: one at a time.
class StrictYaml {
 public:
  explicit StrictYaml(std::string file) : file_(std::move(file)) {}

  // Parses text. Empty when it is not YAML (the error is kept), too long (1 MiB) or too deep (32).
  std::vector<YAML::Node> Parse(const std::string& text);

  // True when `node` is a map; each key that is not in `keys` is an error.
  bool Map(const YAML::Node& node, std::string_view what,
           const std::vector<std::string_view>& keys);

  // Each leaves `out` alone when `key` is absent, and reports what does not fit.
  void Read(const YAML::Node& map, const char* key, std::string& out);
  void Read(const YAML::Node& map, const char* key, bool& out);
  void Read(const YAML::Node& map, const char* key, std::vector<std::string>& out);
  void ReadNumber(const YAML::Node& map, const char* key, uint64_t low, uint64_t high,
                  uint64_t& out);
  // "10ms", "5s", "2m", "1h"
  void ReadDuration(const YAML::Node& map, const char* key, std::chrono::milliseconds low,
                    std::chrono::milliseconds high, std::chrono::milliseconds& out);
  // "65536", "64KiB", "8MiB", "1GiB"
  void ReadSize(const YAML::Node& map, const char* key, uint64_t low, uint64_t high, uint64_t& out);
  void ReadWord(const YAML::Node& map, const char* key, const std::vector<std::string_view>& words,
                std::string& out);
  // Calls `each` for every element of a list.
  void ForEach(const YAML::Node& map, const char* key,
               const std::function<void(const YAML::Node&)>& each);

  void Fail(const YAML::Node& at, const std::string& reason);
  const std::vector<Error>& errors() const { return errors_; }

 private:
  bool Scalar(const YAML::Node& map, const char* key, std::string& out);

  std::string file_;
  std::vector<Error> errors_;
};

}  // namespace nestor

#endif  // NESTOR_AGENT_BASE_STRICT_YAML_H_
