// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_TESTS_UNIT_PIPELINE_QUIET_NODE_H_
#define NESTOR_TESTS_UNIT_PIPELINE_QUIET_NODE_H_

#include <memory>
#include <utility>

#include "agent/pipeline/pipeline.h"
#include "tests/unit/pipeline/quiet_kernel.h"

namespace nestor {

// What a pipeline lives among: a quiet kernel, and no container.
struct QuietNode {
  QuietNode() {
    WorkloadOptions options;
    options.cri_endpoint = "";
    options.cgroup_root = "/proc/self/task";  // no container's cgroup is there
    workloads = std::make_unique<WorkloadIndex>(options);
  }

  // One start of nestord, not begun. At most one lives at a time.
  std::unique_ptr<Pipeline> MakePipeline(PipelineOptions options = {}) {
    return std::make_unique<Pipeline>(std::move(options), kernel, *workloads, proc,
                                      *AgentRecogniser::Create({}), *Masker::Create({}));
  }

  QuietKernel kernel;
  const ProcReader proc;
  std::unique_ptr<WorkloadIndex> workloads;
};

}  // namespace nestor

#endif  // NESTOR_TESTS_UNIT_PIPELINE_QUIET_NODE_H_
