// SPDX-License-Identifier: Apache-2.0
#include "tools/nestorctl/verify/recorded_event.h"

#include <array>
#include <charconv>
#include <nlohmann/json.hpp>
#include <string>

#include "agent/beat/keys.h"

namespace nestor::ctl {
namespace {

using Json = nlohmann::json;

// Strict: no other text stands for the same bytes, so that a change of any letter shows.
std::optional<std::string> FromBase64(std::string_view text) {
  constexpr std::string_view kLetters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  if (text.size() % 4 != 0) return std::nullopt;
  for (int padding = 0; padding < 2 && text.ends_with('='); ++padding) text.remove_suffix(1);
  std::string bytes;
  uint32_t bits = 0;
  int count = 0;
  for (const char letter : text) {
    const size_t value = kLetters.find(letter);
    if (value == std::string_view::npos) return std::nullopt;
    bits = bits << 6 | static_cast<uint32_t>(value);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    bytes += static_cast<char>(bits >> count & 0xff);
    bits &= (1U << count) - 1;
  }
  if (bits != 0) return std::nullopt;
  return bytes;
}

// Fields of one object; the first fault is kept.
class Fields {
 public:
  Fields(const Json& object, std::string name) : object_(object), name_(std::move(name)) {}

  void Text(const char* key, std::string& out) {
    const Json* value = Find(key);
    if (!value) return;
    if (!value->is_string()) return Fail(key, "is no text");
    out = value->get<std::string>();
  }
  // 64-bit ones are strings in JSON.
  void Number(const char* key, uint64_t& out) {
    const Json* value = Find(key);
    if (!value) return;
    if (value->is_number_unsigned()) {
      out = value->get<uint64_t>();
      return;
    }
    if (!value->is_string()) return Fail(key, "is no number");
    const auto& text = value->get_ref<const std::string&>();
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, out);
    if (error != std::errc() || stop != end) Fail(key, "is no number");
  }
  void Bool(const char* key, bool& out) {
    const Json* value = Find(key);
    if (!value) return;
    if (!value->is_boolean()) return Fail(key, "is neither true nor false");
    out = value->get<bool>();
  }
  void Signature(const char* key, std::string& out) {
    std::string text;
    Text(key, text);
    if (fault_) return;
    const auto bytes = FromBase64(text);
    if (!bytes || bytes->size() != kSignatureBytes) return Fail(key, "is no signature in base64");
    out = *bytes;
  }

  Status Done() const { return fault_ ? Status(*fault_) : Status(); }

 private:
  const Json* Find(const char* key) {
    const auto found = object_.find(key);
    if (found != object_.end()) return &*found;
    Fail(key, "is missing");
    return nullptr;
  }
  void Fail(const char* key, const char* reason) {
    if (!fault_) fault_ = Error::InvalidArgument("`" + name_ + key + "` " + reason);
  }

  const Json& object_;
  const std::string name_;
  std::optional<Error> fault_;
};

Result<HeartbeatInfo> ReadHeartbeat(const Json& object) {
  HeartbeatInfo beat;
  auto& [node, boot_id, instance, number, first_seq, last_seq, losses, interval_ns, boot_ns,
         time_ns, final, previous, key_id, signature] = beat;
  Fields fields(object, "heartbeat.");
  fields.Text("node", node);
  fields.Text("boot_id", boot_id);
  fields.Number("instance", instance);
  fields.Number("number", number);
  fields.Number("first_seq", first_seq);
  fields.Number("last_seq", last_seq);
  fields.Number("losses", losses);
  fields.Number("interval_ns", interval_ns);
  fields.Number("boot_ns", boot_ns);
  fields.Number("time_ns", time_ns);
  fields.Bool("final", final);
  fields.Text("previous", previous);
  fields.Text("key_id", key_id);
  fields.Signature("signature", signature);
  if (Status status = fields.Done(); !status) return status.error();
  return beat;
}

Result<GapInfo> ReadGap(const Json& object) {
  GapInfo gap;
  auto& [node, boot_id, instance, boot_ns, time_ns, earlier, previous_boot_id, previous_instance,
         previous_number, previous_seq, previous_boot_ns, previous_time_ns, same_boot, ending,
         kernel, losses, previous, key_id, signature] = gap;
  Fields fields(object, "gap.");
  fields.Text("node", node);
  fields.Text("boot_id", boot_id);
  fields.Number("instance", instance);
  fields.Number("boot_ns", boot_ns);
  fields.Number("time_ns", time_ns);
  fields.Text("earlier", earlier);
  fields.Text("previous_boot_id", previous_boot_id);
  fields.Number("previous_instance", previous_instance);
  fields.Number("previous_number", previous_number);
  fields.Number("previous_seq", previous_seq);
  fields.Number("previous_boot_ns", previous_boot_ns);
  fields.Number("previous_time_ns", previous_time_ns);
  fields.Bool("same_boot", same_boot);
  fields.Text("ending", ending);
  fields.Text("kernel", kernel);
  fields.Number("losses", losses);
  fields.Text("previous", previous);
  fields.Text("key_id", key_id);
  fields.Signature("signature", signature);
  if (Status status = fields.Done(); !status) return status.error();
  return gap;
}

// A part of the event that is an object; null: it has none.
Result<const Json*> PartOf(const Json& event, const char* name) {
  const auto found = event.find(name);
  if (found == event.end() || found->is_null()) return static_cast<const Json*>(nullptr);
  if (!found->is_object()) {
    return Error::InvalidArgument("`" + std::string(name) + "` is no object");
  }
  return &*found;
}

Status ReadSigned(const Json& line, RecordedEvent& event) {
  const auto beat = PartOf(line, "heartbeat");
  if (!beat) return beat.error();
  if (*beat) {
    auto read = ReadHeartbeat(**beat);
    if (!read) return read.error();
    event.heartbeat = *std::move(read);
  }
  const auto gap = PartOf(line, "gap");
  if (!gap) return gap.error();
  if (*gap) {
    auto read = ReadGap(**gap);
    if (!read) return read.error();
    event.gap = *std::move(read);
  }
  return {};
}

// nestord's word to one reader, that it was too late.
Status ReadMissed(const Json& line, RecordedEvent& event) {
  const auto loss = PartOf(line, "loss");
  if (!loss) return loss.error();
  if (!*loss) return Error::InvalidArgument("`seq` is 0");
  Fields fields(**loss, "loss.");
  std::string where;
  fields.Text("where", where);
  fields.Number("count", event.missed);
  if (Status status = fields.Done(); !status) return status;
  if (where == "event-log" && event.missed <= kLargestSeq) return {};
  return Error::InvalidArgument("`seq` is 0");
}

}  // namespace

Result<RecordedEvent> ReadRecordedEvent(std::string_view line) {
  const Json json = Json::parse(line, nullptr, false);
  if (!json.is_object()) return Error::InvalidArgument("is no JSON object");
  RecordedEvent event;
  Fields fields(json, "");
  fields.Number("seq", event.seq);
  fields.Text("type", event.type);
  fields.Text("node", event.node);
  fields.Text("boot_id", event.boot_id);
  fields.Number("boot_ns", event.boot_ns);
  if (Status status = fields.Done(); !status) return status.error();
  if (event.seq > kLargestSeq) return Error::InvalidArgument("`seq` is no seq of nestord");
  if (event.seq == 0) {
    if (Status status = ReadMissed(json, event); !status) return status.error();
  }
  if (Status status = ReadSigned(json, event); !status) return status.error();
  return event;
}

}  // namespace nestor::ctl
