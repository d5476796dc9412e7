/* SPDX-License-Identifier: MIT */
/*
 * The exception that is being handled, and handlers for parts of groups.
 *
 * A handler takes the pending exception; while it runs, context->handled is that exception, and whatever
 * is raised gets it as its context. Handlers nest: each keeps what was handled around it. A generator
 * begins with nothing handled, and its own is swapped with that of whoever resumes it
 * (types/generator.c); one that handles nothing sees what those around it handle, as in Python.
 *
 * A handler of parts (TRV_HANDLE_PARTS) divides a group among several handlers, as Python's except* does.
 * What they raise is collected, and at the end raised together with what nobody wanted:
 *   - parts raised again, and the rest, become one group of the shape of the whole;
 *   - what is new is put beside it, in a group without a message; alone, it is raised as it is.
 */
#include "object/exception.h"

#include "trivet/exception.h"

/* The exception being handled ------------------------------------------------------------------ */

trv_object *trv__error_handled(void)
{
    const struct trv__context *context = trv__current->context;

    if (LIKELY(context->handled || !context->generator))
        return context->handled;
    return trv__generator_handled(context->generator);
}

trv_object *trv_error_handled(void)
{
    trv_object *handled = trv__error_handled();

    return handled ? trv_ref(handled) : trv_none_new();
}

trv_object *trv_reraise_at_(const char *file, int line, const char *function)
{
    trv_object *handled = trv__error_handled();

    if (!handled)
        return trv_raise_at_(file, line, function, trv_RuntimeError,
                             "No active exception to reraise");
    return trv_raise_object_at_(file, line, function, handled, NULL);
}

trv_handler_ trv_handle_begin(trv_object *type)
{
    struct trv__context *context = trv__current->context;
    trv_handler_ handler = {NULL, NULL, 0};

    if (!context->error || !trv_error_matches(type))
        return handler;
    handler.exception = trv_error_take();
    handler.outer = context->handled;
    handler.state = 1;
    context->handled = trv_ref(handler.exception);
    return handler;
}

void trv_handle_end(trv_handler_ *handler)
{
    struct trv__context *context = trv__current->context;

    if (!handler->state)
        return;
    handler->state = 0;
    trv_unref(context->handled);
    context->handled = trv_steal(&handler->outer);
    trv_clear(&handler->exception);
}

/* Parts of groups ------------------------------------------------------------------------------ */

trv_parts_ trv_parts_begin(void)
{
    trv_parts_ parts = {.whole = NULL};

    if (!trv_error_occurred())
        return parts;
    parts.whole = trv_error_take();
    parts.rest = trv_ref(parts.whole);
    parts.outer = trv__current->context->handled;
    trv__current->context->handled = trv_ref(parts.whole);
    parts.state = 1;
    return parts;
}

/* What is pending is raised in the end, and nothing else. */
static void fail(trv_parts_ *parts)
{
    trv_unref(parts->failure);
    parts->failure = trv_error_take();
}

/* Notes what a handler has raised. */
static void collect_raised(trv_parts_ *parts)
{
    trv_object *error = trv_error_take();
    bool is_again = error && error == parts->part;

    trv_clear(&parts->part);
    if (!error)
        return;
    if (!parts->lists[is_again])
        parts->lists[is_again] = trv_list_new();
    if (!parts->lists[is_again] || trv_list_append(parts->lists[is_again], error) < 0)
        fail(parts);
    trv_unref(error);
}

/* A part of an exception that is no group, as its handler gets it. */
static trv_object *wrap(trv_object *exception)
{
    trv_auto trv_object *tuple = trv_tuple_new(&exception, 1);

    return tuple ? trv_exception_group_new("", tuple) : NULL;
}

static int refuse_groups(trv_object *type)
{
    trv_object *const *items = &type;
    size_t count = 1;

    if (trv__type_derives(type->type, &trv__tuple_type))
        items = trv__tuple_items(type, &count);
    for (size_t i = 0; i < count; i++)
        if (trv__is_exception_type(items[i]) &&
            trv__type_derives(trv__type_of_handle(items[i]),
                              trv__type_of_handle(trv_BaseExceptionGroup)))
            return trv_raise_int(trv_TypeError, "catching ExceptionGroup with except* is not "
                                                "allowed. Use except instead.");
    return 0;
}

/* Makes `part` what is handled now. */
static void handle(trv_object *part)
{
    trv_object *old = trv__current->context->handled;

    trv__current->context->handled = trv_ref(part);
    trv_unref(old);
}

/* Takes what is of a type out of the rest, as the part to be handled: 1, 0 if there is none, -1. */
static int take_part(trv_parts_ *parts, trv_object *type)
{
    trv_auto trv_object *matching = NULL, *rest = NULL;

    if (refuse_groups(type) < 0 || trv_exception_split(parts->rest, type, &matching, &rest) < 0)
        return -1;
    if (!matching)
        return 0;
    parts->is_wrapped = !trv__is_exception_group(matching);
    parts->part = parts->is_wrapped ? wrap(matching) : trv_ref(matching);
    trv_unref(parts->rest);
    parts->rest = trv_steal(&rest);
    return parts->part ? 1 : -1;
}

int trv_parts_next(trv_parts_ *parts, trv_object *type)
{
    int answer;

    if (!parts->state)
        return 0;
    collect_raised(parts);
    handle(parts->whole);
    if (!parts->rest || parts->failure)
        return 0;
    answer = trv__given(type, "TRV_HANDLE_PART") ? take_part(parts, type) : -1;
    if (answer > 0)
        handle(parts->part);
    else if (answer < 0)
        fail(parts);
    return answer > 0;
}

/* The leaves of an exception, appended to a list. */
static int add_leaves(trv_object *exception, trv_object *leaves)
{
    trv_auto trv_object *members = NULL;
    trv_object *const *items;
    size_t count;

    if (!trv__is_exception_group(exception))
        return trv_list_append(leaves, exception);
    if (trv__enter_recursion(" in the leaves of an exception group") < 0 ||
        !(members = trv_exception_group_exceptions(exception)))
        return -1;
    items = trv__tuple_items(members, &count);
    for (size_t i = 0; i < count; i++)
        if (add_leaves(items[i], leaves) < 0)
            return -1;
    return 0;
}

/* Whether an exception is one of a set of leaves, by identity. */
static trv_object *is_leaf(const trv_args *args)
{
    trv_object *exception;
    int answer;

    if (trv_parse(args, "o", &exception) < 0 || (answer = trv_contains(args->self, exception)) < 0)
        return NULL;
    return trv_bool_new(!trv__is_exception_group(exception) && answer);
}

/* The part of the whole with these exceptions of it: of its shape. */
static trv_object *project(trv_object *whole, trv_object *list)
{
    trv_auto trv_object *leaves = trv_list_new(), *set = NULL, *function = NULL;
    trv_object *const *items, *part = NULL;
    size_t count;

    if (!leaves)
        return NULL;
    items = trv__list_items(list, &count);
    for (size_t i = 0; i < count; i++)
        if (add_leaves(items[i], leaves) < 0)
            return NULL;
    if (!(set = trv_set_from(leaves)) || !(function = trv__function_own(is_leaf, "is_leaf", set)) ||
        trv_exception_split(whole, function, &part, NULL) < 0)
        return NULL;
    return part;
}

/* What is left of the whole, a new reference, or NULL: with *has_failed or because there is nothing. */
static trv_object *unhandled(trv_parts_ *parts, bool *has_failed)
{
    trv_object *again = parts->lists[1], *left;

    *has_failed = false;
    if (!again)
        return trv_ref(parts->rest);
    if (parts->rest && trv_list_append(again, parts->rest) < 0)
        left = NULL;
    else if (parts->is_wrapped)
        left = trv_list_get(again, 0);
    else
        left = project(parts->whole, again);
    *has_failed = !left;
    return left;
}

/* What is to be raised in the end, a new reference or NULL. */
static trv_object *combine(trv_parts_ *parts)
{
    trv_object *raised = parts->lists[0], *left, *group;
    size_t count = 0;
    bool has_failed;

    if (parts->failure)
        return trv_steal(&parts->failure);
    left = unhandled(parts, &has_failed);
    if (has_failed)
        return trv_error_take();
    if (!raised)
        return left;
    if (left && trv_list_append(raised, left) < 0) {
        trv_unref(left);
        return trv_error_take();
    }
    trv_unref(left);
    (void)trv__list_items(raised, &count);
    group = count == 1 ? trv_list_get(raised, 0) : trv_exception_group_new("", raised);
    return group ? group : trv_error_take();
}

void trv_parts_end(trv_parts_ *parts)
{
    trv_object *error;

    if (!parts->state)
        return;
    parts->state = 0;
    collect_raised(parts);
    trv_unref(trv__current->context->handled);
    trv__current->context->handled = trv_steal(&parts->outer);
    error = combine(parts);
    trv_clear(&parts->lists[0]);
    trv_clear(&parts->lists[1]);
    trv_clear(&parts->rest);
    trv_clear(&parts->whole);
    trv_clear(&parts->failure);
    if (error)
        trv__error_give(error);
}

int trv_error_split(trv_object *type, trv_object **matching)
{
    trv_auto trv_object *error = trv_error_take();
    trv_object *rest;

    *matching = NULL;
    if (!error)
        return 0;
    if (trv_exception_split(error, type, matching, &rest) < 0)
        return -1;
    if (rest)
        trv__error_give(rest);
    return *matching != NULL;
}
