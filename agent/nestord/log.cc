// SPDX-License-Identifier: Apache-2.0
#include "agent/nestord/log.h"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

namespace nestor {

void SetUpLog(const std::string& level) {
  if (!spdlog::get("nestord")) {
    auto logger = spdlog::stderr_color_mt("nestord");
    logger->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %^%-5l%$ %v", spdlog::pattern_time_type::utc);
    spdlog::set_default_logger(std::move(logger));
  }
  spdlog::set_level(spdlog::level::from_str(level));
  spdlog::flush_on(spdlog::level::info);
}

}  // namespace nestor
