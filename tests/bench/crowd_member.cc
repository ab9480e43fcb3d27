// SPDX-License-Identifier: Apache-2.0
// crowd_member [ARGUMENT]: waits until it is killed; with an argument it ends at once. Without a C
// library, so that a hundred thousand of them fit into a small machine.
asm(R"(
  .globl _start
_start:
  cmpq $1, (%rsp)    # argc
  jg 2f
1:
  movl $34, %eax     # pause
  syscall
  jmp 1b
2:
  xorl %edi, %edi
  movl $231, %eax    # exit_group
  syscall
)");
