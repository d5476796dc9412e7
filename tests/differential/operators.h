/* SPDX-License-Identifier: MIT */
/*
 * Python's operators and comparisons by their signs, for the programs that evaluate what Python has thought up.
 */
#ifndef TRV_TESTS_DIFFERENTIAL_OPERATORS_H
#define TRV_TESTS_DIFFERENTIAL_OPERATORS_H

#include <trivet.h>

/* One of the two functions; or both, where the number of operands decides. */
struct operation {
    const char *name;
    trv_object *(*binary)(trv_object *, trv_object *);
    trv_object *(*unary)(trv_object *);
};

/* What an answer of 1, 0 or -1 is as an object. */
static inline trv_object *truth(int answer)
{
    return answer < 0 ? NULL : trv_bool_new(answer);
}

#define COMPARISON(name, op)                                                                       \
    static inline trv_object *name(trv_object *a, trv_object *b)                                   \
    {                                                                                              \
        return truth(trv_compare(a, b, op));                                                       \
    }
COMPARISON(less, TRV_LESS)
COMPARISON(less_equal, TRV_LESS_EQUAL)
COMPARISON(equal, TRV_EQUAL)
COMPARISON(not_equal, TRV_NOT_EQUAL)
COMPARISON(greater, TRV_GREATER)
COMPARISON(greater_equal, TRV_GREATER_EQUAL)

/* Rows of a table of operations, without the comma behind the last one. */
#define OPERATORS                                                                                  \
    {"+", trv_add, NULL}, {"-", trv_subtract, NULL}, {"*", trv_multiply, NULL},                    \
        {"/", trv_divide, NULL}, {"//", trv_floor_divide, NULL}, {"%", trv_remainder, NULL},       \
        {"**", trv_power, NULL}, {"<<", trv_shift_left, NULL}, {">>", trv_shift_right, NULL},      \
        {"&", trv_and, NULL}, {"|", trv_or, NULL}, {"^", trv_xor, NULL},                           \
        {"neg", NULL, trv_negative}, {"<", less, NULL}, {"<=", less_equal, NULL},                  \
        {"==", equal, NULL}, {"!=", not_equal, NULL}, {">", greater, NULL},                        \
    {                                                                                              \
        ">=", greater_equal, NULL                                                                  \
    }

#endif
