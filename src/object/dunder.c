/* SPDX-License-Identifier: MIT */
/*
 * Slots and the methods they stand for: one table of names, used both ways.
 *
 * From C to objects: what a built-in type, or one defined in C, fills into a slot is shown in its
 * namespace under all names of that slot, as a wrapper (`list.__len__`). From objects to C: the slots
 * of a type made at run time follow what the lookup of these names finds. If all that is found for a
 * slot are wrappers of one and the same function, the slot is that function, and costs nothing; if
 * there is anything else, the slot is the generic function of the table, which looks the method up
 * and calls it. What is found in `object` stands for an empty slot.
 *
 * A slot for several operators (binary, compare) is generic as soon as one of them is; for the others
 * the method that the generic function finds is the wrapper.
 */
#include "object/descriptor.h"
#include "object/heap_type.h"
#include "object/lookup.h"
#include "object/number.h"

typedef const struct trv__descriptor wrapper_t;

/* The function of a wrapper, as the slot's type says. */
#define FUNCTION(wrapper, slot_name)                                                               \
    ((__typeof__(((trv_slots *)NULL)->slot_name))(wrapper)->slot.function)

/* Methods of classes, for slots ----------------------------------------------------------------- */

static trv_object *call_0(trv_object *self, enum trv__dunder_name name)
{
    return trv__call_special(self, trv__dunder(name), NULL, 0, NULL);
}

static trv_object *call_1(trv_object *self, enum trv__dunder_name name, trv_object *argument)
{
    return trv__call_special(self, trv__dunder(name), &argument, 1, NULL);
}

/* Turns a method's result into an answer: drops it, 0 or -1. */
static int no_result(trv_object *result)
{
    trv_unref(result);
    return result ? 0 : -1;
}

#define CALL_0(slot, name)                                                                         \
    static trv_object *slot(trv_object *self)                                                      \
    {                                                                                              \
        return call_0(self, TRV__NAME_##name);                                                     \
    }
CALL_0(slot_repr, repr)
CALL_0(slot_str, str)

static int slot_hash(trv_object *self, int64_t *hash)
{
    trv_auto trv_object *result = call_0(self, TRV__NAME_hash);

    if (!result)
        return -1;
    if (!trv__type_derives(result->type, &trv__int_type))
        return trv_raise_int(trv_TypeError, "__hash__ method should return an integer");
    return trv_hash(result, hash);
}

static int hash_by_identity(trv_object *self, int64_t *hash)
{
    *hash = (int64_t)trv__hash_mix((uintptr_t)self);
    return 0;
}

static int hash_refused(trv_object *self, int64_t *hash TRV_UNUSED)
{
    return trv_raise_int(trv_TypeError, "unhashable type: '%s'", self->type->name);
}

/* What a rich comparison or an operator answered: the object, or NULL for NotImplemented, dropped. */
static trv_object *known(trv_object *result, bool *is_unknown)
{
    *is_unknown = result == trv_not_implemented;
    return *is_unknown ? NULL : result;
}

static const uint8_t comparison_names[] = {TRV__NAME_lt, TRV__NAME_le, TRV__NAME_eq,
                                           TRV__NAME_ne, TRV__NAME_gt, TRV__NAME_ge};

/* The comparison by the method of that operator: 1, 0, -1, TRV_UNKNOWN. Says whether there is none but
 * object's. */
static int compare_by(trv_object *self, trv_object *other, enum trv__dunder_name name,
                      bool *is_missing)
{
    trv_object *found, *result;
    bool is_unknown;
    int answer = trv__type_find(self->type, trv__dunder(name), &found);

    *is_missing = answer == 0 || (answer > 0 && trv__is_native(found, &trv__object_type));
    if (answer < 0 || *is_missing)
        return answer < 0 ? -1 : TRV_UNKNOWN;
    result = known(trv__call_found(found, self, &other, 1, NULL), &is_unknown);
    if (!result)
        return is_unknown ? TRV_UNKNOWN : -1;
    answer = trv_truth(result);
    trv_unref(result);
    return answer;
}

static int slot_compare(trv_object *self, trv_object *other, trv_comparison op)
{
    bool is_missing;
    int answer = compare_by(self, other, comparison_names[op], &is_missing);

    if (op != TRV_NOT_EQUAL || !is_missing)
        return answer;
    answer = compare_by(self, other, TRV__NAME_eq, &is_missing); /* as object's __ne__ does */
    return answer == TRV_UNKNOWN || answer < 0 ? answer : !answer;
}

static int slot_truth(trv_object *self)
{
    trv_auto trv_object *result = call_0(self, TRV__NAME_bool);

    if (!result)
        return -1;
    if (result->type != &trv__bool_type)
        return trv_raise_int(trv_TypeError, "__bool__ should return bool, returned %s",
                             result->type->name);
    return trv_truth(result);
}

static trv_object *slot_call(trv_object *self, const trv_args *args)
{
    if (trv__enter_recursion(" in __call__") < 0)
        return NULL;
    return trv__call_special(self, trv__dunder(TRV__NAME_call), args->items, args->count,
                             args->keywords);
}

static trv_object *slot_iter(trv_object *self)
{
    trv_object *found;
    int there = trv__type_find(self->type, trv__dunder(TRV__NAME_iter), &found);

    if (there > 0 && trv_is_none(found))
        return trv_raise(trv_TypeError, "'%s' object is not iterable", self->type->name);
    return there < 0 ? NULL : call_0(self, TRV__NAME_iter);
}

static int slot_next(trv_object *self, trv_object **item)
{
    *item = call_0(self, TRV__NAME_next);
    return *item ? 1 : -1;
}

static int slot_length(trv_object *self, size_t *length)
{
    trv_auto trv_object *result = call_0(self, TRV__NAME_len);
    int64_t value;

    if (!result)
        return -1;
    if (trv__index_of(result, &value) < 0)
        return -1;
    if (value < 0)
        return trv_raise_int(trv_ValueError, "__len__() should return >= 0");
    *length = (size_t)value;
    return 0;
}

static trv_object *slot_getitem(trv_object *self, trv_object *key)
{
    return call_1(self, TRV__NAME_getitem, key);
}

static int slot_setitem(trv_object *self, trv_object *key, trv_object *value)
{
    trv_object *items[] = {key, value};

    return no_result(trv__call_special(self,
                                       trv__dunder(value ? TRV__NAME_setitem : TRV__NAME_delitem),
                                       items, value ? 2 : 1, NULL));
}

static int slot_contains(trv_object *self, trv_object *item)
{
    trv_auto trv_object *result = NULL;
    trv_object *found;
    int there = trv__type_find(self->type, trv__dunder(TRV__NAME_contains), &found);

    if (there > 0 && trv_is_none(found))
        return trv_raise_int(trv_TypeError, "'%s' object is not a container", self->type->name);
    result = there < 0 ? NULL : call_1(self, TRV__NAME_contains, item);
    return result ? trv_truth(result) : -1;
}

/* Operators: the method of the left operand, and its reflection for the right one. */
static int operate(trv_object *self, enum trv__dunder_name name, trv_object *other,
                   trv_object **result)
{
    trv_object *found;
    bool is_unknown;
    int there = trv__type_find(self->type, trv__dunder(name), &found);

    if (there <= 0)
        return there < 0 ? -1 : TRV_UNKNOWN;
    *result = known(trv__call_found(found, self, &other, 1, NULL), &is_unknown);
    return *result ? 0 : is_unknown ? TRV_UNKNOWN : -1;
}

/* Whether the right operand's type has a reflected method that is not the left one's. 1, 0, -1. */
static int is_overloaded(const trv_object *left, const trv_object *right,
                         enum trv__dunder_name name)
{
    trv_object *of_left, *of_right;

    if (trv__type_find(right->type, trv__dunder(name), &of_right) < 0)
        return -1;
    if (!of_right)
        return 0;
    if (trv__type_find(left->type, trv__dunder(name), &of_left) < 0)
        return -1;
    return of_left != of_right;
}

static int slot_binary(trv_object *a, trv_object *b, trv_binary op, trv_object **result)
{
    enum trv__dunder_name name = TRV__NAME_add + op, reflected = TRV__NAME_radd + op;
    bool asks_b = a->type != b->type && b->type->slots.binary == slot_binary;
    int answer;

    if (trv__enter_recursion(" in an operator") < 0)
        return -1;
    if (a->type->slots.binary == slot_binary) {
        if (asks_b && trv__type_derives(b->type, a->type)) {
            if ((answer = is_overloaded(a, b, reflected)) < 0)
                return -1;
            if (answer && (answer = operate(b, reflected, a, result)) != TRV_UNKNOWN)
                return answer;
            asks_b = answer == 0; /* it has been asked already */
        }
        answer = operate(a, name, b, result);
        if (answer != TRV_UNKNOWN || a->type == b->type)
            return answer;
    }
    return asks_b ? operate(b, reflected, a, result) : TRV_UNKNOWN;
}

/* pow(a, b, modulus): the left operand's __pow__, which may not take a third. */
static int slot_power(trv_object *a, trv_object *b, trv_object *modulus, trv_object **result)
{
    trv_object *items[] = {b, modulus}, *found;
    bool is_unknown;
    int there = a->type->slots.power == slot_power
                    ? trv__type_find(a->type, trv__dunder(TRV__NAME_pow), &found)
                    : 0;

    if (there <= 0)
        return there < 0 ? -1 : TRV_UNKNOWN;
    *result = known(trv__call_found(found, a, items, 2, NULL), &is_unknown);
    return *result ? 0 : is_unknown ? TRV_UNKNOWN : -1;
}

static enum trv__dunder_name in_place_name(trv_binary op)
{
    return op == TRV_MATRIX_MULTIPLY ? TRV__NAME_imatmul : TRV__NAME_iadd + op;
}

static int slot_in_place(trv_object *a, trv_object *b, trv_binary op, trv_object **result)
{
    if (op == TRV_DIVMOD)
        return TRV_UNKNOWN;
    return operate(a, in_place_name(op), b, result);
}

static int slot_unary(trv_object *a, trv_unary op, trv_object **result)
{
    trv_object *found;
    int there = trv__type_find(a->type, trv__dunder(TRV__NAME_neg + op), &found);

    if (there <= 0)
        return there < 0 ? -1 : TRV_UNKNOWN;
    *result = trv__call_found(found, a, NULL, 0, NULL);
    return *result ? 0 : -1;
}

/* A number that a conversion gave. */
static trv_object *checked(trv_object *result, const struct trv_type *type, const char *name)
{
    if (!result || trv__type_derives(result->type, type))
        return result;
    trv_raise(trv_TypeError, "%s returned non-%s (type %s)", name, type->name, result->type->name);
    trv_unref(result);
    return NULL;
}

static trv_object *slot_index(trv_object *self)
{
    return checked(call_0(self, TRV__NAME_index), &trv__int_type, "__index__");
}

static trv_object *slot_integer(trv_object *self)
{
    return checked(call_0(self, TRV__NAME_int), &trv__int_type, "__int__");
}

static trv_object *slot_floating(trv_object *self)
{
    trv_object *result = call_0(self, TRV__NAME_float);

    if (!result || trv__type_derives(result->type, &trv__float_type))
        return result;
    trv_raise(trv_TypeError, "%s.__float__ returned non-float (type %s)", self->type->name,
              result->type->name);
    trv_unref(result);
    return NULL;
}

static int slot_enter(trv_object *self)
{
    return no_result(call_0(self, TRV__NAME_enter));
}

static int slot_exit(trv_object *self, trv_object *exception)
{
    trv_object *none = trv_none_new();
    trv_object *items[] = {exception ? exception->type->handle : none, exception ? exception : none,
                           none};
    trv_auto trv_object *result =
        trv__call_special(self, trv__dunder(TRV__NAME_exit), items, 3, NULL);

    return result ? trv_truth(result) : -1;
}

static int slot_init(trv_object *self, const trv_args *args)
{
    trv_auto trv_object *result = trv__call_special(self, trv__dunder(TRV__NAME_init), args->items,
                                                    args->count, args->keywords);

    if (!result)
        return -1;
    if (!trv_is_none(result))
        return trv_raise_int(trv_TypeError, "__init__() should return None, not '%s'",
                             result->type->name);
    return 0;
}

static void slot_finalize(trv_object *self)
{
    trv_unref(call_0(self, TRV__NAME_del));
}

static trv_object *slot_get(trv_object *self, trv_object *instance, trv_object *type)
{
    trv_object *none = trv_none_new();
    trv_object *items[] = {instance ? instance : none, type ? type : none};
    trv_object *found;
    int there = trv__type_find(self->type, trv__dunder(TRV__NAME_get), &found);

    if (there <= 0) /* only __set__ */
        return there < 0 ? NULL : trv_ref(self);
    return trv__call_found(found, self, items, 2, NULL);
}

static int slot_set(trv_object *self, trv_object *instance, trv_object *value)
{
    trv_object *items[] = {instance, value};

    return no_result(trv__call_special(self, trv__dunder(value ? TRV__NAME_set : TRV__NAME_delete),
                                       items, value ? 2 : 1, NULL));
}

/* Slots, as methods ------------------------------------------------------------------------------- */

/* Whether there are so many arguments, and no keywords. */
static bool takes(wrapper_t *wrapper, const trv_args *args, size_t least, size_t most)
{
    const char *name = trv_str_utf8(trv__dunder(wrapper->slot.dunder->name), NULL);
    size_t keywords = 0;

    if (args->keywords && trv_dict_len(args->keywords, &keywords) < 0)
        return false;
    if (keywords) {
        trv_raise(trv_TypeError, "wrapper %s() takes no keyword arguments", name);
        return false;
    }
    for (size_t i = 0; i < args->count; i++)
        if (!trv__given(args->items[i], name))
            return false;
    if (args->count >= least && args->count <= most)
        return true;
    trv_raise(trv_TypeError, "expected %s%zu argument%s, got %zu",
              least == most         ? ""
              : args->count < least ? "at least "
                                    : "at most ",
              args->count < least ? least : most,
              (args->count < least ? least : most) == 1 ? "" : "s", args->count);
    return false;
}

static trv_object *not_implemented(void)
{
    return trv_not_implemented;
}

static trv_object *truth_from(int answer)
{
    return answer < 0 ? NULL : answer == TRV_UNKNOWN ? not_implemented() : trv__bool_from(answer);
}

static trv_object *none_from(int answer)
{
    return answer < 0 ? NULL : trv_none_new();
}

#define WRAP(name)                                                                                 \
    static trv_object *name(wrapper_t *wrapper, trv_object *self, const trv_args *args)

/* The slots that take the object alone and give one. */
WRAP(wrap_0)
{
    return takes(wrapper, args, 0, 0) ? FUNCTION(wrapper, repr)(self) : NULL;
}

WRAP(wrap_hash)
{
    int64_t hash;

    if (!takes(wrapper, args, 0, 0) || FUNCTION(wrapper, hash)(self, &hash) < 0)
        return NULL;
    return trv_int_new(hash);
}

WRAP(wrap_compare)
{
    if (!takes(wrapper, args, 1, 1))
        return NULL;
    return truth_from(
        FUNCTION(wrapper, compare)(self, args->items[0], (trv_comparison)wrapper->slot.dunder->op));
}

WRAP(wrap_truth)
{
    return takes(wrapper, args, 0, 0) ? truth_from(FUNCTION(wrapper, truth)(self)) : NULL;
}

WRAP(wrap_call)
{
    trv_args own = *args;

    own.self = self;
    own.function = NULL;
    return FUNCTION(wrapper, call)(self, &own);
}

WRAP(wrap_next)
{
    trv_object *item = NULL;
    int more;

    if (!takes(wrapper, args, 0, 0) || (more = FUNCTION(wrapper, next)(self, &item)) < 0)
        return NULL;
    if (!more)
        trv_raise(trv_StopIteration, NULL);
    return item;
}

WRAP(wrap_length)
{
    size_t length;

    if (!takes(wrapper, args, 0, 0) || FUNCTION(wrapper, length)(self, &length) < 0)
        return NULL;
    return trv_int_new((int64_t)length);
}

WRAP(wrap_getitem)
{
    return takes(wrapper, args, 1, 1) ? FUNCTION(wrapper, getitem)(self, args->items[0]) : NULL;
}

WRAP(wrap_setitem)
{
    if (!takes(wrapper, args, 2, 2))
        return NULL;
    return none_from(FUNCTION(wrapper, setitem)(self, args->items[0], args->items[1]));
}

WRAP(wrap_delitem)
{
    if (!takes(wrapper, args, 1, 1))
        return NULL;
    return none_from(FUNCTION(wrapper, setitem)(self, args->items[0], NULL));
}

WRAP(wrap_contains)
{
    if (!takes(wrapper, args, 1, 1))
        return NULL;
    return truth_from(FUNCTION(wrapper, contains)(self, args->items[0]));
}

static trv_object *operated(int answer, trv_object *result)
{
    return answer < 0 ? NULL : answer == TRV_UNKNOWN ? not_implemented() : result;
}

WRAP(wrap_binary)
{
    trv_object *result = NULL;
    int answer;

    if (!takes(wrapper, args, 1, 1))
        return NULL;
    answer = FUNCTION(wrapper, binary)(self, args->items[0], (trv_binary)wrapper->slot.dunder->op,
                                       &result);
    return operated(answer, result);
}

WRAP(wrap_reflected)
{
    trv_object *result = NULL;
    int answer;

    if (!takes(wrapper, args, 1, 1))
        return NULL;
    answer = FUNCTION(wrapper, binary)(args->items[0], self, (trv_binary)wrapper->slot.dunder->op,
                                       &result);
    return operated(answer, result);
}

WRAP(wrap_in_place)
{
    trv_object *result = NULL;
    int answer;

    if (!takes(wrapper, args, 1, 1))
        return NULL;
    answer = FUNCTION(wrapper, binary_in_place)(self, args->items[0],
                                                (trv_binary)wrapper->slot.dunder->op, &result);
    return operated(answer, result);
}

WRAP(wrap_unary)
{
    trv_object *result = NULL;
    int answer;

    if (!takes(wrapper, args, 0, 0))
        return NULL;
    answer = FUNCTION(wrapper, unary)(self, (trv_unary)wrapper->slot.dunder->op, &result);
    return operated(answer, result);
}

WRAP(wrap_enter)
{
    if (!takes(wrapper, args, 0, 0) || FUNCTION(wrapper, enter)(self) < 0)
        return NULL;
    return trv_ref(self);
}

WRAP(wrap_exit)
{
    trv_object *exception;

    if (!takes(wrapper, args, 1, 3))
        return NULL;
    exception = args->items[args->count > 1];
    return truth_from(FUNCTION(wrapper, exit)(self, trv_is_none(exception) ? NULL : exception));
}

WRAP(wrap_init)
{
    return none_from(trv__native_init(wrapper->owner, FUNCTION(wrapper, init), self, args));
}

WRAP(wrap_finalize)
{
    if (!takes(wrapper, args, 0, 0))
        return NULL;
    FUNCTION(wrapper, finalize)(self);
    return trv_error_occurred() ? NULL : trv_none_new();
}

WRAP(wrap_get)
{
    trv_object *instance, *type;

    if (!takes(wrapper, args, 1, 2))
        return NULL;
    instance = trv_is_none(args->items[0]) ? NULL : args->items[0];
    type = args->count > 1 && !trv_is_none(args->items[1]) ? args->items[1] : NULL;
    if (!instance && !type)
        return trv_raise(trv_TypeError, "__get__(None, None) is invalid");
    return FUNCTION(wrapper, get)(self, instance, type);
}

WRAP(wrap_set)
{
    if (!takes(wrapper, args, 2, 2))
        return NULL;
    return none_from(FUNCTION(wrapper, set)(self, args->items[0], args->items[1]));
}

WRAP(wrap_delete)
{
    if (!takes(wrapper, args, 1, 1))
        return NULL;
    return none_from(FUNCTION(wrapper, set)(self, args->items[0], NULL));
}

/* The table ---------------------------------------------------------------------------------------- */

#define DUNDER(dunder_name, slot_name, op_of, wrap_function, generic_function)                     \
    {                                                                                              \
        .name = TRV__NAME_##dunder_name, .op = (op_of), .slot = offsetof(trv_slots, slot_name),    \
        .wrap = (wrap_function), .generic = (void (*)(void))(generic_function)                     \
    }
#define COMPARE(name, op) DUNDER(name, compare, op, wrap_compare, slot_compare)
#define BINARY(name, op)                                                                           \
    DUNDER(name, binary, op, wrap_binary, slot_binary),                                            \
        DUNDER(r##name, binary, op, wrap_reflected, slot_binary)
#define IN_PLACE(name, op) DUNDER(name, binary_in_place, op, wrap_in_place, slot_in_place)
#define UNARY(name, op) DUNDER(name, unary, op, wrap_unary, slot_unary)

/* The names of one slot stand together. */
static const struct trv__dunder table[] = {
    DUNDER(repr, repr, 0, wrap_0, slot_repr),
    DUNDER(str, str, 0, wrap_0, slot_str),
    COMPARE(lt, TRV_LESS),
    COMPARE(le, TRV_LESS_EQUAL),
    COMPARE(eq, TRV_EQUAL),
    COMPARE(ne, TRV_NOT_EQUAL),
    COMPARE(gt, TRV_GREATER),
    COMPARE(ge, TRV_GREATER_EQUAL),
    DUNDER(hash, hash, 0, wrap_hash, slot_hash),
    DUNDER(bool, truth, 0, wrap_truth, slot_truth),
    DUNDER(call, call, 0, wrap_call, slot_call),
    DUNDER(iter, iter, 0, wrap_0, slot_iter),
    DUNDER(next, next, 0, wrap_next, slot_next),
    DUNDER(len, length, 0, wrap_length, slot_length),
    DUNDER(getitem, getitem, 0, wrap_getitem, slot_getitem),
    DUNDER(setitem, setitem, 0, wrap_setitem, slot_setitem),
    DUNDER(delitem, setitem, 0, wrap_delitem, slot_setitem),
    DUNDER(contains, contains, 0, wrap_contains, slot_contains),
    BINARY(add, TRV_ADD),
    BINARY(sub, TRV_SUBTRACT),
    BINARY(mul, TRV_MULTIPLY),
    BINARY(truediv, TRV_DIVIDE),
    BINARY(floordiv, TRV_FLOOR_DIVIDE),
    BINARY(mod, TRV_REMAINDER),
    BINARY(pow, TRV_POWER),
    BINARY(lshift, TRV_SHIFT_LEFT),
    BINARY(rshift, TRV_SHIFT_RIGHT),
    BINARY(and, TRV_AND),
    BINARY(or, TRV_OR),
    BINARY(xor, TRV_XOR),
    BINARY(matmul, TRV_MATRIX_MULTIPLY),
    BINARY(divmod, TRV_DIVMOD),
    IN_PLACE(iadd, TRV_ADD),
    IN_PLACE(isub, TRV_SUBTRACT),
    IN_PLACE(imul, TRV_MULTIPLY),
    IN_PLACE(itruediv, TRV_DIVIDE),
    IN_PLACE(ifloordiv, TRV_FLOOR_DIVIDE),
    IN_PLACE(imod, TRV_REMAINDER),
    IN_PLACE(ipow, TRV_POWER),
    IN_PLACE(ilshift, TRV_SHIFT_LEFT),
    IN_PLACE(irshift, TRV_SHIFT_RIGHT),
    IN_PLACE(iand, TRV_AND),
    IN_PLACE(ior, TRV_OR),
    IN_PLACE(ixor, TRV_XOR),
    IN_PLACE(imatmul, TRV_MATRIX_MULTIPLY),
    UNARY(neg, TRV_NEGATIVE),
    UNARY(abs, TRV_ABSOLUTE),
    UNARY(invert, TRV_INVERT),
    UNARY(pos, TRV_POSITIVE),
    DUNDER(index, index, 0, wrap_0, slot_index),
    DUNDER(int, integer, 0, wrap_0, slot_integer),
    DUNDER(float, floating, 0, wrap_0, slot_floating),
    DUNDER(enter, enter, 0, wrap_enter, slot_enter),
    DUNDER(exit, exit, 0, wrap_exit, slot_exit),
    DUNDER(init, init, 0, wrap_init, slot_init),
    DUNDER(del, finalize, 0, wrap_finalize, slot_finalize),
    DUNDER(get, get, 0, wrap_get, slot_get),
    DUNDER(set, set, 0, wrap_set, slot_set),
    DUNDER(delete, set, 0, wrap_delete, slot_set),
};

_Static_assert((int)TRV__NAME_divmod - TRV__NAME_add == TRV_DIVMOD &&
                   (int)TRV__NAME_rdivmod - TRV__NAME_radd == TRV_DIVMOD &&
                   (int)TRV__NAME_ixor - TRV__NAME_iadd == TRV_XOR &&
                   (int)TRV__NAME_pos - TRV__NAME_neg == TRV_POSITIVE,
               "the names of operators stand in the order of the operators");

/* Which operators the slots of built-in types know: a bit for each trv_binary; all others know any. */
#define KNOWS(op) (UINT32_C(1) << (op))
#define SEQUENCE (KNOWS(TRV_ADD) | KNOWS(TRV_MULTIPLY))
#define SETS (KNOWS(TRV_SUBTRACT) | KNOWS(TRV_AND) | KNOWS(TRV_OR) | KNOWS(TRV_XOR))
#define NUMBERS (~KNOWS(TRV_MATRIX_MULTIPLY))
#define PLANE                                                                                      \
    (SEQUENCE | KNOWS(TRV_SUBTRACT) | KNOWS(TRV_DIVIDE) | KNOWS(TRV_POWER)) /* of complex numbers */
#define DIVISION (KNOWS(TRV_FLOOR_DIVIDE) | KNOWS(TRV_REMAINDER) | KNOWS(TRV_DIVMOD))
#define TEXTS (SEQUENCE | KNOWS(TRV_REMAINDER))

static const struct operators {
    const struct trv_type *type;
    uint32_t plain, reflected, in_place;
} operators[] = {
    {&trv__list_type, SEQUENCE, KNOWS(TRV_MULTIPLY), SEQUENCE},
    {&trv__tuple_type, SEQUENCE, KNOWS(TRV_MULTIPLY), 0},
    {&trv__str_type, TEXTS, KNOWS(TRV_MULTIPLY) | KNOWS(TRV_REMAINDER), 0},
    {&trv__bytes_type, TEXTS, KNOWS(TRV_MULTIPLY) | KNOWS(TRV_REMAINDER), 0},
    {&trv__dict_type, KNOWS(TRV_OR), KNOWS(TRV_OR), KNOWS(TRV_OR)},
    {&trv__mappingproxy_type, KNOWS(TRV_OR), KNOWS(TRV_OR), KNOWS(TRV_OR)},
    {&trv__dict_keys_type, SETS, SETS, 0},
    {&trv__dict_items_type, SETS, SETS, 0},
    {&trv__set_type, SETS, SETS, SETS},
    {&trv__frozenset_type, SETS, SETS, 0},
    {&trv__bool_type, SETS & ~KNOWS(TRV_SUBTRACT), SETS & ~KNOWS(TRV_SUBTRACT), 0},
    {&trv__int_type, NUMBERS, NUMBERS, 0},
    {&trv__float_type, PLANE | DIVISION, PLANE | DIVISION, 0},
    {&trv__complex_type, PLANE, PLANE, 0},
    {&trv__bytearray_type, TEXTS, KNOWS(TRV_MULTIPLY) | KNOWS(TRV_REMAINDER), SEQUENCE},
};

static bool is_known(const struct trv_type *type, const struct trv__dunder *dunder)
{
    for (size_t i = 0; i < COUNT_OF(operators); i++) {
        if (operators[i].type != type)
            continue;
        if (dunder->wrap == wrap_reflected)
            return operators[i].reflected >> dunder->op & 1;
        if (dunder->wrap == wrap_in_place)
            return operators[i].in_place >> dunder->op & 1;
        if (dunder->name == TRV__NAME_invert) /* those who know the bits know their complement */
            return operators[i].plain >> TRV_XOR & 1;
        return dunder->wrap != wrap_binary || operators[i].plain >> dunder->op & 1;
    }
    return true;
}

static void (**slot_at(trv_slots *slots, uint16_t offset))(void)
{
    return (void (**)(void))(void *)((char *)slots + offset);
}

int trv__slots_show(const struct trv_type *type, const trv_slots *slots, trv_object *dict)
{
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        void (*function)(void) = *slot_at((trv_slots *)(uintptr_t)slots, table[i].slot);
        trv_auto trv_object *wrapper = NULL;
        if (!function || !is_known(type, &table[i]))
            continue;
        wrapper = trv__slot_wrapper_new(type, &table[i], function);
        if (!wrapper || trv_dict_set(dict, trv__dunder(table[i].name), wrapper) < 0)
            return -1;
    }
    if (!slots->compare || slots->hash)
        return 0;
    return trv_dict_set(dict, trv__dunder(TRV__NAME_hash), trv_none_new());
}

/* Slots that follow names --------------------------------------------------------------------------- */

/* What the names of a slot lead to. */
struct leads {
    void (*function)(void); /* the one that all wrappers found are of */
    bool is_generic, is_refused;
};

static int follow(const struct trv_type *type, const struct trv__dunder *dunder,
                  struct leads *leads)
{
    const struct trv__descriptor *wrapper;
    trv_object *found;
    int there = trv__type_find_from(type, 0, trv__dunder(dunder->name), &found, NULL);

    if (there <= 0 || trv__is_native(found, &trv__object_type))
        return there < 0 ? -1 : 0;
    wrapper = trv__as_slot_wrapper(found);
    if (dunder->name == TRV__NAME_hash && trv_is_none(found))
        leads->is_refused = true;
    else if (!wrapper || wrapper->slot.dunder != dunder ||
             (leads->function && leads->function != wrapper->slot.function))
        leads->is_generic = true;
    else
        leads->function = wrapper->slot.function;
    return 0;
}

/* The names from `first` to before `end` are of one slot. */
static int update_slot(struct trv_type *type, size_t first, size_t end)
{
    struct leads leads = {NULL, false, false};
    void (**slot)(void) = slot_at(&type->slots, table[first].slot);

    for (size_t i = first; i < end; i++)
        if (follow(type, &table[i], &leads) < 0)
            return -1;
    *slot = leads.is_generic   ? table[first].generic
            : leads.is_refused ? (void (*)(void))hash_refused
                               : leads.function;
    return 0;
}

/* What depends on more than one slot. */
static void settle(struct trv_type *type)
{
    trv_slots *slots = &type->slots;

    if (slots->hash == hash_by_identity)
        slots->hash = NULL;
    if (!slots->hash && slots->compare)
        slots->hash = hash_by_identity;
    if (slots->binary == slot_binary && !slots->power)
        slots->power = slot_power;
    if (slots->iter == trv__iter_by_index)
        slots->iter = NULL;
    if (!slots->iter && slots->getitem == slot_getitem)
        slots->iter = trv__iter_by_index;
}

static bool has_name(size_t first, size_t end, const trv_object *name)
{
    for (size_t i = first; i < end; i++)
        if (!name || trv__dunder(table[i].name) == name)
            return true;
    return false;
}

/* Ways that are no slots ----------------------------------------------------------------------------- */

/* __getattribute__, and __getattr__ where it finds nothing. */
static trv_object *get_by_methods(trv_object *self, trv_object *name)
{
    trv_object *found, *value;

    if (trv__enter_recursion(" while getting an attribute") < 0 ||
        trv__type_find(self->type, trv__dunder(TRV__NAME_getattribute), &found) < 0)
        return NULL;
    if (trv__is_native(found, NULL)) {
        const struct trv_type *native = trv__static_base(self->type);
        value =
            native->get_attribute ? native->get_attribute(self, name) : trv__object_get(self, name);
    } else
        value = trv__call_found(found, self, &name, 1, NULL);
    if (value || !trv_error_matches(trv_AttributeError))
        return value;
    {
        trv_auto trv_object *error = trv_error_take();
        int there = trv__type_find(self->type, trv__dunder(TRV__NAME_getattr), &found);
        if (there > 0)
            return trv__call_found(found, self, &name, 1, NULL);
        if (there == 0)
            trv_error_restore(error);
    }
    return NULL;
}

/* __setattr__ and __delattr__. */
static int set_by_methods(trv_object *self, trv_object *name, trv_object *value)
{
    trv_object *items[] = {name, value};

    if (trv__enter_recursion(" while setting an attribute") < 0)
        return -1;
    return no_result(trv__call_special(self,
                                       trv__dunder(value ? TRV__NAME_setattr : TRV__NAME_delattr),
                                       items, value ? 2 : 1, NULL));
}

/* __new__ */
static trv_object *construct_by_method(const struct trv_type *type, const trv_args *args)
{
    trv_object *found, *result;

    if (trv__enter_recursion(" in __new__") < 0 ||
        trv__type_find(type, trv__dunder(TRV__NAME_new), &found) < 0)
        return NULL;
    if (!found)
        return trv_raise(trv_TypeError, "cannot create '%s' instances", type->name);
    trv_ref(found);
    if (found->type->slots.get) {
        trv_object *method = found->type->slots.get(found, NULL, type->handle);
        trv_unref(found);
        if (!(found = method))
            return NULL;
    }
    result = trv__call_prefixed(found, type->handle, args->items, args->count, args->keywords);
    trv_unref(found);
    return result;
}

bool trv__is_made_by_method(const struct trv_type *type)
{
    return type->construct == construct_by_method;
}

/* Whether a method of a class stands before the native one. 1, 0, -1. */
static int is_overridden(const struct trv_type *type, enum trv__dunder_name name)
{
    trv_object *found;
    const struct trv_type *owner;
    int there = trv__type_find_from(type, 0, trv__dunder(name), &found, &owner);

    return there <= 0 ? there : trv__is_heap_type(owner) && found->type != &trv__new_type;
}

static int update_ways(struct trv_type *type)
{
    const struct trv_type *native = trv__static_base(type), *maker = trv__type_maker(native);
    int get = is_overridden(type, TRV__NAME_getattribute),
        hook = is_overridden(type, TRV__NAME_getattr), set = is_overridden(type, TRV__NAME_setattr),
        del = is_overridden(type, TRV__NAME_delattr), make = is_overridden(type, TRV__NAME_new);

    if (get < 0 || hook < 0 || set < 0 || del < 0 || make < 0)
        return -1;
    type->get_attribute = get || hook ? get_by_methods : native->get_attribute;
    type->set_attribute = set || del ? set_by_methods : native->set_attribute;
    type->construct = make ? construct_by_method : maker ? maker->construct : NULL;
    return 0;
}

int trv__slots_update(struct trv_type *type, trv_object *name)
{
    for (size_t first = 0, end; first < COUNT_OF(table); first = end) {
        end = first + 1;
        while (end < COUNT_OF(table) && table[end].slot == table[first].slot)
            end++;
        if (has_name(first, end, name) && update_slot(type, first, end) < 0)
            return -1;
    }
    settle(type);
    return update_ways(type);
}

/* Life ------------------------------------------------------------------------------------------------ */

int trv__lookup_init(struct trv__objects *objects)
{
    static const char *const texts[] = {
#define TEXT(name) "__" #name "__",
        TRV__DUNDER_NAMES(TEXT)
#undef TEXT
    };
    trv_object **names = trv__allocate_zeroed(sizeof *names * TRV__NAME_COUNT);

    objects->lookup.dunders = names;
    for (size_t i = 0; names && i < TRV__NAME_COUNT; i++) {
        trv_auto trv_object *name = trv_str_new(texts[i]);
        if (!name || !(names[i] = trv_intern(name))) {
            trv__lookup_fini(objects);
            return -1;
        }
    }
    return names ? 0 : -1;
}

void trv__lookup_fini(struct trv__objects *objects)
{
    trv_object **names = objects->lookup.dunders;

    trv__lookup_forget(objects);
    for (size_t i = 0; names && i < TRV__NAME_COUNT; i++)
        trv_unref(names[i]);
    trv__free(names, sizeof *names * TRV__NAME_COUNT);
    objects->lookup.dunders = NULL;
}
