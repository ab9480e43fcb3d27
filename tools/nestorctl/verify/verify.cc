// SPDX-License-Identifier: Apache-2.0
#include "tools/nestorctl/verify/verify.h"

#include <cerrno>
#include <chrono>
#include <fstream>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include "tools/nestorctl/client.h"
#include "tools/nestorctl/command_line.h"
#include "tools/nestorctl/escape.h"
#include "tools/nestorctl/verify/report.h"

namespace nestor::ctl {
namespace {

constexpr std::chrono::seconds kKeyPatience{5};

Result<PublicKey> KeyFromNode(const Session& session) {
  auto client = Client::Connect(session.options.socket, *session.stopper);
  if (!client) return client.error();
  const auto status = client->GetStatus(kKeyPatience);
  if (!status) return status.error();
  if (!status->has_signer()) return Error::FailedPrecondition("this nestord signs nothing");
  auto key = PublicKey::FromPem(status->signer().public_key());
  return key ? std::move(key) : key.error().In("nestord's key");
}

Result<PublicKey> KeyFromFile(const std::string& file) {
  constexpr size_t kLongest = 4096;
  std::ifstream in(file, std::ios::binary);
  if (!in) return Error::FromErrno("open " + file, errno);
  std::string pem(kLongest, '\0');
  in.read(pem.data(), static_cast<std::streamsize>(pem.size()));
  pem.resize(static_cast<size_t>(in.gcount()));
  auto key = PublicKey::FromPem(pem);
  return key ? std::move(key) : key.error().In(file);
}

Result<std::vector<PublicKey>> ReadKeys(const Session& session) {
  std::vector<PublicKey> keys;
  for (const std::string& name : session.options.verify.keys) {
    auto key = name == kKeyFromNode ? KeyFromNode(session) : KeyFromFile(name);
    if (!key) return key.error();
    keys.push_back(*std::move(key));
  }
  return keys;
}

Status VerifyFile(const std::string& name, Verifier& verifier) {
  if (name == "-") return VerifyLines(std::cin, verifier);
  std::ifstream file(name, std::ios::binary);
  if (!file) return Error::FromErrno("open " + name, errno);
  const Status read = VerifyLines(file, verifier);
  return read ? read : read.error().In(name);
}

Status Print(Session& session, const Verified& verified) {
  if (session.format == Format::kText) {
    return session.output->Write(Render(RenderVerified(verified), 0, session.color));
  }
  for (const auto& object : ToJson(verified)) {
    const std::string text =
        object.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
    if (Status added = session.output->Add(EscapeHostileJson(text) + "\n"); !added) return added;
  }
  return session.output->Flush();
}

}  // namespace

Status VerifyLines(std::istream& in, Verifier& verifier) {
  std::string line;
  uint64_t number = 0;
  while (std::getline(in, line)) {
    ++number;
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    const std::string where = "line " + std::to_string(number);
    if (line.size() > kLongestRecordedLine) {
      return Error::InvalidArgument("is longer than 4 MiB").In(where);
    }
    const auto event = ReadRecordedEvent(line);
    if (!event) return event.error().In(where);
    if (Status taken = verifier.Take(*event, number); !taken) return taken.error().In(where);
  }
  if (in.bad()) return Error{ErrorCode::kDataLoss, "the recording can't be read to its end"};
  return {};
}

Result<int> RunVerify(Session& session) {
  auto keys = ReadKeys(session);
  if (!keys) return keys.error();
  Verifier verifier(*std::move(keys));
  const std::string& name = session.options.verify.file;
  if (Status read = VerifyFile(name, verifier); !read) return read.error();
  const auto verified = verifier.Finish();
  if (!verified) return verified.error().In(name);
  if (Status printed = Print(session, *verified); !printed) return printed.error();
  return verified->holds() ? kExitOk : kExitFailure;
}

}  // namespace nestor::ctl
