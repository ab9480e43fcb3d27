// SPDX-License-Identifier: Apache-2.0
// What is said of faulty policies, word by word: tests/golden/policy/<name>.yaml and <name>.txt.
// NESTOR_WRITE_GOLDEN=1 writes the texts anew.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "agent/policy/document.h"

#include "tests/support/source_dir.h"

namespace nestor {
namespace {

std::string ReadWhole(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string Said(const std::filesystem::path& path) {
  const std::string name = path.filename().string();
  const PolicyFile file = ReadPolicyText(ReadWhole(path), name);
  std::string said;
  for (const Error& error : ToErrors(file.faults, name)) said += error.message + "\n";
  for (const PolicyDocument& policy : file.policies)
    for (const Error& error : ToErrors(Unenforced(policy), name)) said += error.message + "\n";
  return said;
}

std::vector<std::filesystem::path> Inputs() {
  std::vector<std::filesystem::path> inputs;
  for (const auto& entry : std::filesystem::directory_iterator(SourcePath("tests/golden/policy")))
    if (entry.path().extension() == ".yaml") inputs.push_back(entry.path());
  std::sort(inputs.begin(), inputs.end());
  return inputs;
}

class MessageGoldenTest : public testing::TestWithParam<std::filesystem::path> {};

TEST_P(MessageGoldenTest, EachFaultIsSaidAsWritten) {
  const std::string said = Said(GetParam());
  std::filesystem::path golden = GetParam();
  golden.replace_extension(".txt");
  if (getenv("NESTOR_WRITE_GOLDEN")) std::ofstream(golden, std::ios::binary) << said;

  EXPECT_FALSE(said.empty());
  EXPECT_EQ(said, ReadWhole(golden)) << "NESTOR_WRITE_GOLDEN=1 takes it over";
}

INSTANTIATE_TEST_SUITE_P(Files, MessageGoldenTest, testing::ValuesIn(Inputs()),
                         [](const auto& info) { return info.param.stem().string(); });

}  // namespace
}  // namespace nestor
