// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_AGENT_BEAT_KEYS_H_
#define NESTOR_AGENT_BEAT_KEYS_H_

#include <memory>
#include <string>
#include <string_view>

#include "agent/base/result.h"

typedef struct evp_pkey_st EVP_PKEY;  // as OpenSSL has it

namespace nestor {

// Lower-case hex of the SHA-256 of `bytes`: 64 digits. Aborts when the library has none.
std::string Sha256Hex(std::string_view bytes);

inline constexpr size_t kSignatureBytes = 64;

// An Ed25519 key that checks. Thread: any.
class PublicKey {
 public:
  // PEM as `openssl pkey -pubout` writes it. Error: it is none, or of another kind.
  static Result<PublicKey> FromPem(std::string_view pem);

  // SHA-256 of its DER (SubjectPublicKeyInfo), 64 hex digits: what
  // `openssl pkey -pubin -in node.pub -outform DER | sha256sum` prints.
  const std::string& id() const { return id_; }
  std::string Pem() const;
  bool Holds(std::string_view bytes, std::string_view signature) const;

 private:
  friend class SigningKey;
  explicit PublicKey(std::shared_ptr<EVP_PKEY> key);

  std::shared_ptr<EVP_PKEY> key_;
  std::string id_;
};

// The pair. Thread: one at a time.
class SigningKey {
 public:
  static Result<SigningKey> Generate();
  // Unencrypted PEM (PKCS #8). Error: as PublicKey::FromPem; never says what is in it.
  static Result<SigningKey> FromPem(std::string_view pem);

  const PublicKey& public_key() const { return public_key_; }
  Result<std::string> Pem() const;
  // 64 bytes. Aborts when the library fails, which it has no reason to with a key of its own
  // making.
  std::string Sign(std::string_view bytes) const;

 private:
  explicit SigningKey(std::shared_ptr<EVP_PKEY> key) : public_key_(std::move(key)) {}

  PublicKey public_key_;  // OpenSSL has both halves in one
};

}  // namespace nestor

#endif  // NESTOR_AGENT_BEAT_KEYS_H_
