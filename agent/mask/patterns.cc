// SPDX-License-Identifier: Apache-2.0
#include "agent/mask/patterns.h"

namespace nestor {

// Words that name a secret. Spelled once; C++ joins the literals.
#define NESTOR_SECRET_WORDS                                                           \
  "(?:\\bpass|passwords?|passwd|passphrase|passcode|[_-]pwd|[_-]pass|[_-]pw|tokens?|" \
  "secrets?|api[_-]?keys?|access[_-]?key|secret[_-]?key|account[_-]?key|"             \
  "encryption[_-]?key|signing[_-]?key|credentials?|client[_-]?secret|auth[_-]?key)"
// A value inside a longer string: quoted, or up to what ends a shell word.
#define NESTOR_VALUE "(?:\\\\?\"([^\"\\\\]+)|'([^']+)|([^\\s\"'&|;,<>)}\\]\\\\][^\\s\"'&|;<>]*))"

namespace {

// Groups of literals. kWord: what names a secret.
enum Group : Literals::Groups {
  kWord = 1U << 0,
  kAssign = 1U << 1,
  kDash = 1U << 2,
  kAws = 1U << 3,
  kUrl = 1U << 4,
  kAt = 1U << 5,
  kAuthorization = 1U << 6,
  kBearer = 1U << 7,
  kCookie = 1U << 8,
  kJwt = 1U << 9,
  kAwsId = 1U << 10,
  kPem = 1U << 11,
  kGitHub = 1U << 12,
  kGitLab = 1U << 13,
  kSlack = 1U << 14,
  kSlackHook = 1U << 15,
  kServiceKey = 1U << 16,
  kCurl = 1U << 17,
  kMysql = 1U << 18,
  kSshpass = 1U << 19,
  kLogin = 1U << 20,
  kRedis = 1U << 21,
  kLdap = 1U << 22,
  kOpenssl = 1U << 23,
  kOtherProgram = 1U << 24,  // of which only whole arguments are looked at
};

}  // namespace

std::span<const Literals::Text> SecretLiterals() {
  static constexpr Literals::Text kTexts[] = {
      {"pass", kWord},
      {"pwd", kWord},
      {"-pw", kWord},
      {"_pw", kWord},
      {"token", kWord},
      {"secret", kWord},
      {"key", kWord},
      {"credential", kWord},
      {":", kAssign},
      {"=", kAssign},
      {"%3d", kAssign},
      {"-", kDash},
      {"aws", kAws},
      {"://", kUrl},
      {"@", kAt},
      {"authorization", kAuthorization},
      {"bearer", kBearer},
      {"cookie:", kCookie},
      {"eyj", kJwt},
      {"akia", kAwsId},
      {"asia", kAwsId},
      {"abia", kAwsId},
      {"acca", kAwsId},
      {"-----begin ", kPem},
      {"ghp_", kGitHub},
      {"gho_", kGitHub},
      {"ghu_", kGitHub},
      {"ghs_", kGitHub},
      {"ghr_", kGitHub},
      {"github_pat_", kGitHub},
      {"glpat-", kGitLab},
      {"gldt-", kGitLab},
      {"glrt-", kGitLab},
      {"glcbt-", kGitLab},
      {"glptt-", kGitLab},
      {"glft-", kGitLab},
      {"glagent-", kGitLab},
      {"glsoat-", kGitLab},
      {"glffct-", kGitLab},
      {"glimt-", kGitLab},
      {"xox", kSlack},
      {"xapp-", kSlack},
      {"hooks.slack.com/", kSlackHook},
      {"sk-", kServiceKey},
      {"k_live_", kServiceKey},
      {"k_test_", kServiceKey},
      {"aiza", kServiceKey},
      {"npm_", kServiceKey},
      {"pypi-", kServiceKey},
      {"hvs.", kServiceKey},
      {"hf_", kServiceKey},
      {"dop_v1_", kServiceKey},
      {"curl", kCurl},
      {"wget", kCurl},
      {"mysql", kMysql},
      {"mariadb", kMysql},
      {"sshpass", kSshpass},
      {"login", kLogin},
      {"redis-cli", kRedis},
      {"ldap", kLdap},
      {"pass:", kOpenssl},
      {"smbclient", kOtherProgram},
      {"mongo", kOtherProgram},
  };
  return kTexts;
}

const Literals::Groups kTriggers = ~Literals::Groups{kAssign | kDash | kAws | kAt};
const Literals::Groups kFlagTriggers = kWord | kAuthorization | kBearer;
const Literals::Groups kLoginTrigger = kLogin;

std::span<const TextPattern> TextPatterns() {
  static constexpr TextPattern kPatterns[] = {
      // password=x, "token": "x", API_KEY=x, --client-secret=x, X-Auth-Token: x
      {"(?i)" NESTOR_SECRET_WORDS "(?:\\\\?[\"'])?\\s*(?:[:=]|%3d|=>)\\s*" NESTOR_VALUE,
       kWord | kAssign},
      // PASSWORD=x with no separator before the word (PGPASSWORD, MYSQL_PWD), any NAME_KEY=x
      {"(?:^|[^A-Za-z0-9_])[A-Z][A-Z0-9_]*(?:PASSWORD|PASSWD|PASS|_PWD|_PW|TOKEN|SECRET|_KEY)"
       "[A-Z0-9_]{0,8}=" NESTOR_VALUE,
       kWord | kAssign},
      // --password x, -token x, inside one string (`sh -c "..."`)
      {"(?i)(?:^|\\s)--?(?:[a-z0-9]+[_-])*" NESTOR_SECRET_WORDS "\\s+" NESTOR_VALUE, kWord | kDash},
      // aws configure set aws_secret_access_key x
      {"(?i)aws_?secret_?access_?key[\"']?[\\s:=]+" NESTOR_VALUE, kAws | kWord},
      // scheme://user:pass@host; the user may be empty (redis://:pass@host)
      {"[A-Za-z][A-Za-z0-9+.-]*://[^\\s:/@\"']*:([^\\s/\"']+)@", kUrl | kAt},
      // a key as the user: https://<token>@host
      {"[A-Za-z][A-Za-z0-9+.-]*://([^\\s:/@\"']{20,})@", kUrl | kAt},
      // Authorization: Bearer x; Authorization: Basic x; proxy-authorization: x
      {"(?i)authorization(?:\\\\?[\"'])?\\s*[:=]\\s*(?:\\\\?[\"'])?"
       "(?:(?:bearer|basic|token|digest|negotiate|apikey|aws4-hmac-sha256)\\s+)?"
       "([^\\s\"'\\\\][^\"'\\r\\n\\\\]*)",
       kAuthorization},
      {"(?i)\\bbearer[\\s:=]+([A-Za-z0-9._~+/=-]{6,})", kBearer},
      {"(?i)\\bcookie:\\s*([^\"'\\r\\n]+)", kCookie},
      // JWT, also one that was cut
      {"\\b(eyJ[A-Za-z0-9_-]{6,}\\.[A-Za-z0-9_-]{4,}(?:\\.[A-Za-z0-9_-]*)?)", kJwt},
      {"\\b((?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{12,20})\\b", kAwsId},
      // private keys: PEM, OpenSSH, PGP, also cut ones, with real or escaped line ends
      {"(?s)-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----(.+?)(?:-----END|$)", kPem},
      {"\\b(gh[pousr]_[A-Za-z0-9]{16,}|github_pat_[A-Za-z0-9_]{16,})", kGitHub},
      {"\\b(gl(?:pat|dt|rt|cbt|ptt|ft|agent|soat|ffct|imt)-[A-Za-z0-9_.-]{16,})", kGitLab},
      {"\\b(xox[a-z]-[A-Za-z0-9-]{8,}|xapp-[A-Za-z0-9-]{8,})", kSlack},
      {"hooks\\.slack\\.com/(?:services|workflows|triggers)/([A-Za-z0-9/_-]{8,})", kSlackHook},
      {"\\b(sk-[A-Za-z0-9_-]{20,}|[srp]k_(?:live|test)_[A-Za-z0-9]{8,}|AIza[A-Za-z0-9_-]{30,}|"
       "npm_[A-Za-z0-9]{30,}|pypi-[A-Za-z0-9_-]{30,}|hvs\\.[A-Za-z0-9_-]{20,}|"
       "hf_[A-Za-z0-9]{30,}|dop_v1_[a-f0-9]{30,})",
       kServiceKey},
      // short flags of known programs inside one string
      {"(?:^|[\\s/;&|'\"`(])(?:curl|wget)\\s[^|;&]*?(?:-u|--user|--proxy-user)[\\s=]*[\"']?"
       "[^\\s:\"']+:([^\\s\"'|;&]+)",
       kCurl},
      {"(?:^|[\\s/;&|'\"`(])(?:mysql[a-z]*|mariadb[a-z-]*)\\s[^|;&]*?-p[\"']?([^\\s\"'|;&]+)",
       kMysql},
      {"(?:^|[\\s/;&|'\"`(])sshpass\\s+-p\\s*[\"']?([^\\s\"'|;&]+)", kSshpass},
      {"(?:^|[\\s/"
       ";&|'\"`(])(?:docker|podman|nerdctl|skopeo|crane|helm|oc|az)\\s[^|;&]*?login\\s[^|;&]*?"
       "-p[\\s=]+[\"']?([^\\s\"'|;&]+)",
       kLogin},
      {"(?:^|[\\s/;&|'\"`(])redis-cli\\s[^|;&]*?-a\\s+[\"']?([^\\s\"'|;&]+)", kRedis},
      {"(?:^|[\\s/;&|'\"`(])ldap[a-z]+\\s[^|;&]*?-w\\s*[\"']?([^\\s\"'|;&]+)", kLdap},
      {"\\bpass:([^\\s\"']+)", kOpenssl},  // openssl -passin pass:x
  };
  return kPatterns;
}

const std::string_view kSecretFlagPattern =
    "(?i)--?(?:[a-z0-9.]+[_-])*" NESTOR_SECRET_WORDS
    "|--?(?:pass|pwd|pw)|(?:.*authorization:?\\s*)?bearer|"
    ".*authorization:(?:\\s*(?:basic|token|digest))?|"
    "aws_secret_access_key|aws_session_token|aws_access_key_id";

const std::string_view kSecretAssignmentPattern =
    "(?is)(?:--?(?:[a-z0-9.]+[_-])*(?:pass|pwd|pw|" NESTOR_SECRET_WORDS
    ")|[a-z0-9_.]*(?:password|passwd|passphrase|token|secret|_pwd|_pass|_pw|api_?key|_key|"
    "credentials?)[a-z0-9_]{0,8})=.+";

std::span<const SecretShortFlag> SecretShortFlags() {
  static constexpr SecretShortFlag kFlags[] = {
      {"curl", "-u", false, true},
      {"curl", "--user", false, true},
      {"curl", "-U", false, true},
      {"curl", "--proxy-user", false, true},
      {"mysql", "-p", true, false},
      {"mysqldump", "-p", true, false},
      {"mysqladmin", "-p", true, false},
      {"mysqlimport", "-p", true, false},
      {"mysqlshow", "-p", true, false},
      {"mysqlcheck", "-p", true, false},
      {"mariadb", "-p", true, false},
      {"mariadb-dump", "-p", true, false},
      {"mariadb-admin", "-p", true, false},
      {"sshpass", "-p", false, false},
      {"docker", "-p", false, false, "login"},
      {"podman", "-p", false, false, "login"},
      {"nerdctl", "-p", false, false, "login"},
      {"skopeo", "-p", false, false, "login"},
      {"az", "-p", false, false, "login"},
      {"redis-cli", "-a", false, false},
      {"ldapsearch", "-w", false, false},
      {"ldapmodify", "-w", false, false},
      {"ldapadd", "-w", false, false},
      {"ldappasswd", "-w", false, false},
      {"ldappasswd", "-s", false, false},
      {"smbclient", "-U", false, true},
      {"mongo", "-p", false, false},
      {"mongosh", "-p", false, false},
      {"mongodump", "-p", false, false},
  };
  return kFlags;
}

}  // namespace nestor
