/* SPDX-License-Identifier: MIT */
/*
 * How iterators are copied and pickled, and how much they say is left: Python's __reduce__, __setstate__ and
 * __length_hint__.
 *
 * An iterator over a sequence is made anew by iter(sequence), and told its place after that; one over a dict or
 * a set, whose places mean nothing elsewhere, is made of the list of what is still to come. One that was at its
 * end is made of something empty. What all of them share is here, with the methods of those that are a struct
 * trv__iterator; the others have theirs beside them.
 */
#include "types/iterator_state.h"

#include "object/number.h"
#include "types/builtins.h"

#include "trivet/function.h"

static struct trv__iterator *iterator_of(const trv_args *args)
{
    return (struct trv__iterator *)args->self;
}

trv_object *trv__iterator_made(trv_object *callable, trv_object *source, trv_object *position)
{
    trv_auto trv_object *arguments = source ? trv_tuple_new(&source, 1) : NULL;

    if (!arguments)
        return NULL;
    return trv_tuple_new((trv_object *[]){callable, arguments, position}, position ? 3 : 2);
}

trv_object *trv__iterator_at(trv_object *source, uint64_t position)
{
    trv_auto trv_object *place = trv_int_new_unsigned(position);

    return place ? trv__iterator_made(trv__builtin_iter(), source, place) : NULL;
}

trv_object *trv__iterator_over(trv_object *source)
{
    trv_object *reduced = trv__iterator_made(trv__builtin_iter(), source, NULL);

    trv_unref(source);
    return reduced;
}

int trv__iterator_state(const trv_args *args, int64_t least, size_t most, int64_t *position)
{
    trv_object *state;

    if (trv_parse(args, "o", &state) < 0)
        return -1;
    if (!trv__type_derives(state->type, &trv__int_type))
        return trv_raise_int(trv_TypeError, "an integer is required");
    if (trv_int_get(state, position) < 0) {
        trv_error_clear();
        return trv_raise_int(trv_OverflowError, "Python int too large to convert to C ssize_t");
    }
    *position = MIN_OF(MAX_OF(*position, least), (int64_t)MIN_OF(most, (size_t)INT64_MAX));
    return 0;
}

/* Sequences -------------------------------------------------------------------------------------- */

/* How long the source is now, which is there: 1; 0 if nobody knows; or -1. */
static int source_length(const struct trv__iterator *iterator, size_t *length)
{
    trv_object *source = iterator->source;

    if (trv__type_derives(source->type, &trv__list_type))
        trv__list_items(source, length);
    else if (trv__type_derives(source->type, &trv__tuple_type))
        trv__tuple_items(source, length);
    else if (!source->type->slots.length)
        return 0;
    else
        return trv_len(source, length) < 0 ? -1 : 1;
    return 1;
}

static trv_object *sequence_hint(const trv_args *args)
{
    struct trv__iterator *iterator = iterator_of(args);
    trv_auto trv_object *held = trv_ref(iterator->source);
    size_t length = 0;
    int is_known;

    if (trv_parse(args, "") < 0)
        return NULL;
    if (!held)
        return trv_int_new(0);
    if ((is_known = source_length(iterator, &length)) <= 0)
        return is_known < 0 ? NULL : trv_not_implemented;
    return trv_int_new_unsigned(length > iterator->position ? length - iterator->position : 0);
}

static trv_object *sequence_set_state(const trv_args *args)
{
    struct trv__iterator *iterator = iterator_of(args);
    int64_t position;

    if (trv__iterator_state(args, 0, SIZE_MAX, &position) < 0)
        return NULL;
    if (iterator->source)
        iterator->position = (size_t)position;
    return trv_none_new();
}

/* How an iterator is made that is not at its end. */
static trv_object *reduce_sequence(struct trv__iterator *iterator)
{
    trv_auto trv_object *held = trv_ref(iterator->source);

    return trv__iterator_at(held, iterator->position);
}

static trv_object *list_reduce(const trv_args *args)
{
    if (trv_parse(args, "") < 0)
        return NULL;
    return iterator_of(args)->source ? reduce_sequence(iterator_of(args))
                                     : trv__iterator_over(trv_list_new());
}

static trv_object *tuple_reduce(const trv_args *args)
{
    if (trv_parse(args, "") < 0)
        return NULL;
    return iterator_of(args)->source ? reduce_sequence(iterator_of(args))
                                     : trv__iterator_over(trv_tuple_new(NULL, 0));
}

const struct trv__method trv__list_iterator_methods[] = {
    {TRV__HINT_METHOD, sequence_hint},
    {TRV__REDUCE_METHOD, list_reduce},
    {TRV__STATE_METHOD, sequence_set_state},
    {0},
};

const struct trv__method trv__sequence_iterator_methods[] = {
    {TRV__HINT_METHOD, sequence_hint},
    {TRV__REDUCE_METHOD, tuple_reduce},
    {TRV__STATE_METHOD, sequence_set_state},
    {0},
};

/* Tables ------------------------------------------------------------------------------------------- */

static size_t live_of(trv_object *source)
{
    size_t length = 0;

    if (trv__type_derives(source->type, &trv__dict_type))
        (void)!trv_dict_len(source, &length);
    else if (trv__type_derives(source->type, &trv__set_type))
        (void)!trv_set_len(source, &length);
    else
        (void)!trv_frozenset_len(source, &length);
    return length;
}

/* Nothing is left of a table that has changed: the next item asked for will be an exception. */
static trv_object *table_hint(const trv_args *args)
{
    struct trv__iterator *iterator = iterator_of(args);

    if (trv_parse(args, "") < 0)
        return NULL;
    if (!iterator->source || live_of(iterator->source) != iterator->expected)
        return trv_int_new(0);
    return trv_int_new_unsigned(iterator->left);
}

/* What is still to come, as a list; the iterator stays where it is. */
static trv_object *rest_of(struct trv__iterator *iterator)
{
    trv_auto trv_object *twin = NULL;

    if (!iterator->source)
        return trv_list_new();
    if (!(twin = trv__iterator_new(iterator->type, iterator->source)))
        return NULL;
    ((struct trv__iterator *)twin)->position = iterator->position;
    ((struct trv__iterator *)twin)->expected = iterator->expected;
    ((struct trv__iterator *)twin)->left = iterator->left;
    return trv_list_from(twin);
}

static trv_object *table_reduce(const trv_args *args)
{
    trv_object *rest = trv_parse(args, "") < 0 ? NULL : rest_of(iterator_of(args));

    return rest ? trv__iterator_over(rest) : NULL;
}

const struct trv__method trv__table_iterator_methods[] = {
    {TRV__HINT_METHOD, table_hint},
    {TRV__REDUCE_METHOD, table_reduce},
    {0},
};
