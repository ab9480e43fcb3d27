// SPDX-License-Identifier: Apache-2.0
#include "tests/support/source_dir.h"

namespace nestor {

std::string SourcePath(const std::string& path) { return NESTOR_SOURCE_DIR "/" + path; }

}  // namespace nestor
