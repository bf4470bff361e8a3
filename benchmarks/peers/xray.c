/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * xray.c - switches on XRay's flight recorder for the program it is linked into, and has everything
 * written at the end. The environment alone cannot do it (XRAY_OPTIONS=xray_mode=xray-fdr records
 * nothing), and by default calls below 5 us are dropped. The declarations are those of
 * xray/xray_log_interface.h, which C cannot include.
 */
#include <stdio.h>
#include <stdlib.h>

int __xray_log_select_mode(const char *mode);
int __xray_log_init_mode(const char *mode, const char *configuration);
int __xray_log_finalize(void);
int __xray_log_flushLog(void);
int __xray_patch(void);

enum { REGISTRATION_OK = 0, LOG_INITIALIZED = 2, PATCH_OK = 1 };

__attribute__((constructor, xray_never_instrument)) static void start(void)
{
	/* 3 GB of buffers hold the whole recursion; what does not fit would be overwritten. */
	if (__xray_log_select_mode("xray-fdr") != REGISTRATION_OK ||
	    __xray_log_init_mode("xray-fdr", "func_duration_threshold_us=0:buffer_size=1048576:buffer_max=3000") !=
		    LOG_INITIALIZED ||
	    __xray_patch() != PATCH_OK) {
		fprintf(stderr, "xray.c: XRay's flight recorder does not start\n");
		exit(99);
	}
}

__attribute__((destructor, xray_never_instrument)) static void end(void)
{
	__xray_log_finalize();
	__xray_log_flushLog();
}
