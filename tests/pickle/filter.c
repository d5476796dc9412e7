/* SPDX-License-Identifier: MIT */
/*
 * Reads pickles on standard input and writes each again on standard output, for
 * tests/pickle/differential, which knows what they should be.
 *
 * Before each pickle stands its size in four little-endian bytes, in both directions; before those that
 * are read also the protocol to answer in, one byte. What cannot be
 * read is answered with the name of the exception as a pickled str that begins with '!'. The str
 * "!function" is answered with a function.
 */
#include <trivet.h>

#include <stdio.h>
#include <stdlib.h>

TRV_STATIC_FUNCTION(nothing, "nothing(): None")
{
    return trv_none_new();
}

/* The classes of tests/pickle/differential by the same names: plain ones, whose pickles say all there is. */
static int register_class(const char *name, trv_object *base, const char *slots)
{
    trv_auto trv_object *dict = slots ? trv_build("{s:(ss)}", "__slots__", slots, "b") : NULL;
    trv_auto trv_object *class = NULL;

    if (slots && !dict)
        return -1;
    class = trv_class_new(name, base, dict);
    return class ? trv_pickle_register_name(class, "__main__", name) : -1;
}

TRV_STATIC_FUNCTION(make, "make(*items): a list of them")
{
    trv_auto trv_object *tuple = trv_tuple_new(args->items, args->count);

    return trv_list_from(tuple);
}

static int register_all(void)
{
    return register_class("Plain", NULL, NULL) < 0 || register_class("Slotted", NULL, "a") < 0 ||
                   register_class("List", trv_list_type, NULL) < 0 ||
                   register_class("Dict", trv_dict_type, NULL) < 0 ||
                   register_class("Int", trv_int_type, NULL) < 0 ||
                   register_class("Str", trv_str_type, NULL) < 0 ||
                   register_class("Tuple", trv_tuple_type, NULL) < 0 ||
                   register_class("Set", trv_set_type, NULL) < 0 ||
                   register_class("FrozenSet", trv_frozenset_type, NULL) < 0 ||
                   register_class("Float", trv_float_type, NULL) < 0 ||
                   register_class("Complex", trv_complex_type, NULL) < 0 ||
                   register_class("Bytes", trv_bytes_type, NULL) < 0 ||
                   register_class("ByteArray", trv_bytearray_type, NULL) < 0 ||
                   register_class("Partial", trv_partial_type, NULL) < 0 ||
                   register_class("Error", trv_ValueError, NULL) < 0 ||
                   trv_pickle_register_name(make, "__main__", "make") < 0
               ? -1
               : 0;
}

static int is_wish(trv_object *object)
{
    trv_auto trv_object *wish = trv_str_new("!function");

    return object && trv_equal(object, wish) == 1;
}

static trv_object *answer(const void *data, size_t size, int protocol)
{
    trv_pickle_options options = {.size = sizeof options, .protocol = protocol};
    trv_auto trv_object *object = trv_pickle_loads(data, size);
    trv_object *pickle = NULL;

    if (object)
        pickle = trv_pickle_dumps_with(is_wish(object) ? nothing : object, &options);
    if (!pickle) {
        trv_auto trv_object *error = trv_error_take(), *name = NULL;
        name = trv_str_printf("!%s", trv_type_name(error));
        pickle = name ? trv_pickle_dumps(name) : NULL;
    }
    return pickle;
}

static int write_answer(trv_object *pickle)
{
    size_t size;
    const void *data = trv_bytes_data(pickle, &size);
    uint32_t head = (uint32_t)size;

    return data && fwrite(&head, sizeof head, 1, stdout) == 1 &&
                   fwrite(data, 1, size, stdout) == size && fflush(stdout) == 0
               ? 0
               : -1;
}

int main(void)
{
    uint32_t size;
    int result = trv_init(NULL), protocol;

    if (result == 0)
        result = register_all();
    while (result == 0 && (protocol = getchar()) != EOF &&
           fread(&size, sizeof size, 1, stdin) == 1) {
        char *data = malloc(size + 1u);
        trv_object *pickle = NULL;
        if (data && fread(data, 1, size, stdin) == size)
            pickle = answer(data, size, protocol);
        result = pickle ? write_answer(pickle) : -1;
        trv_unref(pickle);
        free(data);
    }
    if (result == 0)
        trv_fini();
    return result == 0 ? 0 : 1;
}
