// SPDX-License-Identifier: Apache-2.0
#include "agent/kernel/kernel_symbols.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "tests/unit/api/temp_dir.h"

namespace nestor {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

std::string Write(const TempDir& directory, const std::string& text) {
  const std::string file = directory.path() + "/kallsyms";
  std::ofstream(file) << text;
  return file;
}

TEST(KernelSymbolsTest, WhatTheFileTellsIsFoundByItsWholeName) {
  const TempDir directory;
  const std::string file = Write(directory,
                                 "ffffffff81000000 T _stext\n"
                                 "ffffffff82000008 D vmemmap_base_old\n"
                                 "ffffffff82000010 D vmemmap_base\n"
                                 "ffffffffc0000000 t page_offset_base\t[module]\n");

  EXPECT_THAT(AddressesOf({"vmemmap_base", "page_offset_base"}, file),
              ElementsAre(Pair("vmemmap_base", 0xffffffff82000010)));
}

TEST(KernelSymbolsTest, HiddenAddressesAndBrokenLinesTellNothing) {
  const TempDir directory;
  const std::string file = Write(directory, "0000000000000000 D a\nzz D a\n\nffff\nffff D\n");

  EXPECT_THAT(AddressesOf({"a", ""}, file), IsEmpty());
  EXPECT_THAT(AddressesOf({"a"}, directory.path() + "/none"), IsEmpty());
}

}  // namespace
}  // namespace nestor
