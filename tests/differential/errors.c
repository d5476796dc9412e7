/* SPDX-License-Identifier: MIT */
/*
 * What happens to exceptions, case by case, for errors.py, which does the same in Python and compares.
 */
#include "errors.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* What many cases need ------------------------------------------------------------------------- */

/* The exception after it was raised. Takes the reference. */
static trv_object *caught(trv_object *error)
{
    (void)trv_raise_object(error);
    trv_unref(error);
    return trv_error_take();
}

/* A group of up to three; takes the references. */
static trv_object *group_of(const char *message, trv_object *a, trv_object *b, trv_object *c)
{
    trv_object *items[] = {a, b, c}, *group;
    trv_object *tuple = trv_tuple_new(items, c ? 3 : b ? 2 : 1);

    group = trv_exception_group_new(message, tuple);
    trv_unref(tuple);
    trv_unref(a);
    trv_unref(b);
    trv_unref(c);
    return group;
}

static void set(trv_object *error, const char *name, trv_object *value)
{
    if (trv_setattr(error, name, value) < 0)
        trv_error_print();
    trv_unref(value);
}

static void add_note(trv_object *error, const char *note)
{
    if (trv_exception_add_note(error, "%s", note) < 0)
        trv_error_print();
}

/* Chains --------------------------------------------------------------------------------------- */

CASE(cause)
{
    (void)trv_raise(trv_KeyError, "k");
    TRV_HANDLE(error, trv_KeyError)
    {
        trv_auto trv_object *other = new_error(trv_ValueError, "v");
        (void)trv_raise_from(other, error);
    }
    return NULL;
}

CASE(context)
{
    (void)trv_raise(trv_KeyError, "k");
    TRV_HANDLE(error, trv_KeyError)
    (void)trv_raise(trv_ValueError, "v");
    return NULL;
}

CASE(from_none)
{
    (void)trv_raise(trv_KeyError, "k");
    TRV_HANDLE(error, trv_KeyError)
    {
        trv_auto trv_object *other = new_error(trv_ValueError, "v");
        (void)trv_raise_from(other, trv_none_new());
    }
    return NULL;
}

CASE(three_contexts)
{
    (void)trv_raise(trv_KeyError, "k");
    TRV_HANDLE(error, trv_KeyError)
    (void)trv_raise(trv_ValueError, "v");
    TRV_HANDLE(error, trv_ValueError)
    (void)trv_raise(trv_TypeError, "t");
    return NULL;
}

CASE(reraise)
{
    (void)trv_raise(trv_KeyError, "k");
    TRV_HANDLE(error, trv_KeyError)
    (void)trv_reraise();
    return NULL;
}

CASE(reraise_nothing)
{
    return trv_reraise();
}

CASE(after_the_handler)
{
    (void)trv_raise(trv_KeyError, "k");
    TRV_HANDLE(error, trv_KeyError)
    continue;
    return trv_raise(trv_ValueError, "v");
}

CASE(nested_handlers)
{
    (void)trv_raise(trv_KeyError, "k");
    TRV_HANDLE(error, trv_KeyError)
    {
        (void)trv_raise(trv_ValueError, "v");
        TRV_HANDLE(inner, trv_ValueError)
        break;
        (void)trv_raise(trv_TypeError, "t");
    }
    return NULL;
}

CASE(same_again)
{
    trv_auto trv_object *error = new_error(trv_ValueError, "v");

    (void)trv_raise_object(error);
    TRV_HANDLE(first, trv_ValueError)
    {
        (void)trv_raise(trv_KeyError, "k");
        TRV_HANDLE(second, trv_KeyError)
        return trv_raise_object(error);
    }
    return NULL;
}

CASE(ring_of_causes)
{
    trv_auto trv_object *a = new_error(trv_ValueError, "a"), *b = new_error(trv_ValueError, "b");

    set(a, "__cause__", trv_ref(b));
    set(b, "__cause__", trv_ref(a));
    return trv_raise_object(a);
}

/* Texts ---------------------------------------------------------------------------------------- */

CASE(notes)
{
    trv_object *error = new_error(trv_ValueError, "one\ntwo");

    add_note(error, "three\nfour");
    add_note(error, "");
    add_note(error, "five");
    return raise_take(error);
}

CASE(notes_that_are_none)
{
    trv_object *error = new_error(trv_ValueError, "v");

    set(error, "__notes__", trv_build("(si)", "a", 3));
    return raise_take(error);
}

CASE(no_message)
{
    return raise_take(trv_exception_new(trv_ValueError, NULL));
}

CASE(empty_message)
{
    return trv_raise(trv_ValueError, "%s", "");
}

CASE(key_error)
{
    return trv_raise(trv_KeyError, "%s", "");
}

CASE(system_exit)
{
    return raise_take(trv_call(trv_SystemExit, "i", 3));
}

/* Groups --------------------------------------------------------------------------------------- */

CASE(group)
{
    return raise_take(
        group_of("g", caught(new_error(trv_ValueError, "v")), new_error(trv_KeyError, "k"), NULL));
}

CASE(nested_groups)
{
    trv_object *inner = caught(group_of("i", new_error(trv_ValueError, "a\nb"),
                                        caught(new_error(trv_TypeError, "t")), NULL));

    add_note(inner, "n\no");
    return raise_take(group_of("g", inner,
                               group_of("j", trv_call(trv_OSError, "is", 2, "o"), NULL, NULL),
                               new_error(trv_KeyError, "k")));
}

CASE(group_with_chains)
{
    trv_object *inner = new_error(trv_ValueError, "v"), *other = new_error(trv_TypeError, "t"),
               *error;

    set(inner, "__cause__", caught(new_error(trv_KeyError, "k")));
    set(other, "__context__", group_of("c", new_error(trv_OSError, "o"), NULL, NULL));
    error = group_of("g", inner, other, NULL);
    set(error, "__cause__", new_error(trv_RuntimeError, "r"));
    return raise_take(error);
}

static trv_object *raise_wide(int width)
{
    trv_auto trv_object *list = trv_list_new();

    for (int i = 0; i < width; i++) {
        trv_auto trv_object *error = trv_call(trv_ValueError, "i", i);
        if (trv_list_append(list, error) < 0)
            return NULL;
    }
    return raise_take(trv_exception_group_new("g", list));
}

CASE(wide_group)
{
    return raise_wide(17);
}

CASE(very_wide_group)
{
    return raise_wide(16);
}

CASE(group_just_wide_enough)
{
    return raise_wide(15);
}

CASE(deep_group)
{
    trv_object *error = new_error(trv_ValueError, "v");

    for (int i = 0; i < 12; i++)
        error = group_of("g", error, new_error(trv_KeyError, "k"), NULL);
    return raise_take(error);
}

CASE(ring_through_a_group)
{
    trv_auto trv_object *inner = new_error(trv_ValueError, "v");
    trv_object *error = group_of("g", trv_ref(inner), NULL, NULL);

    set(inner, "__cause__", trv_ref(error));
    return raise_take(error);
}

static trv_object *raise_part(trv_object *error, trv_object *type, bool is_rest)
{
    trv_auto trv_object *whole = error, *matching = NULL, *rest = NULL;

    if (trv_exception_split(whole, type, &matching, &rest) < 0)
        return NULL;
    return trv_raise_object(is_rest ? rest : matching);
}

CASE(split_keeps_history)
{
    trv_object *error =
        group_of("g", new_error(trv_ValueError, "v"), new_error(trv_KeyError, "k"), NULL);

    add_note(error, "n");
    set(error, "__context__", new_error(trv_TypeError, "t"));
    return raise_part(caught(error), trv_KeyError, false);
}

CASE(split_rest)
{
    trv_object *error = group_of(
        "g", new_error(trv_ValueError, "v"),
        group_of("h", new_error(trv_KeyError, "k"), new_error(trv_KeyError, "l"), NULL), NULL);

    set(error, "__cause__", new_error(trv_TypeError, "t"));
    return raise_part(caught(error), trv_ValueError, true);
}

/* Handling parts ------------------------------------------------------------------------------- */

static void raise_tree(void)
{
    raise_take(group_of(
        "g", new_error(trv_ValueError, "v"),
        group_of("h", new_error(trv_KeyError, "k"), new_error(trv_TypeError, "t"), NULL), NULL));
}

/* A part that is looked at, and no more. */
static void look(trv_object *part)
{
    trv_auto trv_object *text = trv_repr(part);

    (void)text;
}

CASE(parts_all)
{
    trv_auto trv_object *types = trv_build("(oo)", trv_LookupError, trv_TypeError);

    raise_tree();
    TRV_HANDLE_PARTS(parts)
    {
        TRV_HANDLE_PART(part, parts, trv_ValueError)
        look(part);
        TRV_HANDLE_PART(part, parts, types)
        look(part);
    }
    return trv_error_occurred() ? NULL : trv_str_new("nothing");
}

CASE(parts_some)
{
    raise_tree();
    TRV_HANDLE_PARTS(parts)
    TRV_HANDLE_PART(part, parts, trv_KeyError)
    look(part);
    return NULL;
}

CASE(parts_none)
{
    raise_tree();
    TRV_HANDLE_PARTS(parts)
    TRV_HANDLE_PART(part, parts, trv_OSError)
    look(part);
    return NULL;
}

CASE(parts_again)
{
    raise_tree();
    TRV_HANDLE_PARTS(parts)
    {
        TRV_HANDLE_PART(part, parts, trv_KeyError)
        (void)trv_reraise();
        TRV_HANDLE_PART(part, parts, trv_TypeError)
        look(part);
    }
    return NULL;
}

CASE(parts_new)
{
    trv_auto trv_object *types = trv_build("(oo)", trv_TypeError, trv_ValueError);

    raise_tree();
    TRV_HANDLE_PARTS(parts)
    {
        TRV_HANDLE_PART(part, parts, trv_KeyError)
        (void)trv_raise(trv_OSError, "new");
        TRV_HANDLE_PART(part, parts, types)
        look(part);
    }
    return NULL;
}

CASE(parts_new_and_rest)
{
    raise_tree();
    TRV_HANDLE_PARTS(parts)
    TRV_HANDLE_PART(part, parts, trv_KeyError)
    (void)trv_raise(trv_OSError, "new");
    return NULL;
}

CASE(parts_two_new)
{
    raise_tree();
    TRV_HANDLE_PARTS(parts)
    {
        TRV_HANDLE_PART(part, parts, trv_KeyError)
        (void)trv_raise(trv_OSError, "one");
        TRV_HANDLE_PART(part, parts, trv_Exception)
        (void)trv_raise(trv_OSError, "two");
    }
    return NULL;
}

CASE(parts_new_and_again)
{
    raise_tree();
    TRV_HANDLE_PARTS(parts)
    {
        TRV_HANDLE_PART(part, parts, trv_KeyError)
        (void)trv_reraise();
        TRV_HANDLE_PART(part, parts, trv_ValueError)
        (void)trv_raise(trv_OSError, "new");
    }
    return NULL;
}

CASE(parts_plain)
{
    trv_object *text = NULL;

    (void)trv_raise(trv_ValueError, "v");
    TRV_HANDLE_PARTS(parts)
    TRV_HANDLE_PART(part, parts, trv_ValueError)
    text = trv_repr(part);
    return text;
}

CASE(parts_plain_again)
{
    (void)trv_raise(trv_ValueError, "v");
    TRV_HANDLE_PARTS(parts)
    TRV_HANDLE_PART(part, parts, trv_ValueError)
    (void)trv_reraise();
    return NULL;
}

CASE(parts_plain_new)
{
    (void)trv_raise(trv_ValueError, "v");
    TRV_HANDLE_PARTS(parts)
    TRV_HANDLE_PART(part, parts, trv_ValueError)
    (void)trv_raise(trv_KeyError, "k");
    return NULL;
}

CASE(parts_plain_other)
{
    (void)trv_raise(trv_ValueError, "v");
    TRV_HANDLE_PARTS(parts)
    TRV_HANDLE_PART(part, parts, trv_KeyError)
    look(part);
    return NULL;
}

CASE(parts_of_groups)
{
    raise_tree();
    TRV_HANDLE_PARTS(parts)
    TRV_HANDLE_PART(part, parts, trv_ExceptionGroup)
    look(part);
    return NULL;
}

CASE(parts_new_from)
{
    raise_tree();
    TRV_HANDLE_PARTS(parts)
    TRV_HANDLE_PART(part, parts, trv_KeyError)
    {
        trv_auto trv_object *members = trv_exception_group_exceptions(part);
        trv_auto trv_object *member = trv_tuple_get(members, 0);
        trv_auto trv_object *error = new_error(trv_OSError, "new");
        (void)trv_raise_from(error, member);
    }
    return NULL;
}

/* Running -------------------------------------------------------------------------------------- */

static trv_object *const cases[] = {
    case_cause,
    case_context,
    case_from_none,
    case_three_contexts,
    case_reraise,
    case_reraise_nothing,
    case_after_the_handler,
    case_nested_handlers,
    case_same_again,
    case_ring_of_causes,
    case_notes,
    case_notes_that_are_none,
    case_no_message,
    case_empty_message,
    case_key_error,
    case_system_exit,
    case_group,
    case_nested_groups,
    case_group_with_chains,
    case_wide_group,
    case_very_wide_group,
    case_group_just_wide_enough,
    case_deep_group,
    case_ring_through_a_group,
    case_split_keeps_history,
    case_split_rest,
    case_parts_all,
    case_parts_some,
    case_parts_none,
    case_parts_again,
    case_parts_new,
    case_parts_new_and_rest,
    case_parts_two_new,
    case_parts_new_and_again,
    case_parts_plain,
    case_parts_plain_again,
    case_parts_plain_new,
    case_parts_plain_other,
    case_parts_of_groups,
    case_parts_new_from,
    NULL,
};

static void run(trv_object *function)
{
    trv_auto trv_object *answer = trv_call(function, ""), *error = NULL, *text = NULL;

    if (!answer) {
        error = trv_error_take();
        text = error ? trv_exception_format(error) : NULL;
    }
    printf("== %s\n", trv_function_name(function) + strlen("case_"));
    if (error)
        fputs(text ? trv_str_utf8(text, NULL) : "no text\n", stdout);
    else
        puts(answer ? trv_str_utf8(answer, NULL) : "NULL without an exception");
}

static void run_all(trv_object *const *each)
{
    for (; *each; each++)
        run(*each);
}

int main(void)
{
    if (trv_init(NULL) < 0)
        return 1;
    run_all(cases);
    run_all(generator_cases);
    trv_fini();
    return 0;
}
