/* SPDX-License-Identifier: MIT */
/*
 * Exceptions as objects: the tree of types, making them, their life, str and repr.
 *
 * The types are made from the list in trivet/error.h, all with one layout (struct trv__exception)
 * and the same slots; what some do differently is decided by their kind. A KeyError's str is the
 * repr of the key, so that an empty or blank key can be seen.
 *
 * Fields of kinds are exception_fields.c, attributes exception_attributes.c, groups
 * exception_group.c; setting, chaining and printing exceptions is src/object/error.c and
 * error_print.c.
 */
#include "object/exception.h"

#include "trivet/copy.h"

/* Making --------------------------------------------------------------------------------------- */

/* The library raises Unicode errors with nothing but a text, which has no place for fields; and what
 * was made by hand may be anything. */
static bool lacks_arguments(const trv_object *exception, size_t count)
{
    switch (trv__exception_kind(exception)) {
    case TRV__UNICODE_ENCODE_ERROR:
    case TRV__UNICODE_DECODE_ERROR:
        return count != 5;
    case TRV__UNICODE_TRANSLATE_ERROR:
        return count != 4;
    default:
        return false;
    }
}

/* One whose fields are still to be filled, not tracked yet; takes the arguments. */
static trv_object *make_bare_take(const struct trv_type *type, trv_object *args)
{
    struct trv__exception *exception;
    trv_args given = {.items = NULL};

    given.items = trv__tuple_items(args, &given.count);
    type = trv__exception_type_for(type, &given);
    exception = trv__container_new(type, type->instance_bytes);
    if (exception)
        exception->args = args;
    else
        trv_unref(args);
    return (trv_object *)exception;
}

trv_object *trv__exception_make(const struct trv_type *type, trv_object *args)
{
    trv_object *own_args = args ? trv_ref(args) : trv_tuple_new(NULL, 0);
    trv_auto trv_object *object = own_args ? make_bare_take(type, own_args) : NULL;
    size_t count;

    if (!object)
        return NULL;
    trv__tuple_items(own_args, &count);
    if (!lacks_arguments(object, count) && trv__exception_fill(object, NULL) < 0)
        return NULL;
    trv__track(object);
    return trv_steal(&object);
}

/* The arguments that were given when it was made are there already; a class may pass on others. */
static int exception_init(trv_object *self, const trv_args *args)
{
    struct trv__exception *exception = trv__exception(self);
    trv_object *tuple, *before = exception->args;
    size_t count = 0;
    trv_object *const *items = before ? trv__tuple_items(before, &count) : NULL;

    if (count == args->count && (!count || memcmp(items, args->items, count * sizeof *items) == 0))
        return 0;
    for (size_t i = 0; i < args->count; i++)
        if (!trv__given(args->items[i], self->type->name))
            return -1;
    if (!(tuple = trv_tuple_new(args->items, args->count)))
        return -1;
    exception->args = tuple;
    trv_unref(before);
    return trv__exception_fill(self, args->keywords);
}

/* What a class with an `init` of its own passes on to no one is that one's business. */
static int fill(trv_object *exception, trv_object *keywords)
{
    int answer = trv__exception_fill(exception, keywords);

    if (answer == 0 || exception->type->slots.init == exception_init ||
        trv__is_exception_group(exception))
        return answer;
    trv_error_clear();
    return 0;
}

static trv_object *exception_construct(const struct trv_type *type, const trv_args *args)
{
    trv_object *tuple = trv_tuple_new(args->items, args->count);
    trv_auto trv_object *object = tuple ? make_bare_take(type, tuple) : NULL;

    if (!object || fill(object, args->keywords) < 0)
        return NULL;
    trv__track(object);
    return trv_steal(&object);
}

trv_object *trv_exception_new(trv_object *type, trv_object *arguments)
{
    trv_args args = {.items = NULL};

    if (!trv__given(type, "trv_exception_new"))
        return NULL;
    if (!trv__is_exception_type(type))
        return trv_raise(trv_TypeError, "trv_exception_new needs an exception type, not %s",
                         trv__is_type(type) ? trv__type_of_handle(type)->name
                                            : trv_type_name(type));
    if (arguments ? !trv__expect(arguments, &trv__tuple_type, "trv_exception_new")
                  : trv_error_occurred())
        return NULL;
    if (arguments)
        args.items = trv__tuple_items(arguments, &args.count);
    return trv__type_call(trv__type_of_handle(type), &args);
}

trv_object *trv_exception_type_new(const char *name, trv_object *base)
{
    trv_type_spec spec = {.size = sizeof spec, .name = name, .base = base};

    if (!trv__given(base, "trv_exception_type_new"))
        return NULL;
    if (!trv__is_exception_type(base))
        return trv_raise(trv_TypeError, "the base of an exception type must be one");
    return trv_type_new(&spec);
}

/* Life ----------------------------------------------------------------------------------------- */

static int exception_traverse(trv_object *self, trv_visit visit, void *argument)
{
    struct trv__exception *exception = trv__exception(self);
    trv_object *references[] = {exception->args, exception->cause, exception->context,
                                exception->remote, exception->attributes};
    size_t fields = exception->fields ? trv__exception_fields_count(self) : 0;
    int result = 0;

    for (size_t i = 0; i < COUNT_OF(references) && !result; i++)
        if (references[i])
            result = visit(references[i], argument);
    for (size_t i = 0; i < fields && !result; i++)
        if (exception->fields[i])
            result = visit(exception->fields[i], argument);
    return result;
}

static void exception_clear(trv_object *self)
{
    struct trv__exception *exception = trv__exception(self);
    size_t fields = exception->fields ? trv__exception_fields_count(self) : 0;

    trv_clear(&exception->args);
    trv_clear(&exception->cause);
    trv_clear(&exception->context);
    trv_clear(&exception->remote);
    trv_clear(&exception->attributes);
    for (size_t i = 0; i < fields; i++)
        trv_clear(&exception->fields[i]);
}

static void exception_destroy(trv_object *self)
{
    struct trv__exception *exception = trv__exception(self);

    trv__trail_clear(&exception->places);
    if (exception->fields)
        trv__free(exception->fields, trv__exception_fields_count(self) * sizeof *exception->fields);
    exception->fields = NULL;
}

static size_t exception_size_bytes(trv_object *self)
{
    const struct trv__exception *exception = trv__exception(self);
    size_t fields = exception->fields ? trv__exception_fields_count(self) : 0;

    return exception->places.capacity * sizeof(struct trv__place) + fields * sizeof(trv_object *);
}

/* Text ----------------------------------------------------------------------------------------- */

/* The arguments, none if the exception has been cleared. */
static trv_object *const *items_of(const trv_object *exception, size_t *count)
{
    const trv_object *args = trv__exception(exception)->args;

    *count = 0;
    return args ? trv__tuple_items(args, count) : NULL;
}

static trv_object *text_of(trv_object *self)
{
    trv_object *args = trv__exception(self)->args, *own = trv__exception_kind_str(self);
    trv_object *const *items;
    size_t count;

    if (own || trv_error_occurred())
        return own;
    items = items_of(self, &count);
    if (count == 0)
        return trv_str_new("");
    if (count > 1)
        return trv_repr(args);
    return trv__type_derives(self->type, trv__type_of_handle(trv_KeyError)) ? trv_repr(items[0])
                                                                            : trv_str(items[0]);
}

static trv_object *exception_str(trv_object *self)
{
    trv_object *args, *text;

    if (trv__enter_recursion(" in the text of an exception") < 0)
        return NULL;
    /* The code of an argument's type may let go of the exception. */
    args = trv_ref(trv__exception(self)->args);
    text = text_of(self);
    trv_unref(args);
    return text;
}

static trv_object *repr_of(trv_object *self)
{
    trv_auto trv_object *args = trv_ref(trv__exception(self)->args), *text = NULL;
    trv_object *const *items;
    size_t count;

    items = items_of(self, &count);
    if (count == 0)
        return trv_str_printf("%s()", self->type->name);
    text = trv_repr(count == 1 ? items[0] : args);
    if (!text)
        return NULL;
    return trv_str_printf(count == 1 ? "%s(%s)" : "%s%s", self->type->name,
                          trv_str_utf8(text, NULL));
}

static trv_object *exception_repr(trv_object *self)
{
    trv_object *text;
    int is_inside;

    if (trv__enter_recursion(" in the repr of an exception") < 0)
        return NULL;
    is_inside = trv__repr_enter(self);
    if (is_inside < 0)
        return NULL;
    if (is_inside)
        return trv_str_printf("%s(...)", self->type->name);
    text = repr_of(self);
    trv__repr_leave(self);
    return text;
}

/* Copies --------------------------------------------------------------------------------------- */

/* A copy of an object within a deep copy, or the object; NULL stays NULL. */
static int copy_part(trv_object *part, trv_object *memo, trv_object **copy)
{
    *copy = memo && part ? trv_deepcopy_with(part, memo) : trv_ref(part);
    return part && !*copy ? -1 : 0;
}

static int copy_attributes(trv_object *self, trv_object *copy, trv_object *memo)
{
    trv_object *attributes = trv__exception(self)->attributes;

    if (!attributes)
        return 0;
    trv__exception(copy)->attributes =
        memo ? trv_deepcopy_with(attributes, memo) : trv_copy(attributes);
    return trv__exception(copy)->attributes ? 0 : -1;
}

/* As in Python, which makes one of the same type with the same arguments, and sets the attributes: the
 * traceback, the cause and the context stay with the original. What a type defined in C adds is not
 * known here. */
static trv_object *exception_copy(trv_object *self, trv_object *memo)
{
    trv_auto trv_object *args = NULL, *own_args = NULL, *copy = NULL;
    size_t fields = trv__exception(self)->fields ? trv__exception_fields_count(self) : 0;

    if (self->type->instance_bytes != sizeof(struct trv__exception))
        return trv_raise(trv_TypeError, "cannot copy '%s' object", self->type->name);
    if (!(args = trv__exception_reduce_args(self)) || copy_part(args, memo, &own_args) < 0 ||
        !(copy = trv__exception_make(self->type, own_args)) ||
        copy_attributes(self, copy, memo) < 0 || (fields && trv__exception_have_fields(copy) < 0))
        return NULL;
    for (size_t i = 0; i < fields; i++) {
        trv_object **field = &trv__exception(copy)->fields[i];
        if (!*field && copy_part(trv__exception(self)->fields[i], memo, field) < 0)
            return NULL;
    }
    return trv_steal(&copy);
}

/* The types ------------------------------------------------------------------------------------ */

#define BaseException_type trv__exception_base_type

/* The kind and the methods of each type: its own if some are named here, else its base's. */
#define KIND_OF_AttributeError ~, TRV__ATTRIBUTE_ERROR
#define KIND_OF_ImportError ~, TRV__IMPORT_ERROR
#define KIND_OF_NameError ~, TRV__NAME_ERROR
#define KIND_OF_OSError ~, TRV__OS_ERROR
#define KIND_OF_StopIteration ~, TRV__STOP_ITERATION
#define KIND_OF_SystemExit ~, TRV__SYSTEM_EXIT
#define KIND_OF_UnicodeEncodeError ~, TRV__UNICODE_ENCODE_ERROR
#define KIND_OF_UnicodeDecodeError ~, TRV__UNICODE_DECODE_ERROR
#define KIND_OF_UnicodeTranslateError ~, TRV__UNICODE_TRANSLATE_ERROR
#define KIND_OF_BaseExceptionGroup ~, TRV__EXCEPTION_GROUP
#define METHODS_OF_BaseException ~, trv__exception_methods
#define METHODS_OF_BaseExceptionGroup ~, trv__exception_group_methods
/* The one built-in type with two bases. */
static TRV__READ_ONLY struct trv_type ExceptionGroup_type, BaseExceptionGroup_type, Exception_type;
static const struct trv_type *const exception_group_mro[] = {
    &ExceptionGroup_type, &BaseExceptionGroup_type, &Exception_type, &BaseException_type,
    &trv__object_type};
#define MRO_OF_ExceptionGroup ~, exception_group_mro
#define MRO_COUNT_OF_ExceptionGroup ~, COUNT_OF(exception_group_mro)
#define SECOND_OF(first, second, ...) second
#define SECOND(...) SECOND_OF(__VA_ARGS__, ~)
#define KIND(name, base) name##_kind = SECOND(KIND_OF_##name, base##_kind),
enum { BaseException_kind = TRV__PLAIN_EXCEPTION, TRV_EXCEPTIONS(KIND) };

#define TYPE(type_name, base_type)                                                                 \
    {                                                                                              \
        .handle = trv_##type_name, .name = #type_name, .base = &base_type,                         \
        .instance_bytes = sizeof(struct trv__exception),                                           \
        .flags = TRV__TYPE_CONTAINER | TRV__TYPE_EXCEPTION |                                       \
                 (uint32_t)type_name##_kind << TRV__TYPE_KIND_SHIFT,                               \
        .methods = SECOND(METHODS_OF_##type_name, NULL), .mro = SECOND(MRO_OF_##type_name, NULL),  \
        .mro_count = SECOND(MRO_COUNT_OF_##type_name, 0), .construct = exception_construct,        \
        .slots = {                                                                                 \
            .traverse = exception_traverse,                                                        \
            .clear = exception_clear,                                                              \
            .init = exception_init,                                                                \
            .destroy = exception_destroy,                                                          \
            .size_bytes = exception_size_bytes,                                                    \
            .str = exception_str,                                                                  \
            .repr = exception_repr,                                                                \
            .getattr = trv__exception_getattr,                                                     \
            .setattr = trv__exception_setattr,                                                     \
            .copy = exception_copy,                                                                \
        },                                                                                         \
    }

TRV__READ_ONLY struct trv_type trv__exception_base_type = TYPE(BaseException, trv__object_type);
TRV__READ_ONLY trv_object trv_BaseException[1] = {TRV__TYPE_HANDLE(trv__exception_base_type)};

#define DEFINE(name, base)                                                                         \
    TRV__READ_ONLY static struct trv_type name##_type = TYPE(name, base##_type);                   \
    TRV__READ_ONLY trv_object trv_##name[1] = {TRV__TYPE_HANDLE(name##_type)};
TRV_EXCEPTIONS(DEFINE)
