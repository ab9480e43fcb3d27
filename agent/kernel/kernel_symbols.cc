// SPDX-License-Identifier: Apache-2.0
#include "agent/kernel/kernel_symbols.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <string_view>

namespace nestor {

// "ffffffff81000000 T _stext"; those of modules have a tab and the module's name behind.
std::map<std::string, uint64_t> AddressesOf(const std::vector<std::string>& symbols,
                                            const std::string& file) {
  std::map<std::string, uint64_t> found;
  std::ifstream lines(file);
  std::string line;
  while (found.size() < symbols.size() && std::getline(lines, line)) {
    uint64_t address = 0;
    const char* const end = line.data() + line.size();
    const auto [stop, error] = std::from_chars(line.data(), end, address, 16);
    if (error != std::errc() || address == 0 || end - stop < 4) continue;
    const std::string_view name(stop + 3, static_cast<size_t>(end - stop - 3));
    if (std::ranges::find(symbols, name) != symbols.end())
      found.try_emplace(std::string(name), address);
  }
  return found;
}

}  // namespace nestor
