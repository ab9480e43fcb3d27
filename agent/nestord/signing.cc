// SPDX-License-Identifier: Apache-2.0
#include "agent/nestord/signing.h"

#include <utility>

namespace nestor {
namespace {

// The node's own, with its directory; or the reason why not.
Result<Signing> OpenLasting(const std::string& path) {
  if (path.empty()) return Error::FailedPrecondition("record.directory is empty");
  auto directory = StateDirectory::Open(path);
  if (!directory) return directory.error();
  auto key = directory->Key();
  if (!key) return key.error();
  return Signing{std::make_shared<StateDirectory>(*std::move(directory)), *std::move(key), ""};
}

}  // namespace

Result<Signing> OpenSigning(const std::string& path) {
  auto lasting = OpenLasting(path);
  if (lasting) return lasting;
  auto key = SigningKey::Generate();
  if (!key) return key.error();
  return Signing{nullptr, *std::move(key), lasting.error().message};
}

std::shared_ptr<Heart> StartHeart(HeartOptions options, Signing& signing,
                                  std::chrono::milliseconds patience,
                                  std::function<void(const Error&)> complain) {
  if (signing.directory) {
    if (Status locked = signing.directory->Lock(patience); !locked) {
      signing.fault = locked.error().message;
      signing.directory.reset();
    }
  }
  LastBeat last;
  std::unique_ptr<Keeper> keeper;
  if (signing.directory) {
    last = signing.directory->ReadBeat(signing.key->public_key());
    keeper = std::make_unique<Keeper>(
        [directory = signing.directory](const HeartbeatInfo& beat) {
          return directory->WriteBeat(beat);
        },
        std::move(complain));
  }
  return std::make_shared<Heart>(std::move(options), *signing.key, std::move(last),
                                 std::move(keeper));
}

SignerInfo Describe(const Signing& signing, const std::string& path) {
  const PublicKey& key = signing.key->public_key();
  return {path, key.id(), key.Pem(), signing.directory != nullptr, signing.fault};
}

}  // namespace nestor
