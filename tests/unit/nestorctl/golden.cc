// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/nestorctl/golden.h"

#include <stdlib.h>

#include <fstream>
#include <sstream>

#include "tests/support/source_dir.h"

namespace nestor::ctl {

testing::AssertionResult IsGolden(const std::string& name, const std::string& text) {
  const std::string path = SourcePath("tests/golden/nestorctl/" + name);
  if (getenv("NESTOR_WRITE_GOLDEN")) {
    std::ofstream(path, std::ios::binary) << text;
    return testing::AssertionSuccess();
  }
  std::ifstream file(path, std::ios::binary);
  std::stringstream golden;
  golden << file.rdbuf();
  if (file && golden.str() == text) return testing::AssertionSuccess();
  return testing::AssertionFailure() << path << " holds\n"
                                     << golden.str() << "\nand this came:\n"
                                     << text << "\nset NESTOR_WRITE_GOLDEN=1 to take it over";
}

}  // namespace nestor::ctl
