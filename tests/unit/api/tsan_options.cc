// SPDX-License-Identifier: Apache-2.0
// The gRPC of the distribution is built without ThreadSanitizer, which then cannot see how gRPC's
// threads hand memory to each other and takes each hand-over for a race. What we compile is still
// watched, all locks included.
extern "C" const char* __tsan_default_options();  // read by the sanitizer's runtime at start
extern "C" const char* __tsan_default_options() { return "ignore_noninstrumented_modules=1"; }

// The part of gRPC that lies in its headers, and so in our binary.
extern "C" const char* __tsan_default_suppressions();
extern "C" const char* __tsan_default_suppressions() { return "race:grpc::internal::CallOpSet\n"; }
