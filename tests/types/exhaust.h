/* SPDX-License-Identifier: MIT */
/*
 * Running out of memory on purpose.
 *
 * EXHAUST(call) evaluates a call that returns a new reference once for each of its fault points,
 * and lets that one fail: it gives NULL and MemoryError, or did without the memory. In the end it is
 * evaluated with all of them passing. What leaks on the way is found by the harness. In a build
 * without fault points only the last evaluation takes place.
 */
#ifndef TRV_TESTS_TYPES_EXHAUST_H
#define TRV_TESTS_TYPES_EXHAUST_H

#include "support/harness.h"

#include "base/fault.h"

#define EXHAUST(call)                                                                              \
    do {                                                                                           \
        bool struck_ = true;                                                                       \
        for (uint64_t nth_ = 1; struck_; nth_++) {                                                 \
            trv_object *made_;                                                                     \
            trv__fault_arm(nth_);                                                                  \
            made_ = (call);                                                                        \
            struck_ = trv__fault_struck();                                                         \
            trv__fault_arm(0);                                                                     \
            exhaust_judge(made_, struck_, #call);                                                  \
        }                                                                                          \
    } while (0)

static inline void exhaust_judge(trv_object *made, bool struck, const char *call)
{
    if (made) {
        ck_assert_msg(!trv_error_occurred(), "%s: a result and an exception", call);
        trv_unref(made);
        return;
    }
    ck_assert_msg(struck, "%s fails with memory, too", call);
    ck_assert_msg(trv_error_matches(trv_MemoryError), "%s: not a MemoryError", call);
    trv_error_clear();
}

#endif
