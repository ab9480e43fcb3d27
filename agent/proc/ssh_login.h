// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_AGENT_PROC_SSH_LOGIN_H_
#define NESTOR_AGENT_PROC_SSH_LOGIN_H_

#include <optional>
#include <string>
#include <string_view>

#include "agent/event/event.h"

namespace nestor {

// Who logged in, by the title that an OpenSSH server gives the process of a session ("sshd:
// alice@pts/0", "sshd-session: alice@notty"). Empty: no session's title, as of one that is not
// authenticated yet ("sshd: alice [priv]"). Thread: any.
std::string UserOfTitle(std::string_view title);

// How, by what the server writes into the file that SSH_USER_AUTH names (sshd_config(5),
// ExposeAuthInfo): a line a method, "publickey ssh-ed25519 AAAA..." or "password". Fills method,
// key and certificate, as far as the text can be read: 8 lines of it. Hostile text: any bytes may
// come. Source: auth2.c and sshkey.c of OpenSSH 9.2; PROTOCOL.certkeys for certificates. Thread:
// any.
void TakeAuthInfo(std::string_view text, LoginInfo& login);

}  // namespace nestor

#endif  // NESTOR_AGENT_PROC_SSH_LOGIN_H_
