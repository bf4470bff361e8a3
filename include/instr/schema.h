/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * schema.h - numbers that writer (runtime/store) and reader (tools/libtrace) of a trace share.
 * The tables are in runtime/store/schema.sql.
 */
#ifndef INSTR_SCHEMA_H
#define INSTR_SCHEMA_H

#define INSTR_APPLICATION_ID 0x696e7374 /* "inst", at byte 68 of the database file */
#define INSTR_SCHEMA_VERSION 1          /* PRAGMA user_version: columns are added, never changed */

#endif
