// SPDX-License-Identifier: Apache-2.0
#include "agent/base/result.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <memory>
#include <string>

namespace nestor {
namespace {

using ::testing::StartsWith;

Result<int> Half(int number) {
  if (number % 2) return Error::InvalidArgument(std::to_string(number) + " is odd");
  return number / 2;
}

Status Even(int number) {
  if (number % 2) return Error::FailedPrecondition("odd");
  return {};
}

TEST(ResultTest, HoldsAValueOrTheReasonWhyThereIsNone) {
  ASSERT_TRUE(Half(8).ok());
  EXPECT_EQ(*Half(8), 4);
  ASSERT_FALSE(Half(7).ok());
  EXPECT_EQ(Half(7).error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(Half(7).error().message, "7 is odd");
}

TEST(ResultTest, GivesAwayWhatCannotBeCopied) {
  Result<std::unique_ptr<int>> result(std::make_unique<int>(5));

  const std::unique_ptr<int> taken = *std::move(result);

  EXPECT_EQ(*taken, 5);
}

TEST(ResultTest, ReachesIntoTheValue) {
  Result<std::string> result(std::string("abc"));

  result->push_back('d');

  EXPECT_EQ(*result, "abcd");
}

TEST(ResultDeathTest, AskingForTheWrongSideEndsTheProgram) {
  const Result<int> failed = Half(7), worked = Half(8);

  EXPECT_DEATH(static_cast<void>(*failed), "");
  EXPECT_DEATH(static_cast<void>(worked.error()), "");
  EXPECT_DEATH(static_cast<void>(Even(2).error()), "");
}

TEST(StatusTest, IsSuccessUnlessItHoldsAnError) {
  EXPECT_TRUE(Even(2).ok());
  ASSERT_FALSE(Even(3));
  EXPECT_EQ(Even(3).error().message, "odd");
}

TEST(ErrorTest, AnErrnoKeepsItsMeaningAsACode) {
  EXPECT_EQ(Error::FromErrno("open x", ENOENT).code, ErrorCode::kNotFound);
  EXPECT_EQ(Error::FromErrno("open x", ESRCH).code, ErrorCode::kNotFound);
  EXPECT_EQ(Error::FromErrno("open x", EEXIST).code, ErrorCode::kAlreadyExists);
  EXPECT_EQ(Error::FromErrno("open x", EPERM).code, ErrorCode::kPermissionDenied);
  EXPECT_EQ(Error::FromErrno("open x", EINVAL).code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(Error::FromErrno("open x", E2BIG).code, ErrorCode::kResourceExhausted);
  EXPECT_EQ(Error::FromErrno("open x", ENOSYS).code, ErrorCode::kUnimplemented);
  EXPECT_EQ(Error::FromErrno("open x", ETIMEDOUT).code, ErrorCode::kDeadlineExceeded);
  EXPECT_EQ(Error::FromErrno("open x", ECONNREFUSED).code, ErrorCode::kUnavailable);
  EXPECT_EQ(Error::FromErrno("open x", EIO).code, ErrorCode::kInternal);
}

TEST(ErrorTest, AnErrnoSaysWhatWasTriedAndWhyItFailed) {
  EXPECT_EQ(Error::FromErrno("open exec probe", ENOENT).message,
            "open exec probe: No such file or directory");
  EXPECT_THAT(Error::FromErrno("open x", 99999).message, StartsWith("open x: "));
}

TEST(ErrorTest, OneLevelUpAddsItsContextAndKeepsTheCode) {
  const Error error = Error::NotFound("no such pod").In("read policy");

  EXPECT_EQ(error.code, ErrorCode::kNotFound);
  EXPECT_EQ(error.message, "read policy: no such pod");
}

TEST(ErrorTest, CodesAreThoseOfGrpc) {
  EXPECT_EQ(static_cast<int>(ErrorCode::kCancelled), 1);
  EXPECT_EQ(static_cast<int>(ErrorCode::kPermissionDenied), 7);
  EXPECT_EQ(static_cast<int>(ErrorCode::kOutOfRange), 11);
  EXPECT_EQ(static_cast<int>(ErrorCode::kDataLoss), 15);
}

}  // namespace
}  // namespace nestor
