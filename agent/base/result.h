// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_AGENT_BASE_RESULT_H_
#define NESTOR_AGENT_BASE_RESULT_H_

#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace nestor {

// The numbers are gRPC's (google.rpc.Code), so that api/ converts by cast and the core builds
// without gRPC.
enum class ErrorCode {
  kCancelled = 1,
  kUnknown = 2,
  kInvalidArgument = 3,
  kDeadlineExceeded = 4,
  kNotFound = 5,
  kAlreadyExists = 6,
  kPermissionDenied = 7,
  kResourceExhausted = 8,
  kFailedPrecondition = 9,
  kOutOfRange = 11,
  kUnimplemented = 12,
  kInternal = 13,
  kUnavailable = 14,
  kDataLoss = 15,
};

// What was tried, where and why it failed, for a person: "read /etc/nestor/nestord.yaml:3:5:
// unknown key `scpoe`".
struct Error {
  ErrorCode code = ErrorCode::kUnknown;
  std::string message;

  // `what` names the operation ("open exec probe"); the text of `number` (an errno, positive) is
  // appended.
  static Error FromErrno(std::string_view what, int number);
  static Error InvalidArgument(std::string message) {
    return {ErrorCode::kInvalidArgument, std::move(message)};
  }
  static Error NotFound(std::string message) { return {ErrorCode::kNotFound, std::move(message)}; }
  static Error FailedPrecondition(std::string message) {
    return {ErrorCode::kFailedPrecondition, std::move(message)};
  }
  static Error Internal(std::string message) { return {ErrorCode::kInternal, std::move(message)}; }

  // The same error seen from one level up: "context: message".
  Error In(std::string_view context) const { return {code, std::string(context) + ": " + message}; }
};

// A value or the reason why there is none. Nothing is thrown; asking for the wrong side aborts.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  T& operator*() & { return Held(std::get_if<0>(&state_)); }
  const T& operator*() const& { return Held(std::get_if<0>(&state_)); }
  T&& operator*() && { return std::move(Held(std::get_if<0>(&state_))); }
  T* operator->() { return &Held(std::get_if<0>(&state_)); }
  const T* operator->() const { return &Held(std::get_if<0>(&state_)); }

  const Error& error() const { return Held(std::get_if<1>(&state_)); }

 private:
  template <typename Side>
  static Side& Held(Side* side) {
    if (!side) std::abort();
    return *side;
  }

  std::variant<T, Error> state_;
};

// Success without a value.
class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(Error error) : error_(std::move(error)) {}

  bool ok() const { return !error_; }
  explicit operator bool() const { return ok(); }
  const Error& error() const {
    if (!error_) std::abort();
    return *error_;
  }

 private:
  std::optional<Error> error_;
};

}  // namespace nestor

#endif  // NESTOR_AGENT_BASE_RESULT_H_
