// SPDX-License-Identifier: Apache-2.0
#include "tools/nestorctl/json.h"

#include <google/protobuf/util/json_util.h>

#include "tools/nestorctl/escape.h"

namespace nestor::ctl {
namespace {

Result<std::string> ToJson(const google::protobuf::Message& message, bool indented) {
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  options.always_print_primitive_fields = true;
  options.add_whitespace = indented;
  std::string json;
  const auto status = google::protobuf::util::MessageToJsonString(message, &json, options);
  if (!status.ok()) {
    return Error::Internal("write " + message.GetTypeName() + " as JSON: " + status.ToString());
  }
  return EscapeHostileJson(json);
}

}  // namespace

Result<std::string> ToJsonLine(const google::protobuf::Message& message) {
  return ToJson(message, false);
}

Result<std::string> ToJsonDocument(const google::protobuf::Message& message) {
  return ToJson(message, true);
}

}  // namespace nestor::ctl
