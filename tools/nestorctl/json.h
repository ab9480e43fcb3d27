// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_TOOLS_NESTORCTL_JSON_H_
#define NESTOR_TOOLS_NESTORCTL_JSON_H_

#include <google/protobuf/message.h>

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "agent/base/result.h"

namespace nestor::ctl {

// Prints its fields in the order in which they were set.
using Json = nlohmann::ordered_json;

// One line, no newline: proto field names, 64-bit numbers as strings, simple fields always present,
// unset messages absent. Fails only for text that is no UTF-8.
Result<std::string> ToJsonLine(const google::protobuf::Message& message);

// The same, indented for people, with a newline at the end.
Result<std::string> ToJsonDocument(const google::protobuf::Message& message);

}  // namespace nestor::ctl

#endif  // NESTOR_TOOLS_NESTORCTL_JSON_H_
