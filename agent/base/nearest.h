// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_AGENT_BASE_NEAREST_H_
#define NESTOR_AGENT_BASE_NEAREST_H_

#include <string>
#include <string_view>
#include <vector>

namespace nestor {

// The candidate that `word` was probably meant to be (edit distance at most a third of its length,
// at least 1); "" when none is near. Thread: any.
std::string NearestWord(std::string_view word, const std::vector<std::string_view>& candidates);

// "; did you mean `scope`?", or what there is to choose from: "; one of: pods, node".
std::string Suggest(std::string_view word, const std::vector<std::string_view>& candidates);

}  // namespace nestor

#endif  // NESTOR_AGENT_BASE_NEAREST_H_
