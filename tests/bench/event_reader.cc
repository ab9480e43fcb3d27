// SPDX-License-Identifier: Apache-2.0
// event_reader SOCKET: one gRPC reader of the event stream, as a collector is one: takes every
// event, prints how many when the stream ends or at SIGTERM.
#include <grpcpp/grpcpp.h>
#include <signal.h>

#include <cstdio>
#include <thread>

#include "nestor/v1/nestor.grpc.pb.h"

int main(int argc, char** argv) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);

  const auto channel =
      grpc::CreateChannel(std::string("unix:") + (argc > 1 ? argv[1] : "/run/nestor/nestord.sock"),
                          grpc::InsecureChannelCredentials());
  const auto stub = nestor::v1::Nestor::NewStub(channel);
  grpc::ClientContext context;
  std::thread([&] {
    int number = 0;
    sigwait(&signals, &number);
    context.TryCancel();
  }).detach();

  nestor::v1::StreamEventsRequest request;
  request.set_follow(true);
  const auto stream = stub->StreamEvents(&context, request);
  nestor::v1::EventBatch batch;
  unsigned long count = 0, execs = 0, lost = 0;
  while (stream->Read(&batch)) {
    for (const nestor::v1::Event& event : batch.events()) {
      ++count;
      execs += event.type() == "exec";
      lost += event.type() == "loss";
    }
  }
  std::printf("reader: %lu events, %lu execs, %lu loss events\n", count, execs, lost);
  return 0;
}
