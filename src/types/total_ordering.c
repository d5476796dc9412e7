/* SPDX-License-Identifier: MIT */
/*
 * total_ordering: a class that has one of < <= > >= gets the other three, made of that one and ==.
 *
 * As in Python, the one they are made of is the first of < <= > >= that the class does not have from object,
 * and those it has are kept. Each new method knows the operator it stands for and the one it asks: its data
 * is an int of both. It asks the type of its first argument, so that a class derived from this one may say
 * otherwise.
 */
#include "object/descriptor.h"
#include "object/lookup.h"
#include "object/number.h"

#include "trivet/class.h"
#include "trivet/functools.h"

#define OPERATORS 4

enum { LT, LE, GT, GE };

static const uint8_t names[OPERATORS] = {TRV__NAME_lt, TRV__NAME_le, TRV__NAME_gt, TRV__NAME_ge};

/* What a root's answer, or its opposite, is to be joined with: it and !=, it or ==. */
static trv_object *joined(const trv_args *args, trv_object *answer, bool is_or)
{
    int truth = trv_truth(answer), more;

    if (truth < 0)
        return NULL;
    if (truth == is_or)
        return trv_ref(answer);
    more = trv_compare(args->items[0], args->items[1], is_or ? TRV_EQUAL : TRV_NOT_EQUAL);
    return more < 0 ? NULL : trv__bool_from(more);
}

static trv_object *derived(const trv_args *args)
{
    int64_t code = trv__int_value(args->self), root = code / OPERATORS, wanted = code % OPERATORS;
    bool is_strict = root == LT || root == GT;
    bool is_same_way = (root == LT || root == LE) == (wanted == LT || wanted == LE);
    bool is_opposite = root + wanted == LT + GE; /* < and >=, <= and > */
    trv_auto trv_object *answer = NULL;
    int truth;

    if (args->count != 2)
        return trv_raise(trv_TypeError, "expected 2 arguments, got %zu", args->count);
    answer = trv__call_special(args->items[0], trv__dunder(names[root]), args->items + 1, 1, NULL);
    if (!answer || answer == trv_not_implemented)
        return trv_steal(&answer);
    if (is_same_way)
        return joined(args, answer, is_strict);
    if ((truth = trv_truth(answer)) < 0)
        return NULL;
    return is_opposite ? trv__bool_from(!truth) : joined(args, trv__bool_from(!truth), !is_strict);
}

/* Whether a class has an operator that is not object's: 1, 0 or -1. */
static int defines(const struct trv_type *type, int64_t operator)
{
    trv_object *found;
    int there = trv__type_find(type, trv__dunder(names[operator]), &found);

    return there <= 0 ? there : !trv__is_native(found, &trv__object_type);
}

static int add_operator(trv_object *class, int64_t root, int64_t wanted)
{
    static const char *const signatures[OPERATORS] = {"__lt__(self, other)", "__le__(self, other)",
                                                      "__gt__(self, other)", "__ge__(self, other)"};
    trv_auto trv_object *code = trv_int_new(root * OPERATORS + wanted);
    trv_auto trv_object *made = code ? trv__function_own(derived, signatures[wanted], code) : NULL;

    return made ? trv_setattr_str(class, trv__dunder(names[wanted]), made) : -1;
}

trv_object *trv_total_ordering(trv_object *class)
{
    int has[OPERATORS];
    int64_t root = OPERATORS;

    if (!trv__given(class, "trv_total_ordering"))
        return NULL;
    if (!trv__is_type(class))
        return trv_raise(trv_TypeError, "trv_total_ordering needs a type, not %s",
                         trv_type_name(class));
    for (int64_t i = OPERATORS; i-- > 0;) {
        if ((has[i] = defines(trv__type_of_handle(class), i)) < 0)
            return NULL;
        root = has[i] ? i : root;
    }
    if (root == OPERATORS)
        return trv_raise(trv_ValueError, "must define at least one ordering operation: < > <= >=");
    for (int64_t i = 0; i < OPERATORS; i++)
        if (!has[i] && add_operator(class, root, i) < 0)
            return NULL;
    return trv_ref(class);
}
