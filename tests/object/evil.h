/* SPDX-License-Identifier: MIT */
/*
 * A key that runs code when a dict compares it with a name: where that must not happen, or where it may and
 * takes away what is being looked at.
 */
#ifndef TRV_TESTS_OBJECT_EVIL_H
#define TRV_TESTS_OBJECT_EVIL_H

#include "object/expect.h"

/* An object with the hash of a text, which runs `reaction` when it is compared. */
static trv_object *evil_type, *evil_hash;
static void (*reaction)(void);

TRV_STATIC_FUNCTION(hash_of_text, "__hash__(self)")
{
    return trv_ref(evil_hash);
}

TRV_STATIC_FUNCTION(react, "__eq__(self, other)")
{
    if (reaction)
        reaction();
    return trv_bool_new(0);
}

/* Its text is put into `text`: a name whose hash an int has, too. */
static inline trv_object *make_evil(char *text, size_t size)
{
    trv_auto trv_object *names = trv_build("{s:o, s:o}", "__hash__", hash_of_text, "__eq__", react);
    int64_t hash = -1;

    for (int i = 0; hash < 0 || hash >= INT64_C(1) << 60; i++) {
        trv_auto trv_object *str = NULL;
        snprintf(text, size, "name%d", i);
        str = trv_str_new(text);
        ck_assert_int_eq(trv_hash(str, &hash), 0);
    }
    evil_hash = trv_int_new(hash);
    evil_type = trv_class_new("Evil", NULL, names);
    return trv_call(evil_type, "");
}

static inline void drop_evil(void)
{
    trv_clear(&evil_type);
    trv_clear(&evil_hash);
    reaction = NULL;
}

#endif
