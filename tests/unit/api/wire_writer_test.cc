// SPDX-License-Identifier: Apache-2.0
#include "agent/api/wire_writer.h"

#include <gtest/gtest.h>

#include <string>

#include "nestor/v1/event.pb.h"

namespace nestor {
namespace {

using M = v1::Process;

// What protobuf makes of the bytes.
v1::HopEnd Read(const WireWriter& wire) {
  v1::HopEnd message;
  EXPECT_TRUE(message.ParseFromString(std::string(wire.bytes())));
  return message;
}

TEST(WireWriterTest, BytesAreThoseOfProtobuf) {
  v1::HopEnd message;
  message.mutable_process()->set_pid(300);
  message.mutable_process()->set_start_ns(UINT64_MAX);
  message.mutable_process()->add_argv(std::string(200, 'x'));
  message.mutable_process()->add_argv("");
  message.set_address("a");
  WireWriter wire;

  wire.Message(v1::HopEnd::kProcessFieldNumber, [&] {
    wire.Number(M::kPidFieldNumber, 300);
    wire.Number(M::kStartNsFieldNumber, UINT64_MAX);
    wire.Item(M::kArgvFieldNumber, std::string(200, 'x'));
    wire.Item(M::kArgvFieldNumber, "");
  });
  wire.Text(v1::HopEnd::kAddressFieldNumber, "a");

  EXPECT_EQ(wire.bytes(), message.SerializeAsString());
}

TEST(WireWriterTest, MessagesOfAnyLengthAreRead) {
  for (const size_t length : {0U, 1U, 124U, 125U, 126U, 16'379U, 16'380U, 16'381U, 3'000'000U}) {
    WireWriter wire;

    wire.Message(v1::HopEnd::kProcessFieldNumber,
                 [&] { wire.Text(M::kExeFieldNumber, std::string(length, 'x')); });

    EXPECT_EQ(Read(wire).process().exe().size(), length);
  }
}

TEST(WireWriterTest, WhatHoldsNothingIsLeftOut) {
  WireWriter wire;

  wire.Number(M::kPidFieldNumber, 0);
  wire.Text(M::kExeFieldNumber, "");

  EXPECT_EQ(wire.bytes(), "");
}

TEST(WireWriterTest, BytesThatAreNoUtf8AreReplaced) {
  WireWriter wire;

  wire.Text(v1::HopEnd::kAddressFieldNumber, "a\xFFz");

  EXPECT_EQ(Read(wire).address(), "a\xEF\xBF\xBDz");
}

TEST(WireWriterTest, BytesThatAreNoTextStayAsTheyAre) {
  const std::string bytes("a\xFF\0z", 4);
  WireWriter wire;
  v1::Heartbeat beat;

  wire.Bytes(v1::Heartbeat::kSignatureFieldNumber, bytes);
  wire.Bytes(v1::Heartbeat::kSignatureFieldNumber + 1, "");

  ASSERT_TRUE(beat.ParseFromString(std::string(wire.bytes())));
  EXPECT_EQ(beat.signature(), bytes);
  EXPECT_EQ(wire.bytes().size(), 6u) << "what is empty is left out";
}

TEST(WireWriterTest, ClearBeginsANewMessage) {
  WireWriter wire;
  wire.Text(v1::HopEnd::kAddressFieldNumber, "before");

  wire.Clear();
  wire.Text(v1::HopEnd::kAddressFieldNumber, "after");

  EXPECT_EQ(Read(wire).address(), "after");
}

}  // namespace
}  // namespace nestor
