/* SPDX-License-Identifier: MIT */
/*
 * Initializers of pools: see initializer.h. Under the GIL like all of a pool.
 *
 * The first failure counts. Other workers may fail after it; what they raise is dropped, as nobody
 * would be told of it.
 */
#include "task/initializer.h"

int trv__initializer_set(struct trv__initializer *initializer, trv_object *callable,
                         trv_object *arguments)
{
    if (!callable)
        return 0;
    if (!trv_callable(callable))
        return trv_raise_int(trv_TypeError, "an initializer must be callable, not %s",
                             trv_type_name(callable));
    if (arguments && arguments->type != &trv__tuple_type)
        return trv_raise_int(trv_TypeError, "an initializer's arguments must be a tuple, not %s",
                             trv_type_name(arguments));
    initializer->callable = trv_ref(callable);
    initializer->arguments = trv_ref(arguments);
    return 0;
}

bool trv__initializer_run(struct trv__initializer *initializer)
{
    trv_auto trv_object *callable = trv_ref(initializer->callable);
    trv_auto trv_object *arguments = trv_ref(initializer->arguments);
    trv_auto trv_object *result = NULL;
    trv_object *const *items = NULL, *error;
    size_t count = 0;

    if (!callable)
        return true;
    if (arguments)
        items = trv__tuple_items(arguments, &count);
    if ((result = trv_call_array(callable, items, count, NULL)))
        return true;
    error = trv_error_take();
    if (initializer->failure)
        trv_unref(error);
    else
        initializer->failure = error;
    return false;
}

int trv__initializer_raise(const struct trv__initializer *initializer, trv_object *type)
{
    trv_auto trv_object *error = NULL;

    trv_raise(type, "an initializer of the pool failed, so it runs no more calls");
    error = trv_error_take();
    trv_raise_from(error, initializer->failure);
    return -1;
}

void trv__initializer_clear(struct trv__initializer *initializer)
{
    trv_clear(&initializer->callable);
    trv_clear(&initializer->arguments);
    trv_clear(&initializer->failure);
}
