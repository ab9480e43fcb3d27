// SPDX-License-Identifier: Apache-2.0
#include "agent/beat/keys.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/beat/sample_beats.h"

namespace nestor {
namespace {

using testing::HasSubstr;

TEST(KeysTest, AnIdIsTheDigestOfTheKeyAsDer) {
  EXPECT_EQ(sample::Key().public_key().id(), sample::kKeyId);
  EXPECT_EQ(PublicKey::FromPem(sample::kPublicPem)->id(), sample::kKeyId);
}

TEST(KeysTest, AKeyComesBackFromItsText) {
  const SigningKey key = sample::OtherKey();

  const auto again = SigningKey::FromPem(*key.Pem());

  ASSERT_TRUE(again);
  EXPECT_EQ(again->public_key().id(), key.public_key().id());
  EXPECT_EQ(sample::Key().public_key().Pem(), sample::kPublicPem);
}

TEST(KeysTest, ASignatureHoldsForItsBytesAndKeyOnly) {
  const SigningKey key = sample::Key();
  const PublicKey reader = *PublicKey::FromPem(sample::kPublicPem);
  const std::string signature = key.Sign("bytes");
  std::string altered = signature;
  altered[63] ^= 1;

  EXPECT_TRUE(reader.Holds("bytes", signature));
  EXPECT_FALSE(reader.Holds("byte", signature));
  EXPECT_FALSE(reader.Holds("bytes", altered));
  EXPECT_FALSE(reader.Holds("bytes", signature.substr(1)));
  EXPECT_FALSE(reader.Holds("bytes", ""));
  EXPECT_FALSE(sample::OtherKey().public_key().Holds("bytes", signature));
}

TEST(KeysTest, WhatIsNoKeyIsRefused) {
  // openssl ecparam -name prime256v1 -genkey -noout | openssl ec -pubout
  constexpr char kOtherKind[] =
      "-----BEGIN PUBLIC KEY-----\n"
      "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEltiDnS9vBPyz7X0+/TbbDGnKNfrm\n"
      "cH2q4UZ7GnTLvN1yPQ+0ZtYatCuxP2BSm8HXkHPlBcUY6utrqMfTNmOoqg==\n"
      "-----END PUBLIC KEY-----\n";

  for (const std::string text : {"", "nonsense", sample::kKeyPem}) {
    const auto key = PublicKey::FromPem(text);
    ASSERT_FALSE(key) << text;
    EXPECT_THAT(key.error().message, HasSubstr("is no public key in PEM"));
  }
  EXPECT_THAT(PublicKey::FromPem(kOtherKind).error().message, HasSubstr("than Ed25519"));
  EXPECT_FALSE(SigningKey::FromPem(sample::kPublicPem));
}

TEST(KeysTest, Sha256IsThatOfEverybody) {
  EXPECT_EQ(Sha256Hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

}  // namespace
}  // namespace nestor
