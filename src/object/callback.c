/* SPDX-License-Identifier: MIT */
/*
 * Running code of a user where nothing may block or switch and nobody is there to take an
 * exception: finalizers, weak reference callbacks, callbacks of futures.
 *
 * What was pending is set aside meanwhile; what the code raises is reported (hooks.c).
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

static void report(const char *what, trv_object *who)
{
    char message[100];

    snprintf(message, sizeof message, "Exception ignored in %s", what);
    trv__report_ignored(message, who);
}

void trv__callback_end(struct trv__callback *callback, const char *what, trv_object *who)
{
    struct trv__context *context = trv__current->context;

    if (UNLIKELY(context->error))
        report(what, who);
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
