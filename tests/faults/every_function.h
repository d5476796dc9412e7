/* SPDX-License-Identifier: MIT */
/*
 * What the parts of test_every_function share: the rows with the calls that they make (calls.c), and what
 * stands for their arguments (makers.c).
 */
#ifndef TESTS_FAULTS_EVERY_FUNCTION_H
#define TESTS_FAULTS_EVERY_FUNCTION_H

#include "support/harness.h"

typedef uint64_t words_function(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t,
                                uint64_t, uint64_t, uint64_t, uint64_t, double, double);

/* One of rows.h, which says what its texts mean. */
struct row {
    const char *name;
    words_function *function;
    const char *returns, *arguments;
};

extern const struct row rows[];
extern const size_t row_count;

/* What makes the object that a word of a row asks for, up to a ? or ~ in it; NULL if that is no object. */
typedef trv_object *maker(void);
maker *maker_of(const char *word);

/* The code of functions that are made: it returns None. */
trv_object *returns_none(const trv_args *args);

#endif
