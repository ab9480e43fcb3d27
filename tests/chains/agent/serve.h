// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_TESTS_CHAINS_AGENT_SERVE_H_
#define NESTOR_TESTS_CHAINS_AGENT_SERVE_H_

#include <functional>
#include <string>
#include <string_view>

namespace nestor::chains {

// Does what a caller asks for. It gets the task's whole text.
using Handler = std::function<void(const std::string&)>;

void RunAsServer(const std::string& text);

// Reads one task from the connection, runs it in this thread, answers and closes.
void ServeOne(int fd);

// Of a pool, and of processes that accept.
inline constexpr int kWorkers = 3;

// The ways in which servers serve. None returns.
void ServeByFork(int listener);
void ServeByThread(int listener);
void ServeByPool(int listener);     // the acceptor queues connections, a worker thread reads
void ServeByQueue(int listener);    // the acceptor reads, and queues requests
void ServeByPrefork(int listener);  // worker processes accept
void ServeByLoop(int listener,
                 const Handler& handler);  // one thread, non-blocking, all connections at once
void ServeDatagrams(int fd, bool fork_each);
void ServeByPair(
    int listener);  // a child per caller; requests go on over a socketpair to one worker
// One loop; requests go on over one connection that is kept, to a server of another process that
// forks for each.
void ServeByGateway(int listener);
void ServeByPass(int listener);  // connections go to a worker by SCM_RIGHTS
void ServeByListener(
    int listener);                // the listener itself goes to a worker by SCM_RIGHTS, which forks
void ServeByGetfd(int listener);  // a worker takes connections by pidfd_getfd

}  // namespace nestor::chains

#endif  // NESTOR_TESTS_CHAINS_AGENT_SERVE_H_
