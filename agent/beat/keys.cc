// SPDX-License-Identifier: Apache-2.0
#include "agent/beat/keys.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <array>
#include <cstdlib>
#include <utility>

namespace nestor {
namespace {

using Bio = std::unique_ptr<BIO, decltype(&BIO_free)>;
using Context = std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)>;

const unsigned char* Data(std::string_view bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

Bio BioOf(std::string_view text) {
  return {BIO_new_mem_buf(text.data(), static_cast<int>(text.size())), &BIO_free};
}

std::string Written(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return {data, static_cast<size_t>(size)};
}

// An encrypted key must not make OpenSSL ask the terminal.
int NoPassword(char*, int, int, void*) { return -1; }

Result<std::shared_ptr<EVP_PKEY>> Checked(EVP_PKEY* read, const char* what) {
  ERR_clear_error();
  const std::shared_ptr<EVP_PKEY> key(read, &EVP_PKEY_free);
  if (!key) return Error::InvalidArgument(std::string("is no ") + what + " in PEM");
  if (EVP_PKEY_id(key.get()) != EVP_PKEY_ED25519) {
    return Error::InvalidArgument("is a key of another kind than Ed25519");
  }
  return key;
}

std::string Der(EVP_PKEY* key) {
  unsigned char* bytes = nullptr;
  const int size = i2d_PUBKEY(key, &bytes);
  if (size <= 0) std::abort();
  const std::unique_ptr<unsigned char, void (*)(unsigned char*)> owned(
      bytes, [](unsigned char* memory) { OPENSSL_free(memory); });
  return {reinterpret_cast<char*>(bytes), static_cast<size_t>(size)};
}

}  // namespace

std::string Sha256Hex(std::string_view bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  if (EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, EVP_sha256(), nullptr) != 1) {
    std::abort();
  }
  std::string hex;
  for (unsigned int i = 0; i < size; ++i) {
    hex += "0123456789abcdef"[digest[i] >> 4];
    hex += "0123456789abcdef"[digest[i] & 0xf];
  }
  return hex;
}

PublicKey::PublicKey(std::shared_ptr<EVP_PKEY> key)
    : key_(std::move(key)), id_(Sha256Hex(Der(key_.get()))) {}

Result<PublicKey> PublicKey::FromPem(std::string_view pem) {
  auto key =
      Checked(PEM_read_bio_PUBKEY(BioOf(pem).get(), nullptr, &NoPassword, nullptr), "public key");
  if (!key) return key.error();
  return PublicKey(*std::move(key));
}

std::string PublicKey::Pem() const {
  const Bio out(BIO_new(BIO_s_mem()), &BIO_free);
  if (!out || PEM_write_bio_PUBKEY(out.get(), key_.get()) != 1) std::abort();
  return Written(out.get());
}

bool PublicKey::Holds(std::string_view bytes, std::string_view signature) const {
  const Context context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
  const bool holds =
      context && signature.size() == kSignatureBytes &&
      EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key_.get()) == 1 &&
      EVP_DigestVerify(context.get(), Data(signature), signature.size(), Data(bytes),
                       bytes.size()) == 1;
  ERR_clear_error();
  return holds;
}

Result<SigningKey> SigningKey::Generate() {
  std::shared_ptr<EVP_PKEY> key(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"), &EVP_PKEY_free);
  if (!key) return Error::Internal("OpenSSL makes no Ed25519 key");
  return SigningKey(std::move(key));
}

Result<SigningKey> SigningKey::FromPem(std::string_view pem) {
  auto key = Checked(PEM_read_bio_PrivateKey(BioOf(pem).get(), nullptr, &NoPassword, nullptr),
                     "unencrypted private key");
  if (!key) return key.error();
  return SigningKey(*std::move(key));
}

Result<std::string> SigningKey::Pem() const {
  const Bio out(BIO_new(BIO_s_secmem()), &BIO_free);
  if (!out || PEM_write_bio_PKCS8PrivateKey(out.get(), public_key_.key_.get(), nullptr, nullptr, 0,
                                            nullptr, nullptr) != 1) {
    return Error::Internal("OpenSSL does not write the key");
  }
  return Written(out.get());
}

std::string SigningKey::Sign(std::string_view bytes) const {
  const Context context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
  std::array<unsigned char, kSignatureBytes> signature{};
  size_t size = signature.size();
  if (!context ||
      EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, public_key_.key_.get()) != 1 ||
      EVP_DigestSign(context.get(), signature.data(), &size, Data(bytes), bytes.size()) != 1) {
    std::abort();
  }
  return {reinterpret_cast<char*>(signature.data()), size};
}

}  // namespace nestor
