// SPDX-License-Identifier: Apache-2.0
#include "agent/proc/ssh_login.h"

#include <gtest/gtest.h>

namespace nestor {
namespace {

// Made by ssh-keygen of OpenSSH 9.2, which also printed the fingerprints.
constexpr char kEd25519[] = "AAAAC3NzaC1lZDI1NTE5AAAAIIPAZt6xcUKU4NPikelSYKlNWEKWcRWISv/kK9ff5mRr";
constexpr char kEd25519Print[] = "SHA256:0UBU+ArwYne83wWTBMuklfSL1ppAzCX/0elUuQ0cpQM";
constexpr char kEcdsa[] =
    "AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBEXbDF7vIXkG+ha9utOz"
    "4Ittf4W8b9edoVWry6HObeGRb9eFiA5PeX3lLGONCcJXwPa9+iAcBlLXlB3V8s3HJbo=";
constexpr char kEcdsaPrint[] = "SHA256:Z2qSM/V7A2wBxNH3Wy+SBXf4T0J9Hrq7UEOiVyC4/ck";
// Of the first key; id alice@corp, serial number 7.
constexpr char kCertificate[] =
    "AAAAIHNzaC1lZDI1NTE5LWNlcnQtdjAxQG9wZW5zc2guY29tAAAAIB2zUHQHn47bLSiHtF/m"
    "M8PZA2D8z0PZL2Hah0LY0l4uAAAAIIPAZt6xcUKU4NPikelSYKlNWEKWcRWISv/kK9ff5mRr"
    "AAAAAAAAAAcAAAABAAAACmFsaWNlQGNvcnAAAAAJAAAABWFsaWNlAAAAAAAAAAD/////////"
    "/wAAAAAAAACCAAAAFXBlcm1pdC1YMTEtZm9yd2FyZGluZwAAAAAAAAAXcGVybWl0LWFnZW50"
    "LWZvcndhcmRpbmcAAAAAAAAAFnBlcm1pdC1wb3J0LWZvcndhcmRpbmcAAAAAAAAACnBlcm1p"
    "dC1wdHkAAAAAAAAADnBlcm1pdC11c2VyLXJjAAAAAAAAAAAAAAAzAAAAC3NzaC1lZDI1NTE5"
    "AAAAIJMqfR/wFs5mdz4Gj6X7OlA6dWT/hVs7HWDmHqDvDtcKAAAAUwAAAAtzc2gtZWQyNTUx"
    "OQAAAEAJf4JLTjqqDSxW8QpXpcx+G6Cqx7OuRujpUQ+m7Bl7HT5lzlOrVrFNwnU7qYf2/8IV"
    "GAMcr4g5lWrrpojRQogE";

LoginInfo Read(const std::string& text) {
  LoginInfo login;
  TakeAuthInfo(text, login);
  return login;
}

TEST(UserOfTitleTest, NamesTheUserOfASession) {
  EXPECT_EQ(UserOfTitle("sshd: alice@pts/0"), "alice");
  EXPECT_EQ(UserOfTitle("sshd: alice@pts/0,pts/1"), "alice");
  EXPECT_EQ(UserOfTitle(std::string("sshd: alice@notty\0\0\0", 20)), "alice");
  EXPECT_EQ(UserOfTitle("sshd-session: bob@corp@notty"), "bob@corp");
}

TEST(UserOfTitleTest, NobodyBeforeTheSession) {
  EXPECT_EQ(UserOfTitle("sshd: alice [priv]"), "");
  EXPECT_EQ(UserOfTitle("sshd: alice [net]"), "");
  EXPECT_EQ(UserOfTitle("sshd: /usr/sbin/sshd -D [listener] 0 of 10-100 startups"), "");
  EXPECT_EQ(UserOfTitle("bash: alice@notty"), "");
  EXPECT_EQ(UserOfTitle(""), "");
}

TEST(AuthInfoTest, NamesAKeyByItsFingerprint) {
  const LoginInfo login = Read("publickey ssh-ed25519 " + std::string(kEd25519) + "\n");

  EXPECT_EQ(login.method, "publickey");
  EXPECT_EQ(login.key, std::string("ssh-ed25519 ") + kEd25519Print);
  EXPECT_EQ(login.certificate, "");
  EXPECT_EQ(Read("publickey ecdsa-sha2-nistp256 " + std::string(kEcdsa)).key,
            std::string("ecdsa-sha2-nistp256 ") + kEcdsaPrint);
}

TEST(AuthInfoTest, NamesACertificateAndItsKey) {
  const LoginInfo login =
      Read("publickey ssh-ed25519-cert-v01@openssh.com " + std::string(kCertificate) + "\n");

  EXPECT_EQ(login.key, std::string("ssh-ed25519 ") + kEd25519Print);
  EXPECT_EQ(login.certificate, "alice@corp (serial 7)");
}

TEST(AuthInfoTest, NamesSeveralMethods) {
  const LoginInfo login = Read("publickey ssh-ed25519 " + std::string(kEd25519) + "\npassword\n");

  EXPECT_EQ(login.method, "publickey, password");
  EXPECT_EQ(login.key, std::string("ssh-ed25519 ") + kEd25519Print);
}

TEST(AuthInfoTest, TellsNothingOfWhatIsNoKey) {
  EXPECT_EQ(Read("publickey ssh-ed25519 not/base64").key, "");
  EXPECT_EQ(Read("publickey ssh-rsa " + std::string(kEd25519)).key, "");  // another type inside
  EXPECT_EQ(Read("publickey ssh-ed25519 AAAA").key, "");
  EXPECT_EQ(Read("publickey ssh-ed25519").key, "");
  EXPECT_EQ(Read("\n\n").method, "");
}

// Whatever a certificate is cut to, nothing behind its end is read; asan sees to it.
TEST(AuthInfoTest, TakesCutCertificates) {
  const std::string whole = kCertificate;
  for (size_t length = 0; length < whole.size(); length += 4) {
    const LoginInfo login =
        Read("publickey ssh-ed25519-cert-v01@openssh.com " + whole.substr(0, length));
    EXPECT_EQ(login.key.empty(), login.certificate.empty());
  }
}

}  // namespace
}  // namespace nestor
