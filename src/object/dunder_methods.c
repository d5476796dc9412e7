/* SPDX-License-Identifier: MIT */
/*
 * What the slots of a class are where methods decide: each looks its method up in the type, calls it, and turns what
 * it gave into the slot's answer. Python's rules for operators stand here, and its words for methods that answer with
 * what they should not.
 *
 * Getting and setting attributes and making instances are no slots of trv_slots, but follow methods in the same way.
 */
#include "object/dunder.h"

#include "object/heap_type.h"
#include "object/lookup.h"
#include "object/number.h"

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
    trv_object *slot(trv_object *self)                                                             \
    {                                                                                              \
        return call_0(self, TRV__NAME_##name);                                                     \
    }
CALL_0(trv__slot_repr, repr)
CALL_0(trv__slot_str, str)

/* Python's: a small int is the hash as it is, but for -1, which says "no hash" there. */
int trv__slot_hash(trv_object *self, int64_t *hash)
{
    trv_auto trv_object *result = call_0(self, TRV__NAME_hash);

    if (!result)
        return -1;
    if (!trv__type_derives(result->type, &trv__int_type))
        return trv_raise_int(trv_TypeError, "__hash__ method should return an integer");
    if (result->flags & TRV__TYPE_BIT)
        return trv__int_type.slots.hash(result, hash);
    *hash = trv__int_value(result);
    if (*hash == -1)
        *hash = -2;
    return 0;
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

int trv__slot_compare(trv_object *self, trv_object *other, trv_comparison op)
{
    bool is_missing;
    int answer = compare_by(self, other, comparison_names[op], &is_missing);

    if (op != TRV_NOT_EQUAL || !is_missing)
        return answer;
    answer = compare_by(self, other, TRV__NAME_eq, &is_missing); /* as object's __ne__ does */
    return answer == TRV_UNKNOWN || answer < 0 ? answer : !answer;
}

int trv__slot_truth(trv_object *self)
{
    trv_auto trv_object *result = call_0(self, TRV__NAME_bool);

    if (!result)
        return -1;
    if (result->type != &trv__bool_type)
        return trv_raise_int(trv_TypeError, "__bool__ should return bool, returned %s",
                             result->type->name);
    return trv_truth(result);
}

trv_object *trv__slot_call(trv_object *self, const trv_args *args)
{
    if (trv__enter_recursion(" in __call__") < 0)
        return NULL;
    return trv__call_special(self, trv__dunder(TRV__NAME_call), args->items, args->count,
                             args->keywords);
}

trv_object *trv__slot_iter(trv_object *self)
{
    trv_object *found;
    int there = trv__type_find(self->type, trv__dunder(TRV__NAME_iter), &found);

    if (there > 0 && trv_is_none(found))
        return trv_raise(trv_TypeError, "'%s' object is not iterable", self->type->name);
    return there < 0 ? NULL : call_0(self, TRV__NAME_iter);
}

int trv__slot_next(trv_object *self, trv_object **item)
{
    *item = call_0(self, TRV__NAME_next);
    return *item ? 1 : -1;
}

int trv__slot_length(trv_object *self, size_t *length)
{
    trv_auto trv_object *result = call_0(self, TRV__NAME_len);
    int64_t value;

    if (!result)
        return -1;
    if (trv__index_of(result, &value) < 0) {
        if (!trv_error_matches(trv_OverflowError))
            return -1;
        trv_error_clear();
        return trv_raise_int(trv_OverflowError, "cannot fit '%s' into an index-sized integer",
                             result->type->name);
    }
    if (value < 0)
        return trv_raise_int(trv_ValueError, "__len__() should return >= 0");
    *length = (size_t)value;
    return 0;
}

trv_object *trv__slot_getitem(trv_object *self, trv_object *key)
{
    return call_1(self, TRV__NAME_getitem, key);
}

int trv__slot_setitem(trv_object *self, trv_object *key, trv_object *value)
{
    trv_object *items[] = {key, value};

    return no_result(trv__call_special(self,
                                       trv__dunder(value ? TRV__NAME_setitem : TRV__NAME_delitem),
                                       items, value ? 2 : 1, NULL));
}

int trv__slot_contains(trv_object *self, trv_object *item)
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

int trv__slot_binary(trv_object *a, trv_object *b, trv_binary op, trv_object **result)
{
    enum trv__dunder_name name = TRV__NAME_add + op, reflected = TRV__NAME_radd + op;
    bool asks_b = a->type != b->type && b->type->slots.binary == trv__slot_binary;
    int answer;

    if (trv__enter_recursion(" in an operator") < 0)
        return -1;
    if (a->type->slots.binary == trv__slot_binary) {
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
int trv__slot_power(trv_object *a, trv_object *b, trv_object *modulus, trv_object **result)
{
    trv_object *items[] = {b, modulus}, *found;
    bool is_unknown;
    int there = a->type->slots.power == trv__slot_power
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

int trv__slot_in_place(trv_object *a, trv_object *b, trv_binary op, trv_object **result)
{
    if (op == TRV_DIVMOD)
        return TRV_UNKNOWN;
    return operate(a, in_place_name(op), b, result);
}

int trv__slot_unary(trv_object *a, trv_unary op, trv_object **result)
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

trv_object *trv__slot_index(trv_object *self)
{
    return checked(call_0(self, TRV__NAME_index), &trv__int_type, "__index__");
}

trv_object *trv__slot_integer(trv_object *self)
{
    return checked(call_0(self, TRV__NAME_int), &trv__int_type, "__int__");
}

trv_object *trv__slot_floating(trv_object *self)
{
    trv_object *result = call_0(self, TRV__NAME_float);

    if (!result || trv__type_derives(result->type, &trv__float_type))
        return result;
    trv_raise(trv_TypeError, "%s.__float__ returned non-float (type %s)", self->type->name,
              result->type->name);
    trv_unref(result);
    return NULL;
}

int trv__slot_enter(trv_object *self)
{
    return no_result(call_0(self, TRV__NAME_enter));
}

int trv__slot_exit(trv_object *self, trv_object *exception)
{
    trv_object *none = trv_none_new();
    trv_auto trv_object *type = trv_ref(exception ? exception->type->handle : none);
    trv_object *items[] = {type, exception ? exception : none, none};
    trv_auto trv_object *result =
        trv__call_special(self, trv__dunder(TRV__NAME_exit), items, 3, NULL);

    return result ? trv_truth(result) : -1;
}

int trv__slot_init(trv_object *self, const trv_args *args)
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

void trv__slot_finalize(trv_object *self)
{
    trv_unref(call_0(self, TRV__NAME_del));
}

trv_object *trv__slot_get(trv_object *self, trv_object *instance, trv_object *type)
{
    trv_object *none = trv_none_new();
    trv_auto trv_object *owner = trv_ref(type ? type : none); /* the instance may leave it */
    trv_object *items[] = {instance ? instance : none, owner};
    trv_object *found;
    int there = trv__type_find(self->type, trv__dunder(TRV__NAME_get), &found);

    if (there <= 0) /* only __set__ */
        return there < 0 ? NULL : trv_ref(self);
    return trv__call_found(found, self, items, 2, NULL);
}

int trv__slot_set(trv_object *self, trv_object *instance, trv_object *value)
{
    trv_object *items[] = {instance, value};

    return no_result(trv__call_special(self, trv__dunder(value ? TRV__NAME_set : TRV__NAME_delete),
                                       items, value ? 2 : 1, NULL));
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

int trv__ways_update(struct trv_type *type)
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
