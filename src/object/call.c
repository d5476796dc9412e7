/* SPDX-License-Identifier: MIT */
/*
 * Calls.
 *
 * The way of a call without keywords to a function is short on purpose: look at the stack and the
 * safepoint's word, fill a trv_args, jump; whatever is unusual goes to call_slowly, which begins anew. Nothing is allocated and the signature is not read; the
 * number of arguments is checked by the function's own trv_parse. Keywords are bound to the
 * signature before (signature.h); other callables answer through their type's `call` slot.
 *
 * Invariant: a call ends with a result and nothing pending, or with NULL and an exception. A
 * function that breaks it is named in a SystemError. Functions an exception leaves are noted in its
 * traceback here.
 */
#include "object/closure.h"
#include "object/descriptor.h"
#include "object/signature.h"

/* Sets SystemError with what was pending as its context. */
static void raise_over_pending(const char *name, const char *what)
{
    struct trv__context *context = trv__current->context;
    trv_object *outer = context->handled;

    context->handled = trv_steal(&context->error);
    trv_raise(trv_SystemError, "%s() %s", name, what);
    trv_clear(&context->handled);
    context->handled = outer;
}

/* A NULL among the arguments means a missing optional one, unless an exception is pending: then
 * the expression that should have made it failed, and so does the call. Other calls with an
 * exception pending are made by code that overlooked it. False if the call must not be made. */
static bool may_call(trv_object *callable, trv_object *const *items, size_t count)
{
    if (!trv__given(callable, "trv_call"))
        return false;
    for (size_t i = 0; i < count; i++)
        if (!items[i])
            return false;
    raise_over_pending(trv_function_name(callable), "was called with an exception pending");
    return false;
}

/* The code broke the rule about results and exceptions. */
static trv_object *raise_broken(const char *name, trv_object *result)
{
    if (!result)
        return trv_raise(trv_SystemError, "%s() returned NULL without setting an exception", name);
    raise_over_pending(name, "returned a result with an exception set");
    trv_unref(result);
    return NULL;
}

/* The end of a call that did not simply return a result. */
static __attribute__((noinline)) trv_object *end_of_call(const trv_function_spec *spec,
                                                         trv_object *result)
{
    const char *name = trv__spec_name(spec);

    if (!result != !!trv__current->context->error)
        result = raise_broken(name, result);
    trv__error_passed(spec->file, spec->line, name);
    return result;
}

/* A call that a watchdog may see: under one, no call is plain. */
static trv_object *run(const trv_function_spec *spec, const trv_args *args)
{
    struct trv__context *context = trv__current->context;
    const void *outer = context->runs;
    trv_object *result;

    if (!trv__is_watched())
        return spec->entry(args);
    context->runs = (const void *)(uintptr_t)spec->entry;
    trv__tell_watchdog(NULL);
    result = spec->entry(args);
    context->runs = outer;
    trv__tell_watchdog(NULL);
    return result;
}

static __attribute__((noinline)) trv_object *call_bound(trv_object *function, trv_args *args)
{
    const trv_function_spec *spec = args->function;
    struct trv__binding binding;
    trv_object *result;

    if (trv__bind(&binding, spec, args,
                  function->type == &trv__closure_type ? (const void *)function : NULL) < 0)
        return NULL;
    result = run(spec, &binding.args);
    if (UNLIKELY(!result || trv__current->context->error))
        result = end_of_call(spec, result);
    trv__unbind(&binding);
    return result;
}

/* A call by position of a function whose defaults are for its last parameters: the tuple is held, as
 * the function may be given another one meanwhile. */
static __attribute__((noinline)) trv_object *call_filled(struct trv__closure *closure,
                                                         trv_args *args)
{
    trv_object *items[TRV__FILLED_MOST], *const *defaults = NULL, *result;
    trv_auto trv_object *held = trv_ref(closure->defaults);
    size_t count = 0, given = args->count, missing = closure->positions - given;

    if (held)
        defaults = trv__tuple_items(held, &count);
    if (!closure->is_filled || given > closure->positions || missing > count)
        return call_bound((trv_object *)closure, args);
    for (size_t i = 0; i < given; i++)
        if (!(items[i] = args->items[i]))
            return call_bound((trv_object *)closure, args);
    for (size_t i = 0; i < missing; i++)
        items[given + i] = defaults[count - missing + i];
    args->items = items;
    args->count = given + missing;
    result = run(args->function, args);
    if (LIKELY(result && !trv__current->context->error))
        return result;
    return end_of_call(args->function, result);
}

/* A callable that is no function. */
static __attribute__((noinline)) trv_object *call_slot(trv_object *callable, trv_args *args)
{
    trv_object *result;

    if (!callable->type->slots.call)
        return trv_raise(trv_TypeError, "'%s' object is not callable", callable->type->name);
    args->self = callable;
    args->function = NULL;
    result = callable->type->slots.call(callable, args);
    if (UNLIKELY(!result != !!trv__current->context->error))
        return raise_broken(trv_function_name(callable), result);
    return result;
}

/* Every call that is not plain: with keywords, with something to attend to, of another callable. */
static __attribute__((noinline)) trv_object *call_slowly(trv_object *callable,
                                                         trv_object *const *items, size_t count,
                                                         trv_object *keywords)
{
    trv_args args = {NULL, items, count, keywords, NULL};
    trv_object *result;

    if ((!callable || trv__current->context->error) && !may_call(callable, items, count))
        return NULL;
    if (trv__enter_recursion(" in a call") < 0 || trv__safepoint() < 0)
        return NULL;
    if (!trv__is_function(callable))
        return call_slot(callable, &args);
    args.self = trv__closure_data(callable);
    args.function = callable->payload;
    if (keywords)
        return call_bound(callable, &args);
    if (callable->flags & TRV__HAS_DEFAULTS)
        return call_filled((struct trv__closure *)callable, &args);
    result = run(args.function, &args);
    if (LIKELY(result && !trv__current->context->error))
        return result;
    return end_of_call(args.function, result);
}

/* Whether a callable is a function whose arguments need not be completed, and what its `self` is. */
static inline bool is_plain(const trv_object *callable, trv_object **self)
{
    if (LIKELY(callable->type == &trv_static_function_layout_)) {
        *self = NULL;
        return true;
    }
    if (!trv__is_function(callable) || callable->flags & TRV__HAS_DEFAULTS)
        return false;
    *self = ((const struct trv__closure *)callable)->data;
    return true;
}

trv_object *trv_call_array(trv_object *callable, trv_object *const *items, size_t count,
                           trv_object *keywords)
{
    struct trv__context *context = trv__current->context;
    trv_object *result;
    trv_args args;

    if (UNLIKELY(!callable || keywords || context->error || !is_plain(callable, &args.self) ||
                 trv__stack_is_low() || trv__must_attend()))
        return call_slowly(callable, items, count, keywords);
    args.items = items;
    args.count = count;
    args.keywords = NULL;
    args.function = callable->payload;
    result = args.function->entry(&args);
    if (LIKELY(result && !context->error))
        return result;
    return end_of_call(args.function, result);
}

#define PREFIXED_INLINE 8

trv_object *trv__call_prefixed(trv_object *callable, trv_object *self, trv_object *const *items,
                               size_t count, trv_object *keywords)
{
    trv_object *few[PREFIXED_INLINE], **all = few, *result;

    if (count >= PREFIXED_INLINE && !(all = trv__allocate((count + 1) * sizeof *all)))
        return NULL;
    all[0] = self;
    for (size_t i = 0; i < count; i++)
        all[i + 1] = items[i];
    result = trv_call_array(callable, all, count + 1, keywords);
    if (all != few)
        trv__free(all, (count + 1) * sizeof *all);
    return result;
}

trv_object *trv__method_run(const struct trv__method *method, trv_object *self,
                            trv_object *const *items, size_t count, trv_object *keywords)
{
    const trv_function_spec spec = {.size = sizeof spec,
                                    .entry = method->entry,
                                    .signature = method->signature,
                                    .name = method->name,
                                    .owner = trv__is_type(self) ? trv__type_of_handle(self)->name
                                                                : self->type->name};
    trv_args args = {self, items, count, keywords, &spec};
    struct trv__binding binding;
    trv_object *result;

    if (keywords && trv__bind(&binding, &spec, &args, NULL) < 0)
        return NULL;
    result = run(&spec, keywords ? &binding.args : &args);
    if (UNLIKELY(!result || trv__current->context->error))
        result = end_of_call(&spec, result);
    if (keywords)
        trv__unbind(&binding);
    return result;
}

int trv_callable(const trv_object *object)
{
    return object && object->type->slots.call;
}

const char *trv_function_name(trv_object *function)
{
    const trv_function_spec *spec = function ? trv__function_spec(function) : NULL;

    if (spec && spec->name)
        return spec->name;
    if (function && trv__is_type(function))
        return trv__type_of_handle(function)->name;
    return trv_type_name(function);
}

const trv_function_spec *trv__function_spec(const trv_object *function)
{
    return trv__is_function(function) ? function->payload : NULL;
}

trv_object *trv__closure_data(const trv_object *function)
{
    if (function->type == &trv_static_function_layout_ || !trv__is_function(function))
        return NULL;
    return ((const struct trv__closure *)function)->data;
}
