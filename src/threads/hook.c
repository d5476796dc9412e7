/* SPDX-License-Identifier: MIT */
/*
 * What happens to an exception that ends a thread: the hook gets it.
 *
 * The hook runs in that thread, outside the cancel scope of the call, and may do what any code may.
 * The default hook is silent about SystemExit, as Python's is. CancelledError never gets here: a
 * future that is cancelled has no exception. What the hook raises is printed.
 */
#include "threads/thread.h"

#include <stdio.h>

TRV_DEFINE_FUNCTION_(TRV__READ_ONLY TRV_API, trv_thread_print_exception,
                     "trv_thread_print_exception(exception, thread): the default hook")
{
    trv_auto trv_object *name = NULL;
    trv_object *exception, *thread;
    const char *utf8;

    if (trv_parse(args, "oo", &exception, &thread) < 0 || !(name = trv_thread_name(thread)) ||
        !trv__expect(exception, &trv__exception_base_type, "trv_thread_print_exception"))
        return NULL;
    if (trv__type_derives(exception->type, trv__type_of_handle(trv_SystemExit)))
        return trv_none_new();
    utf8 = trv_str_utf8(name, NULL);
    fprintf(stderr, "Exception in thread %s:\n", utf8 ? utf8 : "?");
    trv_error_restore(exception);
    trv_error_print();
    return trv_none_new();
}

trv_object *trv_thread_excepthook(void)
{
    trv_object *hook = trv__runtime()->thread_hook;

    return trv_ref(hook ? hook : trv_thread_print_exception);
}

int trv_thread_set_excepthook(trv_object *hook)
{
    struct trv_runtime *runtime = trv__runtime();
    trv_object *old = runtime->thread_hook;

    if (!hook && trv_error_occurred())
        return -1;
    if (hook && trv_is_none(hook))
        hook = NULL;
    if (hook && !trv_callable(hook))
        return trv_raise_int(trv_TypeError, "a hook must be callable, not %s", trv_type_name(hook));
    runtime->thread_hook = trv_ref(hook);
    trv_unref(old);
    return 0;
}

void trv__thread_report(struct trv__thread_object *self, trv_object *exception)
{
    trv_object *items[] = {exception, (trv_object *)self};
    trv_object *hook, *answer;

    hook = trv_thread_excepthook();
    answer = trv_call_array(hook, items, COUNT_OF(items), NULL);
    if (!answer) {
        fprintf(stderr, "Exception in the hook for exceptions in threads:\n");
        trv_error_print();
    }
    trv_unref(answer);
    trv_unref(hook);
}
