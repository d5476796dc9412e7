/* SPDX-License-Identifier: MIT */
/*
 * Reports of deadlocks.
 *
 * One line for each who waits:
 *
 *     thread 'ann' running eat in lock_acquire at eat (dinner.c:31), for <locked lock at 0x7f..>;
 *     holds <locked lock at 0x7f..>
 *
 * What somebody holds is what others of the report wait for and he could end (enders in heap/type.h): of
 * locks that nobody wants nothing is known, and nothing need be.
 *
 * Nothing here may fail or switch: the contexts stand still while they are written about. A repr that
 * fails is replaced by type and address, and without memory the message is only the first words.
 */
#include "wait/report.h"

#include "base/locate.h"

#include <stdarg.h>
#include <stdio.h>

#define TEXT_BYTES 16384
#define SHOWN 16

struct text {
    char *bytes;
    size_t used;
};

static void __attribute__((format(printf, 2, 3))) add(struct text *text, const char *format, ...)
{
    size_t room = TEXT_BYTES - text->used;
    va_list arguments;
    int length;

    va_start(arguments, format);
    length = vsnprintf(text->bytes + text->used, room, format, arguments);
    va_end(arguments);
    if (length > 0)
        text->used += MIN_OF((size_t)length, room - 1);
}

/* One who waits ------------------------------------------------------------------------------------------ */

static void add_name(struct text *text, const struct trv__context *context)
{
    const struct trv__thread *thread = context->thread;
    const char *function = context->function ? trv_function_name(context->function) : NULL;

    if (trv__context_is_coroutine(context) && context != &thread->context) {
        add(text, "coroutine '%s'", function ? function : "?");
        return;
    }
    if (thread->is_main)
        add(text, "the main thread");
    else if (thread->name[0])
        add(text, "thread '%s'", thread->name);
    else
        add(text, "thread %u", (unsigned)atomic_load(&thread->native_id));
    if (function)
        add(text, " running %s", function);
}

static void add_place(struct text *text, const struct trv__context *context)
{
    struct trv__location location;
    char where[512];

    if (!context->waits_in)
        return;
    trv__locate_call(context->waits_at, &location);
    add(text, " in %s at %s", context->waits_in,
        trv__location_text(&location, where, sizeof where));
}

static void add_object(struct text *text, trv_object *object)
{
    trv_auto trv_object *repr = trv_repr(object);
    const char *shown = repr ? trv_str_utf8(repr, NULL) : NULL;

    if (shown) {
        add(text, "%s", shown);
        return;
    }
    trv_error_clear();
    add(text, "<%s at %p>", object->type->name, (void *)object);
}

/* What it holds ------------------------------------------------------------------------------------------ */

struct match {
    const struct trv__context *wanted;
    bool was_found;
};

static bool compare(struct trv__context *ender, void *argument)
{
    struct match *match = argument;

    match->was_found |= ender == match->wanted;
    return !match->was_found;
}

/* What a context does with the object that another waits for; NULL: nothing. */
static const char *relation(const struct trv__context *context, trv_object *object)
{
    struct match match = {.wanted = context};
    const char *verb = NULL;

    if (object && object->type->enders)
        verb = object->type->enders(object, compare, &match);
    return match.was_found ? verb : NULL;
}

/* Whether somebody before `context` waits for the same. */
static bool was_seen(const struct trv__context *first, const struct trv__context *context)
{
    for (; first != context; first = first->next_found)
        if (first->waits_on == context->waits_on)
            return true;
    return false;
}

static void add_holdings(struct text *text, struct trv__context *first,
                         const struct trv__context *context)
{
    const struct trv__context *other = first;

    for (int i = 0; i < SHOWN && (other != first || i == 0); i++, other = other->next_found) {
        const char *verb = relation(context, other->waits_on);
        if (!verb || was_seen(first, other))
            continue;
        add(text, "; %s ", verb);
        add_object(text, other->waits_on);
    }
}

/* ---------------------------------------------------------------------------------------------------------- */

static void add_line(struct text *text, struct trv__context *first, struct trv__context *context)
{
    add(text, "\n  ");
    add_name(text, context);
    add_place(text, context);
    if (context->waits_on) {
        add(text, ", for ");
        add_object(text, context->waits_on);
    }
    add_holdings(text, first, context);
}

static void add_lines(struct text *text, struct trv__context *first)
{
    struct trv__context *context = first;
    size_t count = 0;

    do {
        if (count++ < SHOWN)
            add_line(text, first, context);
        context = context->next_found;
    } while (context != first);
    if (count > SHOWN)
        add(text, "\n  and %zu more", count - SHOWN);
}

void trv__report_deadlock(struct trv__context *first, const char *what)
{
    struct trv__context *self = trv__current->context;
    struct text text = {.bytes = trv__allocate(TEXT_BYTES)};

    if (!text.bytes) {
        trv_error_clear();
        (void)trv_raise(trv_DeadlockError, "%s", what);
        return;
    }
    self->no_switch++;
    add(&text, "%s:", what);
    add_lines(&text, first);
    self->no_switch--;
    (void)trv_raise(trv_DeadlockError, "%s", text.bytes);
    trv__free(text.bytes, TEXT_BYTES);
}
