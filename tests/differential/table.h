/* SPDX-License-Identifier: MIT */
/*
 * What the files of the program `run_table` share: reading a case, evaluating an expression, the names that a
 * case may use, and what ends the program when a case is not written as table.py writes them.
 */
#ifndef TRV_TESTS_DIFFERENTIAL_TABLE_H
#define TRV_TESTS_DIFFERENTIAL_TABLE_H

#include <trivet.h>

#include <stdbool.h>

#define TABLE_WORD_MOST 100

/* Reads the next word, of fewer than TABLE_WORD_MOST characters. */
void table_read_word(const char **at, char *word);
/* Passes over the end of a form; false, and nothing is passed over, if something stands before it. */
bool table_at_end(const char **at);
/* Passes over an expression or statement. */
void table_skip(const char **at);

/* The value of the expression that stands there, with the variables of `space`: a new reference, or NULL with
 * what it has raised. */
trv_object *table_evaluate(const char **at, trv_object *space);
/* What an operator with two operands gives. */
trv_object *table_operate(const char *name, trv_object *a, trv_object *b);

/* Makes the prepared classes. 0 or -1. */
int table_begin(void);
void table_end(void);

/* A new reference to what a name means that is no variable; NULL with NameError. */
trv_object *table_name(const char *name);

/* Ends the program. */
void *table_abort(const char *why, const char *at) __attribute__((noreturn));

#endif
