// SPDX-License-Identifier: Apache-2.0
#include "agent/proc/ssh_login.h"

#include <openssl/evp.h>

#include <array>
#include <cstdint>
#include <vector>

namespace nestor {
namespace {

using Bytes = std::vector<uint8_t>;

constexpr std::string_view kCertificate = "-cert-v01@openssh.com";
constexpr size_t kMaxMethods = 8;  // AuthenticationMethods may ask for several in a row
constexpr size_t kMaxMethodBytes = 64;
constexpr size_t kMaxCertificateIdBytes = 256;

// Base64 with its padding, RFC 4648; nullopt: it is none.
std::optional<Bytes> Decoded(std::string_view base64) {
  if (base64.empty() || base64.size() % 4 != 0) return std::nullopt;
  Bytes bytes(base64.size() / 4 * 3);
  const int length =
      EVP_DecodeBlock(bytes.data(), reinterpret_cast<const unsigned char*>(base64.data()),
                      static_cast<int>(base64.size()));
  if (length < 0) return std::nullopt;
  size_t padding = 0;
  while (padding < 2 && base64[base64.size() - 1 - padding] == '=') ++padding;
  bytes.resize(static_cast<size_t>(length) - padding);
  return bytes;
}

// As ssh-keygen -l prints it: without padding. Empty: the library could not.
std::string Fingerprint(const Bytes& key) {
  std::array<uint8_t, EVP_MAX_MD_SIZE> digest{};
  unsigned int length = 0;
  if (EVP_Digest(key.data(), key.size(), digest.data(), &length, EVP_sha256(), nullptr) != 1) {
    return "";
  }
  std::array<unsigned char, size_t{2} * EVP_MAX_MD_SIZE> text{};
  const int written = EVP_EncodeBlock(text.data(), digest.data(), static_cast<int>(length));
  std::string base64(reinterpret_cast<const char*>(text.data()), static_cast<size_t>(written));
  while (base64.ends_with('=')) base64.pop_back();
  return "SHA256:" + base64;
}

// The fields of a key on the wire: RFC 4251, section 5.
class Fields {
 public:
  explicit Fields(const Bytes& bytes) : bytes_(bytes) {}

  // nullopt: there is no more of it, here and from now on.
  std::optional<uint64_t> Number(size_t size) {
    if (bytes_.size() - at_ < size) return std::nullopt;
    uint64_t value = 0;
    for (size_t i = 0; i < size; ++i) value = value << 8 | bytes_[at_++];
    return value;
  }
  std::optional<std::string> Text() {
    const auto size = Number(4);
    if (!size || bytes_.size() - at_ < *size) return std::nullopt;
    std::string text(bytes_.begin() + static_cast<ptrdiff_t>(at_),
                     bytes_.begin() + static_cast<ptrdiff_t>(at_ + *size));
    at_ += *size;
    return text;
  }

 private:
  const Bytes& bytes_;
  size_t at_ = 0;
};

void PutText(std::string_view text, Bytes& to) {
  for (const int shift : {24, 16, 8, 0}) to.push_back(static_cast<uint8_t>(text.size() >> shift));
  to.insert(to.end(), text.begin(), text.end());
}

// How many fields a public key has behind its type; 0: not known.
size_t KeyFields(std::string_view type) {
  if (type == "ssh-ed25519") return 1;
  if (type == "ssh-rsa" || type == "sk-ssh-ed25519@openssh.com") return 2;
  if (type == "sk-ecdsa-sha2-nistp256@openssh.com") return 3;
  return type.starts_with("ecdsa-sha2-nistp") ? 2 : 0;
}

// "sk-ssh-ed25519-cert-v01@openssh.com" is a certificate of a "sk-ssh-ed25519@openssh.com".
std::string PlainType(std::string_view type) {
  const std::string plain(type.substr(0, type.size() - kCertificate.size()));
  return plain.starts_with("sk-") ? plain + "@openssh.com" : plain;
}

// type, nonce, the key's fields, serial number, kind, key id, and more.
void TakeCertificate(std::string_view type, const Bytes& bytes, LoginInfo& login) {
  const std::string plain = PlainType(type);
  Fields fields(bytes);
  Bytes key;
  PutText(plain, key);
  if (fields.Text() != type || !fields.Text()) return;
  const size_t count = KeyFields(plain);
  for (size_t i = 0; i < count; ++i) {
    const auto field = fields.Text();
    if (!field) return;
    PutText(*field, key);
  }
  const auto serial = fields.Number(8);
  const auto id = serial && fields.Number(4) ? fields.Text() : std::nullopt;
  if (count == 0 || !id) return;
  login.key = plain + " " + Fingerprint(key);
  login.certificate =
      id->substr(0, kMaxCertificateIdBytes) + " (serial " + std::to_string(*serial) + ")";
}

// "ssh-ed25519 AAAA..."
void TakeKey(std::string_view text, LoginInfo& login) {
  const size_t space = text.find(' ');
  if (space == std::string_view::npos) return;
  const std::string_view type = text.substr(0, space);
  std::string_view base64 = text.substr(space + 1);
  base64 = base64.substr(0, base64.find(' '));
  const auto bytes = Decoded(base64);
  if (!bytes || Fields(*bytes).Text() != type) return;
  if (type.ends_with(kCertificate)) {
    TakeCertificate(type, *bytes, login);
  } else {
    login.key = std::string(type) + " " + Fingerprint(*bytes);
  }
}

// "keyboard-interactive/pam"
bool IsMethod(std::string_view text) {
  return !text.empty() && text.size() <= kMaxMethodBytes &&
         text.find_first_not_of("abcdefghijklmnopqrstuvwxyz-/") == std::string_view::npos;
}

void TakeLine(std::string_view line, LoginInfo& login) {
  const size_t space = line.find(' ');
  const std::string_view method = line.substr(0, space);
  if (!IsMethod(method)) return;
  if (!login.method.empty()) login.method += ", ";
  login.method += method;
  if (space != std::string_view::npos && login.key.empty()) {
    TakeKey(line.substr(space + 1), login);
  }
}

}  // namespace

std::string UserOfTitle(std::string_view title) {
  for (const std::string_view program : {"sshd: ", "sshd-session: "}) {
    if (!title.starts_with(program)) continue;
    title.remove_prefix(program.size());
    title = title.substr(0, title.find('\0'));
    const size_t at = title.rfind('@');  // a user's name may have one, a terminal's has none
    return at == std::string_view::npos ? "" : std::string(title.substr(0, at));
  }
  return "";
}

void TakeAuthInfo(std::string_view text, LoginInfo& login) {
  for (size_t lines = 0; lines < kMaxMethods && !text.empty(); ++lines) {
    const size_t end = text.find('\n');
    TakeLine(text.substr(0, end), login);
    if (end == std::string_view::npos) return;
    text.remove_prefix(end + 1);
  }
}

}  // namespace nestor
