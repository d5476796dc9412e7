/* SPDX-License-Identifier: MIT */
/*
 * What the two files of the program `run_table` share: the names a case may use, and what ends it when a
 * case is not written as table.py writes them.
 */
#ifndef TRV_TESTS_DIFFERENTIAL_TABLE_H
#define TRV_TESTS_DIFFERENTIAL_TABLE_H

#include <trivet.h>

#include <stdbool.h>

/* Makes the prepared classes. 0 or -1. */
int table_begin(void);
void table_end(void);

/* A new reference to what a name means that is no variable; NULL with NameError. */
trv_object *table_name(const char *name);

/* Ends the program. */
void *table_abort(const char *why, const char *at) __attribute__((noreturn));

#endif
