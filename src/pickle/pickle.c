/* SPDX-License-Identifier: MIT */
/*
 * The public functions: options are checked here, and made into what both ends agree on.
 */
#include "pickle/pickle.h"

#define OPTION(options, field)                                                                     \
    (OPTION_GIVEN(options, field) ? (options)->field : (__typeof__((options)->field))0)

trv_object *trv_pickle_dumps_with(trv_object *object, const trv_pickle_options *options)
{
    struct trv__pickle_link link = {
        .protocol = OPTION(options, protocol),
        .persistent_id = OPTION(options, persistent_id),
        .buffer_callback = OPTION(options, buffer_callback),
    };
    struct trv__buffer buffer = {NULL, 0, 0};
    trv_object *bytes = NULL;

    if (link.protocol && (link.protocol < 2 || link.protocol > 5))
        return trv_raise(trv_ValueError, "pickle protocol must be 2 to 5, not %d", link.protocol);
    if (link.buffer_callback && link.protocol && link.protocol < 5)
        return trv_raise(trv_ValueError, "buffer_callback needs protocol >= 5");
    if (trv__pickle_dump(object, &buffer, &link) == 0)
        bytes = trv_bytes_new(buffer.data, buffer.size);
    trv__buffer_free(&buffer);
    return bytes;
}

trv_object *trv_pickle_dumps(trv_object *object)
{
    return trv_pickle_dumps_with(object, NULL);
}

/* What travelled beside, one after the other. */
static trv_object *next_buffer(void *iterator)
{
    trv_object *buffer;
    int more = trv_next(iterator, &buffer);

    if (more == 0)
        return trv_raise(trv_UnpicklingError, "not enough out-of-band buffers");
    return more < 0 ? NULL : buffer;
}

trv_object *trv_pickle_loads_with(const void *data, size_t size,
                                  const trv_unpickle_options *options)
{
    trv_object *buffers = OPTION(options, buffers);
    trv_auto trv_object *iterator = buffers ? trv_iter(buffers) : NULL;
    struct trv__pickle_link link = {
        .persistent_load = OPTION(options, persistent_load),
        .find_global = OPTION(options, find_global),
        .next_buffer = buffers ? next_buffer : NULL,
        .data = iterator,
    };

    if ((!data && trv_error_occurred()) || (buffers && !iterator))
        return NULL;
    return trv__pickle_load(data, data ? size : 0, &link, OPTION(options, used));
}

trv_object *trv_pickle_loads(const void *data, size_t size)
{
    return trv_pickle_loads_with(data, size, NULL);
}
