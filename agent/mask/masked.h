// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_AGENT_MASK_MASKED_H_
#define NESTOR_AGENT_MASK_MASKED_H_

#include <utility>

namespace nestor {

// A value whose strings have been through the masker. Everything right of mask/ takes only this, so
// that forgetting to mask does not compile.
template <typename T>
class Masked {
 public:
  const T& operator*() const { return value_; }
  const T* operator->() const { return &value_; }

 private:
  friend class Masker;  // the only maker
  explicit Masked(T&& value) : value_(std::move(value)) {}
  T value_;
};

}  // namespace nestor

#endif  // NESTOR_AGENT_MASK_MASKED_H_
