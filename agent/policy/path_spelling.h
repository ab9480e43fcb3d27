// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_AGENT_POLICY_PATH_SPELLING_H_
#define NESTOR_AGENT_POLICY_PATH_SPELLING_H_

#include <optional>
#include <string>
#include <string_view>

namespace nestor {

// What is wrong with the spelling of a path, and how it is meant most likely.
struct Misspelling {
  std::string why;
  std::string instead;
};

// A rule's paths are compared with those that the kernel resolved: no `.` or `..`, no empty part,
// no link. The first is of a glob that no such path can ever be; none: it can.
std::optional<Misspelling> NeverAPath(std::string_view glob);

// The second is of one that is a link in most images, so that it holds in few. It knows the usual
// ones only: what is a link in an image is for the image to say.
std::optional<Misspelling> UsuallyALink(std::string_view glob);

}  // namespace nestor

#endif  // NESTOR_AGENT_POLICY_PATH_SPELLING_H_
