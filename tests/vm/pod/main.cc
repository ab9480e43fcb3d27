// SPDX-License-Identifier: Apache-2.0
// `pod`: runs pods at a container runtime without a cluster, for tests inside a VM.
#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <iomanip>
#include <iostream>

#include "tests/vm/pod/exec.h"
#include "tests/vm/pod/log.h"
#include "tests/vm/pod/manifest.h"
#include "tests/vm/pod/names.h"
#include "tests/vm/pod/node.h"
#include "tests/vm/pod/runtime.h"

namespace nestor::pod {
namespace {

constexpr int kFailed = 1;
constexpr int kUsage = 2;

struct Arguments {
  std::vector<std::string> files;
  std::vector<std::string> pods;
  std::string pod;
  std::string container;
  std::string namespace_name = "default";
  std::vector<std::string> command;  // what stands after "--"
  bool tty = false;
  bool stdin_open = false;
  bool all = false;
  uint64_t grace_s = 2;
  uint64_t limit_s = 60;
};

int Fail(const Error& error) {
  std::cerr << "pod: " << error.message << "\n";
  return kFailed;
}

// "shop/web" names its namespace; "web" is in the one of -n.
PodName NameOf(const std::string& text, const Arguments& arguments) {
  const size_t slash = text.find('/');
  if (slash == std::string::npos) return {arguments.namespace_name, text};
  return {text.substr(0, slash), text.substr(slash + 1)};
}

// All images are looked for before anything is started.
Status CheckImages(Runtime& runtime, const Manifests& manifests) {
  for (const PodSpec& pod : manifests.pods) {
    for (const auto* list : {&pod.init_containers, &pod.containers}) {
      for (const ContainerSpec& container : *list) {
        if (const auto id = runtime.ImageId(container.image); !id) {
          return id.error().In("pod " + pod.name + ", container " + container.name);
        }
      }
    }
  }
  return {};
}

int RunPods(Runtime& runtime, const Arguments& arguments) {
  const auto manifests = ReadManifests(arguments.files);
  if (!manifests) return Fail(manifests.error());
  for (const std::string& skipped : manifests->skipped) {
    std::cerr << "pod: " << skipped << " means nothing without an API server: skipped\n";
  }
  if (manifests->pods.empty()) return Fail(Error::NotFound("no Pod and no DaemonSet in the files"));
  if (Status status = CheckImages(runtime, *manifests); !status) return Fail(status.error());
  Node node(runtime);
  for (const PodSpec& pod : manifests->pods) {
    const auto running = node.Run(pod, manifests->config_maps);
    if (!running) return Fail(running.error());
    std::cout << pod.namespace_name << "/" << pod.name << " uid=" << pod.uid
              << " sandbox=" << running->sandbox_id
              << " ip=" << (running->ip.empty() ? "host" : running->ip) << std::endl;
  }
  return 0;
}

int Exec(Runtime& runtime, const Arguments& arguments) {
  const auto container = Node(runtime).Find(NameOf(arguments.pod, arguments), arguments.container);
  if (!container) return Fail(container.error());
  cri::ExecRequest request;
  request.set_container_id(container->id());
  for (const std::string& word : arguments.command) request.add_cmd(word);
  request.set_tty(arguments.tty);
  request.set_stdin(arguments.stdin_open);
  request.set_stdout(true);
  request.set_stderr(!arguments.tty);
  const auto url = runtime.ExecUrl(request);
  if (!url) return Fail(url.error());
  const auto code = StreamExec(*url, {arguments.tty, arguments.stdin_open});
  return code ? *code : Fail(code.error());
}

int Logs(Runtime& runtime, const Arguments& arguments) {
  const auto container = Node(runtime).Find(NameOf(arguments.pod, arguments), arguments.container);
  if (!container) return Fail(container.error());
  const auto status = runtime.StatusOf(container->id());
  if (!status) return Fail(status.error());
  const Status printed = PrintLog(status->log_path(), std::cout);
  return printed ? 0 : Fail(printed.error());
}

int Wait(Runtime& runtime, const Arguments& arguments) {
  Node node(runtime);
  const auto container = node.Find(NameOf(arguments.pod, arguments), arguments.container);
  if (!container) return Fail(container.error());
  const auto code = node.WaitForEnd(container->id(),
                                    std::chrono::seconds(static_cast<int64_t>(arguments.limit_s)));
  return code ? *code : Fail(code.error());
}

Result<std::vector<cri::PodSandbox>> Named(Runtime& runtime, const Arguments& arguments) {
  if (arguments.all) return runtime.Sandboxes();
  std::vector<cri::PodSandbox> sandboxes;
  for (const std::string& text : arguments.pods) {
    const auto sandbox = Node(runtime).Find(NameOf(text, arguments));
    if (!sandbox) return sandbox.error();
    sandboxes.push_back(*sandbox);
  }
  return sandboxes;
}

int Remove(Runtime& runtime, const Arguments& arguments) {
  const auto sandboxes = Named(runtime, arguments);
  if (!sandboxes) return Fail(sandboxes.error());
  int code = 0;
  const std::chrono::seconds grace(static_cast<int64_t>(arguments.grace_s));
  for (const cri::PodSandbox& sandbox : *sandboxes) {
    if (Status status = Node(runtime).Remove(sandbox, grace); !status) code = Fail(status.error());
  }
  return code;
}

const char* StateWord(cri::ContainerState state) {
  switch (state) {
    case cri::CONTAINER_CREATED:
      return "created";
    case cri::CONTAINER_RUNNING:
      return "running";
    case cri::CONTAINER_EXITED:
      return "exited";
    default:
      return "unknown";
  }
}

int List(Runtime& runtime, const Arguments&) {
  const auto sandboxes = runtime.Sandboxes();
  if (!sandboxes) return Fail(sandboxes.error());
  std::cout << std::left;
  const auto row = [](const std::string& pod, const std::string& container,
                      const std::string& state, const std::string& id) {
    std::cout << std::setw(32) << pod << ' ' << std::setw(20) << container << ' ' << std::setw(9)
              << state << ' ' << id << '\n';
  };
  row("POD", "CONTAINER", "STATE", "ID");
  for (const cri::PodSandbox& sandbox : *sandboxes) {
    const std::string pod = sandbox.metadata().namespace_() + "/" + sandbox.metadata().name();
    row(pod, "(sandbox)", sandbox.state() == cri::SANDBOX_READY ? "ready" : "notready",
        sandbox.id());
    const auto containers = runtime.Containers(sandbox.id());
    if (!containers) return Fail(containers.error());
    for (const cri::Container& container : *containers) {
      row(pod, container.metadata().name(), StateWord(container.state()), container.id());
    }
  }
  return 0;
}

using Action = std::function<int(Runtime&, const Arguments&)>;

CLI::App* AddCommand(CLI::App& app, const char* name, const char* help, Action action,
                     Action& chosen) {
  CLI::App* command = app.add_subcommand(name, help);
  command->callback([action = std::move(action), &chosen] { chosen = action; });
  return command;
}

void AddPodAndContainer(CLI::App* command, Arguments& arguments) {
  command->add_option("POD", arguments.pod, "name, or namespace/name")->required();
  command->add_option("CONTAINER", arguments.container)->required();
  command->add_option("-n,--namespace", arguments.namespace_name)->capture_default_str();
}

void AddCommands(CLI::App& app, Arguments& arguments, Action& chosen) {
  app.require_subcommand(1);
  CLI::App* run =
      AddCommand(app, "run", "start the pods of Kubernetes YAML files", RunPods, chosen);
  run->add_option("-f,--filename,FILES", arguments.files, "Pod, DaemonSet and ConfigMap documents")
      ->required();

  CLI::App* exec = AddCommand(
      app, "exec", "run a command in a container: pod exec POD CONTAINER -- CMD...", Exec, chosen);
  AddPodAndContainer(exec, arguments);
  exec->add_flag("-t,--tty", arguments.tty, "give the command a terminal");
  exec->add_flag("-i,--stdin", arguments.stdin_open, "pass our stdin");

  AddPodAndContainer(AddCommand(app, "logs", "print what a container printed", Logs, chosen),
                     arguments);
  CLI::App* wait =
      AddCommand(app, "wait", "wait until a container ends and exit with its code", Wait, chosen);
  AddPodAndContainer(wait, arguments);
  wait->add_option("--timeout", arguments.limit_s, "seconds")->capture_default_str();

  AddCommand(app, "ls", "list pods and their containers", List, chosen);
  CLI::App* remove = AddCommand(app, "rm", "stop and remove pods", Remove, chosen);
  auto* pods = remove->add_option("PODS", arguments.pods, "name, or namespace/name");
  auto* all = remove->add_flag("--all", arguments.all, "every pod of the runtime")->excludes(pods);
  pods->excludes(all);
  remove->add_option("-n,--namespace", arguments.namespace_name)->capture_default_str();
  remove->add_option("--grace", arguments.grace_s, "seconds from SIGTERM to SIGKILL")
      ->capture_default_str();
  remove->callback([&arguments, &chosen] {
    if (arguments.pods.empty() && !arguments.all) throw CLI::RequiredError("PODS or --all");
    chosen = Remove;
  });
}

// Takes away "--" and what follows: CLI11 would read words like "[a,b]" as lists.
std::vector<std::string> CutCommand(int& argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    if (std::string_view(argv[i]) != "--") continue;
    std::vector<std::string> command(argv + i + 1, argv + argc);
    argc = i;
    return command;
  }
  return {};
}

int Main(int argc, char** argv) {
  Arguments arguments;
  arguments.command = CutCommand(argc, argv);
  CLI::App app("Runs pods at a container runtime without a cluster, for tests.", "pod");
  Action chosen;
  AddCommands(app, arguments, chosen);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kUsage;
  }
  if (app.got_subcommand("exec") == arguments.command.empty()) {
    std::cerr << "pod: `exec`, and only it, needs a command after --\n";
    return kUsage;
  }
  const char* endpoint = std::getenv("CONTAINER_RUNTIME_ENDPOINT");
  auto runtime = Runtime::Connect(endpoint ? endpoint : "unix:///run/containerd/containerd.sock");
  return runtime ? chosen(**runtime, arguments) : Fail(runtime.error());
}

}  // namespace
}  // namespace nestor::pod

int main(int argc, char** argv) { return nestor::pod::Main(argc, argv); }
