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

const std::string_view kTriggerPattern =
    "(?i)pass|pwd|[_-]pw|secret|token|key|credential|bearer|authorization|cookie|"
    "://[^/]*@|eyj|akia|asia|abia|acca|gh[pousr]_|github_pat_|gl[a-z]{2,6}-|xox[a-z]-|xapp-|"
    "hooks\\.slack|sk-|[srp]k_|aiza|npm_|pypi-|hvs\\.|hf_|dop_v1|"
    "curl|mysql|mariadb|login|ldap|redis|smbclient|wget|mongo";

std::span<const std::string_view> TextPatterns() {
  static constexpr std::string_view kPatterns[] = {
      // password=x, "token": "x", API_KEY=x, --client-secret=x, X-Auth-Token: x
      "(?i)" NESTOR_SECRET_WORDS "(?:\\\\?[\"'])?\\s*(?:[:=]|%3d|=>)\\s*" NESTOR_VALUE,
      // PASSWORD=x with no separator before the word (PGPASSWORD, MYSQL_PWD), any NAME_KEY=x
      "(?:^|[^A-Za-z0-9_])[A-Z][A-Z0-9_]*(?:PASSWORD|PASSWD|PASS|_PWD|_PW|TOKEN|SECRET|_KEY)"
      "[A-Z0-9_]{0,8}=" NESTOR_VALUE,
      // --password x, -token x, inside one string (`sh -c "..."`)
      "(?i)(?:^|\\s)--?(?:[a-z0-9]+[_-])*" NESTOR_SECRET_WORDS "\\s+" NESTOR_VALUE,
      // aws configure set aws_secret_access_key x
      "(?i)aws_?secret_?access_?key[\"']?[\\s:=]+" NESTOR_VALUE,
      // scheme://user:pass@host; the user may be empty (redis://:pass@host)
      "[A-Za-z][A-Za-z0-9+.-]*://[^\\s:/@\"']*:([^\\s/\"']+)@",
      // a key as the user: https://<token>@host
      "[A-Za-z][A-Za-z0-9+.-]*://([^\\s:/@\"']{20,})@",
      // Authorization: Bearer x; Authorization: Basic x; proxy-authorization: x
      "(?i)authorization(?:\\\\?[\"'])?\\s*[:=]\\s*(?:\\\\?[\"'])?"
      "(?:(?:bearer|basic|token|digest|negotiate|apikey|aws4-hmac-sha256)\\s+)?"
      "([^\\s\"'\\\\][^\"'\\r\\n\\\\]*)",
      "(?i)\\bbearer[\\s:=]+([A-Za-z0-9._~+/=-]{6,})", "(?i)\\bcookie:\\s*([^\"'\\r\\n]+)",
      // JWT, also one that was cut
      "\\b(eyJ[A-Za-z0-9_-]{6,}\\.[A-Za-z0-9_-]{4,}(?:\\.[A-Za-z0-9_-]*)?)",
      "\\b((?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{12,20})\\b",
      // private keys: PEM, OpenSSH, PGP, also cut ones, with real or escaped line ends
      "(?s)-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----(.+?)(?:-----END|$)",
      "\\b(gh[pousr]_[A-Za-z0-9]{16,}|github_pat_[A-Za-z0-9_]{16,})",
      "\\b(gl(?:pat|dt|rt|cbt|ptt|ft|agent|soat|ffct|imt)-[A-Za-z0-9_.-]{16,})",
      "\\b(xox[a-z]-[A-Za-z0-9-]{8,}|xapp-[A-Za-z0-9-]{8,})",
      "hooks\\.slack\\.com/(?:services|workflows|triggers)/([A-Za-z0-9/_-]{8,})",
      "\\b(sk-[A-Za-z0-9_-]{20,}|[srp]k_(?:live|test)_[A-Za-z0-9]{8,}|AIza[A-Za-z0-9_-]{30,}|"
      "npm_[A-Za-z0-9]{30,}|pypi-[A-Za-z0-9_-]{30,}|hvs\\.[A-Za-z0-9_-]{20,}|"
      "hf_[A-Za-z0-9]{30,}|dop_v1_[a-f0-9]{30,})",
      // short flags of known programs inside one string
      "(?:^|[\\s/;&|'\"`(])(?:curl|wget)\\s[^|;&]*?(?:-u|--user|--proxy-user)[\\s=]*[\"']?"
      "[^\\s:\"']+:([^\\s\"'|;&]+)",
      "(?:^|[\\s/;&|'\"`(])(?:mysql[a-z]*|mariadb[a-z-]*)\\s[^|;&]*?-p[\"']?([^\\s\"'|;&]+)",
      "(?:^|[\\s/;&|'\"`(])sshpass\\s+-p\\s*[\"']?([^\\s\"'|;&]+)",
      "(?:^|[\\s/"
      ";&|'\"`(])(?:docker|podman|nerdctl|skopeo|crane|helm|oc|az)\\s[^|;&]*?login\\s[^|;&]*?"
      "-p[\\s=]+[\"']?([^\\s\"'|;&]+)",
      "(?:^|[\\s/;&|'\"`(])redis-cli\\s[^|;&]*?-a\\s+[\"']?([^\\s\"'|;&]+)",
      "(?:^|[\\s/;&|'\"`(])ldap[a-z]+\\s[^|;&]*?-w\\s*[\"']?([^\\s\"'|;&]+)",
      "\\bpass:([^\\s\"']+)",  // openssl -passin pass:x
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
    "credentials?)[a-z0-9_]{0,8})=(.+)";

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
