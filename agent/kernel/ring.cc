// SPDX-License-Identifier: Apache-2.0
#include "agent/kernel/ring.h"

#include <bpf/bpf.h>
#include <linux/bpf.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <utility>

namespace nestor {
namespace {

// The kernel and another reader of the same memory write these.
uint64_t LoadPosition(const void* at) {
  return __atomic_load_n(static_cast<const uint64_t*>(at), __ATOMIC_ACQUIRE);
}

uint64_t WithHeader(uint32_t length) { return (uint64_t{length} + BPF_RINGBUF_HDR_SZ + 7) / 8 * 8; }

}  // namespace

Result<Ring> Ring::Open(int fd, volatile uint64_t* unsure) {
  bpf_map_info info{};
  uint32_t info_size = sizeof(info);
  if (bpf_obj_get_info_by_fd(fd, &info, &info_size) != 0) {
    return Error::FromErrno("ask for the ring's size", errno);
  }
  Ring ring(unsure);
  ring.page_ = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  ring.size_ = info.max_entries;
  void* consumer = mmap(nullptr, ring.page_, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (consumer == MAP_FAILED) return Error::FromErrno("map the ring's reader page", errno);
  ring.consumer_ = static_cast<uint64_t*>(consumer);
  void* producer = mmap(nullptr, ring.page_ + 2 * ring.size_, PROT_READ, MAP_SHARED, fd,
                        static_cast<off_t>(ring.page_));
  if (producer == MAP_FAILED) return Error::FromErrno("map the ring", errno);
  ring.producer_ = static_cast<const std::byte*>(producer);
  ring.read_ = LoadPosition(ring.consumer_);
  return ring;
}

Ring::Ring(Ring&& other) noexcept
    : consumer_(std::exchange(other.consumer_, nullptr)),
      producer_(std::exchange(other.producer_, nullptr)),
      page_(other.page_),
      size_(other.size_),
      read_(other.read_),
      kept_(std::move(other.kept_)) {}

Ring::~Ring() {
  if (consumer_) munmap(consumer_, page_);
  if (producer_) munmap(const_cast<std::byte*>(producer_), page_ + 2 * size_);
}

uint64_t Ring::End() const { return LoadPosition(producer_); }

size_t Ring::Read(const RecordSink& sink, uint64_t end, double kept_share) {
  const auto most_kept = static_cast<uint64_t>(kept_share * static_cast<double>(size_));
  const uint64_t begin = read_;
  uint64_t fresh = 0;  // records since the last mark
  const std::byte* data = producer_ + page_;
  size_t count = 0;
  while (read_ < end) {
    const std::byte* record = data + (read_ & (size_ - 1));
    const uint32_t header =
        __atomic_load_n(reinterpret_cast<const uint32_t*>(record), __ATOMIC_ACQUIRE);
    if (header & BPF_RINGBUF_BUSY_BIT) break;
    const uint32_t length = header & ~(BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT);
    if (!(header & BPF_RINGBUF_DISCARD_BIT)) {
      sink({record + BPF_RINGBUF_HDR_SZ, length});
      ++count;
      ++fresh;
    }
    read_ += WithHeader(length);
    if (read_ - LoadPosition(consumer_) <= most_kept) continue;
    kept_.GiveUp(read_, fresh);
    GiveBackTo(read_);
    fresh = 0;
  }
  if (read_ != begin && read_ != LoadPosition(consumer_)) kept_.Read(read_, fresh);
  return count;
}

void Ring::GiveBackTold(Clock::time_point since) {
  if (const auto position = kept_.TakeTold(since)) GiveBackTo(*position);
}

void Ring::GiveBackAll() {
  GiveBackTo(read_);
  kept_.Clear();
}

void Ring::GiveBackTo(uint64_t position) {
  if (position > LoadPosition(consumer_)) __atomic_store_n(consumer_, position, __ATOMIC_RELEASE);
}

}  // namespace nestor
