// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_TESTS_EVASIONS_TRICKS_TRICKS_H_
#define NESTOR_TESTS_EVASIONS_TRICKS_TRICKS_H_

#include <cstddef>
#include <span>

namespace nestor::evasions {

// Each takes what follows its name on the command line. 0 when the trick was played to its end;
// what came of it, the test sees.

// flip PROGRAM TAG COUNT: COUNT times PROGRAM, while a thread flips the argument behind TAG between
// two words of one length.
int Flip(std::span<char* const> arguments);
// lazy PROGRAM TAG: arguments in pages that are not there until the kernel itself reads them.
int Lazy(std::span<char* const> arguments);
// stall PROGRAM TAG: the same, and the kernel's read waits for a thread of ours (userfaultfd).
int Stall(std::span<char* const> arguments);
// int80 PROGRAM TAG: execve by the 32-bit system call, out of a 64-bit program.
int Int80(std::span<char* const> arguments);
// x32 PROGRAM TAG: execve by x32's system call.
int X32(std::span<char* const> arguments);
// protect PROGRAM TAG: maps PROGRAM to read and makes that executable: what a loader of one's own
// would do. Says `ran TAG` if it may.
int Protect(std::span<char* const> arguments);
// uring-open WAY FILE: opens and shows FILE. WAY is `plain`, `async` (a kernel's worker does it) or
// `sqpoll` (a kernel thread takes it).
int UringOpen(std::span<char* const> arguments);
// uring-connect WAY PORT TAG: connects to 127.0.0.1:PORT and says `ran TAG`.
int UringConnect(std::span<char* const> arguments);

inline constexpr size_t kPage = 4096;
inline constexpr char kForbidden[] = "--forbidden";
inline constexpr char kHarmless[] = "--innocent!";
static_assert(sizeof(kForbidden) == sizeof(kHarmless));

// perror and 1.
int Fail(const char* what);

}  // namespace nestor::evasions

#endif  // NESTOR_TESTS_EVASIONS_TRICKS_TRICKS_H_
