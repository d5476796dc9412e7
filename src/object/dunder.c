/* SPDX-License-Identifier: MIT */
/*
 * Slots and the methods they stand for: one table of names, used both ways.
 *
 * From C to objects: what a built-in type, or one defined in C, fills into a slot is shown in its
 * namespace under all names of that slot, as a wrapper (`list.__len__`). From objects to C: the slots
 * of a type made at run time follow what the lookup of these names finds. If all that is found for a
 * slot are wrappers of one and the same function, the slot is that function, and costs nothing; if
 * there is anything else, the slot is the generic function of the table, which looks the method up
 * and calls it (dunder_methods.c). What is found in `object` stands for an empty slot.
 *
 * A slot for several operators (binary, compare) is generic as soon as one of them is; for the others
 * the method that the generic function finds is the wrapper.
 */
#include "object/dunder.h"

#include "object/heap_type.h"
#include "object/lookup.h"
#include "object/number.h"

typedef const struct trv__descriptor wrapper_t;

/* The function of a wrapper, as the slot's type says. */
#define FUNCTION(wrapper, slot_name)                                                               \
    ((__typeof__(((trv_slots *)NULL)->slot_name))(wrapper)->slot.function)

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

/* An operator of two, or pow of three. */
static trv_object *operate(wrapper_t *wrapper, trv_object *a, trv_object *b, const trv_args *args)
{
    int (*power)(trv_object * a, trv_object * b, trv_object * modulus, trv_object * *result) =
        wrapper->owner->slots.power;
    trv_object *result = NULL;
    int answer;

    if (args->count < 2 || trv_is_none(args->items[1]))
        answer = FUNCTION(wrapper, binary)(a, b, (trv_binary)wrapper->slot.dunder->op, &result);
    else
        answer = power ? power(a, b, args->items[1], &result) : TRV_UNKNOWN;
    return operated(answer, result);
}

WRAP(wrap_binary)
{
    size_t most = wrapper->slot.dunder->op == TRV_POWER ? 2 : 1;

    return takes(wrapper, args, 1, most) ? operate(wrapper, self, args->items[0], args) : NULL;
}

WRAP(wrap_reflected)
{
    size_t most = wrapper->slot.dunder->op == TRV_POWER ? 2 : 1;

    return takes(wrapper, args, 1, most) ? operate(wrapper, args->items[0], self, args) : NULL;
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

/* None, as methods written in C answer in Python, where nothing is suppressed. */
WRAP(wrap_exit)
{
    trv_object *exception;
    int status;

    if (!takes(wrapper, args, 1, 3))
        return NULL;
    exception = args->items[args->count > 1];
    status = FUNCTION(wrapper, exit)(self, trv_is_none(exception) ? NULL : exception);
    return status > 0 ? trv_bool_new(1) : none_from(status);
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
#define COMPARE(name, op) DUNDER(name, compare, op, wrap_compare, trv__slot_compare)
#define BINARY(name, op)                                                                           \
    DUNDER(name, binary, op, wrap_binary, trv__slot_binary),                                       \
        DUNDER(r##name, binary, op, wrap_reflected, trv__slot_binary)
#define IN_PLACE(name, op) DUNDER(name, binary_in_place, op, wrap_in_place, trv__slot_in_place)
#define UNARY(name, op) DUNDER(name, unary, op, wrap_unary, trv__slot_unary)

/* The names of one slot stand together. */
static const struct trv__dunder table[] = {
    DUNDER(repr, repr, 0, wrap_0, trv__slot_repr),
    DUNDER(str, str, 0, wrap_0, trv__slot_str),
    COMPARE(lt, TRV_LESS),
    COMPARE(le, TRV_LESS_EQUAL),
    COMPARE(eq, TRV_EQUAL),
    COMPARE(ne, TRV_NOT_EQUAL),
    COMPARE(gt, TRV_GREATER),
    COMPARE(ge, TRV_GREATER_EQUAL),
    DUNDER(hash, hash, 0, wrap_hash, trv__slot_hash),
    DUNDER(bool, truth, 0, wrap_truth, trv__slot_truth),
    DUNDER(call, call, 0, wrap_call, trv__slot_call),
    DUNDER(iter, iter, 0, wrap_0, trv__slot_iter),
    DUNDER(next, next, 0, wrap_next, trv__slot_next),
    DUNDER(len, length, 0, wrap_length, trv__slot_length),
    DUNDER(getitem, getitem, 0, wrap_getitem, trv__slot_getitem),
    DUNDER(setitem, setitem, 0, wrap_setitem, trv__slot_setitem),
    DUNDER(delitem, setitem, 0, wrap_delitem, trv__slot_setitem),
    DUNDER(contains, contains, 0, wrap_contains, trv__slot_contains),
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
    DUNDER(index, index, 0, wrap_0, trv__slot_index),
    DUNDER(int, integer, 0, wrap_0, trv__slot_integer),
    DUNDER(float, floating, 0, wrap_0, trv__slot_floating),
    DUNDER(enter, enter, 0, wrap_enter, trv__slot_enter),
    DUNDER(exit, exit, 0, wrap_exit, trv__slot_exit),
    DUNDER(init, init, 0, wrap_init, trv__slot_init),
    DUNDER(del, finalize, 0, wrap_finalize, trv__slot_finalize),
    DUNDER(get, get, 0, wrap_get, trv__slot_get),
    DUNDER(set, set, 0, wrap_set, trv__slot_set),
    DUNDER(delete, set, 0, wrap_delete, trv__slot_set),
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

static int hash_by_identity(trv_object *self, int64_t *hash)
{
    *hash = (int64_t)trv__hash_mix((uintptr_t)self);
    return 0;
}

static int hash_refused(trv_object *self, int64_t *hash TRV_UNUSED)
{
    return trv_raise_int(trv_TypeError, "unhashable type: '%s'", self->type->name);
}

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

/* Whether a class says by a method what pow is, of two or of three. */
static bool has_own_power(const struct trv_type *type)
{
    trv_object *found;

    if (trv__type_find_from(type, 0, trv__dunder(TRV__NAME_pow), &found, NULL) > 0)
        return !trv__as_slot_wrapper(found);
    trv_error_clear();
    return false;
}

/* What depends on more than one slot. */
static void settle(struct trv_type *type)
{
    trv_slots *slots = &type->slots;

    if (slots->hash == hash_by_identity)
        slots->hash = NULL;
    if (!slots->hash && slots->compare)
        slots->hash = hash_by_identity;
    if (slots->binary == trv__slot_binary && (!slots->power || has_own_power(type)))
        slots->power = trv__slot_power;
    if (slots->iter == trv__iter_by_index)
        slots->iter = NULL;
    if (!slots->iter && slots->getitem == trv__slot_getitem)
        slots->iter = trv__iter_by_index;
}

static bool has_name(size_t first, size_t end, const trv_object *name)
{
    for (size_t i = first; i < end; i++)
        if (!name || trv__dunder(table[i].name) == name)
            return true;
    return false;
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
    return trv__ways_update(type);
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
