/* SPDX-License-Identifier: MIT */
/*
 * BaseExceptionGroup and ExceptionGroup: a message and several exceptions, of which some may be groups.
 *
 * A group of Exceptions alone is an ExceptionGroup, which is an Exception itself. Splitting walks the
 * tree and makes, of each group of which some leaves match and some do not, one with each half: by its
 * derive(), so that a class decides what its parts are. The parts have the traceback, the cause, the
 * context and a copy of the notes of the whole. A group that matches as a whole is its own part.
 */
#include "object/exception.h"

#include "trivet/exception.h"

/* Making --------------------------------------------------------------------------------------- */

static bool is_sequence(const trv_object *object)
{
    const trv_slots *slots = &object->type->slots;

    return slots->getitem && slots->length && !trv__type_derives(object->type, &trv__dict_type);
}

/* Whether all are Exceptions; -1 with ValueError if one is no exception at all. */
static int are_exceptions(trv_object *const *items, size_t count)
{
    const struct trv_type *plain = trv__type_of_handle(trv_Exception);
    int are_plain = 1;

    for (size_t i = 0; i < count; i++) {
        if (!trv__is_exception(items[i]))
            return trv_raise_int(trv_ValueError,
                                 "Item %zu of second argument (exceptions) is not an exception", i);
        if (!trv__type_derives(items[i]->type, plain))
            are_plain = 0;
    }
    return are_plain;
}

/* Sees to it that the type fits what is in the group. */
static int settle_type(trv_object *group, bool are_plain)
{
    const struct trv_type *type = group->type;

    if (are_plain) {
        if (type == trv__type_of_handle(trv_BaseExceptionGroup))
            group->type = trv__type_of_handle(trv_ExceptionGroup);
        return 0;
    }
    if (type == trv__type_of_handle(trv_ExceptionGroup))
        return trv_raise_int(trv_TypeError, "Cannot nest BaseExceptions in an ExceptionGroup");
    if (trv__type_derives(type, trv__type_of_handle(trv_Exception)))
        return trv_raise_int(trv_TypeError, "Cannot nest BaseExceptions in '%s'", type->name);
    return 0;
}

int trv__exception_group_fill(trv_object *group, trv_object *const *items, size_t count,
                              trv_object *keywords TRV_UNUSED)
{
    trv_auto trv_object *exceptions = NULL;
    trv_auto trv_object *message = NULL, *before = NULL; /* end when all is set */
    trv_object *const *members, **fields;
    int are_plain;

    if (count != 2)
        return trv_raise_int(trv_TypeError,
                             "BaseExceptionGroup.__new__() takes exactly 2 arguments (%zu given)",
                             count);
    if (!trv__type_derives(items[0]->type, &trv__str_type))
        return trv_raise_int(trv_TypeError,
                             "BaseExceptionGroup.__new__() argument 1 must be str, not %s",
                             items[0]->type->name);
    if (!is_sequence(items[1]))
        return trv_raise_int(trv_TypeError, "second argument (exceptions) must be a sequence");
    if (!(exceptions = trv_tuple_from(items[1])))
        return -1;
    members = trv__tuple_items(exceptions, &count);
    if (count == 0)
        return trv_raise_int(trv_ValueError,
                             "second argument (exceptions) must be a non-empty sequence");
    if ((are_plain = are_exceptions(members, count)) < 0 || settle_type(group, are_plain) < 0 ||
        trv__exception_have_fields(group) < 0)
        return -1;
    fields = trv__exception(group)->fields;
    message = fields[TRV__FIELD_MESSAGE];
    fields[TRV__FIELD_MESSAGE] = trv_ref(items[0]);
    before = fields[TRV__FIELD_EXCEPTIONS];
    fields[TRV__FIELD_EXCEPTIONS] = trv_steal(&exceptions);
    return 0;
}

/* The exceptions in a group; none in one that the collector has cleared. */
static trv_object *const *members_of(const trv_object *group, size_t *count)
{
    const trv_object *exceptions = trv__exception_field(group, TRV__FIELD_EXCEPTIONS);

    *count = 0;
    return exceptions ? trv__tuple_items(exceptions, count) : NULL;
}

trv_object *trv__exception_group_str(trv_object *group)
{
    size_t count;
    trv_auto trv_object *message = trv_ref(trv__exception_field(group, TRV__FIELD_MESSAGE));

    members_of(group, &count);
    return trv_str_printf("%s (%zu sub-exception%s)", message ? trv_str_utf8(message, NULL) : "",
                          count, count == 1 ? "" : "s");
}

/* Parts ---------------------------------------------------------------------------------------- */

/* A group of these with the group's message, made by derive() if a class may have its own. */
static trv_object *derive(trv_object *group, trv_object *exceptions)
{
    trv_auto trv_object *method = NULL, *args = NULL, *part = NULL;

    if (!(group->type->flags & TRV__TYPE_IN_HEAP)) {
        args = trv_tuple_new(
            (trv_object *[]){trv__exception_field(group, TRV__FIELD_MESSAGE), exceptions}, 2);
        return args ? trv_exception_new(trv_BaseExceptionGroup, args) : NULL;
    }
    method = trv_getattr(group, "derive");
    part = method ? trv_call_array(method, &exceptions, 1, NULL) : NULL;
    if (part && !trv__is_exception_group(part))
        return trv_raise(trv_TypeError, "derive must return an instance of BaseExceptionGroup");
    return trv_steal(&part);
}

static int copy_notes(trv_object *part, trv_object *group)
{
    trv_auto trv_object *notes = NULL, *copy = NULL;
    trv_auto trv_object *attributes = trv_ref(trv__exception(group)->attributes);

    if (!attributes || trv_dict_get_str(attributes, "__notes__", &notes) == 0)
        return 0;
    if (!notes)
        return -1;
    if (!is_sequence(notes))
        return 0;
    copy = trv_list_from(notes);
    return copy ? trv_setattr(part, "__notes__", copy) : -1;
}

/* Setting the cause, even to none, suppresses the context: so does Python here. */
static int copy_history(trv_object *part, trv_object *group)
{
    struct trv__exception *whole = trv__exception(group);

    if (trv__trail_copy(&trv__exception(part)->places, &whole->places) < 0)
        return -1;
    if (whole->context && trv_exception_set_context(part, whole->context) < 0)
        return -1;
    if (trv_exception_set_cause(part, whole->cause ? whole->cause : trv_none_new()) < 0)
        return -1;
    return copy_notes(part, group);
}

/* The part of a group with these exceptions, a list: *part is NULL if there are none. */
static int make_part(trv_object *group, trv_object *list, trv_object **part)
{
    size_t count;

    *part = NULL;
    (void)trv__list_items(list, &count);
    if (count == 0)
        return 0;
    *part = derive(group, list);
    if (*part && copy_history(*part, group) < 0)
        trv_clear(part);
    return *part ? 0 : -1;
}

/* Splitting ------------------------------------------------------------------------------------ */

/* What decides: a type, a tuple of types, or a function of an exception. */
static bool is_types(const trv_object *condition)
{
    trv_object *const *items;
    size_t count;

    if (trv__is_exception_type(condition))
        return true;
    if (!trv__type_derives(condition->type, &trv__tuple_type))
        return false;
    items = trv__tuple_items(condition, &count);
    for (size_t i = 0; i < count; i++)
        if (!trv__is_exception_type(items[i]))
            return false;
    return true;
}

static int check_condition(const trv_object *condition)
{
    if (is_types(condition) || (!trv__is_type(condition) && trv_callable(condition)))
        return 0;
    return trv_raise_int(trv_TypeError,
                         "expected a function, exception type or tuple of exception types");
}

static int is_match(trv_object *exception, trv_object *condition)
{
    trv_auto trv_object *answer = NULL;

    if (!trv_callable(condition) || trv__is_type(condition))
        return trv_isinstance(exception, condition);
    answer = trv_call_array(condition, &exception, 1, NULL);
    return answer ? trv_truth(answer) : -1;
}

static int split(trv_object *exception, trv_object *condition, trv_object **matching,
                 trv_object **rest);

static int split_members(trv_object *group, trv_object *condition, trv_object *matching,
                         trv_object *rest)
{
    trv_auto trv_object *exceptions = trv_ref(trv__exception_field(group, TRV__FIELD_EXCEPTIONS));
    trv_object *const *members;
    size_t count;

    members = members_of(group, &count);
    for (size_t i = 0; i < count; i++) {
        trv_auto trv_object *one = NULL, *other = NULL;
        if (split(members[i], condition, &one, rest ? &other : NULL) < 0 ||
            (one && trv_list_append(matching, one) < 0) ||
            (other && trv_list_append(rest, other) < 0))
            return -1;
    }
    return 0;
}

/* Both parts are new references or NULL; `rest` may be NULL if nobody wants it. */
static int split(trv_object *exception, trv_object *condition, trv_object **matching,
                 trv_object **rest)
{
    trv_auto trv_object *matches = NULL, *others = NULL;
    int answer;

    *matching = NULL;
    if (rest)
        *rest = NULL;
    if (trv__enter_recursion(" in exceptiongroup_split_recursive") < 0 ||
        (answer = is_match(exception, condition)) < 0)
        return -1;
    if (answer) {
        *matching = trv_ref(exception);
        return 0;
    }
    if (!trv__is_exception_group(exception)) {
        if (rest)
            *rest = trv_ref(exception);
        return 0;
    }
    if (!(matches = trv_list_new()) || (rest && !(others = trv_list_new())) ||
        split_members(exception, condition, matches, others) < 0 ||
        make_part(exception, matches, matching) < 0)
        return -1;
    if (rest && make_part(exception, others, rest) < 0) {
        trv_clear(matching);
        return -1;
    }
    return 0;
}

/* The public interface ------------------------------------------------------------------------- */

static bool expect_group(trv_object *object, const char *function)
{
    return trv__expect(object, trv__type_of_handle(trv_BaseExceptionGroup), function);
}

trv_object *trv_exception_group_new(const char *message, trv_object *exceptions)
{
    trv_auto trv_object *text = NULL, *args = NULL;

    if (!trv__given(message, "trv_exception_group_new") ||
        !trv__given(exceptions, "trv_exception_group_new") || !(text = trv_str_new(message)))
        return NULL;
    args = trv_tuple_new((trv_object *[]){text, exceptions}, 2);
    return args ? trv_exception_new(trv_BaseExceptionGroup, args) : NULL;
}

trv_object *trv_exception_group_exceptions(trv_object *group)
{
    trv_object *exceptions;

    if (!expect_group(group, "trv_exception_group_exceptions"))
        return NULL;
    exceptions = trv__exception_field(group, TRV__FIELD_EXCEPTIONS);
    return exceptions ? trv_ref(exceptions) : trv_tuple_new(NULL, 0);
}

int trv_exception_split(trv_object *exception, trv_object *condition, trv_object **matching,
                        trv_object **rest)
{
    trv_object *unwanted;

    if (matching)
        *matching = NULL;
    if (rest)
        *rest = NULL;
    if (!trv__expect(exception, &trv__exception_base_type, "trv_exception_split") ||
        !trv__given(condition, "trv_exception_split") || check_condition(condition) < 0 ||
        split(exception, condition, matching ? matching : &unwanted, rest) < 0)
        return -1;
    if (!matching)
        trv_unref(unwanted);
    return 0;
}

/* Methods -------------------------------------------------------------------------------------- */

/* The condition, or NULL with TypeError. */
static trv_object *condition_of(const trv_args *args, const char *name)
{
    if (args->count != 1)
        return trv_raise(trv_TypeError, "%s expected 1 argument, got %zu", name, args->count);
    return check_condition(args->items[0]) < 0 ? NULL : args->items[0];
}

static trv_object *or_none(trv_object *object)
{
    return object ? object : trv_none_new();
}

static trv_object *method_subgroup(const trv_args *args)
{
    trv_object *condition = condition_of(args, "subgroup"), *matching;

    if (!condition || split(args->self, condition, &matching, NULL) < 0)
        return NULL;
    return matching ? matching : trv_none_new();
}

static trv_object *method_split(const trv_args *args)
{
    trv_object *condition = condition_of(args, "split");
    trv_auto trv_object *matching = NULL, *rest = NULL;

    if (!condition || split(args->self, condition, &matching, &rest) < 0)
        return NULL;
    return trv_tuple_new((trv_object *[]){or_none(matching), or_none(rest)}, 2);
}

static trv_object *method_derive(const trv_args *args)
{
    trv_auto trv_object *given = NULL;
    trv_object *exceptions;

    if (trv_parse(args, "o", &exceptions) < 0)
        return NULL;
    given = trv_tuple_new(
        (trv_object *[]){trv__exception_field(args->self, TRV__FIELD_MESSAGE), exceptions}, 2);
    return given ? trv_exception_new(trv_BaseExceptionGroup, given) : NULL;
}

const struct trv__method trv__exception_group_methods[] = {
    {"derive", "derive(excs, /): a group of these with the same message", method_derive},
    {"split", "split(condition, /): two groups: what matches, and the rest", method_split},
    {"subgroup", "subgroup(condition, /): a group of what matches", method_subgroup},
    {NULL, NULL, NULL},
};
