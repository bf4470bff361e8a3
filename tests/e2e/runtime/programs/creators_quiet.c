/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * creators_quiet.c - what threads of creators.c run that are not recorded. Compiled without hooks.
 */
extern void *quiet_thread(void *arg);
void *quiet_thread(void *arg) { return arg; }
