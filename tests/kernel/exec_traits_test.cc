// SPDX-License-Identifier: Apache-2.0
// Exec rules about what a program's file is, where it comes from, and who starts it.
#include <bpf/btf.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <map>
#include <memory>

#include "tests/kernel/decide.h"

namespace nestor {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::SizeIs;

class ExecTraitsTest : public DecideTest {};

int Python(const Sandbox& container, const std::string& code) {
  return Wait(container.Exec({"/usr/bin/python3", "-c", code}));
}

// Runs `file`, a descriptor, in a child; the exit code is that child's, or the errno of its exec.
constexpr char kRun[] = R"(
import os, sys
def run(file, argv=['x']):
    child = os.fork()
    if child == 0:
        try: os.execve(file, argv, {})
        except OSError as error: os._exit(error.errno)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
program = open('/bin/true', 'rb').read()
)";

TEST_F(ExecTraitsTest, AMemfdIsRefusedAndADeletedFileIsNone) {
  const Sandbox container;
  Node::Get().SetPolicy(Enforce("{name: no-memfd, exec: {is: [memfd]}}"));

  EXPECT_EQ(Python(container, std::string(kRun) + R"(
memory = os.memfd_create('ls')
os.write(memory, program)
assert run(memory) == 1
hidden = os.open('/tmp', os.O_TMPFILE | os.O_RDWR, 0o700)
os.write(hidden, program)
again = os.open(f'/proc/self/fd/{hidden}', os.O_RDONLY)
os.close(hidden)
assert run(again) == 0
assert run('/bin/true') == 0
)"),
            0);

  EXPECT_THAT(Said(), ElementsAre("check /memfd:ls"));
}

TEST_F(ExecTraitsTest, ADeletedFileIsRefusedHoweverItLostItsName) {
  const Sandbox container;
  Node::Get().SetPolicy(Enforce("{name: no-deleted, exec: {is: [deleted]}}"));

  EXPECT_EQ(Python(container, std::string(kRun) + R"(
import shutil, tempfile
folder = tempfile.mkdtemp(dir='/var/tmp')
os.chdir(folder)
shutil.copy('/bin/true', 'x')
os.link('x', 'y')
file = os.open('x', os.O_RDONLY)
assert run(file) == 0
os.remove('x')
assert run(file) == 1, 'another name is left'
assert run(folder + '/y') == 0
os.remove('y')
assert run(file) == 1
hidden = os.open('/tmp', os.O_TMPFILE | os.O_RDWR, 0o700)
os.write(hidden, program)
again = os.open(f'/proc/self/fd/{hidden}', os.O_RDONLY)
os.close(hidden)
assert run(again) == 1
memory = os.memfd_create('ls')
os.write(memory, program)
assert run(memory) == 0
os.rmdir(folder)
)"),
            0);

  EXPECT_THAT(Said(), SizeIs(3));
}

TEST_F(ExecTraitsTest, TheLoaderIsRefusedUnderItsNameAndByWhatItDoes) {
  const GuardedFiles guarded;
  const Sandbox container;
  Node::Get().SetPolicy(Enforce("{name: no-loader, exec: {is: [loader]}}"));

  EXPECT_EQ(Sh(container,
               "cp /lib64/ld-linux-x86-64.so.2 /opt/guarded/ls; cp /bin/true /opt/guarded/ld; "
               "cp /bin/true /opt/guarded/ldd.sock; /opt/guarded/ld && /opt/guarded/ldd.sock"),
            0);
  EXPECT_TRUE(Verdicts().empty());
  EXPECT_NE(Sh(container, "/lib64/ld-linux-x86-64.so.2 /bin/true"), 0);
  EXPECT_NE(Sh(container, "/opt/guarded/ls /opt/guarded/program"), 0);

  const auto said = Said();
  ASSERT_EQ(said.size(), 2u);
  EXPECT_THAT(said[0], testing::MatchesRegex("check .*/ld-linux-x86-64.so.2"));
  EXPECT_EQ(said[1], "mmap /opt/guarded/program");
}

TEST_F(ExecTraitsTest, InAuditModeALoaderIsToldOnceAProgram) {
  const GuardedFiles guarded;
  const Sandbox container;
  const std::string policy = Enforce("{name: no-loader, exec: {is: [loader]}}");
  Node::Get().SetPolicy(Audited(policy));

  EXPECT_EQ(Sh(container,
               "cp /lib64/ld-linux-x86-64.so.2 /opt/guarded/ls; cp /bin/true /opt/guarded/x; "
               "/lib64/ld-linux-x86-64.so.2 /bin/true; /opt/guarded/ls /opt/guarded/program; "
               "/opt/guarded/ls /opt/guarded/x"),
            0);

  const auto said = Said();
  ASSERT_EQ(said.size(), 3u);
  EXPECT_THAT(said[0], testing::MatchesRegex("check .*/ld-linux-x86-64.so.2"));
  EXPECT_EQ(said[1], "mmap /opt/guarded/program");
  EXPECT_EQ(said[2], "mmap /opt/guarded/x");
}

TEST_F(ExecTraitsTest, ASetuidProgramIsRefusedByItsModeAlone) {
  const GuardedFiles guarded;
  const Sandbox container;
  Node::Get().SetPolicy(Enforce("{name: no-setuid, exec: {is: [setuid]}}"));

  EXPECT_EQ(Sh(container, "/opt/guarded/program"), 0);
  EXPECT_EQ(Sh(container, "chmod 6750 /opt/guarded/program; /opt/guarded/program"), 126);
  EXPECT_EQ(Sh(container, "chmod 2755 /opt/guarded/program; /opt/guarded/program"), 126);
  EXPECT_EQ(Sh(container, "chmod 2701 /opt/guarded/program; /opt/guarded/program"), 0);

  EXPECT_THAT(Said(), Each("check /opt/guarded/program"));
}

TEST_F(ExecTraitsTest, AKindIsAskedBesideTheRestAndAuditLetsRun) {
  const GuardedFiles guarded;
  const Sandbox container;
  const std::string policy =
      Enforce("{name: one, exec: {paths: [/opt/guarded/*], args: [bad], is: [setuid, memfd]}}");
  Node::Get().SetPolicy(policy);
  EXPECT_EQ(Sh(container, "/opt/guarded/program bad"), 0);
  EXPECT_EQ(Sh(container, "chmod 4755 /opt/guarded/program; /opt/guarded/program good"), 0);
  EXPECT_EQ(Sh(container, "/opt/guarded/program bad"), 126);
  EXPECT_THAT(Said(), SizeIs(1));

  Node::Get().SetPolicy(Audited(policy));
  EXPECT_EQ(Sh(container, "/opt/guarded/program bad"), 0);
  EXPECT_THAT(Verdicts(), ElementsAre(Field(&VerdictRecord::applied, false)));
}

TEST_F(ExecTraitsTest, AnExceptionIsForWhatAnExecutableStarts) {
  const GuardedFiles guarded;
  const Sandbox container;
  ASSERT_EQ(ShOnHost("cp /usr/bin/env /opt/guarded/starter"), 0);
  Node::Get().SetPolicy(
      Enforce("{name: no-program, exec: {paths: [/opt/guarded/program]}, exceptions: "
              "[{executables: [/opt/guarded/starter]}]}"));

  EXPECT_EQ(Sh(container, "/opt/guarded/program"), 126);
  EXPECT_EQ(Sh(container, "/opt/guarded/starter /opt/guarded/program"), 0);
  EXPECT_EQ(Sh(container, "/opt/guarded/starter /bin/sh -c /opt/guarded/program"), 126);
  EXPECT_EQ(Wait(container.Exec({"/opt/guarded/program"})), kKilled)
      << "the first program's starter is the runtime";

  EXPECT_THAT(Said(), ElementsAre("check /opt/guarded/program", "check /opt/guarded/program",
                                  "exec /opt/guarded/program"));
}

TEST_F(ExecTraitsTest, AnExceptionByArgumentsAndStarterWantsBoth) {
  const GuardedFiles guarded;
  const Sandbox container;
  ASSERT_EQ(ShOnHost("cp /usr/bin/env /opt/guarded/starter"), 0);
  Node::Get().SetPolicy(
      Enforce("{name: no-program, exec: {paths: [/opt/guarded/program]}, exceptions: "
              "[{executables: [/opt/guarded/starter], args: [good]}]}"));

  EXPECT_EQ(Sh(container, "/opt/guarded/program good"), 126);
  EXPECT_EQ(Sh(container, "/opt/guarded/starter /opt/guarded/program bad"), 126);
  EXPECT_EQ(Sh(container, "/opt/guarded/starter /opt/guarded/program good"), 0);
}

// A container whose root is an overlay over the VM's own, as a runtime makes it.
class OverlayTest : public ExecTraitsTest {
 protected:
  // Runs a shell's command in it; /image is of the image, and /volume a volume.
  static int ShInside(const Sandbox& container, const std::string& command) {
    return Wait(container.Start([&] {
      mkdir("/tmp/overlay", 0755);
      const bool mounted =
          mount("none", "/tmp/overlay", "tmpfs", 0, nullptr) == 0 && chdir("/tmp/overlay") == 0 &&
          mkdir("upper", 0755) == 0 && mkdir("work", 0755) == 0 && mkdir("root", 0755) == 0 &&
          mount("none", "root", "overlay", 0, "lowerdir=/,upperdir=upper,workdir=work") == 0 &&
          mkdir("root/volume", 0755) == 0 &&
          mount("none", "root/volume", "tmpfs", 0, nullptr) == 0 &&
          mount("none", "root/proc", "proc", 0, nullptr) == 0 && chroot("root") == 0 &&
          chdir("/") == 0;
      return mounted ? ExecHere({"/bin/sh", "-c", command}) : 97;
    }));
  }
};

TEST_F(OverlayTest, OnlyWhatTheImageBroughtRuns) {
  const Sandbox container;
  Node::Get().SetPolicy(Enforce("{name: only-image, exec: {from: added}}"));

  EXPECT_EQ(ShInside(container, R"(
/bin/true && /usr/bin/env true && cd /proc/self/root/bin && ./true || exit 1
refused() { "$@"; [ $? = 126 ] || exit $1; }
cp /bin/true /opt/ls; refused /opt/ls
cp /bin/true /volume/ls; refused /volume/ls
printf '#!/bin/sh\n' >/opt/script; chmod +x /opt/script; refused /opt/script
chmod o-r /bin/false; refused /bin/false
ln /usr/bin/id /opt/id; refused /opt/id
mkdir /opt/b; mount --bind /volume/ls /bin/echo; refused /bin/echo
/lib64/ld-linux-x86-64.so.2 /bin/true || exit 3
/lib64/ld-linux-x86-64.so.2 /opt/ls && exit 4
mkdir /volume/u /volume/w /volume/o
mount -t overlay none -o lowerdir=/opt:/bin,upperdir=/volume/u,workdir=/volume/w /volume/o && refused /volume/o/true
exit 0
)"),
            0);

  const auto said = Said();
  EXPECT_THAT(said, testing::Contains("check /opt/ls"));
  EXPECT_THAT(said, testing::Contains("check /tmp/overlay/root/volume/ls"));
  EXPECT_THAT(said, testing::Contains("mmap /opt/ls"));
}

// What is mapped has the file below the overlay (6.7 on), not the one that was opened.
TEST_F(OverlayTest, AProgramThatIsMadeExecutableLaterIsKnownByItsPlaceInTheImage) {
  EXPECT_EQ(system(("cp " + VictimPath() + " /opt/loader").c_str()), 0);
  const Sandbox container;
  Node::Get().SetPolicy(Enforce("{name: no-id, exec: {paths: [/usr/bin/id]}}"));

  EXPECT_EQ(ShInside(container, "/opt/loader protect /usr/bin/true"), 0);
  EXPECT_EQ(ShInside(container, "/opt/loader protect /usr/bin/id"), 1);
  EXPECT_THAT(Said(), ElementsAre("mmap /usr/bin/id"));
  EXPECT_EQ(system("rm /opt/loader"), 0);
}

TEST_F(OverlayTest, AnAllowanceForTheImageIsForNothingElse) {
  const Sandbox container;
  Node::Get().SetPolicy(DenyByDefault(R"(  - {name: image, action: allow, exec: {from: image}}
  - {name: but-not, exec: {paths: [/usr/bin/id], from: image}}
)"));

  EXPECT_EQ(ShInside(container, R"(
/bin/true || exit 1
/usr/bin/id; [ $? = 126 ] || exit 2
cp /bin/true /opt/ls; /opt/ls; [ $? = 126 ] || exit 3
)"),
            0);
}

// What bpf/compat.bpf.h takes for true where the types of overlayfs are not there.
TEST_F(OverlayTest, AnOverlaysUpperFileIsKeptRightBehindItsInode) {
  const Sandbox container;
  ASSERT_EQ(ShInside(container, "true"), 0);  // the module is there
  const std::unique_ptr<btf, decltype(&btf__free)> kernel(btf__load_vmlinux_btf(), btf__free);
  ASSERT_TRUE(kernel);
  const std::unique_ptr<btf, decltype(&btf__free)> overlay(
      btf__load_module_btf("overlay", kernel.get()), btf__free);
  ASSERT_TRUE(overlay);
  const int size = btf__find_by_name_kind(kernel.get(), "inode", BTF_KIND_STRUCT);
  const int found = btf__find_by_name_kind(overlay.get(), "ovl_inode", BTF_KIND_STRUCT);
  ASSERT_GT(size, 0);
  ASSERT_GT(found, 0);
  const btf_type* type = btf__type_by_id(overlay.get(), static_cast<uint32_t>(found));
  std::map<std::string, int64_t> offsets;
  for (uint32_t i = 0; i < btf_vlen(type); ++i)
    offsets[btf__name_by_offset(overlay.get(), btf_members(type)[i].name_off)] =
        btf_member_bit_offset(type, i) / 8;

  EXPECT_EQ(offsets.at("__upperdentry") - offsets.at("vfs_inode"),
            btf__resolve_size(kernel.get(), static_cast<uint32_t>(size)));
}

TEST_F(OverlayTest, WhereTheRootIsNoOverlayTheOriginIsNotKnown) {
  const Sandbox container;
  Node::Get().SetPolicy(Enforce("{name: only-image, exec: {from: added}}"));
  EXPECT_EQ(Wait(container.Exec({"/bin/true"})), kKilled);

  Node::Get().SetPolicy(Enforce("{name: only-image, onTruncated: audit, exec: {from: added}}"));
  EXPECT_EQ(Wait(container.Exec({"/bin/true"})), 0);

  EXPECT_THAT(Verdicts(), ElementsAre(Field(&VerdictRecord::applied, true),
                                      Field(&VerdictRecord::applied, false)));
}

}  // namespace
}  // namespace nestor
