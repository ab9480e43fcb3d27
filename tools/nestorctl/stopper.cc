// SPDX-License-Identifier: Apache-2.0
#include "tools/nestorctl/stopper.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>

#include <array>
#include <utility>

namespace nestor::ctl {

Result<std::unique_ptr<Stopper>> Stopper::Start(int output_fd) {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&signals, signal);
  if (const int error = pthread_sigmask(SIG_BLOCK, &signals, nullptr)) {
    return Error::FromErrno("block signals", error);
  }
  UniqueFd signal_fd(signalfd(-1, &signals, SFD_CLOEXEC));
  if (!signal_fd.ok()) return Error::FromErrno("open a signalfd", errno);
  UniqueFd quit(eventfd(0, EFD_CLOEXEC));
  if (!quit.ok()) return Error::FromErrno("open an eventfd", errno);
  return std::unique_ptr<Stopper>(new Stopper(std::move(signal_fd), std::move(quit), output_fd));
}

Stopper::Stopper(UniqueFd signals, UniqueFd quit, int output_fd)
    : signals_(std::move(signals)),
      quit_(std::move(quit)),
      output_fd_(output_fd),
      thread_([this] { Run(); }) {}

Stopper::~Stopper() {
  eventfd_write(quit_.get(), 1);  // cannot fail: the counter is far from full
  thread_.join();
}

bool Stopper::stopped() const {
  const std::lock_guard lock(mutex_);
  return stopped_;
}

bool Stopper::interrupted() const {
  const std::lock_guard lock(mutex_);
  return interrupted_;
}

bool Stopper::Wait(std::chrono::nanoseconds time) const {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, time, [this] { return stopped_; });
}

void Stopper::Run() {
  // No event is asked of the output: poll tells by itself of errors and of a reader that hung up.
  std::array<pollfd, 3> watched{{{.fd = quit_.get(), .events = POLLIN, .revents = 0},
                                 {.fd = signals_.get(), .events = POLLIN, .revents = 0},
                                 {.fd = output_fd_, .events = 0, .revents = 0}}};
  while (poll(watched.data(), watched.size(), -1) < 0) {
    if (errno != EINTR) return;
  }
  if (watched[0].revents == 0) Stop(watched[1].revents != 0);
}

void Stopper::Stop(bool by_signal) {
  const std::lock_guard lock(mutex_);
  stopped_ = true;
  interrupted_ = by_signal;
  if (context_) context_->TryCancel();
  changed_.notify_all();
}

Stopper::Scope::Scope(Stopper& stopper, grpc::ClientContext& context) : stopper_(stopper) {
  const std::lock_guard lock(stopper_.mutex_);
  stopper_.context_ = &context;
  if (stopper_.stopped_) context.TryCancel();
}

Stopper::Scope::~Scope() {
  const std::lock_guard lock(stopper_.mutex_);
  stopper_.context_ = nullptr;
}

}  // namespace nestor::ctl
