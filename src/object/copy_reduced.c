/* SPDX-License-Identifier: MIT */
/*
 * Copies by hooks, as Python's module `copy` makes them.
 *
 * A class may copy its instances itself, with __copy__ and __deepcopy__. Otherwise __reduce_ex__ says what
 * to call with which arguments to make an instance, and what its state and items are. It is the
 * same answer that a pickle is written of.
 */
#include "object/copy_reduced.h"

#include "trivet/class.h"
#include "trivet/copy.h"

/* The protocol in which Python's copy asks. */
#define PROTOCOL 4

void trv__reduced_drop(struct trv__reduced *reduced)
{
    trv_clear(&reduced->made);
    trv_clear(&reduced->state);
    trv_clear(&reduced->items);
    trv_clear(&reduced->pairs);
}

int trv__copy_by_method(trv_object *object, const char *name, trv_object *memo, trv_object **copy)
{
    int found;

    *copy = NULL;
    if (!(object->type->flags & TRV__TYPE_IN_HEAP))
        return 0;
    found = trv_hasattr(object->type->handle, name);
    if (found <= 0)
        return found;
    *copy = trv_call_method(object, name, memo ? "o" : "", memo);
    return *copy ? 1 : -1;
}

/* Taking apart --------------------------------------------------------------------------------- */

static int raise_bad(const char *what)
{
    return trv_raise_int(trv_TypeError, "%s", what);
}

static bool is_tuple(const trv_object *object)
{
    return trv__type_derives(object->type, &trv__tuple_type);
}

/* Calls what makes an instance. */
static trv_object *make(trv_object *callable, trv_object *arguments, trv_object *memo)
{
    trv_auto trv_object *own = memo ? trv_deepcopy_with(arguments, memo) : trv_ref(arguments);
    trv_object *const *items;
    size_t count;

    if (!own)
        return NULL;
    items = trv__tuple_items(own, &count);
    return trv_call_array(callable, items, count, NULL);
}

/* A part of the answer, NULL if it is not there or None. */
static trv_object *part_at(trv_object *const *items, size_t count, size_t index)
{
    return index < count && !trv_is_none(items[index]) ? items[index] : NULL;
}

/* Sorts an answer of __reduce_ex__, which is a tuple. */
static int sort_parts(trv_object *answer, trv_object *memo, struct trv__reduced *reduced)
{
    trv_object *const *items;
    size_t count;

    items = trv__tuple_items(answer, &count);
    if (count < 2 || count > 6)
        return raise_bad("tuple returned by __reduce__ must contain 2 through 6 elements");
    if (!is_tuple(items[1]))
        return raise_bad("second item of the tuple returned by __reduce__ must be a tuple");
    if (part_at(items, count, 3) && !(reduced->items = trv_iter(items[3])))
        return -1;
    if (part_at(items, count, 4) && !(reduced->pairs = trv_iter(items[4])))
        return -1;
    reduced->state = trv_ref(part_at(items, count, 2));
    reduced->made = make(items[0], items[1], memo);
    return reduced->made ? 0 : -1;
}

int trv__copy_reduce(trv_object *object, trv_object *memo, struct trv__reduced *reduced)
{
    trv_auto trv_object *answer = NULL;
    int found = trv_hasattr(object, "__reduce_ex__"), result;

    *reduced = (struct trv__reduced){.made = NULL};
    if (found <= 0)
        return found < 0
                   ? -1
                   : trv_raise_int(trv_TypeError, "cannot copy '%s' object", object->type->name);
    answer = trv_call_method(object, "__reduce_ex__", "i", PROTOCOL);
    if (!answer)
        return -1;
    if (trv__type_derives(answer->type, &trv__str_type))
        return 0;
    if (!is_tuple(answer))
        return raise_bad("__reduce__ must return a string or tuple");
    result = sort_parts(answer, memo, reduced);
    if (result < 0)
        trv__reduced_drop(reduced);
    return result;
}

/* Putting together ----------------------------------------------------------------------------- */

static int set_attributes(trv_object *made, trv_object *dict)
{
    trv_object *key, *value;
    size_t position = 0;
    int more, answer = 0;

    if (!trv__type_derives(dict->type, &trv__dict_type))
        return raise_bad("the state of a copy is no dictionary");
    while (answer == 0 && (more = trv_dict_next(dict, &position, &key, &value)) != 0) {
        if (more < 0)
            return -1;
        answer = trv_setattr_str(made, key, value);
        trv_unref(key);
        trv_unref(value);
    }
    return answer;
}

/* Into the __dict__ itself: no __setattr__ of the class runs. */
static int update_dict(trv_object *made, trv_object *state)
{
    trv_auto trv_object *dict = trv_vars(made);

    if (!dict)
        return -1;
    if (!trv__type_derives(state->type, &trv__dict_type))
        return raise_bad("the state of a copy is no dictionary");
    return trv_dict_update(dict, state);
}

int trv__copy_set_state(trv_object *made, trv_object *state)
{
    int found = trv_hasattr(made, "__setstate__");
    trv_auto trv_object *answer = NULL;
    trv_object *const *items;
    size_t count;

    if (found < 0)
        return -1;
    if (found) {
        answer = trv_call_method(made, "__setstate__", "o", state);
        return answer ? 0 : -1;
    }
    if (!is_tuple(state))
        return update_dict(made, state);
    items = trv__tuple_items(state, &count);
    if (count != 2)
        return raise_bad("the state of a copy is no pair");
    if (!trv_is_none(items[0]) && update_dict(made, items[0]) < 0)
        return -1;
    return trv_is_none(items[1]) ? 0 : set_attributes(made, items[1]);
}

static int append_items(trv_object *made, trv_object *items)
{
    trv_object *item;
    int more;

    while ((more = trv_next(items, &item)) > 0) {
        trv_auto trv_object *owned = item, *none = trv_call_method(made, "append", "o", owned);
        if (!none)
            return -1;
    }
    return more;
}

static int set_pairs(trv_object *made, trv_object *pairs)
{
    trv_object *pair, *key, *value;
    int more;

    while ((more = trv_next(pairs, &pair)) > 0) {
        trv_auto trv_object *owned = pair;
        if (trv_parse_tuple(owned, "oo", &key, &value) < 0 || trv_setitem(made, key, value) < 0)
            return -1;
    }
    return more;
}

trv_object *trv__copy_reduced(trv_object *object)
{
    struct trv__reduced reduced;
    trv_object *copy = NULL;

    if (trv__copy_reduce(object, NULL, &reduced) < 0)
        return NULL;
    if (!reduced.made)
        return trv_ref(object);
    if ((!reduced.state || trv__copy_set_state(reduced.made, reduced.state) == 0) &&
        (!reduced.items || append_items(reduced.made, reduced.items) == 0) &&
        (!reduced.pairs || set_pairs(reduced.made, reduced.pairs) == 0))
        copy = trv_ref(reduced.made);
    trv__reduced_drop(&reduced);
    return copy;
}
