/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * flame.h - a flame graph: one HTML page with the data of a profile and the program that draws it (flame/).
 */
#ifndef TOOLS_REPORT_FLAME_H
#define TOOLS_REPORT_FLAME_H

#include "report/profile.h"

/* Made by flame/embed.cmake. */
extern const char flame_page_html[], flame_page_css[], flame_page_js[];

/* Writes the page on stdout. Where there is report->old, colours show what changed. */
void flame_write(const struct report *, const struct profile *);

#endif
