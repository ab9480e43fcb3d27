// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_AGENT_EVENT_BOXED_H_
#define NESTOR_AGENT_EVENT_BOXED_H_

#include <memory>
#include <utility>

namespace nestor {

// A std::optional that takes one pointer's room while it is empty: for the parts of an event that
// few events have. It owns and copies its value.
template <typename T>
class Boxed {
 public:
  Boxed() = default;
  Boxed(T value) : value_(std::make_unique<T>(std::move(value))) {}
  Boxed(const Boxed& other) : value_(other ? std::make_unique<T>(*other) : nullptr) {}
  Boxed(Boxed&&) noexcept = default;
  Boxed& operator=(Boxed other) noexcept {
    value_ = std::move(other.value_);
    return *this;
  }
  ~Boxed() = default;

  T& emplace() { return *(value_ = std::make_unique<T>()); }
  bool has_value() const { return value_ != nullptr; }
  explicit operator bool() const { return has_value(); }
  // Only while it has a value, as with std::optional.
  T& operator*() { return *value_; }
  const T& operator*() const { return *value_; }
  T* operator->() { return value_.get(); }
  const T* operator->() const { return value_.get(); }

 private:
  std::unique_ptr<T> value_;
};

}  // namespace nestor

#endif  // NESTOR_AGENT_EVENT_BOXED_H_
