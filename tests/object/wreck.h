/* SPDX-License-Identifier: MIT */
/*
 * What the worst user could do in the middle of anything: empty every list that can be found.
 */
#ifndef TRV_TESTS_OBJECT_WRECK_H
#define TRV_TESTS_OBJECT_WRECK_H

#include "object/expect.h"

static inline void wreck_lists(void)
{
    trv_auto trv_object *all = trv_gc_objects(-1);
    size_t count = 0;

    ck_assert_int_eq(trv_list_len(all, &count), 0);
    for (size_t i = 0; i < count; i++) {
        trv_auto trv_object *one = trv_list_get(all, (int64_t)i);
        trv_auto trv_object *type = trv_type_of(one);
        if (type == trv_list_type)
            ck_assert_int_eq(trv_list_clear(one), 0);
    }
}

#endif
