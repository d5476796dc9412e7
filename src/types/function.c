/* SPDX-License-Identifier: MIT */
/*
 * Functions: static ones, and closures, which carry an object of their own.
 *
 * To users there is one type "function". Inside there are two, because a static function is a
 * constant of 24 bytes in somebody's program and a closure is an object like any other: the layout
 * of static functions derives from the closure's type, so both are instances of trv_function_type.
 *
 * A method of a built-in type that was looked up is a closure over its receiver, of a type of its own,
 * builtin_function_or_method; its texts stay in the method table.
 *
 * Static functions and such methods cannot be given attributes. A closure can: `extra` is a dict of what was
 * set of those that every function has (__name__, __defaults__ and so on), by name, and of __dict__, which has
 * all others.
 */
#include "object/closure.h"
#include "object/number.h"
#include "object/signature.h"

static struct trv__closure *as_closure(trv_object *object)
{
    return (struct trv__closure *)object;
}

static size_t closure_bytes(const trv_object *self)
{
    return sizeof(struct trv__closure) + ((const struct trv__closure *)self)->text_bytes;
}

static int closure_traverse(trv_object *self, trv_visit visit, void *argument)
{
    struct trv__closure *closure = as_closure(self);
    int stop = closure->data ? visit(closure->data, argument) : 0;

    if (!stop && closure->defaults)
        stop = visit(closure->defaults, argument);
    return stop || !closure->extra ? stop : visit(closure->extra, argument);
}

static void closure_clear(trv_object *self)
{
    trv_clear(&as_closure(self)->data);
    trv_clear(&as_closure(self)->defaults);
    trv_clear(&as_closure(self)->extra);
}

static trv_object *function_repr(trv_object *self)
{
    return trv_str_printf("<function %s>", trv_function_name(self));
}

/* A name that was set is the one to show. */
static trv_object *closure_repr(trv_object *self)
{
    trv_auto trv_object *name = NULL;

    if (!as_closure(self)->extra)
        return function_repr(self);
    name = trv_getattr(self, "__qualname__");
    return name ? trv_str_printf("<function %s>", trv_str_utf8(name, NULL)) : NULL;
}

static trv_object *builtin_repr(trv_object *self)
{
    const trv_object *receiver = as_closure(self)->data;

    if (!receiver)
        return trv_str_printf("<built-in function %s>", trv_function_name(self));
    return trv_str_printf("<built-in method %s of %s object at 0x%zx>", trv_function_name(self),
                          receiver->type->name, (size_t)(uintptr_t)receiver);
}

/* Methods of one receiver with the same code are equal, whatever the receiver is equal to. */
static int builtin_compare(trv_object *self, trv_object *other, trv_comparison op)
{
    bool equal;

    if (other->type != &trv__builtin_type || (op != TRV_EQUAL && op != TRV_NOT_EQUAL))
        return TRV_UNKNOWN;
    equal = as_closure(self)->data == as_closure(other)->data &&
            as_closure(self)->own.entry == as_closure(other)->own.entry;
    return equal == (op == TRV_EQUAL);
}

static int builtin_hash(trv_object *self, int64_t *hash)
{
    *hash = (int64_t)(trv__hash_mix((uintptr_t)as_closure(self)->data) ^
                      trv__hash_mix((uintptr_t)as_closure(self)->own.entry));
    return 0;
}

static trv_object *function_call(trv_object *self, const trv_args *args)
{
    return trv_call_array(self, args->items, args->count, args->keywords);
}

/* In a type, a function is a method. */
static trv_object *function_get(trv_object *self, trv_object *instance, trv_object *type TRV_UNUSED)
{
    return instance ? trv_method_new(self, instance) : trv_ref(self);
}

static trv_object *get_name(const trv_args *args)
{
    return trv_str_new(trv_function_name(args->self));
}

/* What follows the ':' of the signature. */
static trv_object *get_doc(const trv_args *args)
{
    const char *signature = trv__function_spec(args->self)->signature;
    const char *parameters = trv__signature_parameters(signature), *end;

    end = parameters ? strchr(parameters, ')') : signature;
    end = end ? strchr(end, ':') : NULL;
    return end ? trv_str_new(end + 1 + strspn(end + 1, " ")) : trv_none_new();
}

static trv_object *get_signature(const trv_args *args)
{
    const char *signature = trv__function_spec(args->self)->signature;

    return signature ? trv_str_new(signature) : trv_none_new();
}

/* What a function that nothing was set of answers. */
static trv_object *get_none(const trv_args *args TRV_UNUSED)
{
    return trv_none_new();
}

/* The cells that a closure's data are: Python's free variables. */
static trv_object *get_closure(const trv_args *args)
{
    trv_object *data = trv__closure_data(args->self);
    trv_object *const *items;
    size_t count;

    if (!data || !trv__type_derives(data->type, &trv__tuple_type))
        return trv_none_new();
    items = trv__tuple_items(data, &count);
    for (size_t i = 0; i < count; i++)
        if (items[i]->type != &trv__cell_type)
            return trv_none_new();
    return trv_ref(data);
}

static trv_object *get_self(const trv_args *args)
{
    trv_object *receiver = as_closure(args->self)->data;

    return receiver ? trv_ref(receiver) : trv_none_new();
}

static trv_object *get_builtin_qualname(const trv_args *args)
{
    const trv_function_spec *spec = trv__function_spec(args->self);

    return *spec->owner ? trv_str_printf("%s.%s", spec->owner, spec->name)
                        : trv_str_new(spec->name);
}

static const struct trv__method methods[] = {
    {"__closure__", NULL, get_closure},
    {"__defaults__", NULL, get_none},
    {"__doc__", NULL, get_doc},
    {"__kwdefaults__", NULL, get_none},
    {"__module__", NULL, get_none},
    {"__name__", NULL, get_name},
    {"__qualname__", NULL, get_name},
    {"__signature__", NULL, get_signature},
    {NULL, NULL, NULL},
};

static const struct trv__method builtin_methods[] = {
    {"__doc__", NULL, get_doc},   {"__module__", NULL, get_none},
    {"__name__", NULL, get_name}, {"__qualname__", NULL, get_builtin_qualname},
    {"__self__", NULL, get_self}, {"__signature__", NULL, get_signature},
    {NULL, NULL, NULL},
};

/* Attributes that were set --------------------------------------------------------------------- */

static const struct special {
    const char *name;
    const struct trv_type *type; /* what it may be set to; NULL: anything */
    bool may_be_none;
    const char *wanted;
} specials[] = {
    {"__name__", &trv__str_type, false, "string"},
    {"__qualname__", &trv__str_type, false, "string"},
    {"__module__", NULL, true, NULL},
    {"__doc__", NULL, true, NULL},
    {"__defaults__", &trv__tuple_type, true, "tuple"},
    {"__kwdefaults__", &trv__dict_type, true, "dict"},
    {"__dict__", &trv__dict_type, false, "dictionary"},
};

static const struct special *find_special(const char *name)
{
    for (size_t i = 0; i < COUNT_OF(specials); i++)
        if (strcmp(specials[i].name, name) == 0)
            return &specials[i];
    return NULL;
}

/* Sets one of those that every function has. */
static int set_extra(struct trv__closure *closure, const char *name, trv_object *value)
{
    if (!closure->extra) {
        if (!(closure->extra = trv_dict_new()))
            return -1;
        closure->extra->flags |= TRV__PRIVATE; /* calls rely on what stands there */
        if (!(closure->flags & TRV__TRACKED))
            trv__track(closure);
    }
    return trv_dict_set_str(closure->extra, name, value);
}

/* The dict of all other attributes, a new reference, or NULL if there are none and it is not to be made.
 * 0, or -1. */
static int get_dict(struct trv__closure *closure, bool make, trv_object **dict)
{
    *dict = NULL;
    if (closure->extra && trv_dict_get_str(closure->extra, "__dict__", dict) < 0)
        return -1;
    if (*dict || !make)
        return 0;
    if ((*dict = trv_dict_new()) && set_extra(closure, "__dict__", *dict) == 0)
        return 0;
    trv_clear(dict);
    return -1;
}

static int closure_getattr(trv_object *self, const char *name, trv_object **value)
{
    struct trv__closure *closure = as_closure(self);
    trv_auto trv_object *dict = NULL;

    *value = NULL;
    if (find_special(name)) {
        if (strcmp(name, "__dict__") == 0)
            return get_dict(closure, true, value) < 0 ? -1 : 1;
        return closure->extra ? trv_dict_get_str(closure->extra, name, value) : 0;
    }
    if (!closure->extra || get_dict(closure, false, &dict) < 0)
        return closure->extra ? -1 : 0;
    return dict ? trv_dict_get_str(dict, name, value) : 0;
}

static trv_object *extra_of_type(const struct trv__closure *closure, const char *name,
                                 const struct trv_type *type)
{
    trv_object *value;

    if (trv_dict_get_str(closure->extra, name, &value) > 0 && !trv__type_derives(value->type, type))
        trv_clear(&value);
    return value;
}

/* Sets up what calls go by, after defaults were set. */
static void note_defaults(struct trv__closure *closure)
{
    trv_auto trv_object *by_name = extra_of_type(closure, "__kwdefaults__", &trv__dict_type);
    trv_auto trv_object *old = closure->defaults;
    struct trv__shape shape;

    closure->flags |= TRV__HAS_DEFAULTS;
    closure->defaults = extra_of_type(closure, "__defaults__", &trv__tuple_type);
    closure->is_filled = trv__signature_shape(closure->own.signature, &shape) && !by_name &&
                         shape.named == shape.positions && shape.positions <= TRV__FILLED_MOST;
    closure->positions = (uint32_t)shape.positions;
}

static int set_special(struct trv__closure *closure, const struct special *special,
                       trv_object *value)
{
    bool is_default =
        strcmp(special->name, "__defaults__") == 0 || strcmp(special->name, "__kwdefaults__") == 0;

    if (!value && !special->may_be_none)
        return trv_raise_int(trv_TypeError, "%s must be set to a %s object", special->name,
                             special->wanted);
    if (special->type && value && !(special->may_be_none && trv_is_none(value)) &&
        !trv__type_derives(value->type, special->type))
        return strcmp(special->name, "__dict__") == 0
                   ? trv_raise_int(trv_TypeError,
                                   "__dict__ must be set to a dictionary, not a '%s'",
                                   value->type->name)
                   : trv_raise_int(trv_TypeError, "%s must be set to a %s object", special->name,
                                   special->wanted);
    if (set_extra(closure, special->name, value ? value : (trv_object *)(uintptr_t)&trv__none) < 0)
        return -1;
    if (is_default)
        note_defaults(closure);
    return 0;
}

static int closure_setattr(trv_object *self, const char *name, trv_object *value)
{
    const struct special *special = find_special(name);
    trv_auto trv_object *dict = NULL;
    trv_auto trv_object *key = NULL;
    int there;

    if (special)
        return set_special(as_closure(self), special, value);
    if (strcmp(name, "__closure__") == 0 || strcmp(name, "__signature__") == 0)
        return trv_raise_int(trv_AttributeError, "readonly attribute");
    if (get_dict(as_closure(self), true, &dict) < 0 || !(key = trv_str_new(name)))
        return -1;
    if (value)
        return trv_dict_set(dict, key, value);
    there = trv_contains(dict, key);
    return there > 0 ? trv_dict_remove(dict, key) : there < 0 ? -1 : 1;
}

TRV__READ_ONLY struct trv_type trv__closure_type = {
    .handle = trv_function_type,
    .name = "function",
    .base = &trv__object_type,
    .instance_bytes = sizeof(struct trv__closure),
    .block_bytes = closure_bytes,
    .flags = TRV__TYPE_ATOM | TRV__TYPE_CONTAINER | TRV__TYPE_FINAL | TRV__TYPE_METHOD,
    .slots =
        {
            .traverse = closure_traverse,
            .clear = closure_clear,
            .repr = closure_repr,
            .call = function_call,
            .getattr = closure_getattr,
            .setattr = closure_setattr,
            .get = function_get,
        },
    .methods = methods,
};

static TRV__READ_ONLY trv_object builtin_handle[1];

TRV__READ_ONLY struct trv_type trv__builtin_type = {
    .handle = builtin_handle,
    .name = "builtin_function_or_method",
    .base = &trv__object_type,
    .instance_bytes = sizeof(struct trv__closure),
    .block_bytes = closure_bytes,
    .flags = TRV__TYPE_ATOM | TRV__TYPE_CONTAINER | TRV__TYPE_FINAL,
    .slots =
        {
            .traverse = closure_traverse,
            .clear = closure_clear,
            .repr = builtin_repr,
            .hash = builtin_hash,
            .compare = builtin_compare,
            .call = function_call,
        },
    .methods = builtin_methods,
};

static TRV__READ_ONLY trv_object builtin_handle[1] = {TRV__TYPE_HANDLE(trv__builtin_type)};

const struct trv_type trv_static_function_layout_ = {
    .handle = trv_function_type,
    .name = "function",
    .base = &trv__closure_type,
    .instance_bytes = sizeof(trv_object),
    .flags = TRV__TYPE_ATOM | TRV__TYPE_FINAL | TRV__TYPE_METHOD,
    .slots = {.repr = function_repr, .call = function_call, .get = function_get},
};

TRV__READ_ONLY trv_object trv_function_type[1] = {TRV__TYPE_HANDLE(trv__closure_type)};

static struct trv__closure *closure_new(const struct trv_type *type, trv_entry entry,
                                        size_t text_bytes, trv_object *data)
{
    struct trv__closure *closure = trv__container_new(type, sizeof *closure + text_bytes);

    if (!closure)
        return NULL;
    closure->spec = &closure->own;
    closure->own.size = sizeof closure->own;
    closure->own.entry = entry;
    closure->text_bytes = text_bytes;
    closure->data = trv_ref(data);
    return closure;
}

/* A closure whose data cannot hold references is in no cycle. */
static trv_object *given_to_collector(struct trv__closure *closure)
{
    if (closure->data && closure->data->type->flags & TRV__TYPE_CONTAINER)
        trv__track(closure);
    return (trv_object *)closure;
}

/* Gives a function the defaults its signature says; takes it over. */
static trv_object *with_defaults(trv_object *function)
{
    trv_auto trv_object *positions = NULL;
    trv_auto trv_object *by_name = NULL;

    if (trv__signature_defaults(as_closure(function)->own.signature, &positions, &by_name) == 0 &&
        (!positions || trv_setattr(function, "__defaults__", positions) == 0) &&
        (!by_name || trv_setattr(function, "__kwdefaults__", by_name) == 0))
        return function;
    trv_unref(function);
    return NULL;
}

trv_object *trv__function_own(trv_entry entry, const char *name, trv_object *data)
{
    size_t signature_bytes = strlen(name) + 1, name_length = strcspn(name, "(:");
    struct trv__closure *closure;

    closure = closure_new(&trv__closure_type, entry, signature_bytes + name_length + 1, data);
    if (!closure)
        return NULL;
    closure->own.signature = memcpy(closure->text, name, signature_bytes);
    closure->own.name = memcpy(closure->text + signature_bytes, name, name_length);
    closure->text[signature_bytes + name_length] = 0;
    return with_defaults(given_to_collector(closure));
}

trv_object *trv_function_new(trv_entry entry, const char *name, trv_object *data)
{
    if (!entry || !name)
        return trv_raise(trv_SystemError, "trv_function_new was given NULL as %s",
                         entry ? "name" : "entry");
    if ((!data && trv_error_occurred()) || trv__entry_register(entry) < 0)
        return NULL;
    return trv__function_own(entry, name, data);
}

trv_object *trv__method_bind(const struct trv__method *method, trv_object *self)
{
    struct trv__closure *closure = closure_new(&trv__builtin_type, method->entry, 0, self);

    if (!closure)
        return NULL;
    closure->own.signature = method->signature;
    closure->own.name = method->name;
    closure->own.owner = trv__is_type(self) ? trv__type_of_handle(self)->name : self->type->name;
    return given_to_collector(closure);
}
