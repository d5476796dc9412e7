/* SPDX-License-Identifier: MIT */
/*
 * Exceptions as objects: the tree of types, attributes, str and repr.
 *
 * The types are made from the list in trivet/error.h, all with one layout (struct trv__exception)
 * and the same slots; what KeyError and OSError do differently is decided by type in the slots.
 *
 *   KeyError    its str is the repr of the key, so that an empty or blank key can be seen
 *   OSError     with arguments (number, text[, file name]) it becomes the type that fits the
 *               number, and has the attributes errno, strerror and filename
 *
 * Setting, chaining and printing exceptions is src/object/error.c and error_print.c.
 */
#include "object/exception.h"

#include "trivet/copy.h"

#include <errno.h>

/* OSError's subtypes --------------------------------------------------------------------------- */

static const trv_object *oserror_handle(int64_t number)
{
    switch (number) {
    case EAGAIN:
#if EWOULDBLOCK != EAGAIN
    case EWOULDBLOCK:
#endif
    case EALREADY:
    case EINPROGRESS:
        return trv_BlockingIOError;
    case ECHILD:
        return trv_ChildProcessError;
    case EPIPE:
    case ESHUTDOWN:
        return trv_BrokenPipeError;
    case ECONNABORTED:
        return trv_ConnectionAbortedError;
    case ECONNREFUSED:
        return trv_ConnectionRefusedError;
    case ECONNRESET:
        return trv_ConnectionResetError;
    case EEXIST:
        return trv_FileExistsError;
    case ENOENT:
        return trv_FileNotFoundError;
    case EINTR:
        return trv_InterruptedError;
    case EISDIR:
        return trv_IsADirectoryError;
    case ENOTDIR:
        return trv_NotADirectoryError;
    case EACCES:
    case EPERM:
        return trv_PermissionError;
    case ESRCH:
        return trv_ProcessLookupError;
    case ETIMEDOUT:
        return trv_TimeoutError;
    default:
        return trv_OSError;
    }
}

const struct trv_type *trv__oserror_type(int64_t number)
{
    return trv__type_of_handle(oserror_handle(number));
}

static bool is_of(const trv_object *exception, const trv_object *handle)
{
    return trv__type_derives(exception->type, trv__type_of_handle(handle));
}

/* The arguments, none if the exception has been cleared. */
static trv_object *const *items_of(const trv_object *exception, size_t *count)
{
    const trv_object *args = ((const struct trv__exception *)(const void *)exception)->args;

    *count = 0;
    return args ? trv__tuple_items(args, count) : NULL;
}

/* The arguments of an OSError that was made from an error number, as Python tells it: NULL for
 * others. */
static trv_object *const *oserror_items(const trv_object *exception, size_t *count)
{
    trv_object *const *items = items_of(exception, count);

    return is_of(exception, trv_OSError) && *count >= 2 && *count <= 5 ? items : NULL;
}

/* Making --------------------------------------------------------------------------------------- */

/* OSError with a number becomes the type that fits. */
static const struct trv_type *type_for(const struct trv_type *type, const trv_object *args)
{
    trv_object *const *items;
    size_t count;
    int64_t number;

    if (type != trv__type_of_handle(trv_OSError) || !args)
        return type;
    items = trv__tuple_items(args, &count);
    if (count < 2 || count > 5 || !trv__type_derives(items[0]->type, &trv__int_type))
        return type;
    if (trv_int_get(items[0], &number) < 0) {
        trv_error_clear();
        return type;
    }
    return trv__oserror_type(number);
}

trv_object *trv__exception_make(const struct trv_type *type, trv_object *args)
{
    trv_object *own_args = args ? trv_ref(args) : trv_tuple_new(NULL, 0);
    struct trv__exception *exception;

    if (!own_args)
        return NULL;
    type = type_for(type, args);
    exception = trv__container_new(type, type->instance_bytes);
    if (!exception) {
        trv_unref(own_args);
        return NULL;
    }
    exception->args = own_args;
    trv__track(exception);
    return (trv_object *)exception;
}

static trv_object *exception_construct(const struct trv_type *type, const trv_args *args)
{
    trv_object *tuple, *exception;
    size_t keywords = 0;

    if (args->keywords && trv_dict_len(args->keywords, &keywords) < 0)
        return NULL;
    if (keywords && !type->slots.init)
        return trv_raise(trv_TypeError, "%s() takes no keyword arguments", type->name);
    tuple = trv_tuple_new(args->items, args->count);
    exception = tuple ? trv__exception_make(type, tuple) : NULL;
    trv_unref(tuple);
    return exception;
}

trv_object *trv_exception_new(trv_object *type, trv_object *arguments)
{
    if (!trv__given(type, "trv_exception_new"))
        return NULL;
    if (!trv__is_exception_type(type))
        return trv_raise(trv_TypeError, "trv_exception_new needs an exception type, not %s",
                         trv__is_type(type) ? trv__type_of_handle(type)->name
                                            : trv_type_name(type));
    if (arguments ? !trv__expect(arguments, &trv__tuple_type, "trv_exception_new")
                  : trv_error_occurred())
        return NULL;
    return trv__exception_make(trv__type_of_handle(type), arguments);
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
                                exception->remote};
    int result = 0;

    for (size_t i = 0; i < COUNT_OF(references) && !result; i++)
        if (references[i])
            result = visit(references[i], argument);
    return result;
}

static void exception_clear(trv_object *self)
{
    struct trv__exception *exception = trv__exception(self);

    trv_clear(&exception->args);
    trv_clear(&exception->cause);
    trv_clear(&exception->context);
    trv_clear(&exception->remote);
}

static void exception_destroy(trv_object *self)
{
    struct trv__exception *exception = trv__exception(self);

    for (uint32_t i = 0; i < exception->count; i++) {
        const struct trv__place *place = trv__exception_place(exception, i);
        if (!place->file)
            trv__free((char *)(uintptr_t)place->function, strlen(place->function) + 1);
    }
    exception->count = 0;
    trv__free(exception->more, exception->capacity * sizeof *exception->more);
    exception->more = NULL;
    exception->capacity = 0;
}

static size_t exception_size_bytes(trv_object *self)
{
    return trv__exception(self)->capacity * sizeof(struct trv__place);
}

/* Text ----------------------------------------------------------------------------------------- */

static trv_object *oserror_str(trv_object *const *items, size_t count)
{
    trv_auto trv_object *number = trv_str(items[0]), *text = NULL, *name = NULL;

    text = number ? trv_str(items[1]) : NULL;
    if (!text)
        return NULL;
    if (count == 2 || trv_is_none(items[2]))
        return trv_str_printf("[Errno %s] %s", trv_str_utf8(number, NULL),
                              trv_str_utf8(text, NULL));
    name = trv_repr(items[2]);
    if (!name)
        return NULL;
    return trv_str_printf("[Errno %s] %s: %s", trv_str_utf8(number, NULL), trv_str_utf8(text, NULL),
                          trv_str_utf8(name, NULL));
}

static trv_object *text_of(trv_object *self)
{
    trv_object *args = trv__exception(self)->args;
    trv_object *const *items;
    size_t count;

    if ((items = oserror_items(self, &count)))
        return oserror_str(items, count);
    items = items_of(self, &count);
    if (count == 0)
        return trv_str_new("");
    if (count > 1)
        return trv_repr(args);
    return is_of(self, trv_KeyError) ? trv_repr(items[0]) : trv_str(items[0]);
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

/* Attributes ----------------------------------------------------------------------------------- */

static trv_object *or_none(trv_object *object)
{
    return object ? trv_ref(object) : trv_none_new();
}

static trv_object *argument_or_none(trv_object *const *items, size_t count, size_t index)
{
    return or_none(items && index < count ? items[index] : NULL);
}

static trv_object *get_args(trv_object *self)
{
    trv_object *args = trv__exception(self)->args;

    return args ? trv_ref(args) : trv_tuple_new(NULL, 0);
}

/* The attributes that only some types have: NULL, with nothing set, if this is none. */
static trv_object *get_special(trv_object *self, const char *name)
{
    trv_object *const *items;
    size_t count;

    if (is_of(self, trv_OSError)) {
        items = oserror_items(self, &count);
        if (!strcmp(name, "errno"))
            return argument_or_none(items, count, 0);
        if (!strcmp(name, "strerror"))
            return argument_or_none(items, count, 1);
        if (!strcmp(name, "filename"))
            return argument_or_none(items, count, 2);
    }
    items = items_of(self, &count);
    if ((!strcmp(name, "value") && is_of(self, trv_StopIteration)) ||
        (!strcmp(name, "code") && is_of(self, trv_SystemExit)))
        return argument_or_none(items, count, 0);
    return NULL;
}

static int exception_getattr(trv_object *self, const char *name, trv_object **value)
{
    struct trv__exception *exception = trv__exception(self);

    if (!strcmp(name, "args"))
        *value = get_args(self);
    else if (!strcmp(name, "__cause__"))
        *value = or_none(exception->cause);
    else if (!strcmp(name, "__context__"))
        *value = or_none(exception->context);
    else if (!strcmp(name, "__suppress_context__"))
        *value = trv_bool_new(exception->suppresses_context);
    else if (!(*value = get_special(self, name)))
        return 0;
    return *value ? 1 : -1;
}

/* Sets __cause__ or __context__ to an exception or None. */
static int set_link(trv_object **link, const char *name, trv_object *value)
{
    trv_object *old = *link;

    if (!value)
        return trv_raise_int(trv_TypeError, "%s may not be deleted", name);
    if (!trv_is_none(value) && !trv__is_exception(value))
        return trv_raise_int(trv_TypeError, "%s must be an exception or None, not %s", name,
                             trv_type_name(value));
    *link = trv_is_none(value) ? NULL : trv_ref(value);
    trv_unref(old);
    return 0;
}

static int set_suppress(struct trv__exception *exception, trv_object *value)
{
    int truth;

    if (!value)
        return trv_raise_int(trv_TypeError, "__suppress_context__ may not be deleted");
    truth = trv_truth(value);
    if (truth < 0)
        return -1;
    exception->suppresses_context = truth;
    return 0;
}

static int exception_setattr(trv_object *self, const char *name, trv_object *value)
{
    struct trv__exception *exception = trv__exception(self);

    if (exception->is_constant)
        return trv_raise_int(trv_AttributeError, "the MemoryError made ahead cannot be changed");
    if (!strcmp(name, "__cause__")) {
        exception->suppresses_context = true;
        return set_link(&exception->cause, name, value);
    }
    if (!strcmp(name, "__context__"))
        return set_link(&exception->context, name, value);
    if (!strcmp(name, "__suppress_context__"))
        return set_suppress(exception, value);
    return 1;
}

static bool is_given(trv_object *exception, const char *function)
{
    return trv__expect(exception, &trv__exception_base_type, function);
}

trv_object *trv_exception_args(trv_object *exception)
{
    return is_given(exception, "trv_exception_args") ? get_args(exception) : NULL;
}

trv_object *trv_exception_cause(trv_object *exception)
{
    if (!is_given(exception, "trv_exception_cause"))
        return NULL;
    return or_none(trv__exception(exception)->cause);
}

trv_object *trv_exception_context(trv_object *exception)
{
    if (!is_given(exception, "trv_exception_context"))
        return NULL;
    return or_none(trv__exception(exception)->context);
}

/* As in Python, which makes one of the same type with the same arguments: the traceback, the cause and
 * the context stay with the original. What a type defined in C adds is not known here. */
static trv_object *exception_copy(trv_object *self, trv_object *memo)
{
    trv_object *args = trv__exception(self)->args;
    trv_auto trv_object *own_args = NULL;

    if (self->type->instance_bytes != sizeof(struct trv__exception))
        return trv_raise(trv_TypeError, "cannot copy '%s' object", self->type->name);
    own_args = memo && args ? trv_deepcopy_with(args, memo) : trv_ref(args);
    return args && !own_args ? NULL : trv__exception_make(self->type, own_args);
}

/* The types ------------------------------------------------------------------------------------ */

#define BaseException_type trv__exception_base_type

#define TYPE(type_name, base_type)                                                                 \
    {                                                                                              \
        .handle = trv_##type_name, .name = #type_name, .base = &base_type,                         \
        .instance_bytes = sizeof(struct trv__exception),                                           \
        .flags = TRV__TYPE_CONTAINER | TRV__TYPE_EXCEPTION, .construct = exception_construct,      \
        .slots = {                                                                                 \
            .traverse = exception_traverse,                                                        \
            .clear = exception_clear,                                                              \
            .destroy = exception_destroy,                                                          \
            .size_bytes = exception_size_bytes,                                                    \
            .str = exception_str,                                                                  \
            .repr = exception_repr,                                                                \
            .getattr = exception_getattr,                                                          \
            .setattr = exception_setattr,                                                          \
            .copy = exception_copy,                                                                \
        },                                                                                         \
    }

TRV__READ_ONLY struct trv_type trv__exception_base_type = TYPE(BaseException, trv__object_type);
TRV__READ_ONLY trv_object trv_BaseException[1] = {TRV__TYPE_HANDLE(trv__exception_base_type)};

#define DEFINE(name, base)                                                                         \
    TRV__READ_ONLY static struct trv_type name##_type = TYPE(name, base##_type);                   \
    TRV__READ_ONLY trv_object trv_##name[1] = {TRV__TYPE_HANDLE(name##_type)};
TRV_EXCEPTIONS(DEFINE)
