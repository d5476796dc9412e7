/* SPDX-License-Identifier: MIT */
/*
 * Exceptions as text, in the form Python's traceback module gives them.
 *
 * A chain is written from its innermost cause or context to the exception itself; a group is followed
 * by its members, each with its chain, behind a margin. What there is to write is found first, with
 * each exception marked so that a ring ends where it closes, and unmarked before anything is
 * written, because writing calls the str of arguments, which is code of users. A place has no line
 * of source: the file may be elsewhere, or be another by now.
 *
 * What is pending while an exception is written is set aside. Only memory can run out: then the whole
 * fails with MemoryError.
 */
#include "object/error_text.h"

#include "trivet/exception.h"

#include <stdio.h>

/* What Python shows of a group. */
#define GROUP_WIDTH_MOST 15
#define GROUP_DEPTH_MOST 10

/* An exception to be written. Indices are of the array of all; 0, which is where it begins, is none. */
struct entry {
    trv_object *exception; /* owned */
    size_t inner, outer;   /* its cause or context, and what it is that of */
    size_t members, count; /* of a group: the first of those in it, and how many */
    bool is_cause;         /* of `outer`; else its context */
};

struct tree {
    struct entry *entries;
    size_t count, capacity;
    bool has_chains;
};

/* Finding -------------------------------------------------------------------------------------- */

/* The index of an entry that was added; 0 when out of memory, and for the first. */
static size_t add(struct tree *tree, trv_object *exception)
{
    size_t capacity = tree->capacity ? tree->capacity * 2 : 8;
    struct entry *grown;

    if (tree->count == tree->capacity) {
        grown = trv__reallocate(tree->entries, tree->capacity * sizeof *grown,
                                capacity * sizeof *grown);
        if (!grown)
            return 0;
        tree->entries = grown;
        tree->capacity = capacity;
    }
    tree->entries[tree->count] = (struct entry){.exception = trv_ref(exception)};
    trv__exception(exception)->is_marked = true;
    return tree->count++;
}

/* The cause or context of an entry that is to be shown, if it was not seen before. */
static int add_inner(struct tree *tree, size_t at)
{
    const struct trv__exception *exception = trv__exception(tree->entries[at].exception);
    bool is_cause = exception->cause && !trv__exception(exception->cause)->is_marked;
    trv_object *inner = is_cause                        ? exception->cause
                        : exception->suppresses_context ? NULL
                                                        : exception->context;
    size_t added;

    if (!tree->has_chains || !inner || trv__exception(inner)->is_marked)
        return 0;
    if (!(added = add(tree, inner)))
        return -1;
    tree->entries[added].outer = at;
    tree->entries[added].is_cause = is_cause;
    tree->entries[at].inner = added;
    return 0;
}

static int add_members(struct tree *tree, size_t at)
{
    trv_object *group = tree->entries[at].exception, *exceptions, *const * items;
    size_t count;

    if (!trv__is_exception_group(group) ||
        !(exceptions = trv__exception_field(group, TRV__FIELD_EXCEPTIONS)))
        return 0;
    items = trv__tuple_items(exceptions, &count);
    for (size_t i = 0; i < count; i++) {
        size_t added = add(tree, items[i]);
        if (!added)
            return -1;
        if (i == 0)
            tree->entries[at].members = added;
        tree->entries[at].count++;
    }
    return 0;
}

static int collect(struct tree *tree, trv_object *exception)
{
    int answer = 0;

    add(tree, exception);
    if (!tree->count)
        return -1;
    for (size_t i = 0; i < tree->count && answer == 0; i++)
        answer = add_inner(tree, i) < 0 ? -1 : add_members(tree, i);
    for (size_t i = 0; i < tree->count; i++)
        trv__exception(tree->entries[i].exception)->is_marked = false;
    return answer;
}

static void drop(struct tree *tree)
{
    for (size_t i = 0; i < tree->count; i++)
        trv_unref(tree->entries[i].exception);
    trv__free(tree->entries, tree->capacity * sizeof *tree->entries);
}

/* Writing -------------------------------------------------------------------------------------- */

struct writer {
    struct trv__text text;
    const struct tree *tree;
    int limit;       /* of the lines of each traceback */
    bool must_close; /* a line is still to be written below the group */
};

static const char above_caused[] =
    "\nThe above exception was the direct cause of the following exception:\n\n";
static const char above_handled[] =
    "\nDuring handling of the above exception, another exception occurred:\n\n";

static void write_chain(struct writer *writer, size_t at);

static void write_remote(struct trv__text *text, trv_object *remote)
{
    trv__text_add_string(text, "\"\"\"\n");
    trv__text_add_object(text, remote);
    trv__text_add_string(text, "\"\"\"\n");
    trv__text_add_string(text, above_caused);
}

/* Its own traceback and message. */
static void write_one(struct trv__text *text, trv_object *object, int limit, bool is_plain)
{
    struct trv__exception *exception = trv__exception(object);

    if (exception->remote)
        write_remote(text, exception->remote);
    if (exception->places.count)
        trv__text_add_string(text, "Traceback (most recent call last):\n");
    trv__text_add_places(text, &exception->places, limit);
    trv__text_add_exception_only(text, object, is_plain);
}

static void write_member(struct writer *writer, const struct entry *group, size_t index)
{
    struct trv__text *text = &writer->text;
    size_t left = group->count - index;
    char title[64], number[24];

    snprintf(number, sizeof number, "%zu", index + 1);
    snprintf(title, sizeof title, "%s+---------------- %s ----------------\n",
             index == 0 ? "+-" : "  ", index < GROUP_WIDTH_MOST ? number : "...");
    trv__text_add_rule(text, title);
    text->depth++;
    if (index < GROUP_WIDTH_MOST)
        write_chain(writer, group->members + index);
    else
        trv__text_printf(text, "and %zu more exception%s\n", left, left == 1 ? "" : "s");
}

static void write_group(struct writer *writer, const struct entry *group)
{
    struct trv__text *text = &writer->text;
    struct trv__exception *exception = trv__exception(group->exception);
    bool is_top = text->depth == 0;
    size_t shown = MIN_OF(group->count, (size_t)GROUP_WIDTH_MOST + 1);

    if (is_top)
        text->depth++;
    if (exception->remote)
        write_remote(text, exception->remote);
    if (exception->places.count) {
        text->margin = is_top ? '+' : '|';
        trv__text_add_string(text, "Exception Group Traceback (most recent call last):\n");
        text->margin = '|';
    }
    trv__text_add_places(text, &exception->places, writer->limit);
    trv__text_add_exception_only(text, group->exception, false);
    writer->must_close = false;
    for (size_t i = 0; i < shown && !text->has_failed; i++) {
        if (i + 1 == shown)
            writer->must_close = true;
        write_member(writer, group, i);
        if (i + 1 == shown && writer->must_close) {
            trv__text_add_rule(text, "+------------------------------------\n");
            writer->must_close = false;
        }
        text->depth--;
    }
    if (is_top)
        text->depth = 0;
}

static void write_entry(struct writer *writer, const struct entry *entry)
{
    if (!trv__is_exception_group(entry->exception))
        write_one(&writer->text, entry->exception, writer->limit, false);
    else if (writer->text.depth > GROUP_DEPTH_MOST)
        trv__text_printf(&writer->text, "... (max_group_depth is %d)\n", GROUP_DEPTH_MOST);
    else
        write_group(writer, entry);
}

static void write_chain(struct writer *writer, size_t at)
{
    const struct entry *entries = writer->tree->entries;
    size_t i = at;

    while (entries[i].inner)
        i = entries[i].inner;
    for (; !writer->text.has_failed; i = entries[i].outer) {
        write_entry(writer, &entries[i]);
        if (i == at)
            break;
        trv__text_add_string(&writer->text, entries[i].is_cause ? above_caused : above_handled);
    }
}

static trv_object *format(trv_object *exception, int limit, bool has_chains)
{
    struct tree tree = {.has_chains = has_chains};
    struct writer writer = {.text = {.margin = '|'}, .tree = &tree, .limit = limit};

    writer.text.has_failed = collect(&tree, exception) < 0;
    if (!writer.text.has_failed)
        write_chain(&writer, 0);
    drop(&tree);
    return trv__text_finish(&writer.text);
}

/* The interface -------------------------------------------------------------------------------- */

static bool is_given(trv_object *exception, const char *function)
{
    return trv__expect(exception, &trv__exception_base_type, function);
}

/* Makes pending again what was set aside to write `str`, unless that has failed. */
static trv_object *finish(trv_object *str, trv_object *before)
{
    if (str && before)
        trv__error_give(before);
    else
        trv_unref(before);
    return str;
}

trv_object *trv_exception_format(trv_object *exception)
{
    return trv_exception_format_limited(exception, TRV__NO_LIMIT, 1);
}

trv_object *trv_exception_format_limited(trv_object *exception, int limit, int chain)
{
    trv_object *before;

    if (!is_given(exception, "trv_exception_format"))
        return NULL;
    before = trv_error_take();
    return finish(format(exception, limit, chain), before);
}

trv_object *trv_exception_format_only(trv_object *exception)
{
    struct trv__text text = {.margin = '|'};
    trv_object *before;

    if (!is_given(exception, "trv_exception_format_only"))
        return NULL;
    before = trv_error_take();
    trv__text_add_exception_only(&text, exception, false);
    return finish(trv__text_finish(&text), before);
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
    struct trv__text text = {.margin = '|'};

    if (!is_given(exception, "trv__exception_traceback"))
        return NULL;
    write_one(&text, exception, TRV__NO_LIMIT, true);
    return trv__text_finish(&text);
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
