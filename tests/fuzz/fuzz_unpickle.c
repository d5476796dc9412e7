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

/* Some of what can be read cannot be written: closures of other code. Where there are classes, a state may
 * hide their methods, and anything may fail. */
static int may_fail_to_write(void)
{
    return trv_error_matches(trv_RecursionError) || trv_error_matches(trv_PicklingError) ||
           trv_error_matches(trv_MemoryError);
}

static void write_and_read(trv_object *object, int protocol, bool has_classes)
{
    trv_pickle_options options = {.size = sizeof options, .protocol = protocol};
    trv_object *pickle = trv_pickle_dumps_with(object, &options), *again;
    trv_unpickle_options back = {.size = sizeof back, .find_global = fuzz_find};
    const void *data;
    size_t size;

    if (!pickle) {
        FUZZ_ASSERT(has_classes || may_fail_to_write());
        trv_error_clear();
        return;
    }
    data = trv_bytes_data(pickle, &size);
    again = trv_pickle_loads_with(data, size, &back);
    if (!again) {
        FUZZ_ASSERT(trv_error_matches(trv_RecursionError) || trv_error_matches(trv_MemoryError) ||
                    has_classes);
        trv_error_clear();
    } else {
        trv_object *type = trv_type_of(object), *type_again = trv_type_of(again);
        FUZZ_ASSERT(type == type_again);
        trv_unref(type);
        trv_unref(type_again);
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
        write_and_read(object, protocol, options->find_global != NULL);
    trv_unref(object);
}

static trv_object *class_of(const char *name, trv_object *base)
{
    trv_object *class = trv_class_new(name, base, NULL);

    FUZZ_ASSERT(class && trv_pickle_register_name(class, "m", name) == 0);
    return class;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t used = 0;
    trv_object *buffers, *plain_class, *list_class, *dict_class;
    trv_unpickle_options plain = {.size = sizeof plain, .used = &used}, full = plain;

    fuzz_begin();
    buffers = trv_build("[yy[]]", "abc", (size_t)3, "", (size_t)0);
    read_once(data, size, &plain);
    FUZZ_ASSERT(used <= size);
    full.persistent_load = fuzz_identity;
    full.find_global = fuzz_find;
    full.buffers = buffers;
    FUZZ_ASSERT(trv_pickle_register_name(fuzz_make, "m", "make") == 0);
    FUZZ_ASSERT(trv_pickle_register_name(fuzz_fail, "m", "fail") == 0);
    plain_class = class_of("C", NULL);
    list_class = class_of("L", trv_list_type);
    dict_class = class_of("D", trv_dict_type);
    read_once(data, size, &full);
    FUZZ_ASSERT(trv_pickle_forget(plain_class) == 0 && trv_pickle_forget(list_class) == 0 &&
                trv_pickle_forget(dict_class) == 0);
    trv_unref(plain_class);
    trv_unref(list_class);
    trv_unref(dict_class);
    FUZZ_ASSERT(trv_pickle_forget(fuzz_make) == 0);
    FUZZ_ASSERT(trv_pickle_forget(fuzz_fail) == 0);
    trv_unref(buffers);
    fuzz_end();
    return 0;
}
