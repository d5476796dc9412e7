/* SPDX-License-Identifier: MIT */
/*
 * Who is told of collections: callbacks, standard error, and the list that keeps garbage.
 *
 * The two lists are made when they are first asked for. What goes wrong here is printed: nobody is there
 * to take an exception.
 */
#include "heap/object_callback.h"
#include "object/object.h"

#include "trivet/container.h"

#include <stdio.h>

static trv_object *list_in(trv_object **place)
{
    if (!*place)
        *place = trv_list_new();
    return trv_ref(*place);
}

trv_object *trv_gc_callbacks(void)
{
    return list_in(&trv__current->objects->gc_callbacks);
}

trv_object *trv_gc_garbage(void)
{
    return list_in(&trv__current->objects->gc_garbage);
}

/* A callback may change the list; who comes later is still called. */
static void call_all(trv_object *callbacks, trv_object *phase, trv_object *info)
{
    trv_object *arguments[] = {phase, info};
    size_t count;

    for (size_t i = 0; trv_len(callbacks, &count) == 0 && i < count; i++) {
        trv_auto trv_object *callback = trv_list_get(callbacks, (int64_t)i);
        struct trv__callback state;
        trv__callback_begin(&state);
        trv_unref(trv_call_array(callback, arguments, 2, NULL));
        trv__callback_end(&state, "callback of the collector", callback);
    }
}

void trv__tell_collection(bool has_ended, int generation, size_t collected, double seconds)
{
    trv_auto trv_object *callbacks = trv_ref(trv__current->objects->gc_callbacks);
    trv_auto trv_object *phase = NULL, *info = NULL;
    struct trv__callback state;
    size_t count;

    if (!callbacks || trv_len(callbacks, &count) < 0 || !count)
        return;
    trv__callback_begin(&state);
    phase = trv_str_new(has_ended ? "stop" : "start");
    info = has_ended ? trv_build("{s:i, s:z, s:i, s:d}", "generation", generation, "collected",
                                 collected, "uncollectable", 0, "seconds", seconds)
                     : trv_build("{s:i, s:z, s:i}", "generation", generation, "collected",
                                 collected, "uncollectable", 0);
    if (phase && info)
        call_all(callbacks, phase, info);
    trv__callback_end(&state, "callbacks of the collector", NULL);
}

bool trv__keep_garbage(trv_object *object)
{
    trv_auto trv_object *garbage = NULL;
    struct trv__callback state;
    bool is_kept;

    trv__callback_begin(&state);
    garbage = trv_gc_garbage();
    is_kept = garbage && trv_list_append(garbage, object) == 0;
    trv__callback_end(&state, "keeping garbage", NULL);
    return is_kept;
}

void trv__gc_lists_drop(struct trv__objects *objects)
{
    trv_clear(&objects->gc_callbacks);
    trv_clear(&objects->gc_garbage);
}
