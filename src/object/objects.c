/* SPDX-License-Identifier: MIT */
/*
 * The life of struct trv__objects: what the object floor and the types keep per runtime.
 *
 * Top-down at the start, the exact reverse at the end. Errors come first, because from then on any
 * failure can be told; strs before everything that has a name.
 */
#include "object/object.h"

int trv__objects_init(struct trv__objects *objects)
{
    if (!objects->hash_key.k0 && !objects->hash_key.k1)
        trv__hash_key_init(&objects->hash_key);
    trv__list_init(&objects->finalizers);
    trv__list_init(&objects->type_list_);
    objects->printing.entries = objects->printing.first;
    objects->printing.capacity = COUNT_OF(objects->printing.first);
    trv__entries_init(&objects->entries);
    if (trv__errors_init(objects) < 0)
        return -1;
    if (trv__str_init(objects) < 0) {
        trv__errors_fini(objects);
        return -1;
    }
    if (trv__lookup_init(objects) < 0) {
        trv__str_fini(objects);
        trv__errors_fini(objects);
        return -1;
    }
    return 0;
}

void trv__objects_fini(struct trv__objects *objects)
{
    trv__lookup_fini(objects);
    trv__str_fini(objects);
    trv__errors_fini(objects);
    trv__entries_fini(&objects->entries);
    ASSERT(objects->printing.count == 0);
}
