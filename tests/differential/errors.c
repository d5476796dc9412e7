/* SPDX-License-Identifier: MIT */
/*
 * What happens to exceptions, case by case, for errors.py, which does the same in Python and compares.
 *
 * CASE(name) begins a case. It returns NULL with an exception, or a text. Both are printed.
 */
#include <trivet.h>

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define CASE(name) TRV_STATIC_FUNCTION(case_##name, "case_" #name "()")

/* What many cases need ------------------------------------------------------------------------- */

static trv_object *new_error(trv_object *type, const char *text)
{
    return trv_call(type, "s", text);
}

/* The exception after it was raised. Takes the reference. */
static trv_object *caught(trv_object *error)
{
    (void)trv_raise_object(error);
    trv_unref(error);
    return trv_error_take();
}

static trv_object *raise_take(trv_object *error)
{
    (void)trv_raise_object(error);
    trv_unref(error);
    return NULL;
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

/* Generators ----------------------------------------------------------------------------------- */

/* Yields a number. False if it is to end. */
static bool yield(int64_t number)
{
    trv_auto trv_object *item = trv_int_new(number);
    trv_auto trv_object *sent = trv_yield(item);

    return sent != NULL;
}

TRV_STATIC_FUNCTION(plain, "plain()")
{
    return yield(1) && yield(2) ? trv_none_new() : NULL;
}

TRV_STATIC_FUNCTION(handling, "handling()")
{
    (void)trv_raise(trv_KeyError, "inside");
    TRV_HANDLE(error, trv_KeyError)
    {
        if (!yield(1))
            return NULL;
        return trv_raise(trv_ValueError, "later");
    }
    return NULL;
}

TRV_STATIC_FUNCTION(raising, "raising()")
{
    return yield(1) ? trv_raise(trv_ValueError, "v") : NULL;
}

TRV_STATIC_FUNCTION(seeing, "seeing()")
{
    for (;;) {
        trv_auto trv_object *seen = trv_error_handled();
        trv_auto trv_object *text = trv_repr(seen);
        trv_auto trv_object *sent = trv_yield(text);
        if (!sent)
            return NULL;
    }
}

TRV_STATIC_FUNCTION(stopping, "stopping()")
{
    return yield(1) ? raise_take(trv_call(trv_StopIteration, "i", 3)) : NULL;
}

TRV_STATIC_FUNCTION(stubborn, "stubborn()")
{
    for (int i = 0; i < 1000; i++)
        if (!yield(1))
            trv_error_clear();
    return trv_none_new();
}

TRV_STATIC_FUNCTION(raising_at_exit, "raising_at_exit()")
{
    return yield(1) ? trv_none_new() : trv_raise(trv_ValueError, "at exit");
}

TRV_STATIC_FUNCTION(from_another, "from_another(iterable)")
{
    trv_object *iterable;

    return trv_parse(args, "o", &iterable) < 0 ? NULL : trv_yield_from(iterable);
}

static trv_object *generator_of(trv_object *function)
{
    return trv_generator_new(function, "");
}

/* One that yields from another iterable, whose reference it takes. */
static trv_object *delegate_take(trv_object *iterable)
{
    trv_object *generator = trv_generator_new(from_another, "o", iterable);

    trv_unref(iterable);
    return generator;
}

/* Asks for an item, which is dropped; NULL with StopIteration at the end, as Python's next(). */
static trv_object *next(trv_object *generator)
{
    trv_auto trv_object *none = trv_none_new();
    trv_auto trv_object *method = trv_getattr(generator, "send");

    return trv_call(method, "o", none);
}

static void skip(trv_object *generator)
{
    trv_unref(next(generator));
}

static trv_object *throw(trv_object * generator, trv_object *error)
{
    trv_auto trv_object *owned = error;
    trv_auto trv_object *item = NULL;

    if (trv_generator_throw(generator, owned, &item) >= 0)
        return trv_steal(&item);
    return NULL;
}

static trv_object *close(trv_object *generator)
{
    return trv_generator_close(generator) < 0 ? NULL : trv_none_new();
}

CASE(generator_raises_in_a_handler)
{
    trv_auto trv_object *generator = generator_of(raising);

    skip(generator);
    (void)trv_raise(trv_OSError, "outside");
    TRV_HANDLE(error, trv_OSError)
    skip(generator);
    return NULL;
}

CASE(generator_handling)
{
    trv_auto trv_object *generator = generator_of(handling);

    skip(generator);
    return next(generator);
}

CASE(generator_handling_in_a_handler)
{
    trv_auto trv_object *generator = generator_of(handling);

    (void)trv_raise(trv_OSError, "outside");
    TRV_HANDLE(error, trv_OSError)
    {
        skip(generator);
        skip(generator);
    }
    return NULL;
}

CASE(generator_handling_leaves_nothing)
{
    trv_auto trv_object *generator = generator_of(handling);

    skip(generator);
    return trv_raise(trv_TypeError, "t");
}

CASE(generator_handles_for_another)
{
    trv_auto trv_object *generator = generator_of(handling);

    skip(generator);
    (void)trv_raise(trv_OSError, "outside");
    TRV_HANDLE(error, trv_OSError)
    {
        skip(generator);
        TRV_HANDLE(inner, trv_ValueError)
        break;
        return trv_raise(trv_TypeError, "t");
    }
    return NULL;
}

CASE(throw_in_a_handler)
{
    trv_auto trv_object *generator = generator_of(plain);

    skip(generator);
    (void)trv_raise(trv_OSError, "outside");
    TRV_HANDLE(error, trv_OSError)
    return throw(generator, new_error(trv_ValueError, "v"));
    return NULL;
}

CASE(throw_in_a_handler_before_it_began)
{
    trv_auto trv_object *generator = generator_of(plain);

    (void)trv_raise(trv_OSError, "outside");
    TRV_HANDLE(error, trv_OSError)
    return throw(generator, new_error(trv_ValueError, "v"));
    return NULL;
}

CASE(throw_at_one_that_handles)
{
    trv_auto trv_object *generator = generator_of(handling);

    skip(generator);
    return throw(generator, new_error(trv_ValueError, "v"));
}

CASE(generator_sees_what_is_handled)
{
    trv_auto trv_object *generator = generator_of(seeing), *outside = NULL,
                        *before = next(generator), *after = NULL;

    (void)trv_raise(trv_OSError, "outside");
    TRV_HANDLE(error, trv_OSError)
    outside = next(generator);
    after = next(generator);
    return trv_str_printf("%s %s %s", trv_str_utf8(before, NULL), trv_str_utf8(outside, NULL),
                          trv_str_utf8(after, NULL));
}

CASE(generator_raises_stop_iteration)
{
    trv_auto trv_object *generator = generator_of(stopping);

    skip(generator);
    return next(generator);
}

CASE(send_to_one_that_did_not_begin)
{
    trv_auto trv_object *generator = generator_of(plain), *one = trv_int_new(1), *item = NULL;

    return trv_generator_send(generator, one, &item) < 0 ? NULL : trv_steal(&item);
}

CASE(generator_ignores_its_exit)
{
    trv_auto trv_object *generator = generator_of(stubborn);

    skip(generator);
    (void)close(generator);
    return NULL;
}

CASE(generator_raises_at_its_exit)
{
    trv_auto trv_object *generator = generator_of(raising_at_exit);

    skip(generator);
    return close(generator);
}

CASE(generator_raises_at_its_exit_in_a_handler)
{
    trv_auto trv_object *generator = generator_of(raising_at_exit);

    skip(generator);
    (void)trv_raise(trv_OSError, "outside");
    TRV_HANDLE(error, trv_OSError)
    return close(generator);
    return NULL;
}

CASE(after_the_end)
{
    trv_auto trv_object *generator = generator_of(plain), *list = trv_list_from(generator);

    return throw(generator, new_error(trv_ValueError, "v"));
}

CASE(send_after_the_end)
{
    trv_auto trv_object *generator = generator_of(plain), *list = trv_list_from(generator);
    trv_auto trv_object *method = trv_getattr(generator, "send");

    return trv_call(method, "i", 3);
}

CASE(delegation_raises)
{
    trv_auto trv_object *generator = delegate_take(generator_of(raising));

    skip(generator);
    return next(generator);
}

CASE(delegation_of_stop_iteration)
{
    trv_auto trv_object *generator = delegate_take(generator_of(stopping));

    skip(generator);
    return next(generator);
}

CASE(send_to_a_list)
{
    trv_auto trv_object *generator = delegate_take(trv_build("[i i]", 1, 2));
    trv_auto trv_object *three = trv_int_new(3), *item = NULL, *text = NULL;

    skip(generator);
    if (trv_generator_send(generator, three, &item) >= 0)
        return trv_str_new("no error");
    TRV_HANDLE(error, trv_AttributeError)
    text = trv_str(error);
    return trv_str_new(text && strstr(trv_str_utf8(text, NULL), "send") ? "True" : "False");
}

CASE(throw_at_a_list)
{
    trv_auto trv_object *generator = delegate_take(trv_build("[i i]", 1, 2));

    skip(generator);
    return throw(generator, new_error(trv_ValueError, "v"));
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
    case_generator_raises_in_a_handler,
    case_generator_handling,
    case_generator_handling_in_a_handler,
    case_generator_handling_leaves_nothing,
    case_generator_handles_for_another,
    case_throw_in_a_handler,
    case_throw_in_a_handler_before_it_began,
    case_throw_at_one_that_handles,
    case_generator_sees_what_is_handled,
    case_generator_raises_stop_iteration,
    case_send_to_one_that_did_not_begin,
    case_generator_ignores_its_exit,
    case_generator_raises_at_its_exit,
    case_generator_raises_at_its_exit_in_a_handler,
    case_after_the_end,
    case_send_after_the_end,
    case_delegation_raises,
    case_delegation_of_stop_iteration,
    case_send_to_a_list,
    case_throw_at_a_list,
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

int main(void)
{
    if (trv_init(NULL) < 0)
        return 1;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        run(cases[i]);
    trv_fini();
    return 0;
}
