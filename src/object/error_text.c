/* SPDX-License-Identifier: MIT */
/*
 * The parts that the text of an exception is made of: lines of tracebacks, message, notes.
 *
 * An argument whose str fails is written as such. Only memory can run out: then the text has failed,
 * with MemoryError pending.
 */
#include "object/error_text.h"

#include <stdio.h>

/* Python folds more than so many equal lines of a traceback. */
#define EQUAL_LINES_SHOWN 3

/* Text ----------------------------------------------------------------------------------------- */

static void add_bytes(struct trv__text *text, const char *bytes, size_t size)
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

static void add_margin(struct trv__text *text)
{
    for (unsigned i = 0; i < text->depth; i++)
        add_bytes(text, "  ", 2);
    add_bytes(text, &text->margin, 1);
    add_bytes(text, " ", 1);
}

void trv__text_add(struct trv__text *text, const char *bytes, size_t size)
{
    if (!text->depth) {
        add_bytes(text, bytes, size);
        return;
    }
    while (size) {
        const char *end = memchr(bytes, '\n', size);
        size_t part = end ? (size_t)(end - bytes) + 1 : size;
        if (!text->is_in_line)
            add_margin(text);
        add_bytes(text, bytes, part);
        text->is_in_line = !end;
        bytes += part;
        size -= part;
    }
}

void trv__text_add_string(struct trv__text *text, const char *string)
{
    trv__text_add(text, string, strlen(string));
}

void trv__text_add_object(struct trv__text *text, trv_object *str)
{
    size_t size;
    const char *bytes = trv_str_utf8(str, &size);

    trv__text_add(text, bytes, size);
}

void trv__text_printf(struct trv__text *text, const char *format, ...)
{
    char line[128];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    trv__text_add_string(text, line);
}

void trv__text_add_rule(struct trv__text *text, const char *line)
{
    for (unsigned i = 0; i < text->depth; i++)
        add_bytes(text, "  ", 2);
    add_bytes(text, line, strlen(line));
}

trv_object *trv__text_finish(struct trv__text *text)
{
    trv_object *str = text->has_failed ? NULL : trv_str_new_sized(text->bytes, text->size);

    trv__free(text->bytes, text->capacity);
    return str;
}

/* Tracebacks ----------------------------------------------------------------------------------- */

static bool are_equal(const struct trv__place *a, const struct trv__place *b)
{
    return a->line == b->line && !a->file == !b->file && (!a->file || !strcmp(a->file, b->file)) &&
           !strcmp(a->function, b->function);
}

static void add_repeats(struct trv__text *text, uint32_t times)
{
    if (times <= EQUAL_LINES_SHOWN)
        return;
    times -= EQUAL_LINES_SHOWN;
    trv__text_printf(text, "  [Previous line repeated %u more time%s]\n", times,
                     times == 1 ? "" : "s");
}

static void add_place(struct trv__text *text, const struct trv__place *place)
{
    trv__text_add_string(text, "  File \"");
    trv__text_add_string(text, place->file ? place->file : "?");
    trv__text_printf(text, "\", line %d, in ", place->line);
    trv__text_add(text, place->function, trv__place_name_size(place));
    trv__text_add_string(text, "\n");
}

void trv__text_add_places(struct trv__text *text, const struct trv__trail *places, int limit)
{
    const struct trv__place *last = NULL;
    uint32_t times = 0, most = limit < 0 ? -(uint32_t)limit : (uint32_t)limit, from = places->count,
             to = 0;

    if (most < places->count)
        from = limit < 0 ? most : from, to = limit < 0 ? 0 : places->count - most;
    for (uint32_t i = from; i-- > to;) {
        const struct trv__place *place = trv__place_at(places, i);

        if (!last || !are_equal(place, last)) {
            add_repeats(text, times);
            times = 0;
        }
        last = place;
        if (++times <= EQUAL_LINES_SHOWN)
            add_place(text, place);
    }
    add_repeats(text, times);
}

/* Message and notes ---------------------------------------------------------------------------- */

/* A str that a user's code was to make: what is said instead if it failed. */
static void add_made(struct trv__text *text, trv_object *made, const char *instead)
{
    if (made) {
        trv__text_add_object(text, made);
    } else if (trv_error_matches(trv_MemoryError)) {
        text->has_failed = true;
    } else {
        trv_error_clear();
        trv__text_add_string(text, instead);
    }
}

/* The message as the nearest built-in type tells it. */
static trv_object *plain_message(trv_object *exception)
{
    const struct trv_type *type = exception->type;

    while (type->flags & TRV__TYPE_IN_HEAP)
        type = type->base;
    return type->slots.str(exception);
}

static void add_note(struct trv__text *text, trv_object *note)
{
    trv_auto trv_object *made = trv_str(note);

    add_made(text, made, "<note str() failed>");
    trv__text_add_string(text, "\n");
}

/* Python takes any sequence for notes, and shows what is none by its repr. */
static void add_notes(struct trv__text *text, trv_object *exception)
{
    trv_auto trv_object *attributes = trv_ref(trv__exception(exception)->attributes);
    trv_auto trv_object *notes = NULL, *items = NULL;

    if (!attributes || trv_dict_get_str(attributes, "__notes__", &notes) == 0 ||
        (notes && trv_is_none(notes)))
        return;
    if (notes && (trv__type_derives(notes->type, &trv__list_type) ||
                  trv__type_derives(notes->type, &trv__tuple_type) ||
                  trv__type_derives(notes->type, &trv__str_type))) {
        items = trv_tuple_from(notes);
        TRV_FOR(note, items)
            add_note(text, note);
    } else if (notes) {
        items = trv_repr(notes);
        add_made(text, items, "<__notes__ repr() failed>");
    }
    if (!items && trv_error_occurred())
        add_made(text, NULL, "");
}

void trv__text_add_exception_only(struct trv__text *text, trv_object *exception, bool is_plain)
{
    trv_auto trv_object *message = is_plain ? plain_message(exception) : trv_str(exception);
    size_t size = 1;

    trv__text_add_string(text, exception->type->name);
    if (!message || (trv_str_utf8(message, &size) && size)) {
        trv__text_add_string(text, ": ");
        add_made(text, message, "<exception str() failed>");
    }
    trv__text_add_string(text, "\n");
    if (!text->has_failed && !is_plain)
        add_notes(text, exception);
}
