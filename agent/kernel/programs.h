// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_AGENT_KERNEL_PROGRAMS_H_
#define NESTOR_AGENT_KERNEL_PROGRAMS_H_

#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

struct bpf_object;
struct bpf_program;

namespace nestor {

// One BPF program, by the name and section that it has in the object file; both live as long as the
// Programs.
struct Program {
  std::string_view name, section;
  bpf_program* loaded = nullptr;  // null: nobody needed it yet, or the kernel refused it
};

// The BPF programs of one start of nestord, each loaded when something needs it: the verifier takes
// a second of a CPU for all of them, and on a slow node many. Those that are loaded together are
// dealt out to several threads, each with an object of its own; all share the maps of one object.
// Thread: any; Load one at a time.
class Programs {
 public:
  // `maps`: opened. From here on none of its programs is loaded with it; its maps are, by the
  // caller, before the first Load. `file`: what it was opened from. Both outlive this.
  Programs(bpf_object* maps, std::span<const std::byte> file);
  ~Programs();
  Programs(const Programs&) = delete;
  Programs& operator=(const Programs&) = delete;

  // This kernel cannot take it, or nobody will want it: it is not among All() any more.
  void LeaveOut(std::string_view name);
  // In the order of the object file.
  std::vector<Program> All() const;
  // null: it is not loaded.
  bpf_program* Find(std::string_view name) const;

  // Loads those that are wanted and not loaded yet. What the kernel refuses is left out from here
  // on, until nestord starts again; all others are loaded.
  void Load(const std::function<bool(const Program&)>& wanted);
  struct Refused {
    Program program;
    std::string reason;  // errno's and libbpf's words, with the end of the verifier's log
  };
  // Those that the kernel refused since the last call.
  std::vector<Refused> TakeRefused();

 private:
  struct CloseObject {
    void operator()(bpf_object* object) const;
  };
  using Object = std::unique_ptr<bpf_object, CloseObject>;
  struct Batch;

  std::vector<Batch> Deal(const std::vector<Program>& wanted) const;
  void LoadBatch(Batch& batch) const;
  void Keep(Batch& batch);

  bpf_object* maps_;
  std::span<const std::byte> file_;
  mutable std::mutex mutex_;  // guards what follows
  std::vector<Program> known_;
  std::vector<Object> objects_;
  std::vector<Refused> refused_;
};

// libbpf prints through one function of the process. From here on what it says is kept, by thread.
void KeepLibbpfLog();
// The end of what it said in this thread since the last call.
std::string TakeLibbpfLog();

}  // namespace nestor

#endif  // NESTOR_AGENT_KERNEL_PROGRAMS_H_
