/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * flame.h - the page of a flame graph, but for the data that flame.c puts in: made of flame/.
 */
#ifndef TOOLS_REPORT_FLAME_H
#define TOOLS_REPORT_FLAME_H

/* Made by flame/embed.cmake. */
extern const char flame_page_html[], flame_page_css[], flame_page_js[];

#endif
