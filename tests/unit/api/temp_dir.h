// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_TESTS_UNIT_API_TEMP_DIR_H_
#define NESTOR_TESTS_UNIT_API_TEMP_DIR_H_

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <system_error>

namespace nestor {

// A directory of its own for one test; gone with everything inside when the test ends.
class TempDir {
 public:
  TempDir() : path_("/tmp/nestor-api-XXXXXX") {
    if (mkdtemp(path_.data()) == nullptr) ADD_FAILURE() << "no temporary directory";
  }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  ~TempDir() {
    std::error_code ignored;  // what is left lies in /tmp
    std::filesystem::remove_all(path_, ignored);
  }

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace nestor

#endif  // NESTOR_TESTS_UNIT_API_TEMP_DIR_H_
