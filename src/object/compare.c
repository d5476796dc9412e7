/* SPDX-License-Identifier: MIT */
/*
 * Hash, equality, order and truth.
 *
 * A comparison asks the left operand, then the right one with the operator mirrored; the right one
 * first if its type derives from the left one's, because the derived type knows more. When neither
 * knows, two objects are equal if they are one, and have no order. Identity is no short cut for
 * equality here (NaN differs from itself); containers take it for one, by trv__same_or_equal.
 *
 * A type that defines compare but no hash has values that can change: its instances have no hash.
 * One that defines neither is hashed by identity.
 */
#include "object/number.h"

static const char *const operator_texts[] = {"<", "<=", "==", "!=", ">", ">="};
static const trv_comparison mirrored[] = {TRV_GREATER,   TRV_GREATER_EQUAL, TRV_EQUAL,
                                          TRV_NOT_EQUAL, TRV_LESS,          TRV_LESS_EQUAL};

int trv_hash(trv_object *object, int64_t *hash)
{
    const trv_slots *slots;

    if (!trv__given(object, "trv_hash"))
        return -1;
    slots = &object->type->slots;
    if (LIKELY(slots->hash)) {
        if (trv__enter_recursion(" while hashing") < 0)
            return -1;
        return slots->hash(object, hash);
    }
    if (slots->compare)
        return trv_raise_int(trv_TypeError, "unhashable type: '%s'", object->type->name);
    *hash = (int64_t)trv__hash_mix((uintptr_t)object);
    return 0;
}

static int ask(trv_object *a, trv_object *b, trv_comparison op)
{
    return a->type->slots.compare ? a->type->slots.compare(a, b, op) : TRV_UNKNOWN;
}

/* What neither operand knows. */
static int compare_unknown(const trv_object *a, const trv_object *b, trv_comparison op)
{
    if (op == TRV_EQUAL)
        return a == b;
    if (op == TRV_NOT_EQUAL)
        return a != b;
    return trv_raise_int(trv_TypeError, "'%s' not supported between instances of '%s' and '%s'",
                         operator_texts[op], a->type->name, b->type->name);
}

static int compare_by_slots(trv_object *a, trv_object *b, trv_comparison op)
{
    bool mirrored_first;
    int answer = TRV_UNKNOWN;

    if (trv__enter_recursion(" in comparison") < 0)
        return -1;
    if (UNLIKELY((unsigned)op > TRV_GREATER_EQUAL))
        return trv_raise_int(trv_SystemError, "trv_compare was given %d as operator", (int)op);
    mirrored_first = a->type != b->type && trv__type_derives(b->type, a->type);
    if (mirrored_first)
        answer = ask(b, a, mirrored[op]);
    if (answer == TRV_UNKNOWN)
        answer = ask(a, b, op);
    if (answer == TRV_UNKNOWN && !mirrored_first)
        answer = ask(b, a, mirrored[op]);
    return answer == TRV_UNKNOWN ? compare_unknown(a, b, op) : answer;
}

static inline int compare(trv_object *a, trv_object *b, trv_comparison op, const char *function)
{
    int answer;

    if (!trv__given(a, function) || !trv__given(b, function))
        return -1;
    answer = trv__compare_fast(a, b, op);
    return answer != TRV_UNKNOWN ? answer : compare_by_slots(a, b, op);
}

int trv_compare(trv_object *a, trv_object *b, trv_comparison op)
{
    return compare(a, b, op, "trv_compare");
}

int trv_equal(trv_object *a, trv_object *b)
{
    return compare(a, b, TRV_EQUAL, "trv_equal");
}

int trv_truth(trv_object *object)
{
    const trv_slots *slots;
    size_t length;

    if (!trv__given(object, "trv_truth"))
        return -1;
    slots = &object->type->slots;
    if (slots->truth)
        return slots->truth(object);
    if (!slots->length)
        return 1;
    return slots->length(object, &length) < 0 ? -1 : length > 0;
}
