/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * text.h - UTF-8 text from anywhere, made fit to print: how wide it is on a terminal, what of it is
 * safe to show, how to shorten it.
 */
#ifndef TOOLS_CLI_TEXT_H
#define TOOLS_CLI_TEXT_H

#include "cli/buffer.h"

#include <stddef.h>
#include <stdint.h>

#define CLI_REPLACEMENT 0xFFFDu /* U+FFFD stands for bytes that are not UTF-8 */

/* Decodes the first character of text. Returns its length in bytes, at least 1 (0 if bytes is 0).
 * Overlong forms, surrogates and values above U+10FFFF are not UTF-8: *out is CLI_REPLACEMENT, one
 * byte is taken. */
size_t cli_decode(const char *text, size_t bytes, uint32_t *out);

/* Terminal columns of a character (0, 1 or 2), and of a text. */
unsigned cli_character_width(uint32_t character);
size_t cli_width(const char *text);

/* Adds text so that it is valid UTF-8 and harmless on a terminal: controls and direction overrides
 * become visible escapes, damaged bytes become U+FFFD. */
void cli_add_clean(struct cli_buffer *, const char *text, size_t bytes);

/* Adds a clean text in at most width columns: where it is longer, its middle gives way to "…"
 * (".." where the terminal is not UTF-8). */
void cli_add_shortened(struct cli_buffer *, const char *text, size_t width);

/* Adds text broken at blanks into lines of at most width columns (0: no limit); lines after the
 * first are indented. A longer word stays whole. */
void cli_add_wrapped(struct cli_buffer *, const char *text, size_t width, size_t indent);

/* Adds a bar for part of whole, which is width columns; in eighths of a column, or "#" where the terminal is
 * not UTF-8. Nothing is no bar, next to nothing is a little of one. */
void cli_add_bar(struct cli_buffer *, double part, double whole, size_t width);

#endif
