/* SPDX-License-Identifier: MIT */
/*
 * The attributes and methods of exceptions.
 *
 * First come those that all have (args, __cause__ ...), then the fields of the kind, then what users
 * have set, which stands in a dict. So an attribute of any name can be set, as in Python. Notes are one
 * of these: `__notes__` is a list that add_note makes when it is first called.
 */
#include "object/exception.h"

#include "trivet/copy.h"
#include "trivet/exception.h"

#include <stdio.h>

static trv_object *or_none(trv_object *object)
{
    return object ? trv_ref(object) : trv_none_new();
}

static trv_object *get_args(trv_object *self)
{
    trv_object *args = trv__exception(self)->args;

    return args ? trv_ref(args) : trv_tuple_new(NULL, 0);
}

trv_object *trv__exception_attributes(trv_object *object)
{
    struct trv__exception *exception = trv__exception(object);

    if (!exception->attributes)
        exception->attributes = trv_dict_new();
    return exception->attributes;
}

/* Getting -------------------------------------------------------------------------------------- */

/* The dict itself, which is made for whoever asks; not for the MemoryError that all share. */
static trv_object *get_dict(trv_object *self)
{
    if (trv__exception(self)->is_constant)
        return trv_dict_new();
    return trv_ref(trv__exception_attributes(self));
}

static int get_other(trv_object *self, const char *name, trv_object **value)
{
    /* Held: a key of a user's class may have code that sets __dict__. */
    trv_auto trv_object *attributes = trv_ref(trv__exception(self)->attributes);
    int field = trv__exception_find_field(self, name);

    if (field >= 0) {
        *value = or_none(trv__exception_field(self, field));
        return 1;
    }
    return attributes ? trv_dict_get_str(attributes, name, value) : 0;
}

int trv__exception_getattr(trv_object *self, const char *name, trv_object **value)
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
    else if (!strcmp(name, "__traceback__"))
        *value = trv_exception_traceback(self);
    else if (!strcmp(name, "__dict__"))
        *value = get_dict(self);
    else
        return get_other(self, name, value);
    return *value ? 1 : -1;
}

/* Setting -------------------------------------------------------------------------------------- */

static int raise_may_not_be_deleted(const char *name)
{
    return trv_raise_int(trv_TypeError, "%s may not be deleted", name);
}

/* Sets the cause or context to an exception or None. */
static int set_link(trv_object **link, const char *what, trv_object *value)
{
    trv_object *old = *link;

    if (!trv_is_none(value) && !trv__is_exception(value))
        return trv_raise_int(trv_TypeError,
                             "exception %s must be None or derive from BaseException", what);
    *link = trv_is_none(value) ? NULL : trv_ref(value);
    trv_unref(old);
    return 0;
}

static int set_cause(struct trv__exception *exception, trv_object *value)
{
    if (!value)
        return raise_may_not_be_deleted("__cause__");
    if (set_link(&exception->cause, "cause", value) < 0)
        return -1;
    exception->suppresses_context = true;
    return 0;
}

static int set_context(struct trv__exception *exception, trv_object *value)
{
    if (!value)
        return raise_may_not_be_deleted("__context__");
    return set_link(&exception->context, "context", value);
}

static int set_suppress(struct trv__exception *exception, trv_object *value)
{
    if (!value)
        return trv_raise_int(trv_TypeError, "can't delete numeric/char attribute");
    if (!trv__type_derives(value->type, &trv__bool_type))
        return trv_raise_int(trv_TypeError, "attribute value type must be bool");
    exception->suppresses_context = trv_truth(value) == 1;
    return 0;
}

static int set_args(struct trv__exception *exception, trv_object *value)
{
    trv_object *args, *old;

    if (!value)
        return raise_may_not_be_deleted("args");
    if (!(args = trv_tuple_from(value)))
        return -1;
    old = exception->args;
    exception->args = args;
    trv_unref(old);
    return 0;
}

static int set_dict(struct trv__exception *exception, trv_object *value)
{
    trv_object *old = exception->attributes;

    if (!value)
        return trv_raise_int(trv_TypeError, "cannot delete __dict__");
    if (!trv__type_derives(value->type, &trv__dict_type))
        return trv_raise_int(trv_TypeError, "__dict__ must be set to a dictionary, not a '%s'",
                             value->type->name);
    exception->attributes = trv_ref(value);
    trv_unref(old);
    return 0;
}

/* In the dict; 1 if there is nothing of that name to be deleted. */
static int set_other(trv_object *self, const char *name, trv_object *value)
{
    int field = trv__exception_find_field(self, name), found;
    trv_auto trv_object *key = NULL, *attributes = NULL;

    if (field >= 0)
        return trv__exception_set_field(self, field, value);
    if (value) {
        attributes = trv_ref(trv__exception_attributes(self));
        return attributes ? trv_dict_set_str(attributes, name, value) : -1;
    }
    if (!(attributes = trv_ref(trv__exception(self)->attributes)) || !(key = trv_str_new(name)))
        return attributes ? -1 : 1;
    found = trv_contains(attributes, key);
    return found > 0 ? trv_dict_remove(attributes, key) : found == 0 ? 1 : -1;
}

static int check_not_constant(const struct trv__exception *exception)
{
    if (!exception->is_constant)
        return 0;
    return trv_raise_int(trv_AttributeError, "the MemoryError made ahead cannot be changed");
}

int trv__exception_setattr(trv_object *self, const char *name, trv_object *value)
{
    struct trv__exception *exception = trv__exception(self);

    if (check_not_constant(exception) < 0)
        return -1;
    if (!strcmp(name, "args"))
        return set_args(exception, value);
    if (!strcmp(name, "__cause__"))
        return set_cause(exception, value);
    if (!strcmp(name, "__context__"))
        return set_context(exception, value);
    if (!strcmp(name, "__suppress_context__"))
        return set_suppress(exception, value);
    if (!strcmp(name, "__traceback__"))
        return value ? trv_exception_set_traceback(self, value) : raise_may_not_be_deleted(name);
    if (!strcmp(name, "__dict__"))
        return set_dict(exception, value);
    if (!strcmp(name, "__class__"))
        return 1; /* that is object's business */
    return set_other(self, name, value);
}

/* Notes ---------------------------------------------------------------------------------------- */

static int add_note(trv_object *self, trv_object *note)
{
    trv_auto trv_object *notes = NULL, *attributes = NULL;
    int found;

    if (!trv__type_derives(note->type, &trv__str_type))
        return trv_raise_int(trv_TypeError, "note must be a str, not '%s'", note->type->name);
    if (check_not_constant(trv__exception(self)) < 0 ||
        !(attributes = trv_ref(trv__exception_attributes(self))) ||
        (found = trv_dict_get_str(attributes, "__notes__", &notes)) < 0)
        return -1;
    if (!found &&
        (!(notes = trv_list_new()) || trv_dict_set_str(attributes, "__notes__", notes) < 0))
        return -1;
    if (!trv__type_derives(notes->type, &trv__list_type))
        return trv_raise_int(trv_TypeError, "Cannot add note: __notes__ is not a list");
    return trv_list_append(notes, note);
}

/* Methods -------------------------------------------------------------------------------------- */

static trv_object *method_add_note(const trv_args *args)
{
    trv_object *note;

    if (trv_parse(args, "o", &note) < 0 || add_note(args->self, note) < 0)
        return NULL;
    return trv_none_new();
}

static trv_object *method_with_traceback(const trv_args *args)
{
    trv_object *traceback;

    if (trv_parse(args, "o", &traceback) < 0 ||
        check_not_constant(trv__exception(args->self)) < 0 ||
        trv_exception_set_traceback(args->self, traceback) < 0)
        return NULL;
    return trv_ref(args->self);
}

/* Sets the attributes of a dict, which is how Python gives a copy the state of the original. */
static trv_object *method_setstate(const trv_args *args)
{
    trv_object *state, *key, *value;
    size_t position = 0;
    int answer = 0;

    if (trv_parse(args, "o", &state) < 0)
        return NULL;
    if (trv_is_none(state))
        return trv_none_new();
    if (!trv__type_derives(state->type, &trv__dict_type))
        return trv_raise(trv_TypeError, "state is not a dictionary");
    while (answer == 0 && (answer = trv_dict_next(state, &position, &key, &value)) > 0) {
        const char *name = trv_str_utf8(key, NULL);
        answer = name ? trv_setattr(args->self, name, value) : -1;
        trv_unref(key);
        trv_unref(value);
        if (answer == 0)
            continue;
        return NULL;
    }
    return answer < 0 ? NULL : trv_none_new();
}

/* What the state of an exception is for __reduce__: the attributes, and an ImportError's keywords. */
static trv_object *state_of(trv_object *self)
{
    trv_object *attributes = trv__exception(self)->attributes;
    trv_auto trv_object *state = attributes ? trv_copy(attributes) : trv_dict_new();

    if (!state || trv__exception_kind(self) != TRV__IMPORT_ERROR)
        return trv_steal(&state);
    for (int i = 0; i < 2; i++) {
        trv_object *value = trv__exception_field(self, i);
        if (value && trv_dict_set_str(state, i ? "path" : "name", value) < 0)
            return NULL;
    }
    return trv_steal(&state);
}

static trv_object *method_reduce(const trv_args *args)
{
    trv_auto trv_object *arguments = NULL, *state = NULL;
    size_t length;

    if (trv_parse(args, "") < 0 || !(arguments = trv__exception_reduce_args(args->self)) ||
        !(state = state_of(args->self)) || trv_dict_len(state, &length) < 0)
        return NULL;
    return trv_tuple_new((trv_object *[]){args->self->type->handle, arguments, state},
                         length ? 3 : 2);
}

const struct trv__method trv__exception_methods[] = {
    {"__reduce__", "__reduce__(): what makes it anew", method_reduce},
    {"__setstate__", "__setstate__(state, /): sets attributes", method_setstate},
    {"add_note", "add_note(note, /): adds a note, which is printed below it", method_add_note},
    {"with_traceback", "with_traceback(traceback, /): sets the traceback", method_with_traceback},
    {NULL, NULL, NULL},
};

/* The public interface ------------------------------------------------------------------------- */

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

int trv_exception_set_cause(trv_object *exception, trv_object *cause)
{
    if (!is_given(exception, "trv_exception_set_cause") ||
        !trv__given(cause, "trv_exception_set_cause") ||
        check_not_constant(trv__exception(exception)) < 0)
        return -1;
    return set_cause(trv__exception(exception), cause);
}

int trv_exception_set_context(trv_object *exception, trv_object *context)
{
    if (!is_given(exception, "trv_exception_set_context") ||
        !trv__given(context, "trv_exception_set_context") ||
        check_not_constant(trv__exception(exception)) < 0)
        return -1;
    return set_context(trv__exception(exception), context);
}

int trv_exception_add_note(trv_object *exception, const char *format, ...)
{
    trv_auto trv_object *note = NULL;
    va_list arguments;

    if (!is_given(exception, "trv_exception_add_note") ||
        !trv__given(format, "trv_exception_add_note"))
        return -1;
    va_start(arguments, format);
    note = trv__error_text("", format, arguments);
    va_end(arguments);
    return note ? add_note(exception, note) : -1;
}

trv_object *trv_exception_notes(trv_object *exception)
{
    trv_auto trv_object *notes = NULL, *attributes = NULL;
    int found = 0;

    if (!is_given(exception, "trv_exception_notes"))
        return NULL;
    attributes = trv_ref(trv__exception(exception)->attributes);
    if (attributes)
        found = trv_dict_get_str(attributes, "__notes__", &notes);
    return found > 0 ? trv_list_from(notes) : found == 0 ? trv_list_new() : NULL;
}
