/* SPDX-License-Identifier: MIT */
/*
 * The pending exception: setting it, taking it, chaining.
 *
 * The pending exception is trv__current->context->error, owned. Whoever raises while another one
 * is pending or being handled makes that one the context of the new one.
 *
 * Invariants:
 *   - raising cannot fail: if the new exception cannot be made, MemoryError is pending instead;
 *   - MemoryError is raised without memory: it is always the one made ahead, which carries no
 *     message, no places and no context (an exception that was pending is then dropped);
 *   - RecursionError is raised within the head room below the stack limit: no code of a user runs,
 *     and the limit is lifted meanwhile;
 *   - errno is the same afterwards.
 */
#include "object/exception.h"

#include <errno.h>
#include <stdio.h>

static struct trv__context *current_context(void)
{
    ASSERT(trv__holds_gil());
    return trv__current->context;
}

/* Places --------------------------------------------------------------------------------------- */

static void add_place(trv_object *exception, const char *file, int line, const char *function)
{
    if (function && !trv__exception(exception)->is_constant)
        trv__trail_add(&trv__exception(exception)->places, file, line, function);
}

/* Whether a place is in the body of TRV_FUNCTION(function), where __func__ has an ending more. */
static bool is_in_body(const struct trv__place *place, const char *file, const char *function)
{
    size_t size = strlen(function);

    return place->file && !strncmp(place->function, function, size) &&
           !strcmp(place->function + size, TRV__BODY_SUFFIX) && !strcmp(place->file, file);
}

/* A function that raised has its line in the traceback already, and only gets its name right. */
void trv__error_passed(const char *file, int line, const char *function)
{
    trv_object *error = current_context()->error;
    struct trv__trail *places;

    if (!error)
        return;
    places = &trv__exception(error)->places;
    if (file && places->count && !trv__exception(error)->is_constant) {
        struct trv__place *last =
            places->count > 1 ? &places->more[places->count - 2] : &places->first;
        if (is_in_body(last, file, function)) {
            last->function = function;
            return;
        }
    }
    add_place(error, file, line, function);
}

/* Chaining ------------------------------------------------------------------------------------- */

/* `exception` is about to get `head` as its context: cuts a link in the chain that leads back to
 * it. Chains that users have closed into rings elsewhere are walked once. */
static void cut_ring(trv_object *head, const trv_object *exception)
{
    struct trv__exception *fast = trv__exception(head), *slow = fast;
    bool slow_moves = false;

    while (fast->context) {
        if (fast->context == exception) {
            trv_clear(&fast->context);
            return;
        }
        fast = trv__exception(fast->context);
        if (fast == slow)
            return;
        if (slow_moves)
            slow = trv__exception(slow->context);
        slow_moves = !slow_moves;
    }
}

/* Both references are taken. */
static void set_context(trv_object *object, trv_object *context)
{
    struct trv__exception *exception = trv__exception(object);
    trv_object *old;

    if (!context || context == object || exception->is_constant) {
        trv_unref(context);
        return;
    }
    if (object->refcount > 1) /* else nothing can lead back to it */
        cut_ring(context, object);
    old = exception->context;
    exception->context = context;
    trv_unref(old);
}

/* Makes `exception` pending; `before` was pending. Both references are taken. */
static void make_pending(trv_object *exception, trv_object *before)
{
    set_context(exception, before ? before : trv_ref(trv__error_handled()));
    trv__error_give(exception);
}

void trv__error_give_with(trv_object *exception, trv_object *context)
{
    set_context(exception, trv_ref(context));
    trv__error_give(exception);
}

/* Making --------------------------------------------------------------------------------------- */

/* A str of bytes that may not be UTF-8: what is not ASCII becomes '?' then, because a file name in
 * a message is no reason for another exception. */
static trv_object *text_of(char *bytes, size_t size)
{
    trv_object *text = trv_str_new_sized(bytes, size);

    if (text || !trv_error_matches(trv_UnicodeError))
        return text;
    trv_error_clear();
    for (size_t i = 0; i < size; i++)
        if ((unsigned char)bytes[i] > 127)
            bytes[i] = '?';
    return trv_str_new_sized(bytes, size);
}

trv_object *trv__error_text(const char *suffix, const char *format, va_list arguments)
{
    char buffer[400], *bytes = buffer;
    size_t room, suffix_size = strlen(suffix);
    trv_object *text = NULL;
    va_list again;
    int size;

    va_copy(again, arguments);
    size = vsnprintf(buffer, sizeof buffer, format, arguments);
    if (size < 0)
        size = 0;
    room = (size_t)size + suffix_size + 1;
    if (room > sizeof buffer) {
        bytes = trv__allocate(room);
        if (!bytes)
            goto done;
        vsnprintf(bytes, room, format, again);
    }
    memcpy(bytes + size, suffix, suffix_size);
    text = text_of(bytes, room - 1);
    if (bytes != buffer)
        trv__free(bytes, room);
done:
    va_end(again);
    return text;
}

/* A class may make what it likes; it must be an exception. */
static trv_object *call_class(const struct trv_type *type, trv_object *const *items, size_t count)
{
    trv_object *made = trv__type_call(type, &(trv_args){.items = items, .count = count});

    if (!made || trv__is_exception(made))
        return made;
    trv_raise(trv_TypeError,
              "calling <class '%s'> should have returned an instance of BaseException, not "
              "<class '%s'>",
              type->name, made->type->name);
    trv_unref(made);
    return NULL;
}

/* An exception whose arguments are these; takes the references, of which one may be NULL because
 * of a failure. NULL with an exception set. */
static trv_object *make_with(const struct trv_type *type, trv_object **items, size_t count)
{
    trv_object *args = NULL, *exception = NULL;

    if (items[0] && items[count - 1])
        args = trv_tuple_new(items, count);
    if (args)
        exception = type->flags & TRV__TYPE_IN_HEAP ? call_class(type, items, count)
                                                    : trv__exception_make(type, args);
    trv_unref(args);
    for (size_t i = 0; i < count; i++)
        trv_unref(items[i]);
    return exception;
}

static trv_object *memory_error(void)
{
    return trv_ref(trv__current->objects->memory_error);
}

/* The end of raising: `exception` is NULL if making it failed, and that failure is raised. */
static void finish_raising(trv_object *exception, trv_object *before, const char *file, int line,
                           const char *function)
{
    if (!exception)
        exception = trv_error_take();
    if (!exception)
        exception = memory_error();
    if (!exception) { /* the runtime is only starting, and will see what is missing */
        trv_unref(before);
        return;
    }
    add_place(exception, file, line, function);
    make_pending(exception, before);
}

static trv_object *make_formatted(const struct trv_type *type, const char *format,
                                  va_list arguments)
{
    trv_object *text;

    if (type == trv__type_of_handle(trv_MemoryError))
        return memory_error();
    if (!format)
        return call_class(type, NULL, 0);
    text = trv__error_text("", format, arguments);
    return text ? make_with(type, &text, 1) : NULL;
}

trv_object *trv_raise_at_(const char *file, int line, const char *function, trv_object *type,
                          const char *format, ...)
{
    int saved_errno = errno;
    trv_object *before = trv_error_take(), *exception;
    va_list arguments;

    if (!type || !trv__is_exception_type(type)) {
        if (!type && before) {
            trv__error_give(before);
            return NULL;
        }
        type = trv_SystemError;
        format = "trv_raise needs an exception type";
    }
    va_start(arguments, format);
    exception = make_formatted(trv__type_of_handle(type), format, arguments);
    va_end(arguments);
    finish_raising(exception, before, file, line, function);
    errno = saved_errno;
    return NULL;
}

trv_object *trv_raise_errno_at_(const char *file, int line, const char *function, int error,
                                const char *format, ...)
{
    int saved_errno = errno, number = error ? abs(error) : errno;
    trv_object *before = trv_error_take(), *exception = NULL, *items[2];
    char reason[128], suffix[sizeof reason + 2];
    va_list arguments;

    snprintf(suffix, sizeof suffix, "%s%s", *format ? ": " : "",
             strerror_r(number, reason, sizeof reason));
    va_start(arguments, format);
    items[1] = trv__error_text(suffix, format, arguments);
    va_end(arguments);
    items[0] = items[1] ? trv_int_new(number) : NULL;
    exception = make_with(trv__oserror_type(number), items, 2);
    finish_raising(exception, before, file, line, function);
    errno = saved_errno;
    return NULL;
}

/* 0, or -1 with TypeError. */
static int set_cause(struct trv__exception *exception, trv_object *cause)
{
    trv_object *old = exception->cause;
    bool is_none = trv_is_none(cause);

    if (!is_none && !trv__is_exception(cause))
        return trv_raise_int(trv_TypeError, "a cause must be an exception or None, not %s",
                             trv_type_name(cause));
    if (exception->is_constant)
        return 0;
    exception->suppresses_context = true;
    exception->cause = is_none ? NULL : trv_ref(cause);
    trv_unref(old);
    return 0;
}

trv_object *trv_raise_object_at_(const char *file, int line, const char *function,
                                 trv_object *exception, trv_object *cause)
{
    int saved_errno = errno;
    trv_object *before;

    if (!trv__given(exception, "trv_raise_object"))
        return NULL;
    if (!trv__is_exception(exception))
        return trv_raise(trv_TypeError, "only exceptions can be raised, not %s",
                         trv_type_name(exception));
    if (cause && set_cause(trv__exception(exception), cause) < 0)
        return NULL;
    before = trv_error_take();
    add_place(exception, file, line, function);
    make_pending(trv_ref(exception), before);
    errno = saved_errno;
    return NULL;
}

int trv__raise_recursion(const char *where)
{
    struct trv__context *context = current_context();
    char *limit = context->stack_limit;

    context->stack_limit = NULL;
    trv_raise_at_(NULL, 0, NULL, trv_RecursionError, "maximum recursion depth exceeded%s", where);
    context->stack_limit = limit;
    return -1;
}

/* The pending exception ------------------------------------------------------------------------ */

void trv__error_give(trv_object *exception)
{
    struct trv__context *context = current_context();
    trv_object *old = context->error;

    context->error = exception;
    trv_unref(old);
}

int trv_error_occurred(void)
{
    return current_context()->error != NULL;
}

trv_object *trv_error_take(void)
{
    return trv_steal(&current_context()->error);
}

void trv_error_restore(trv_object *exception)
{
    if (exception && !trv__is_exception(exception))
        trv_raise(trv_TypeError, "trv_error_restore needs an exception, not %s",
                  trv_type_name(exception));
    else
        trv__error_give(trv_ref(exception));
}

void trv_error_clear(void)
{
    trv__error_give(NULL);
}

/* `wanted` is a type, or a tuple of such. */
static bool matches(const trv_object *error, const trv_object *wanted)
{
    trv_object *const *items;
    size_t count;

    if (trv__is_type(wanted))
        return trv__type_derives(error->type, trv__type_of_handle(wanted));
    if (!trv__type_derives(wanted->type, &trv__tuple_type) || trv__stack_is_low())
        return false;
    items = trv__tuple_items(wanted, &count);
    for (size_t i = 0; i < count; i++)
        if (matches(error, items[i]))
            return true;
    return false;
}

int trv_error_matches(trv_object *type)
{
    const trv_object *error = current_context()->error;

    return error && type && matches(error, type);
}

/* The MemoryError made ahead ------------------------------------------------------------------- */

int trv__errors_init(struct trv__objects *objects)
{
    const struct trv_type *type = trv__type_of_handle(trv_MemoryError);
    trv_object *text = trv_str_new("out of memory");

    objects->memory_error = make_with(type, &text, 1);
    if (!objects->memory_error)
        return -1;
    trv__exception(objects->memory_error)->is_constant = true;
    return 0;
}

void trv__errors_fini(struct trv__objects *objects)
{
    trv_clear(&objects->memory_error);
}
