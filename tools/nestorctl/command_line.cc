// SPDX-License-Identifier: Apache-2.0
#include "tools/nestorctl/command_line.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <functional>
#include <limits>
#include <sstream>
#include <string_view>
#include <utility>

#include "agent/base/nearest.h"
#include "tools/nestorctl/escape.h"
#include "tools/nestorctl/path.h"
#include "tools/nestorctl/time_text.h"

namespace nestor::ctl {
namespace {

using Words = std::vector<std::string_view>;

std::string Join(const Words& words, std::string_view separator) {
  std::string text;
  for (const std::string_view word : words) {
    if (!text.empty()) text += separator;
    text += word;
  }
  return text;
}

// One of `words`, or an error with the nearest of them.
std::function<std::string(const std::string&)> OneOf(Words words) {
  return [words = std::move(words)](const std::string& value) -> std::string {
    if (std::find(words.begin(), words.end(), value) != words.end()) return "";
    return "unknown value `" + EscapeHostile(value) + "`" + Suggest(value, words);
  };
}

// The error of a Result-returning parser as CLI11 wants it.
template <typename Parse>
std::function<std::string(const std::string&)> Parses(Parse parse) {
  return [parse](const std::string& value) {
    const auto result = parse(value);
    return result ? std::string() : EscapeHostile(result.error().message);
  };
}

Format FormatFromWord(const std::string& word) {
  if (word == "json") return Format::kJson;
  if (word == "dot") return Format::kDot;
  if (word == "mermaid") return Format::kMermaid;
  return word == "jsonl" ? Format::kJsonLines : Format::kText;
}

ColorMode ColorFromWord(const std::string& word) {
  if (word == "always") return ColorMode::kAlways;
  return word == "never" ? ColorMode::kNever : ColorMode::kAuto;
}

// CLI11 alone would take -3 for a large unsigned number.
std::function<std::string(const std::string&)> WholeNumberUpTo(uint64_t largest) {
  return [largest](const std::string& text) -> std::string {
    uint64_t number = 0;
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, number);
    if (error == std::errc() && stop == end && number >= 1 && number <= largest) return "";
    return "`" + EscapeHostile(text) + "` is no number from 1 to " + std::to_string(largest);
  };
}

constexpr uint64_t kLargestPid = 4194304;  // PID_MAX_LIMIT

class Grammar {
 public:
  Grammar() : app_("See and follow chains of access on this node", "nestorctl") {
    app_.require_subcommand(1);
    app_.set_help_flag("-h,--help", "Print this help and exit");
    app_.set_version_flag("--version", "nestorctl " NESTOR_VERSION);
    app_.add_option("--socket", options_.socket, "Where nestord listens")
        ->envname("NESTOR_SOCKET")
        ->capture_default_str()
        ->type_name("PATH");
    Choice(app_, "--color", "Colour the output: auto means on a terminal without NO_COLOR",
           {"auto", "always", "never"},
           [this](const std::string& word) { options_.color = ColorFromWord(word); });
    AddTree();
    AddChains();
    AddEvents();
    AddAgents();
    AddPath();
    AddExplain();
    AddStatus();
    AddDoctor();
    AddPolicy();
    AddVerify();
    app_.footer(
        "Exit codes: 0 done, 1 failed, 2 wrong usage.\n"
        "Examples:\n"
        "  nestorctl tree -f                  watch chains grow\n"
        "  nestorctl events -f --type verdict see what is denied\n"
        "  nestorctl explain 4160             why this process is in its chain\n"
        "  nestorctl path build-7 web-0       how chains went from pod to pod\n"
        "  nestorctl doctor                   what this node's kernel allows");
  }

  ParsedCommandLine Parse(std::vector<std::string> arguments) {
    std::reverse(arguments.begin(), arguments.end());  // as CLI11 wants it
    try {
      app_.parse(std::move(arguments));
    } catch (const CLI::ParseError& error) {
      return Explain(error);
    }
    if (options_.follow && options_.format == Format::kJson) {
      return Wrong("-o json needs an end, and --follow has none; use -o jsonl");
    }
    if (options_.follow && options_.format && IsGraph(*options_.format)) {
      return Wrong("a graph needs an end, and --follow has none");
    }
    if (options_.policy.files.empty()) options_.policy.files = {kPolicyDirectory};
    return {.options = options_, .exit_code = kExitOk, .out = "", .err = ""};
  }

 private:
  CLI::App* Subcommand(CLI::App& parent, const char* name, const char* about, Command command,
                       const char* examples) {
    CLI::App* sub = parent.add_subcommand(name, about);
    sub->fallthrough();
    sub->preparse_callback([this, command](size_t) { options_.command = command; });
    sub->footer(std::string("Examples:\n") + examples);
    return sub;
  }

  static void Choice(CLI::App& app, const char* name, const std::string& about, const Words& words,
                     const std::function<void(const std::string&)>& take) {
    app.add_option_function<std::string>(name, take, about)
        ->check(CLI::Validator(OneOf(words), ""))
        ->type_name(Join(words, "|"));
  }

  void FormatOption(CLI::App& app, const Words& words) {
    Choice(app, "-o,--output",
           "Default: " + std::string(words.front()) + " on a terminal, else JSON", words,
           [this](const std::string& word) { options_.format = FormatFromWord(word); });
  }

  void PlaceFilters(CLI::App& app) {
    const auto add = [&](const char* name, std::vector<std::string>& into, const char* about) {
      return app.add_option(name, into, about)->allow_extra_args(false);
    };
    add("--chain", options_.filter.chains, "Only this chain: the id or its last digits; repeatable")
        ->check(CLI::Validator(Parses(ParseChainId), ""))
        ->type_name("ID");
    add("--pod", options_.filter.pods, "Only this pod; repeatable")->type_name("NAME");
    add("-n,--namespace", options_.filter.namespaces, "Only this namespace; repeatable")
        ->type_name("NAME");
    add("-c,--container", options_.filter.containers, "Only this container; repeatable")
        ->type_name("NAME");
  }

  void SinceOption(CLI::App& app, const char* about) {
    const auto parse_since = [](const std::string& text) { return ParseSince(text, Now()); };
    app.add_option("--since", options_.filter.since, about)
        ->check(CLI::Validator(Parses(parse_since), ""))
        ->type_name("TIME");
  }

  void AddTree() {
    CLI::App* tree =
        Subcommand(app_, "tree", "Show live chains as a tree of hops and processes", Command::kTree,
                   "  nestorctl tree\n"
                   "  nestorctl tree -f --pod web-0      repaint in place; JSON lines in a pipe\n"
                   "  nestorctl tree --all               ended chains too, and nothing folded\n"
                   "Marks: ~ inferred hop, ? ambiguous hop, [claude, depth 2] an agent below "
                   "another, ✗ denied,\n"
                   "! would be denied. Times are ages.");
    tree->add_flag("-f,--follow", options_.follow, "Keep it up to date until Ctrl-C");
    tree->add_flag("--all", options_.all, "Ended chains too, nothing folded");
    PlaceFilters(*tree);
    FormatOption(*tree, {"text", "json", "jsonl", "dot", "mermaid"});
  }

  void AddChains() {
    CLI::App* chains = Subcommand(app_, "chains", "List chains", Command::kChains,
                                  "  nestorctl chains --all -n team-a\n"
                                  "  nestorctl chains --since 1h\n"
                                  "  nestorctl chains -o json | jq '.chains[].id'\n"
                                  "  nestorctl chains get 4f2a0001");
    chains->add_flag("--all", options_.all, "Ended chains too");
    PlaceFilters(*chains);
    SinceOption(*chains,
                "Those that began or were active then or later, ended ones too: 1h ago, or an "
                "RFC 3339 time");
    FormatOption(*chains, {"table", "json", "jsonl", "dot", "mermaid"});

    CLI::App* get = Subcommand(*chains, "get", "Show one chain whole", Command::kChain,
                               "  nestorctl chains get 4f2a0001\n"
                               "  nestorctl chains get 4f2a0001 -o mermaid");
    get->add_option("ID", options_.chain_id, "The chain's id, or its last digits (4 at least)")
        ->check(CLI::Validator(Parses(ParseChainId), ""))
        ->required();
    FormatOption(*get, {"text", "json", "jsonl", "dot", "mermaid"});
  }

  void AddEvents() {
    CLI::App* events = Subcommand(
        app_, "events", "Print audit events, oldest first", Command::kEvents,
        "  nestorctl events --since 10m --type exec --type verdict\n"
        "  nestorctl events -f --pod web-0\n"
        "  nestorctl events -f | jq -c 'select(.type==\"verdict\") | .verdict'\n"
        "  nestorctl events -f --from-seq 1200     resume without a gap\n"
        "JSON has the names of proto/nestor/v1/event.proto; 64-bit numbers (seq, boot_ns, ...) "
        "are\n"
        "strings there; simple fields are always present, parts that do not apply are absent.");
    events->add_flag("-f,--follow", options_.follow, "Go on with events as they happen");
    events
        ->add_option("--type", options_.filter.types,
                     "Only this type; repeatable. One of " + Join(EventTypes(), ", "))
        ->allow_extra_args(false)
        ->check(CLI::Validator(OneOf(EventTypes()), ""))
        ->type_name("TYPE");
    PlaceFilters(*events);
    SinceOption(*events, "Only later ones: 10m ago, or an RFC 3339 time");
    events->add_option("--from-seq", options_.from_seq, "Begin with this sequence number")
        ->check(CLI::Validator(WholeNumberUpTo(std::numeric_limits<uint64_t>::max()), ""))
        ->type_name("N");
    FormatOption(*events, {"text", "jsonl", "json"});
  }

  void AddAgents() {
    CLI::App* agents = Subcommand(
        app_, "agents", "List known agents and how deep they are nested", Command::kAgents,
        "  nestorctl agents -n team-a\n"
        "  nestorctl agents --all --since 1h  ended ones too, as long as they are kept\n"
        "  nestorctl agents | jq 'select(.depth > 1)'\n"
        "What an agent is known by: `agents` in nestord.yaml.");
    agents->add_flag("--all", options_.all, "Ended ones too");
    PlaceFilters(*agents);
    SinceOption(*agents, "Only those that lived then or later: 10m ago, or an RFC 3339 time");
    FormatOption(*agents, {"table", "json", "jsonl"});
  }

  void AddPath() {
    CLI::App* path = Subcommand(
        app_, "path", "Show by which hops chains went from one place to another; exit 1 if none",
        Command::kPath,
        "  nestorctl path ci/build-7 shop/web-0/main\n"
        "  nestorctl path host web-0 --since 1h\n"
        "  nestorctl path build-7 4160 -o mermaid\n"
        "A place is host, a process id as the host sees it, POD, NAMESPACE/POD or\n"
        "NAMESPACE/POD/CONTAINER. Ended chains count, as long as they are kept.");
    path->add_option("FROM", options_.path_from, "Where they came from")
        ->check(CLI::Validator(Parses(ParseWaypoint), ""))
        ->required();
    path->add_option("TO", options_.path_to, "Where they went")
        ->check(CLI::Validator(Parses(ParseWaypoint), ""))
        ->required();
    SinceOption(*path, "Only chains that were active then or later: 10m ago, or an RFC 3339 time");
    FormatOption(*path, {"text", "json", "jsonl", "dot", "mermaid"});
  }

  void AddExplain() {
    CLI::App* explain =
        Subcommand(app_, "explain", "Say hop by hop why a process is in its chain",
                   Command::kExplain, "  nestorctl explain 4160\n  nestorctl explain $$ -o json");
    explain->add_option("PID", options_.pid, "A process id as the host sees it")
        ->check(CLI::Validator(WholeNumberUpTo(kLargestPid), ""))
        ->required();
    FormatOption(*explain, {"text", "json"});
  }

  void AddStatus() {
    CLI::App* status =
        Subcommand(app_, "status", "Show how nestord is doing; exit 0 when it is ready",
                   Command::kStatus, "  nestorctl status\n  nestorctl status --wait 60s");
    status
        ->add_option_function<std::string>(
            "--wait", [this](const std::string& text) { options_.wait = *ParseDuration(text); },
            "Wait until nestord is ready, at most so long")
        ->check(CLI::Validator(Parses(ParseDuration), ""))
        ->type_name("DURATION");
    FormatOption(*status, {"text", "json"});
  }

  void AddDoctor() {
    CLI::App* doctor = Subcommand(
        app_, "doctor", "Show what this node allows, what is missing and how to get it",
        Command::kDoctor,
        "  nestorctl doctor                   exit 0 when all that is required is there\n"
        "  nestorctl doctor -o json | jq '.capabilities[] | select(.available|not)'");
    FormatOption(*doctor, {"text", "json"});
  }

  // Of `nestorctl policy`.
  CLI::App* PolicyCommand(CLI::App& policy, const char* name, const char* about, Command command,
                          const char* examples) {
    CLI::App* sub = Subcommand(policy, name, about, command, examples);
    FormatOption(*sub, {"text", "jsonl"});
    return sub;
  }

  void PolicyFilesOption(CLI::App& app, const char* name) {
    app.add_option(name, options_.policy.files,
                   "Policies: files, or folders of them; default " + std::string(kPolicyDirectory))
        ->type_name("PATH");
  }

  void AddPolicy() {
    CLI::App* policy = app_.add_subcommand("policy",
                                           "Check, test and compare policies, see what is "
                                           "in force");
    policy->fallthrough();
    policy->require_subcommand(1);
    policy->footer(
        "Examples:\n"
        "  nestorctl policy validate my.yaml             all that is wrong with it\n"
        "  nestorctl policy explain -- /usr/bin/kubectl port-forward svc/db\n"
        "  nestorctl policy ls --all                     what is in the kernel, and what it did");
    CLI::App* validate = PolicyCommand(
        *policy, "validate", "Say all that is wrong with policies; exit 1 if anything is",
        Command::kPolicyValidate, "  nestorctl policy validate deploy/policies my.yaml");
    PolicyFilesOption(*validate, "FILE");
    CLI::App* test = PolicyCommand(
        *policy, "test", "Judge the examples beside policies; exit 1 if one is not as expected",
        Command::kPolicyTest,
        "  nestorctl policy test deploy/policies\n"
        "Examples stand below `tests:` in the policy's file, or in NAME.test.yaml beside it.");
    PolicyFilesOption(*test, "FILE");
    AddPolicyExplain(*policy);
    CLI::App* diff = PolicyCommand(
        *policy, "diff", "Say what changes from one set of policies to another; exit 1 if anything",
        Command::kPolicyDiff, "  nestorctl policy diff /etc/nestor/policies.d new/");
    diff->add_option("BEFORE", options_.policy.before, "A file or a folder")->required();
    diff->add_option("AFTER", options_.policy.after, "A file or a folder")->required();
    CLI::App* replay = PolicyCommand(
        *policy, "replay", "Say what policies would have done on recorded events",
        Command::kPolicyReplay,
        "  nestorctl events --since 24h -o jsonl | nestorctl policy replay -f new.yaml -\n"
        "  nestorctl policy replay -f deploy/policies events.jsonl");
    PolicyFilesOption(*replay, "-f,--file");
    replay->add_option("EVENTS", options_.policy.events, "JSON lines of nestorctl events; -: stdin")
        ->required();
    CLI::App* list = PolicyCommand(
        *policy, "ls", "List what nestord has in force, and what it did", Command::kPolicyLoaded,
        "  nestorctl policy ls\n  nestorctl policy ls --all          each rule, too");
    list->add_flag("--all", options_.all, "Each rule, too");
    CLI::App* mode =
        PolicyCommand(*policy, "mode",
                      "Show a policy's mode and how it becomes another; exit 1 while it is another",
                      Command::kPolicyMode,
                      "  nestorctl policy mode no-port-forward\n"
                      "  nestorctl policy mode no-port-forward enforce");
    mode->add_option("NAME", options_.policy.name, "A policy that is in force")->required();
    mode->add_option("MODE", options_.policy.mode, "The mode that it should have")
        ->check(CLI::Validator(OneOf({"audit", "enforce"}), ""));
  }

  void AddPolicyExplain(CLI::App& policy) {
    CLI::App* explain = PolicyCommand(
        policy, "explain", "Say which rule decides one act, and why", Command::kPolicyExplain,
        "  nestorctl policy explain -n shop --pod web-0 -- /usr/bin/kubectl port-forward svc/db\n"
        "  nestorctl policy explain -f my.yaml --open /etc/shadow --by /usr/bin/cat\n"
        "  nestorctl policy explain --connect 169.254.169.254:80 --origin runtime-exec --depth 1");
    PolicyOptions& act = options_.policy;
    PolicyFilesOption(*explain, "-f,--file");
    explain->get_option("-f")->allow_extra_args(false);
    explain->add_option("COMMAND", act.argv, "The program, with its path, and its arguments");
    const auto text = [explain](const char* name, std::string& into, const char* about,
                                const char* type) {
      return explain->add_option(name, into, about)->type_name(type);
    };
    text("--exe", act.exe, "The program's resolved path, when the command does not say it", "PATH");
    text("--open", act.open, "A file that is opened", "PATH");
    Choice(*explain, "--access", "How it is opened; default read", {"read", "write", "link", "any"},
           [&act](const std::string& word) { act.access = word; });
    text("--connect", act.connect,
         "A peer: 10.0.0.1:80, [fd00::1]:80, db.example.org:80, /run/x.sock, @name", "PEER");
    text("--act", act.act,
         "As verdicts have it: ptrace, `unshare user,mnt`, `uid 1000 -> 0`, `gains CAP_SYS_ADMIN`",
         "WORDS");
    text("--by", act.by, "The program that acts: starts it, opens or connects", "PATH");
    Choice(*explain, "--from", "Where the program's file is from; default image",
           {"image", "added"}, [&act](const std::string& word) { act.from = word; });
    explain
        ->add_option("--is", act.is, "What its file is: memfd, deleted, loader, setuid; repeatable")
        ->allow_extra_args(false)
        ->type_name("WORD")
        ->check(CLI::Validator(OneOf({"memfd", "deleted", "loader", "setuid"}), ""));
    text("--sha256", act.sha256, "What its file is by its digest, as sha256sum prints it",
         "DIGEST");
    text("-n,--namespace", act.namespace_name, "The pod's namespace", "NAME");
    text("--pod", act.pod, "The pod", "NAME");
    text("-c,--container", act.container, "The container", "NAME");
    text("--image", act.image, "The container's image", "NAME");
    explain->add_option("--label", act.labels, "A label of the pod; repeatable")
        ->allow_extra_args(false)
        ->type_name("KEY=VALUE");
    Choice(*explain, "--origin", "How the chain began",
           {"container-entrypoint", "runtime-exec", "ssh-login", "tcp-remote", "host-service",
            "pre-existing", "delegated"},
           [&act](const std::string& word) { act.origin = word; });
    explain->add_option("--depth", act.depth, "Hops below the origin")->type_name("N");
    explain
        ->add_option(
            "--through-hop", act.through_hops,
            "A kind of hop that the chain has below its origin: ssh-login, tcp, …; repeatable")
        ->allow_extra_args(false)
        ->type_name("KIND");
    explain
        ->add_option("--through-container", act.through_containers,
                     "A container that the chain left for another one; repeatable")
        ->allow_extra_args(false)
        ->type_name("[NAMESPACE/POD/]CONTAINER");
    explain
        ->add_option("--through-agent", act.through_agents,
                     "An agent that the chain came through: claude, codex, …; repeatable")
        ->allow_extra_args(false)
        ->type_name("NAME");
    explain->add_option("--user", act.users, "Who logged in on the chain's way by ssh; repeatable")
        ->allow_extra_args(false)
        ->type_name("NAME");
  }

  void AddVerify() {
    CLI::App* verify = Subcommand(
        app_, "verify",
        "Check that no event is missing in a recording, by its signed heartbeats; exit 1 if one is",
        Command::kVerify,
        "  nestorctl verify --key node.pub events.jsonl\n"
        "  nestorctl events | nestorctl verify --key from-node\n"
        "A recording is what `nestorctl events` prints in a pipe, of one node, without filters, "
        "from\n"
        "any event on; recordings may follow each other. node.pub is in nestord's "
        "record.directory:\n"
        "keep it elsewhere, for who is root on the node can change it. Exit codes: 0 all holds, "
        "1 something\n"
        "is missing or altered, 2 the input is no recording.");
    verify->add_option("FILE", options_.verify.file, "JSON lines of nestorctl events; -: stdin")
        ->capture_default_str();
    verify
        ->add_option("--key", options_.verify.keys,
                     "The node's public key, or from-node: the running nestord's; repeatable, "
                     "any may have signed")
        ->allow_extra_args(false)
        ->required()
        ->type_name("FILE");
    FormatOption(*verify, {"text", "jsonl"});
  }

  // The innermost command that was recognised.
  const CLI::App& Deepest() const {
    const CLI::App* app = &app_;
    while (!app->get_subcommands().empty()) app = app->get_subcommands().front();
    return *app;
  }

  std::string CommandPath() const {
    std::string path = "nestorctl";
    for (const CLI::App* app = &app_; !app->get_subcommands().empty();) {
      app = app->get_subcommands().front();
      path += " " + app->get_name();
    }
    return path;
  }

  ParsedCommandLine Wrong(const std::string& what) const {
    return {.options = std::nullopt,
            .exit_code = kExitUsage,
            .out = "",
            .err = "nestorctl: " + what + "\ntry: " + CommandPath() + " --help\n"};
  }

  ParsedCommandLine Explain(const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) {  // --help, --version
      std::ostringstream out, err;
      app_.exit(error, out, err);
      return {.options = std::nullopt, .exit_code = kExitOk, .out = out.str(), .err = ""};
    }
    std::vector<std::string> unknown = app_.remaining(true);
    if (error.get_exit_code() == static_cast<int>(CLI::ExitCodes::ValidationError)) unknown.clear();
    if (unknown.empty() && app_.get_subcommands().empty() &&
        error.get_exit_code() == static_cast<int>(CLI::ExitCodes::RequiredError)) {
      const std::vector<std::string> names = CommandNames();
      return Wrong("a command is missing; one of: " +
                   Join(Words(names.begin(), names.end()), ", "));
    }
    return Wrong(unknown.empty() ? EscapeHostile(error.what()) : AboutUnknown(unknown.front()));
  }

  std::string AboutUnknown(const std::string& word) const {
    const bool option = word.starts_with("-");
    const std::vector<std::string> names = option ? OptionNames() : CommandNames();
    const std::string name = word.substr(0, option ? word.find('=') : word.npos);
    const std::string what = option                                ? "unknown option `"
                             : Deepest().get_name() == "nestorctl" ? "unknown command `"
                                                                   : "unexpected argument `";
    const std::string near = NearestWord(name, Words(names.begin(), names.end()));
    if (!near.empty()) return what + EscapeHostile(word) + "`; did you mean `" + near + "`?";
    return what + EscapeHostile(word) + "`";
  }

  std::vector<std::string> OptionNames() const {
    std::vector<std::string> names;
    for (const CLI::App* app : {&Deepest(), &app_}) {
      for (const CLI::Option* option : app->get_options()) {
        for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
      }
    }
    return names;
  }

  std::vector<std::string> CommandNames() const {
    std::vector<std::string> names;
    for (const CLI::App* app : Deepest().get_subcommands(nullptr)) names.push_back(app->get_name());
    return names;
  }

  Options options_;
  CLI::App app_;
};

}  // namespace

ParsedCommandLine ParseCommandLine(const std::vector<std::string>& arguments) {
  return Grammar().Parse(arguments);
}

}  // namespace nestor::ctl
