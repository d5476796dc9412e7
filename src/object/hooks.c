/* SPDX-License-Identifier: MIT */
/*
 * Where exceptions go that nobody is there to take: those of finalizers and callbacks, those of futures
 * that nobody asked, and the one that ends a program.
 *
 * Without a hook they are written to standard error. A hook is called where the exception came up, with
 * the same restrictions: that of ignored exceptions may not block. What a hook raises is written
 * together with what it was to report. The hooks are let go before the last objects end, whose
 * complaints are written then.
 */
#include "object/object.h"

#include "trivet/exception.h"

#include <stdio.h>

/* Naming `who` may fail in its turn; then its type must do. */
static void write_ignored(const char *message, trv_object *who, trv_object *error)
{
    trv_auto trv_object *text = who ? trv_repr(who) : NULL;
    const char *utf8 = text ? trv_str_utf8(text, NULL) : NULL;

    trv_error_clear();
    if (utf8)
        fprintf(stderr, "%s: %s\n", message, utf8);
    else if (who)
        fprintf(stderr, "%s: <%s object at %p>\n", message, who->type->name, (void *)who);
    else
        fprintf(stderr, "%s\n", message);
    trv_error_restore(error);
    trv_error_print();
}

/* False if there is no hook, or if it has failed; what it raised is written then. */
static bool run_hook(trv_object *hook, trv_object *const *items, size_t count)
{
    trv_auto trv_object *held = trv_ref(hook), *answer = NULL;

    if (!held)
        return false;
    answer = trv_call_array(held, items, count, NULL);
    if (answer)
        return true;
    fprintf(stderr, "Exception in a hook for exceptions:\n");
    trv_error_print();
    return false;
}

void trv__report_ignored(const char *message, trv_object *who)
{
    trv_auto trv_object *error = trv_error_take(), *text = NULL;
    trv_object *hook = trv__current->objects->unraisable_hook, *items[3];

    if (hook && (text = trv_str_new(message))) {
        items[0] = error;
        items[1] = text;
        items[2] = who ? who : trv_none_new();
        if (run_hook(hook, items, COUNT_OF(items)))
            return;
    }
    trv_error_clear();
    write_ignored(message, who, error);
}

void trv__report_uncaught(void)
{
    trv_auto trv_object *error = trv_error_take();

    if (run_hook(trv__current->objects->except_hook, &error, 1))
        return;
    trv_error_restore(error);
    trv_error_print();
}

static int set(trv_object **place, trv_object *hook)
{
    trv_object *old = *place;

    if (!hook && trv_error_occurred())
        return -1;
    if (hook && trv_is_none(hook))
        hook = NULL;
    if (hook && !trv_callable(hook))
        return trv_raise_int(trv_TypeError, "a hook must be callable, not %s", trv_type_name(hook));
    *place = trv_ref(hook);
    trv_unref(old);
    return 0;
}

int trv_set_unraisable_hook(trv_object *hook)
{
    return set(&trv__current->objects->unraisable_hook, hook);
}

trv_object *trv_unraisable_hook(void)
{
    trv_object *hook = trv__current->objects->unraisable_hook;

    return hook ? trv_ref(hook) : trv_none_new();
}

int trv_set_excepthook(trv_object *hook)
{
    return set(&trv__current->objects->except_hook, hook);
}

trv_object *trv_excepthook(void)
{
    trv_object *hook = trv__current->objects->except_hook;

    return hook ? trv_ref(hook) : trv_none_new();
}

void trv__hooks_drop(struct trv__objects *objects)
{
    trv_clear(&objects->unraisable_hook);
    trv_clear(&objects->except_hook);
}
