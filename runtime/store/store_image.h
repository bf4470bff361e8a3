/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * store_image.h - an empty trace.db with all tables and views, as bytes; made by make_schema.c when
 * the project is built, written by create.c.
 */
#ifndef RUNTIME_STORE_STORE_IMAGE_H
#define RUNTIME_STORE_STORE_IMAGE_H

#include <stdint.h>

/* A chunk is 30 to 200 KB and wastes half a page on average; the cost of a commit is per page. 16 KiB
 * is where both are small (docs/overhead.md). */
#define IRT_STORE_PAGE_BYTES 16384

struct irt_store_image_run { /* bytes between stretches of zeros; runs follow each other in _bytes */
	uint32_t offset, bytes;
};

extern const unsigned char irt_store_image_bytes[];
extern const struct irt_store_image_run irt_store_image_runs[];
extern const unsigned irt_store_image_run_count;
extern const unsigned irt_store_image_size;

#endif
