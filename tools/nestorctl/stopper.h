// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_TOOLS_NESTORCTL_STOPPER_H_
#define NESTOR_TOOLS_NESTORCTL_STOPPER_H_

#include <grpcpp/client_context.h>

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>

#include "agent/base/result.h"
#include "agent/base/unique_fd.h"

namespace nestor::ctl {

// Ends what waits on the node when the user asks for it (SIGINT, SIGTERM, SIGHUP) or when the
// reader of the output has gone away, which a quiet stream would not notice by writing.
class Stopper {
 public:
  // Blocks the signals in this thread, so call it before any other thread is started.
  static Result<std::unique_ptr<Stopper>> Start(int output_fd);
  ~Stopper();
  Stopper(const Stopper&) = delete;
  Stopper& operator=(const Stopper&) = delete;

  bool stopped() const;
  bool interrupted() const;  // stopped by a signal

  // Waits `time`; true when stopped meanwhile.
  bool Wait(std::chrono::nanoseconds time) const;

  // While it lives, a stop cancels the call of `context`; at once when it has come already.
  class Scope {
   public:
    Scope(Stopper& stopper, grpc::ClientContext& context);
    ~Scope();
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    Stopper& stopper_;
  };

 private:
  Stopper(UniqueFd signals, UniqueFd quit, int output_fd);
  void Run();
  void Stop(bool by_signal);

  const UniqueFd signals_;  // signalfd
  const UniqueFd quit_;     // eventfd: the destructor's word to the thread
  const int output_fd_;
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  bool stopped_ = false;                    // guarded by mutex_
  bool interrupted_ = false;                // guarded by mutex_
  grpc::ClientContext* context_ = nullptr;  // guarded by mutex_
  std::thread thread_;
};

}  // namespace nestor::ctl

#endif  // NESTOR_TOOLS_NESTORCTL_STOPPER_H_
