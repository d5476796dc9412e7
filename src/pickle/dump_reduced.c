/* SPDX-License-Identifier: MIT */
/*
 * Writing an object as its reducer says: the name of a global, or a tuple (callable, arguments,
 * state, items, pairs, setter), all but the first two optional, as in Python.
 *
 * Code of users runs here, so all this is written with a memo that holds what is in it. The object is
 * entered when it can be made, before its state and its items, which may lead back to it.
 */
#include "pickle/dump.h"
#include "pickle/globals.h"

#include "object/reduce.h"

#include "trivet/class.h"

/* A tuple from a reducer, its parts borrowed; NULL where one is missing or None. */
struct reduced {
    trv_object *callable, *args, *state, *items, *pairs, *setter;
};

static trv_object *unless_none(trv_object *object)
{
    return object && !trv_is_none(object) ? object : NULL;
}

static int take_apart(struct reduced *reduced, trv_object *tuple)
{
    trv_object *parts[6] = {NULL};
    trv_object *const *items;
    size_t count;

    items = trv__tuple_items(tuple, &count);
    if (count < 2 || count > 6)
        return trv_raise_int(trv_PicklingError,
                             "tuple returned by __reduce__ must contain 2 through 6 elements");
    memcpy(parts, items, count * sizeof *parts);
    *reduced = (struct reduced){parts[0],
                                parts[1],
                                unless_none(parts[2]),
                                unless_none(parts[3]),
                                unless_none(parts[4]),
                                unless_none(parts[5])};
    if (!trv_callable(reduced->callable))
        return trv_raise_int(trv_PicklingError,
                             "first item of the tuple returned by __reduce__ must be callable");
    if (reduced->args->type != &trv__tuple_type)
        return trv_raise_int(trv_PicklingError,
                             "second item of the tuple returned by __reduce__ must be a tuple");
    return 0;
}

/* Items are given as an iterator; any iterable is one to begin with. */
static int dump_each(struct trv__pickler *pickler, trv_object *iterable,
                     int (*dump)(struct trv__pickler *pickler, trv_object *iterator))
{
    trv_object *iterator = iterable ? trv_iter(iterable) : NULL;
    int result = iterator ? dump(pickler, iterator) : iterable ? -1 : 0;

    trv_unref(iterator);
    return result;
}

/* setter(object, state), for its effect. */
static int dump_setter(struct trv__pickler *pickler, trv_object *object,
                       const struct reduced *reduced)
{
    if (trv__dump(pickler, reduced->setter, 0) < 0 || trv__dump(pickler, object, 0) < 0 ||
        trv__dump(pickler, reduced->state, 0) < 0 || trv__write_opcode(pickler, OP_TUPLE2) < 0 ||
        trv__write_opcode(pickler, OP_REDUCE) < 0)
        return -1;
    return trv__write_opcode(pickler, OP_POP);
}

static int dump_state(struct trv__pickler *pickler, trv_object *object,
                      const struct reduced *reduced)
{
    if (!reduced->state)
        return 0;
    if (reduced->setter)
        return dump_setter(pickler, object, reduced);
    if (trv__dump(pickler, reduced->state, 0) < 0)
        return -1;
    return trv__write_opcode(pickler, OP_BUILD);
}

/* __newobj__ and __newobj_ex__ have opcodes, the latter from protocol 4 on. */
static int dump_newobj(struct trv__pickler *pickler, const struct reduced *reduced)
{
    trv_object *const *items;
    trv_auto trv_object *rest = NULL;
    size_t count;

    items = trv__tuple_items(reduced->args, &count);
    if (count < 1 || !trv__is_type(items[0]))
        return trv_raise_int(trv_PicklingError, "args[0] from __newobj__ args is not a type");
    rest = trv_tuple_new(items + 1, count - 1);
    if (!rest || trv__dump(pickler, items[0], 0) < 0 || trv__dump(pickler, rest, 1) < 0)
        return -1;
    return trv__write_opcode(pickler, OP_NEWOBJ);
}

static int dump_newobj_ex(struct trv__pickler *pickler, const struct reduced *reduced)
{
    trv_object *const *items;
    size_t count;

    items = trv__tuple_items(reduced->args, &count);
    if (count != 3)
        return trv_raise_int(trv_PicklingError, "__newobj_ex__ has not three arguments");
    if (pickler->protocol < 4)
        return trv_raise_int(trv_PicklingError,
                             "the keywords of __getnewargs_ex__ need protocol 4, and this is %d",
                             pickler->protocol);
    for (size_t i = 0; i < count; i++)
        if (trv__dump(pickler, items[i], 0) < 0)
            return -1;
    return trv__write_opcode(pickler, OP_NEWOBJ_EX);
}

static int dump_call(struct trv__pickler *pickler, const struct reduced *reduced)
{
    if (reduced->callable == trv__newobj)
        return dump_newobj(pickler, reduced);
    if (reduced->callable == trv__newobj_ex)
        return dump_newobj_ex(pickler, reduced);
    if (trv__dump(pickler, reduced->callable, 0) < 0 || trv__dump(pickler, reduced->args, 0) < 0)
        return -1;
    return trv__write_opcode(pickler, OP_REDUCE);
}

static int dump_reduced(struct trv__pickler *pickler, trv_object *object,
                        const struct reduced *reduced)
{
    if (dump_call(pickler, reduced) < 0 || trv__memoize_after(pickler, object, 0) < 0 ||
        dump_each(pickler, reduced->items, trv__dump_list_items) < 0 ||
        dump_each(pickler, reduced->pairs, trv__dump_pairs) < 0)
        return -1;
    return dump_state(pickler, object, reduced);
}

static int dump_answer(struct trv__pickler *pickler, trv_object *object, trv_object *answer)
{
    struct reduced reduced;

    if (answer->type == &trv__str_type)
        return trv__dump_global(pickler, object);
    if (answer->type != &trv__tuple_type)
        return trv_raise_int(trv_PicklingError, "__reduce__ must return a string or tuple, not %s",
                             trv_type_name(answer));
    if (take_apart(&reduced, answer) < 0)
        return -1;
    return dump_reduced(pickler, object, &reduced);
}

int trv__dump_by_reducer(struct trv__pickler *pickler, trv_object *object, trv_object *reducer)
{
    trv_auto trv_object *answer = NULL, *held_reducer = trv_ref(reducer);

    if (trv__hold_all(pickler) < 0)
        return -1;
    answer = trv_call(held_reducer, "o", object);
    return answer ? dump_answer(pickler, object, answer) : -1;
}

int trv__dump_instance(struct trv__pickler *pickler, trv_object *object)
{
    trv_auto trv_object *answer = NULL;

    if (trv__hold_all(pickler) < 0)
        return -1;
    answer = trv_call_method(object, "__reduce_ex__", "i", pickler->protocol);
    return answer ? dump_answer(pickler, object, answer) : -1;
}
