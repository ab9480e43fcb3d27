/* SPDX-License-Identifier: Apache-2.0 */
/* Stands at /usr/local/bin/kubectl in the toolbox image. It forwards nothing: it is only what the
 * rule against `kubectl port-forward` must stop before its first instruction, and when it does run
 * it says with which arguments. */
#include <stdio.h>

int main(int argc, char **argv) {
  printf("ran:");
  for (int i = 0; i < argc; i++) printf(" %s", argv[i]);
  printf("\n");
  return 0;
}
