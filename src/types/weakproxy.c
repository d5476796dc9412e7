/* SPDX-License-Identifier: MIT */
/*
 * Weak proxies: objects that stand for another one without keeping it alive.
 *
 * Every operation goes to the referent, held meanwhile, and what it raises names the referent's type.
 * Once the referent has ended each raises ReferenceError. Only repr and truth of being a proxy show
 * through: a proxy has a repr and a type of its own, and no hash, since its equality may change. A proxy
 * of something that can be called is of a second type, so that trv_callable tells.
 *
 * In layout a proxy is a weak reference, and shared like one.
 */
#include "types/weakref.h"

static TRV__READ_ONLY struct trv_type callable_proxy_type;

static bool is_proxy(const trv_object *object)
{
    return object->type == &trv__weakproxy_type || object->type == &callable_proxy_type;
}

/* The object itself, or what a proxy stands for, held; or NULL with ReferenceError. */
static trv_object *unwrap(trv_object *object)
{
    if (!is_proxy(object))
        return trv_ref(object);
    if (!trv__weakref_referent(object))
        return trv_raise(trv_ReferenceError, "weakly-referenced object no longer exists");
    return trv_ref(trv__weakref_referent(object));
}

trv_object *trv_weakref_proxy_new(trv_object *object, trv_object *callback)
{
    const struct trv_type *type = &trv__weakproxy_type;

    if (object && trv_callable(object))
        type = &callable_proxy_type;
    return trv__weakref_make(type, object, callback, "trv_weakref_proxy_new");
}

/* Value ------------------------------------------------------------------------------------------ */

static trv_object *proxy_repr(trv_object *self)
{
    trv_object *referent = trv__weakref_referent(self);

    if (!referent)
        referent = trv_none_new();
    return trv_str_printf("<weakproxy at %p to %s at %p>", (void *)self, trv_type_name(referent),
                          (void *)referent);
}

static trv_object *proxy_str(trv_object *self)
{
    trv_auto trv_object *referent = unwrap(self);

    return referent ? trv_str(referent) : NULL;
}

static int proxy_compare(trv_object *self, trv_object *other, trv_comparison op)
{
    trv_auto trv_object *a = unwrap(self);
    trv_auto trv_object *b = a ? unwrap(other) : NULL;

    return b ? trv_compare(a, b, op) : -1;
}

static int proxy_truth(trv_object *self)
{
    trv_auto trv_object *referent = unwrap(self);

    return referent ? trv_truth(referent) : -1;
}

/* Calls and iteration ---------------------------------------------------------------------------- */

static trv_object *proxy_call(trv_object *self, const trv_args *args)
{
    trv_auto trv_object *referent = unwrap(self);

    return referent ? trv_call_array(referent, args->items, args->count, args->keywords) : NULL;
}

static trv_object *proxy_iter(trv_object *self)
{
    trv_auto trv_object *referent = unwrap(self);

    return referent ? trv_iter(referent) : NULL;
}

static int proxy_next(trv_object *self, trv_object **item)
{
    trv_auto trv_object *referent = unwrap(self);

    if (!referent)
        return -1;
    if (!referent->type->slots.next)
        return trv_raise_int(trv_TypeError, "Weakref proxy referenced a non-iterator '%s' object",
                             trv_type_name(referent));
    return trv_next(referent, item);
}

/* Items and attributes --------------------------------------------------------------------------- */

static int proxy_length(trv_object *self, size_t *length)
{
    trv_auto trv_object *referent = unwrap(self);

    return referent ? trv_len(referent, length) : -1;
}

static trv_object *proxy_getitem(trv_object *self, trv_object *key)
{
    trv_auto trv_object *referent = unwrap(self);

    return referent ? trv_getitem(referent, key) : NULL;
}

static int proxy_setitem(trv_object *self, trv_object *key, trv_object *value)
{
    trv_auto trv_object *referent = unwrap(self);

    if (!referent)
        return -1;
    return value ? trv_setitem(referent, key, value) : trv_delitem(referent, key);
}

static int proxy_contains(trv_object *self, trv_object *item)
{
    trv_auto trv_object *referent = unwrap(self);

    return referent ? trv_contains(referent, item) : -1;
}

static int proxy_getattr(trv_object *self, const char *name, trv_object **value)
{
    trv_auto trv_object *referent = unwrap(self);

    *value = referent ? trv_getattr(referent, name) : NULL;
    return *value ? 1 : -1;
}

static int proxy_setattr(trv_object *self, const char *name, trv_object *value)
{
    trv_auto trv_object *referent = unwrap(self);

    if (!referent)
        return -1;
    return value ? trv_setattr(referent, name, value) : trv_delattr(referent, name);
}

/* Arithmetic ------------------------------------------------------------------------------------- */

static trv_object *(*const binary_operations[])(trv_object *, trv_object *) = {
    [TRV_ADD] = trv_add,
    [TRV_SUBTRACT] = trv_subtract,
    [TRV_MULTIPLY] = trv_multiply,
    [TRV_DIVIDE] = trv_divide,
    [TRV_FLOOR_DIVIDE] = trv_floor_divide,
    [TRV_REMAINDER] = trv_remainder,
    [TRV_POWER] = trv_power,
    [TRV_SHIFT_LEFT] = trv_shift_left,
    [TRV_SHIFT_RIGHT] = trv_shift_right,
    [TRV_AND] = trv_and,
    [TRV_OR] = trv_or,
    [TRV_XOR] = trv_xor,
    [TRV_MATRIX_MULTIPLY] = trv_matrix_multiply,
    [TRV_DIVMOD] = trv_divmod,
};

static trv_object *(*const in_place_operations[])(trv_object *, trv_object *) = {
    [TRV_ADD] = trv_iadd,
    [TRV_SUBTRACT] = trv_isubtract,
    [TRV_MULTIPLY] = trv_imultiply,
    [TRV_DIVIDE] = trv_idivide,
    [TRV_FLOOR_DIVIDE] = trv_ifloor_divide,
    [TRV_REMAINDER] = trv_iremainder,
    [TRV_POWER] = trv_ipower,
    [TRV_SHIFT_LEFT] = trv_ishift_left,
    [TRV_SHIFT_RIGHT] = trv_ishift_right,
    [TRV_AND] = trv_iand,
    [TRV_OR] = trv_ior,
    [TRV_XOR] = trv_ixor,
    [TRV_MATRIX_MULTIPLY] = trv_imatrix_multiply,
};

static trv_object *(*const unary_operations[])(trv_object *) = {
    [TRV_NEGATIVE] = trv_negative,
    [TRV_ABSOLUTE] = trv_absolute,
    [TRV_INVERT] = trv_invert,
    [TRV_POSITIVE] = trv_positive,
};

static int apply(trv_object *(*operation)(trv_object *, trv_object *), trv_object *a, trv_object *b,
                 trv_object **result)
{
    trv_auto trv_object *left = unwrap(a);
    trv_auto trv_object *right = left ? unwrap(b) : NULL;

    *result = right ? operation(left, right) : NULL;
    return *result ? 0 : -1;
}

static int proxy_binary(trv_object *a, trv_object *b, trv_binary op, trv_object **result)
{
    return (size_t)op < COUNT_OF(binary_operations) ? apply(binary_operations[op], a, b, result)
                                                    : TRV_UNKNOWN;
}

static int proxy_in_place(trv_object *self, trv_object *other, trv_binary op, trv_object **result)
{
    return (size_t)op < COUNT_OF(in_place_operations)
               ? apply(in_place_operations[op], self, other, result)
               : TRV_UNKNOWN;
}

static int proxy_power(trv_object *a, trv_object *b, trv_object *modulus, trv_object **result)
{
    trv_auto trv_object *base = unwrap(a);
    trv_auto trv_object *exponent = base ? unwrap(b) : NULL;
    trv_auto trv_object *divisor = exponent ? unwrap(modulus) : NULL;

    *result = divisor ? trv_power_modulo(base, exponent, divisor) : NULL;
    return *result ? 0 : -1;
}

static int proxy_unary(trv_object *a, trv_unary op, trv_object **result)
{
    trv_auto trv_object *referent = NULL;

    if ((size_t)op >= COUNT_OF(unary_operations))
        return TRV_UNKNOWN;
    if (!(referent = unwrap(a)))
        return -1;
    *result = unary_operations[op](referent);
    return *result ? 0 : -1;
}

/* Types ------------------------------------------------------------------------------------------ */

#define PROXY_FLAGS (TRV__TYPE_ATOM | TRV__TYPE_CONTAINER | TRV__TYPE_FINAL | TRV__TYPE_NO_WEAKREF)

#define PROXY_SLOTS(call_slot)                                                                     \
    {                                                                                              \
        .traverse = trv__weakref_traverse, .clear = trv__weakref_clear, .repr = proxy_repr,        \
        .str = proxy_str, .compare = proxy_compare, .truth = proxy_truth, .call = call_slot,       \
        .iter = proxy_iter, .next = proxy_next, .length = proxy_length, .getitem = proxy_getitem,  \
        .setitem = proxy_setitem, .contains = proxy_contains, .getattr = proxy_getattr,            \
        .setattr = proxy_setattr, .binary = proxy_binary, .unary = proxy_unary,                    \
        .binary_in_place = proxy_in_place, .power = proxy_power,                                   \
    }

static trv_object *proxy_construct(const struct trv_type *type TRV_UNUSED, const trv_args *args)
{
    trv_object *object, *callback = NULL;

    return trv_parse(args, "o|o", &object, &callback) < 0 ? NULL
                                                          : trv_weakref_proxy_new(object, callback);
}

TRV__READ_ONLY struct trv_type trv__weakproxy_type = {
    .handle = trv_weakref_proxy_type,
    .name = "weakref.ProxyType",
    .doc = "weakproxy(object[, callback]): stands for an object without keeping it alive",
    .base = &trv__object_type,
    .instance_bytes = sizeof(struct trv__weakref),
    .flags = PROXY_FLAGS,
    .construct = proxy_construct,
    .slots = PROXY_SLOTS(NULL),
};
TRV__READ_ONLY trv_object trv_weakref_proxy_type[1] = {TRV__TYPE_HANDLE(trv__weakproxy_type)};

static TRV__READ_ONLY trv_object callable_proxy_handle[1];
static TRV__READ_ONLY struct trv_type callable_proxy_type = {
    .handle = callable_proxy_handle,
    .name = "weakref.CallableProxyType",
    .base = &trv__weakproxy_type,
    .instance_bytes = sizeof(struct trv__weakref),
    .flags = PROXY_FLAGS,
    .slots = PROXY_SLOTS(proxy_call),
};
static TRV__READ_ONLY trv_object callable_proxy_handle[1] = {TRV__TYPE_HANDLE(callable_proxy_type)};
