// SPDX-License-Identifier: Apache-2.0
#include "agent/beat/signed_bytes.h"

#include <cstdint>

#include "agent/beat/keys.h"

namespace nestor {
namespace {

// They keep what is signed for one purpose from being taken for another.
constexpr std::string_view kHeartbeatDomain = "nestor-heartbeat-v1\n";
constexpr std::string_view kGapDomain = "nestor-gap-v1\n";

class Writer {
 public:
  explicit Writer(std::string_view domain) : bytes_(domain) {}

  void One(uint64_t number) { BigEndian(number, 8); }
  void One(bool value) { BigEndian(value ? 1 : 0, 8); }
  void One(const std::string& text) {
    BigEndian(text.size(), 4);
    bytes_ += text;
  }

  std::string Take() { return std::move(bytes_); }

 private:
  void BigEndian(uint64_t number, int size) {
    for (int byte = size - 1; byte >= 0; --byte) {
      bytes_ += static_cast<char>(number >> (8 * byte) & 0xff);
    }
  }

  std::string bytes_;
};

class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}

  void One(uint64_t& number) { number = BigEndian(8); }
  void One(bool& value) {
    const uint64_t number = BigEndian(8);
    if (number > 1) fine_ = false;
    value = number == 1;
  }
  void One(std::string& text) { text = Bytes(BigEndian(4)); }
  std::string Bytes(uint64_t size) {
    if (size > bytes_.size() - at_) fine_ = false;
    if (!fine_) return "";
    at_ += size;
    return std::string(bytes_.substr(at_ - size, size));
  }

  bool fine() const { return fine_; }
  size_t left() const { return bytes_.size() - at_; }
  size_t at() const { return at_; }

 private:
  uint64_t BigEndian(size_t size) {
    uint64_t number = 0;
    for (const char byte : Bytes(size)) number = number << 8 | static_cast<uint8_t>(byte);
    return number;
  }

  std::string_view bytes_;
  size_t at_ = 0;
  bool fine_ = true;
};

// The order in which both sides go. A field that is added does not compile until it is bound.
template <typename Beat, typename Side>
void EachOfBeat(Beat& beat, Side& side) {
  auto& [node, boot_id, instance, number, first_seq, last_seq, losses, interval_ns, boot_ns,
         time_ns, final, previous, key_id, signature] = beat;
  side.One(node);
  side.One(boot_id);
  for (auto* each :
       {&instance, &number, &first_seq, &last_seq, &losses, &interval_ns, &boot_ns, &time_ns}) {
    side.One(*each);
  }
  side.One(final);
  side.One(previous);
  side.One(key_id);
  static_cast<void>(signature);  // it is over the others
}

}  // namespace

std::string SignedBytes(const HeartbeatInfo& beat) {
  Writer writer(kHeartbeatDomain);
  EachOfBeat(beat, writer);
  return writer.Take();
}

std::string SignedBytes(const GapInfo& gap) {
  const auto& [node, boot_id, instance, boot_ns, time_ns, earlier, previous_boot_id,
               previous_instance, previous_number, previous_seq, previous_boot_ns, previous_time_ns,
               same_boot, ending, kernel, losses, previous, key_id, signature] = gap;
  static_cast<void>(signature);
  Writer writer(kGapDomain);
  writer.One(node);
  writer.One(boot_id);
  for (const uint64_t number : {instance, boot_ns, time_ns}) writer.One(number);
  writer.One(earlier);
  writer.One(previous_boot_id);
  for (const uint64_t number :
       {previous_instance, previous_number, previous_seq, previous_boot_ns, previous_time_ns}) {
    writer.One(number);
  }
  writer.One(same_boot);
  writer.One(ending);
  writer.One(kernel);
  writer.One(losses);
  writer.One(previous);
  writer.One(key_id);
  return writer.Take();
}

std::string ToBeatFile(const HeartbeatInfo& beat) { return SignedBytes(beat) + beat.signature; }

Result<HeartbeatInfo> FromBeatFile(std::string_view bytes) {
  if (bytes.size() > kLongestBeatFile) return Error::InvalidArgument("is longer than a heartbeat");
  if (!bytes.starts_with(kHeartbeatDomain)) {
    return Error::InvalidArgument("does not begin as a heartbeat");
  }
  Reader reader(bytes.substr(kHeartbeatDomain.size()));
  HeartbeatInfo beat;
  EachOfBeat(beat, reader);
  if (reader.fine() && reader.left() == kSignatureBytes) {
    beat.signature = reader.Bytes(kSignatureBytes);
    return beat;
  }
  return Error::InvalidArgument("is no heartbeat from byte " +
                                std::to_string(kHeartbeatDomain.size() + reader.at()) + " on");
}

}  // namespace nestor
