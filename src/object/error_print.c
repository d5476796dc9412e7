/* SPDX-License-Identifier: MIT */
/*
 * Exceptions as text, in the form Python gives them.
 *
 * A chain is written from its innermost cause or context to the exception itself. It is walked
 * first, with each exception marked so that a ring ends where it closes, and unmarked before
 * anything is written, because writing calls the str of arguments, which is code of users.
 *
 * What is pending while an exception is written is set aside. An argument whose str fails is
 * written as such. Only memory can run out: then the whole fails with MemoryError.
 */
#include "object/exception.h"

#include <stdio.h>

/* Python folds more than so many equal lines of a traceback. */
#define EQUAL_LINES_SHOWN 3

/* Text that grows. After a failure, which sets MemoryError, further writes do nothing. */
struct text {
    char *bytes;
    size_t size, capacity;
    bool has_failed;
};

static void text_add(struct text *text, const char *bytes, size_t size)
{
    size_t capacity = text->capacity;
    char *grown;

    if (text->has_failed)
        return;
    if (size > capacity - text->size) {
        capacity = MAX_OF(text->size + size, MAX_OF(capacity * 2, 512));
        grown = trv__reallocate(text->bytes, text->capacity, capacity);
        if (!grown) {
            text->has_failed = true;
            return;
        }
        text->bytes = grown;
        text->capacity = capacity;
    }
    memcpy(text->bytes + text->size, bytes, size);
    text->size += size;
}

static void text_add_string(struct text *text, const char *string)
{
    text_add(text, string, strlen(string));
}

static void text_add_object(struct text *text, trv_object *str)
{
    size_t size;
    const char *bytes = trv_str_utf8(str, &size);

    text_add(text, bytes, size);
}

/* Makes it a str and frees the bytes. */
static trv_object *text_finish(struct text *text)
{
    trv_object *str = text->has_failed ? NULL : trv_str_new_sized(text->bytes, text->size);

    trv__free(text->bytes, text->capacity);
    return str;
}

/* One exception -------------------------------------------------------------------------------- */

static bool places_are_equal(const struct trv__place *a, const struct trv__place *b)
{
    return a->line == b->line && !a->file == !b->file && (!a->file || !strcmp(a->file, b->file)) &&
           !strcmp(a->function, b->function);
}

static void add_repeats(struct text *text, uint32_t times)
{
    char line[80];

    if (times <= EQUAL_LINES_SHOWN)
        return;
    times -= EQUAL_LINES_SHOWN;
    snprintf(line, sizeof line, "  [Previous line repeated %u more time%s]\n", times,
             times == 1 ? "" : "s");
    text_add_string(text, line);
}

static void add_place(struct text *text, const struct trv__place *place)
{
    const char *ending = strstr(place->function, TRV__BODY_SUFFIX);
    char line[24];

    snprintf(line, sizeof line, "\", line %d, in ", place->line);
    text_add_string(text, "  File \"");
    text_add_string(text, place->file ? place->file : "?");
    text_add_string(text, line);
    text_add(text, place->function,
             ending ? (size_t)(ending - place->function) : strlen(place->function));
    text_add_string(text, "\n");
}

static void add_places(struct text *text, const struct trv__exception *exception)
{
    const struct trv__place *last = NULL;
    uint32_t times = 0;

    if (exception->count)
        text_add_string(text, "Traceback (most recent call last):\n");
    for (uint32_t i = exception->count; i-- > 0;) {
        const struct trv__place *place = trv__exception_place(exception, i);

        if (!last || !places_are_equal(place, last)) {
            add_repeats(text, times);
            times = 0;
        }
        last = place;
        if (++times <= EQUAL_LINES_SHOWN)
            add_place(text, place);
    }
    add_repeats(text, times);
}

/* The message as the nearest built-in type tells it: no code of a type made at run time runs. */
static trv_object *plain_message(trv_object *exception)
{
    const struct trv_type *type = exception->type;

    while (type->flags & TRV__TYPE_IN_HEAP)
        type = type->base;
    return type->slots.str(exception);
}

static void add_name_and_message(struct text *text, trv_object *exception, bool is_plain)
{
    trv_object *message = is_plain ? plain_message(exception) : trv_str(exception);
    size_t size;

    text_add_string(text, exception->type->name);
    if (!message) {
        if (trv_error_matches(trv_MemoryError)) {
            text->has_failed = true;
            return;
        }
        trv_error_clear();
        text_add_string(text, ": <exception str() failed>");
    } else if (trv_str_utf8(message, &size) && size) {
        text_add_string(text, ": ");
        text_add_object(text, message);
    }
    text_add_string(text, "\n");
    trv_unref(message);
}

static const char above_caused[] =
    "\nThe above exception was the direct cause of the following exception:\n\n";
static const char above_handled[] =
    "\nDuring handling of the above exception, another exception occurred:\n\n";

static void add_exception(struct text *text, trv_object *object, bool is_plain)
{
    struct trv__exception *exception = trv__exception(object);

    if (exception->remote) {
        text_add_string(text, "\"\"\"\n");
        text_add_object(text, exception->remote);
        text_add_string(text, "\"\"\"\n");
        text_add_string(text, above_caused);
    }
    add_places(text, exception);
    add_name_and_message(text, object, is_plain);
}

/* Chains --------------------------------------------------------------------------------------- */

struct link {
    trv_object *exception; /* owned */
    bool is_cause;         /* of the one before it in the array; else its context */
};

struct chain {
    struct link *links; /* from the outermost exception inwards */
    size_t count, capacity;
};

static int chain_add(struct chain *chain, trv_object *exception, bool is_cause)
{
    struct link *grown;
    size_t capacity = chain->capacity ? chain->capacity * 2 : 8;

    if (chain->count == chain->capacity) {
        grown = trv__reallocate(chain->links, chain->capacity * sizeof *grown,
                                capacity * sizeof *grown);
        if (!grown)
            return -1;
        chain->links = grown;
        chain->capacity = capacity;
    }
    chain->links[chain->count++] = (struct link){trv_ref(exception), is_cause};
    trv__exception(exception)->is_marked = true;
    return 0;
}

static int chain_collect(struct chain *chain, trv_object *exception)
{
    bool is_cause = false;
    int result = 0;

    while (result == 0 && exception && !trv__exception(exception)->is_marked) {
        struct trv__exception *e = trv__exception(exception);

        result = chain_add(chain, exception, is_cause);
        is_cause = e->cause != NULL;
        exception = is_cause ? e->cause : e->suppresses_context ? NULL : e->context;
    }
    for (size_t i = 0; i < chain->count; i++)
        trv__exception(chain->links[i].exception)->is_marked = false;
    return result;
}

static void chain_fini(struct chain *chain)
{
    for (size_t i = 0; i < chain->count; i++)
        trv_unref(chain->links[i].exception);
    trv__free(chain->links, chain->capacity * sizeof *chain->links);
}

static trv_object *format_chain(trv_object *exception)
{
    struct chain chain = {NULL, 0, 0};
    struct text text = {NULL, 0, 0, false};

    text.has_failed = chain_collect(&chain, exception) < 0;
    for (size_t i = chain.count; i-- > 0 && !text.has_failed;) {
        add_exception(&text, chain.links[i].exception, false);
        if (i)
            text_add_string(&text, chain.links[i].is_cause ? above_caused : above_handled);
    }
    chain_fini(&chain);
    return text_finish(&text);
}

/* The interface -------------------------------------------------------------------------------- */

static bool is_given(trv_object *exception, const char *function)
{
    return trv__expect(exception, &trv__exception_base_type, function);
}

trv_object *trv_exception_format(trv_object *exception)
{
    trv_object *before, *str;

    if (!is_given(exception, "trv_exception_format"))
        return NULL;
    before = trv_error_take();
    str = format_chain(exception);
    if (str && before)
        trv__error_give(before);
    else
        trv_unref(before);
    return str;
}

void trv_error_print(void)
{
    trv_object *exception = trv_error_take(), *str;

    if (!exception)
        return;
    str = trv_exception_format(exception);
    if (str) {
        size_t size;
        const char *bytes = trv_str_utf8(str, &size);

        fwrite(bytes, 1, size, stderr);
    } else {
        trv_error_clear();
        fprintf(stderr, "%s (no memory to say more)\n", exception->type->name);
    }
    trv_unref(str);
    trv_unref(exception);
}

trv_object *trv__exception_traceback(trv_object *exception)
{
    struct text text = {NULL, 0, 0, false};

    if (!is_given(exception, "trv__exception_traceback"))
        return NULL;
    add_exception(&text, exception, true);
    return text_finish(&text);
}

int trv__exception_set_remote_traceback(trv_object *exception, trv_object *text)
{
    trv_object *old;

    if (!is_given(exception, "trv__exception_set_remote_traceback") ||
        !trv__expect(text, &trv__str_type, "trv__exception_set_remote_traceback"))
        return -1;
    if (trv__exception(exception)->is_constant)
        return 0;
    old = trv__exception(exception)->remote;
    trv__exception(exception)->remote = trv_ref(text);
    trv_unref(old);
    return 0;
}
