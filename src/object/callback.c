/* SPDX-License-Identifier: MIT */
/*
 * Running code of a user where nothing may block or switch and nobody is there to take an
 * exception: finalizers, weak reference callbacks, callbacks of futures.
 *
 * What was pending is set aside meanwhile; what the code raises is written to standard error.
 */
#include "heap/object_callback.h"
#include "object/object.h"

#include <stdio.h>

void trv__callback_begin(struct trv__callback *callback)
{
    struct trv__context *context = trv__current->context;

    callback->error = trv_steal(&context->error);
    context->no_switch++;
}

/* Writes what is pending. Naming `who` may fail in its turn; then its type must do. */
static void print_ignored(const char *what, trv_object *who)
{
    trv_auto trv_object *error = trv_error_take();
    trv_auto trv_object *text = who ? trv_repr(who) : NULL;
    const char *utf8 = text ? trv_str_utf8(text, NULL) : NULL;

    trv_error_clear();
    if (utf8)
        fprintf(stderr, "Exception ignored in %s: %s\n", what, utf8);
    else if (who)
        fprintf(stderr, "Exception ignored in %s: <%s object at %p>\n", what, who->type->name,
                (void *)who);
    else
        fprintf(stderr, "Exception ignored in %s\n", what);
    trv_error_restore(error);
    trv_error_print();
}

void trv__callback_end(struct trv__callback *callback, const char *what, trv_object *who)
{
    struct trv__context *context = trv__current->context;

    if (UNLIKELY(context->error))
        print_ignored(what, who);
    context->error = trv_steal(&callback->error);
    context->no_switch--;
}

void trv__call_back(trv_object *callback, trv_object *argument, const char *what)
{
    struct trv__callback state;

    trv__callback_begin(&state);
    trv_unref(trv_call_array(callback, &argument, 1, NULL));
    trv__callback_end(&state, what, callback);
}

void trv__call_finalizer(trv_object *object)
{
    struct trv__callback state;

    trv__callback_begin(&state);
    object->type->slots.finalize(object);
    trv__callback_end(&state, "finalizer of", object);
}
