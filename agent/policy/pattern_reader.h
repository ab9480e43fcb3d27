// SPDX-License-Identifier: Apache-2.0
// Lists of patterns, networks and ports as policies write them.
#ifndef NESTOR_AGENT_POLICY_PATTERN_READER_H_
#define NESTOR_AGENT_POLICY_PATTERN_READER_H_

#include <string>
#include <vector>

#include "agent/policy/address.h"
#include "agent/policy/document.h"
#include "agent/policy/node_reader.h"

namespace nestor {

enum class PathKind : uint8_t { kFile, kSocket };

// Globs of absolute paths; of sockets also of abstract names (`@name`).
std::vector<NamedPattern> ReadPaths(NodeReader& reader, const YamlNode& node,
                                    const std::string& what, PathKind kind);

// Globs of names, which stay texts.
std::vector<std::string> ReadNames(NodeReader& reader, const YamlNode& node,
                                   const std::string& what);

// `args`: whole arguments in this order, any others between them, behind the program's name. Each
// is a glob, or a map with one of `glob`, `literal` and `regex`. One pattern of a whole argv.
std::vector<NamedPattern> ReadArguments(NodeReader& reader, const YamlNode& node);

// `commandLine`: expressions over all arguments, the program's name too, joined by one space each.
// A pattern of a whole argv each.
std::vector<NamedPattern> ReadCommandLines(NodeReader& reader, const YamlNode& node);

// Names of DNS, in whatever case; `*` stands for any characters, also dots.
std::vector<NamedPattern> ReadDnsNames(NodeReader& reader, const YamlNode& node);

std::vector<Cidr> ReadCidrs(NodeReader& reader, const YamlNode& node);
std::vector<PortRange> ReadPorts(NodeReader& reader, const YamlNode& node);

}  // namespace nestor

#endif  // NESTOR_AGENT_POLICY_PATTERN_READER_H_
