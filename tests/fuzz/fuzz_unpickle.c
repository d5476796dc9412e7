/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as a pickle. They are read without and with all that a program can offer: registered
 * functions, ids, globals, buffers. What could be read can be written in each protocol, and read again.
 */
#include "fuzz/fuzz.h"

TRV_STATIC_FUNCTION(fuzz_make, "fuzz_make(*rest): a list of its arguments")
{
    trv_object *list = trv_list_new();

    for (size_t i = 0; list && i < args->count; i++)
        if (trv_list_append(list, args->items[i]) < 0)
            trv_clear(&list);
    return list;
}

TRV_STATIC_FUNCTION(fuzz_fail, "fuzz_fail(*rest): KeyError")
{
    return trv_raise(trv_KeyError, "always");
}

TRV_STATIC_FUNCTION(fuzz_identity, "fuzz_identity(id): the same")
{
    return trv_ref(args->items[0]);
}

TRV_STATIC_FUNCTION(fuzz_find, "fuzz_find(module, name): a function")
{
    return args->count == 2 ? trv_ref(fuzz_make) : trv_raise(trv_TypeError, "two");
}

/* What only the program's own objects can make fail when it is written: closures of other code. */
static int may_fail_to_write(void)
{
    return trv_error_matches(trv_RecursionError) || trv_error_matches(trv_PicklingError) ||
           trv_error_matches(trv_MemoryError);
}

static void write_and_read(trv_object *object, int protocol)
{
    trv_pickle_options options = {.size = sizeof options, .protocol = protocol};
    trv_object *pickle = trv_pickle_dumps_with(object, &options), *again;
    trv_unpickle_options back = {.size = sizeof back, .find_global = fuzz_find};
    const void *data;
    size_t size;

    if (!pickle) {
        FUZZ_ASSERT(may_fail_to_write());
        trv_error_clear();
        return;
    }
    data = trv_bytes_data(pickle, &size);
    again = trv_pickle_loads_with(data, size, &back);
    if (!again) {
        /* What a registered function makes of its arguments need not suit the next one. */
        FUZZ_ASSERT(trv_error_matches(trv_RecursionError) || trv_error_matches(trv_MemoryError));
        trv_error_clear();
    } else {
        FUZZ_ASSERT(trv_type_of(again) == trv_type_of(object));
    }
    trv_unref(again);
    trv_unref(pickle);
}

static void read_once(const uint8_t *data, size_t size, const trv_unpickle_options *options)
{
    trv_object *object = trv_pickle_loads_with(data, size, options);

    if (!object) {
        FUZZ_ASSERT(trv_error_occurred());
        trv_error_clear();
        return;
    }
    FUZZ_ASSERT(!trv_error_occurred());
    for (int protocol = 2; protocol <= 5; protocol++)
        write_and_read(object, protocol);
    trv_unref(object);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t before = fuzz_live_objects(), used = 0;
    trv_object *buffers = trv_build("[yy[]]", "abc", (size_t)3, "", (size_t)0);
    trv_unpickle_options plain = {.size = sizeof plain, .used = &used}, full = plain;

    read_once(data, size, &plain);
    FUZZ_ASSERT(used <= size);
    full.persistent_load = fuzz_identity;
    full.find_global = fuzz_find;
    full.buffers = buffers;
    FUZZ_ASSERT(trv_pickle_register_name(fuzz_make, "m", "make") == 0);
    FUZZ_ASSERT(trv_pickle_register_name(fuzz_fail, "m", "fail") == 0);
    read_once(data, size, &full);
    FUZZ_ASSERT(trv_pickle_forget(fuzz_make) == 0);
    FUZZ_ASSERT(trv_pickle_forget(fuzz_fail) == 0);
    trv_unref(buffers);
    fuzz_nothing_left(before);
    return 0;
}
