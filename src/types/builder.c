/* SPDX-License-Identifier: MIT */
/*
 * The builder behind builder.h: doubles its block, so that adding n bytes one by one costs O(n).
 */
#include "types/builder.h"

#include <stdio.h>

void trv__builder_drop(struct trv__builder *b)
{
    if (b->data != b->inline_data)
        trv__free(b->data, b->capacity);
    trv__builder_init(b);
}

int trv__builder_grow(struct trv__builder *b, size_t size)
{
    size_t capacity;
    char *data;

    if (size > PTRDIFF_MAX - b->size)
        return trv_raise_int(trv_MemoryError, "text of more than %zu bytes", (size_t)PTRDIFF_MAX);
    capacity = MAX_OF(b->size + size, MIN_OF(b->capacity * 2, (size_t)PTRDIFF_MAX));
    if (b->data != b->inline_data) {
        data = trv__reallocate(b->data, b->capacity, capacity);
    } else {
        data = trv__allocate(capacity);
        if (data)
            memcpy(data, b->inline_data, b->size);
    }
    if (!data)
        return -1;
    b->data = data;
    b->capacity = capacity;
    return 0;
}

int trv__builder_add(struct trv__builder *b, const char *data, size_t size)
{
    if (trv__builder_reserve(b, size) < 0)
        return -1;
    memcpy(b->data + b->size, data, size);
    b->size += size;
    return 0;
}

int trv__builder_add_text(struct trv__builder *b, const char *text)
{
    return trv__builder_add(b, text, strlen(text));
}

int trv__builder_add_str(struct trv__builder *b, trv_object *str)
{
    size_t size;
    const char *data = trv_str_utf8(str, &size);

    return data ? trv__builder_add(b, data, size) : -1;
}

int trv__builder_add_repr(struct trv__builder *b, trv_object *object)
{
    trv_auto trv_object *text = trv_repr(object);

    return text ? trv__builder_add_str(b, text) : -1;
}

int trv__builder_vprintf(struct trv__builder *b, const char *format, va_list arguments)
{
    va_list again;
    int size;

    va_copy(again, arguments);
    size = vsnprintf(b->data + b->size, b->capacity - b->size, format, again);
    va_end(again);
    if (size < 0)
        return trv_raise_int(trv_SystemError, "printf does not accept the format \"%s\"", format);
    if ((size_t)size >= b->capacity - b->size) {
        if (trv__builder_reserve(b, (size_t)size + 1) < 0)
            return -1;
        vsnprintf(b->data + b->size, (size_t)size + 1, format, arguments);
    }
    b->size += (size_t)size;
    return 0;
}

int trv__builder_printf(struct trv__builder *b, const char *format, ...)
{
    va_list arguments;
    int status;

    va_start(arguments, format);
    status = trv__builder_vprintf(b, format, arguments);
    va_end(arguments);
    return status;
}

trv_object *trv__builder_finish(struct trv__builder *b)
{
    trv_object *str = trv_str_new_sized(b->data, b->size);

    trv__builder_drop(b);
    return str;
}
