/* SPDX-License-Identifier: MIT */
/*
 * Context managers: what TRV_WITH is made of.
 *
 * `exit` runs with nothing pending, so that it may block and call like any code; the exception that
 * left the block is its argument, and the context of what it raises itself. That exception is
 * pending again afterwards, unless `exit` suppressed it or raised another.
 */
#include "object/object.h"

static int raise_no_manager(const trv_object *manager)
{
    return trv_raise_int(trv_TypeError, "'%s' object does not support the context manager protocol",
                         manager->type->name);
}

trv_with_ trv_with_begin(trv_object *manager)
{
    trv_with_ with = {NULL, 0};

    /* Entering may block: so it is a safepoint, like every call that may. */
    if (!trv__given(manager, "trv_with_begin") || trv__safepoint() < 0)
        return with;
    if (!manager->type->slots.enter || !manager->type->slots.exit) {
        raise_no_manager(manager);
        return with;
    }
    trv_ref(manager);
    /* What waits in here waits, for the user, in the TRV_WITH. */
    trv__current->context->waits_at = __builtin_return_address(0);
    if (manager->type->slots.enter(manager) < 0) {
        trv_unref(manager);
        return with;
    }
    with.manager = manager;
    with.entered = 1;
    return with;
}

/* A class may have lost its __exit__ by now. */
static int leave(trv_object *manager, trv_object *error)
{
    return manager->type->slots.exit ? manager->type->slots.exit(manager, error)
                                     : raise_no_manager(manager);
}

/* Runs `exit` as code that handles `error`. */
static int run_exit(trv_object *manager, trv_object *error)
{
    struct trv__context *context = trv__current->context;
    trv_object *outer = context->handled;
    int answer;

    if (!error)
        return leave(manager, NULL);
    context->handled = trv_ref(error);
    answer = leave(manager, error);
    trv_clear(&context->handled);
    context->handled = outer;
    return answer;
}

void trv_with_end(trv_with_ *with)
{
    trv_auto trv_object *manager = trv_steal(&with->manager);
    trv_auto trv_object *error = NULL;

    if (!manager)
        return;
    with->entered = 0;
    error = trv_error_take();
    if (run_exit(manager, error) == 0 && error && !trv_error_occurred())
        trv_error_restore(error);
}
