/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * schema.h - what writer (runtime/store) and reader (tools/libtrace) of a trace share: its numbers
 * and the text of its tables and views, which are in runtime/store/schema.sql and views.sql.
 */
#ifndef INSTR_SCHEMA_H
#define INSTR_SCHEMA_H

#define INSTR_APPLICATION_ID 0x696e7374 /* "inst", at byte 68 of the database file */
#define INSTR_SCHEMA_VERSION 1          /* PRAGMA user_version: columns are added, never changed */

/* Made from the SQL files at build time: link instr_schema_text. */
extern const char instr_schema_sql[];
extern const char instr_views_sql[];
extern const char instr_temp_views_sql[]; /* the same views as CREATE TEMP VIEW, for readers */

#endif
