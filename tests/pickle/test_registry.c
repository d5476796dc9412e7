/* SPDX-License-Identifier: MIT */
/*
 * What users register for their pickles, and the options: names, reducers, persistent ids, buffers,
 * protocols. What was not registered is refused by name.
 */
#include "support/harness.h"

#include "object/expect.h"
#include "types/exhaust.h"

static trv_object *must(trv_object *object)
{
    if (!object)
        trv_error_print();
    ck_assert_ptr_nonnull(object);
    return object;
}

static trv_object *dumps(trv_object *object, int protocol)
{
    trv_pickle_options options = {.size = sizeof options, .protocol = protocol};

    return trv_pickle_dumps_with(object, &options);
}

static trv_object *loads(trv_object *pickle)
{
    size_t size;
    const void *data = trv_bytes_data(pickle, &size);

    return trv_pickle_loads(data, size);
}

static trv_object *copy(trv_object *object, int protocol)
{
    trv_auto trv_object *pickle = dumps(object, protocol);

    return pickle ? loads(pickle) : NULL;
}

/* A type whose instances hold a number and a reference to anything. */
struct node {
    int64_t number;
    trv_object *next;
};

static struct node *node_of(trv_object *object)
{
    trv_auto trv_object *type = trv_type_of(object);

    return trv_data(object, type);
}

static int traverse(trv_object *self, trv_visit visit, void *argument)
{
    struct node *node = node_of(self);

    return node->next ? visit(node->next, argument) : 0;
}

static void clear(trv_object *self)
{
    trv_clear(&node_of(self)->next);
}

static trv_object *node_type_new(void)
{
    trv_type_spec spec = {.size = sizeof spec,
                          .name = "Node",
                          .data_size = sizeof(struct node),
                          .slots = {.traverse = traverse, .clear = clear}};

    return trv_type_new(&spec);
}

static trv_object *node_new(trv_object *type, int64_t number)
{
    trv_object *object = trv_call(type, "");

    if (object)
        node_of(object)->number = number;
    return object;
}

TRV_STATIC_FUNCTION(make_node, "make_node(type, number): a node")
{
    trv_object *type;
    int64_t number;

    return trv_parse(args, "ol", &type, &number) < 0 ? NULL : node_new(type, number);
}

TRV_STATIC_FUNCTION(set_next, "set_next(node, next): the state of a node")
{
    struct node *node = node_of(args->items[0]);

    trv_unref(node->next);
    node->next = trv_ref(args->items[1]);
    return trv_none_new();
}

TRV_STATIC_FUNCTION(reduce_node, "reduce_node(node): how to make it again")
{
    trv_auto trv_object *type = trv_type_of(args->items[0]), *none = trv_none_new();
    struct node *node = node_of(args->items[0]);

    return trv_build("(o(ol)oooo)", make_node, type, node->number, node->next ? node->next : none,
                     none, none, set_next);
}

static void forget(trv_object *type)
{
    ck_assert_int_eq(trv_pickle_forget(type), 0);
    ck_assert_int_eq(trv_pickle_forget(make_node), 0);
    ck_assert_int_eq(trv_pickle_forget(set_next), 0);
}

static trv_object *registered_type(void)
{
    trv_object *type = must(node_type_new());

    ck_assert_int_eq(trv_pickle_register(type, reduce_node, make_node), 0);
    ck_assert_int_eq(trv_pickle_register_name(set_next, "tests", "set_next"), 0);
    ck_assert_int_eq(trv_pickle_register_name(type, "tests", "Node"), 0);
    return type;
}

TEST(a_reducer_makes_a_type_travel)
{
    trv_auto trv_object *type = registered_type(), *node = must(node_new(type, 7));

    for (int protocol = 2; protocol <= 5; protocol++) {
        trv_auto trv_object *copied = must(copy(node, protocol));
        ck_assert_int_eq(trv_isinstance(copied, type), 1);
        ck_assert_int_eq(node_of(copied)->number, 7);
    }
    forget(type);
}

/* The list lies in the node twice and is met once before code of a user has run. */
TEST(shape_is_kept_around_a_reducer)
{
    trv_auto trv_object *type = registered_type(), *node = must(node_new(type, 7));
    trv_auto trv_object *whole = must(trv_build("[[i]o]", 1, node));
    trv_auto trv_object *list = trv_list_get(whole, 0);

    node_of(node)->next = must(trv_build("[oo]", list, whole));
    trv_clear(&list);
    for (int protocol = 2; protocol <= 5; protocol++) {
        trv_auto trv_object *copied = must(copy(whole, protocol));
        trv_auto trv_object *first = trv_list_get(copied, 0), *second = trv_list_get(copied, 1);
        trv_auto trv_object *inner = trv_list_get(node_of(second)->next, 0),
                            *outer = trv_list_get(node_of(second)->next, 1);
        ck_assert_ptr_eq(inner, first);
        ck_assert_ptr_eq(outer, copied);
        trv_clear(&node_of(second)->next);
    }
    trv_clear(&node_of(node)->next);
    forget(type);
}

static trv_object *changing, *new_class;

TRV_STATIC_FUNCTION(change_class,
                    "change_class(object): what is pickled around it is of another class")
{
    ck_assert_int_eq(trv_setattr(changing, "__class__", new_class), 0);
    return trv_build("(o ())", trv_list_type);
}

/* The name that the class had when it was begun with is written. */
TEST(an_exception_changes_its_class_meanwhile)
{
    trv_object *old_class = must(trv_class_new("OldError", trv_ValueError, NULL));
    trv_auto trv_object *changers = must(trv_class_new("Changer", NULL, NULL));
    trv_auto trv_object *changer = must(trv_call(changers, "")), *pickle = NULL;
    const char *data;
    size_t size;

    ck_assert_int_eq(trv_pickle_register(changers, change_class, NULL), 0);
    new_class = must(trv_class_new("NewError", trv_ValueError, NULL));
    changing = must(trv_call(old_class, "o", changer));
    trv_unref(old_class);
    pickle = must(trv_pickle_dumps(changing));
    data = trv_bytes_data(pickle, &size);
    ck_assert_ptr_nonnull(memmem(data, size, "OldError", 8));
    ck_assert_int_eq(trv_pickle_forget(changers), 0);
    trv_clear(&changing);
    trv_clear(&new_class);
}

TEST(the_names_that_pickles_know_are_shown_to_nobody)
{
    trv_auto trv_object *object = must(trv_list_new()), *holders = NULL;
    size_t count = 1;

    ck_assert_int_eq(trv_pickle_register_name(object, "here", "object"), 0);
    holders = must(trv_gc_referrers(&object, 1));
    ck_assert_int_eq(trv_list_len(holders, &count), 0);
    ck_assert_uint_eq(count, 0);
    ck_assert_int_eq(trv_pickle_forget(object), 0);
}

TEST(what_was_not_registered_is_refused_by_name)
{
    trv_auto trv_object *type = must(node_type_new()), *node = must(node_new(type, 1));
    trv_auto trv_object *pickle = NULL;

    ck_assert_ptr_null(trv_pickle_dumps(node));
    expect_error(trv_TypeError, "cannot pickle 'Node' object");
    ck_assert_int_eq(trv_pickle_register(type, reduce_node, NULL), 0);
    ck_assert_ptr_null(trv_pickle_dumps(node));
    expect_error(trv_PicklingError, "cannot pickle type 'Node': it was given no name with "
                                    "trv_pickle_register_name");
    ck_assert_int_eq(trv_pickle_register_name(type, "tests", "Node"), 0);
    pickle = must(trv_pickle_dumps(node));
    ck_assert_ptr_null(loads(pickle));
    expect_error(trv_UnpicklingError, "a pickle may not call make_node: it was not registered");
    ck_assert_ptr_null(trv_pickle_loads("\x80\x02"
                                        "cos\nsystem\n.",
                                        13));
    expect_error(trv_UnpicklingError, "a pickle may not name os.system");
    ck_assert_int_eq(trv_pickle_forget(type), 0);
    ck_assert_ptr_null(loads(pickle));
    expect_error(trv_UnpicklingError, "a pickle may not name tests.Node");
}

TEST(a_name_stands_for_any_object)
{
    trv_auto trv_object *list = must(trv_build("[i]", 5)), *other = trv_list_new();

    ck_assert_int_eq(trv_pickle_register_name(list, "some.module", "A_LIST"), 0);
    for (int protocol = 2; protocol <= 3; protocol++) {
        trv_auto trv_object *pickle = must(trv_build("y",
                                                     "\x80\x03"
                                                     "csome.module\nA_LIST\n.",
                                                     (size_t)23));
        trv_auto trv_object *loaded = must(loads(pickle));
        ck_assert_ptr_eq(loaded, list);
    }
    ck_assert_int_eq(trv_pickle_register_name(make_node, "some.module", "make_node"), 0);
    for (int protocol = 2; protocol <= 5; protocol++) {
        trv_auto trv_object *loaded = must(copy(make_node, protocol));
        ck_assert_ptr_eq(loaded, make_node);
    }
    ck_assert_int_eq(trv_pickle_register_name(list, "some.module", "A_LIST"), 0);
    ck_assert_int_eq(trv_pickle_register_name(other, "some.module", "A_LIST"), -1);
    expect_error(trv_ValueError, "pickles know another object as some.module.A_LIST");
    ck_assert_int_eq(trv_pickle_forget(list), 0);
    ck_assert_int_eq(trv_pickle_register_name(other, "some.module", "A_LIST"), 0);
    ck_assert_int_eq(trv_pickle_forget(other), 0);
    ck_assert_int_eq(trv_pickle_forget(make_node), 0);
    ck_assert_int_eq(trv_pickle_forget(make_node), 0);
}

TRV_STATIC_FUNCTION(bad_reducer, "bad_reducer(object): what its type's name says")
{
    return trv_int_new(1);
}

TRV_STATIC_FUNCTION(empty_reducer, "empty_reducer(object): ()")
{
    return trv_tuple_new(NULL, 0);
}

TRV_STATIC_FUNCTION(raising, "raising(*rest): KeyError")
{
    return trv_raise(trv_KeyError, "mine");
}

static void expect_refusal(trv_object *type, trv_object *node, trv_object *reducer,
                           const char *text)
{
    ck_assert_int_eq(trv_pickle_register(type, reducer, NULL), 0);
    ck_assert_ptr_null(trv_pickle_dumps(node));
    expect_error(trv_PicklingError, text);
}

TEST(what_reducers_answer_is_checked)
{
    trv_auto trv_object *type = must(node_type_new()), *node = must(node_new(type, 1));

    expect_refusal(type, node, bad_reducer, "__reduce__ must return a string or tuple, not int");
    expect_refusal(type, node, empty_reducer,
                   "tuple returned by __reduce__ must contain 2 through 6 elements");
    ck_assert_int_eq(trv_pickle_register(type, raising, NULL), 0);
    ck_assert_ptr_null(trv_pickle_dumps(node));
    expect_error(trv_KeyError, "'mine'");
    ck_assert_int_eq(trv_pickle_register(node, raising, NULL), -1);
    expect_error(trv_TypeError, "trv_pickle_register needs a type, not Node");
    ck_assert_int_eq(trv_pickle_forget(type), 0);
}

/* A registered constructor's exception stands, unlike what is wrong with the pickle itself. */
TEST(what_constructors_raise_stands)
{
    trv_auto trv_object *pickle = NULL;

    ck_assert_int_eq(trv_pickle_register_name(raising, "tests", "raising"), 0);
    pickle = must(trv_build("y",
                            "\x80\x02"
                            "ctests\nraising\n)R.",
                            (size_t)20));
    ck_assert_ptr_null(loads(pickle));
    expect_error(trv_KeyError, "'mine'");
    ck_assert_int_eq(trv_pickle_forget(raising), 0);
}

/* Ids ---------------------------------------------------------------------------------------------- */

TRV_STATIC_FUNCTION(id_of, "id_of(object): ('id', n) for ints from 100, else None")
{
    int64_t value;

    if (!trv_isinstance(args->items[0], trv_int_type) || trv_int_get(args->items[0], &value) < 0 ||
        value < 100)
        return trv_error_occurred() ? NULL : trv_none_new();
    return trv_build("(sl)", "id", value - 100);
}

TRV_STATIC_FUNCTION(object_of, "object_of(id): what id_of named")
{
    const char *text;
    int64_t value;

    if (trv_parse(args, "(sl)", &text, &value) < 0)
        return NULL;
    return trv_int_new(value + 100);
}

TEST(objects_can_be_named_by_ids)
{
    trv_auto trv_object *value = must(trv_build("[i{s:i}(iii)]", 5, "k", 100, 99, 101, 1000));

    for (int protocol = 2; protocol <= 5; protocol++) {
        trv_pickle_options options = {
            .size = sizeof options, .protocol = protocol, .persistent_id = id_of};
        trv_unpickle_options back = {.size = sizeof back, .persistent_load = object_of};
        trv_auto trv_object *pickle = must(trv_pickle_dumps_with(value, &options)), *loaded = NULL;
        size_t size, used;
        const void *data = trv_bytes_data(pickle, &size);

        ck_assert_ptr_null(trv_pickle_loads(data, size));
        expect_error(trv_UnpicklingError, "a persistent id is not bytes");
        back.used = &used;
        loaded = must(trv_pickle_loads_with(data, size, &back));
        ck_assert_int_eq(trv_equal(loaded, value), 1);
        ck_assert_uint_eq(used, size);
        back.persistent_load = raising;
        ck_assert_ptr_null(trv_pickle_loads_with(data, size, &back));
        expect_error(trv_KeyError, "'mine'");
    }
}

TRV_STATIC_FUNCTION(find, "find(module, name): sum, as it is called there")
{
    const char *module, *name;

    if (trv_parse(args, "ss", &module, &name) < 0)
        return NULL;
    if (strcmp(name, "sum"))
        return trv_raise(trv_UnpicklingError, "no %s", name);
    return trv_ref(make_node);
}

TEST(globals_can_be_found_by_the_program)
{
    trv_unpickle_options options = {.size = sizeof options, .find_global = find};
    trv_auto trv_object *loaded = NULL;

    loaded = must(trv_pickle_loads_with("\x80\x02"
                                        "cmath\nsum\n.",
                                        13, &options));
    ck_assert_ptr_eq(loaded, make_node);
    ck_assert_ptr_null(trv_pickle_loads_with("\x80\x02"
                                             "cmath\nsun\n.",
                                             13, &options));
    expect_error(trv_UnpicklingError, "no sun");
    /* What it found may be called: this lacks its arguments. */
    ck_assert_ptr_null(trv_pickle_loads_with("\x80\x02"
                                             "cmath\nsum\n)R.",
                                             15, &options));
    ck_assert_int_eq(trv_error_matches(trv_TypeError), 1);
    trv_error_clear();
}

TEST(buffers_come_from_an_iterable)
{
    static const char pickle[] = "\x80\x05(\x97\x97\x98t.";
    trv_auto trv_object *buffers = must(trv_build("[yy]", "abc", (size_t)3, "de", (size_t)2));
    trv_unpickle_options options = {.size = sizeof options, .buffers = buffers};

    expect_repr(trv_pickle_loads_with(pickle, sizeof pickle - 1, &options), "(b'abc', b'de')");
    trv_unref(trv_list_pop(buffers, 0));
    ck_assert_ptr_null(trv_pickle_loads_with(pickle, sizeof pickle - 1, &options));
    expect_error(trv_UnpicklingError, "not enough out-of-band buffers");
    ck_assert_ptr_null(trv_pickle_loads(pickle, sizeof pickle - 1));
    expect_error(trv_UnpicklingError, "the pickle refers to a buffer that did not come with it");
}

/* What the callback keeps travels beside: the very memory is seen again. */
TEST(a_pickle_buffer_travels_beside)
{
    trv_auto trv_object *array = must(trv_bytearray_new("abcdef", 6));
    trv_auto trv_object *buffer = must(trv_pickle_buffer_new(array)), *kept = trv_list_new();
    trv_auto trv_object *append = must(trv_getattr(kept, "append")), *loaded = NULL;
    trv_auto trv_object *value = must(trv_build("[oio]", buffer, 5, buffer)), *pickle = NULL;
    trv_pickle_options options = {.size = sizeof options, .buffer_callback = append};
    trv_unpickle_options back = {.size = sizeof back, .buffers = kept};
    trv_auto trv_object *first = NULL;
    const void *data;
    trv_buffer memory;
    size_t size;

    pickle = must(trv_pickle_dumps_with(value, &options));
    data = trv_bytes_data(pickle, &size);
    loaded = must(trv_pickle_loads_with(data, size, &back));
    first = trv_list_get(loaded, 0);
    ck_assert_int_eq(trv_buffer_acquire(first, &memory, TRV_BUFFER_WRITABLE), 0);
    ck_assert_ptr_eq(memory.data, trv_bytearray_data(array, NULL));
    trv_buffer_release(&memory);
    /* Without a callback it lies in the pickle, as a bytearray. */
    expect_repr(copy(value, 5), "[bytearray(b'abcdef'), 5, bytearray(b'abcdef')]");
    ck_assert_ptr_null(dumps(value, 4));
    expect_error(trv_PicklingError, "PickleBuffer can only be pickled with protocol >= 5");
    options.protocol = 4;
    ck_assert_ptr_null(trv_pickle_dumps_with(value, &options));
    expect_error(trv_ValueError, "buffer_callback needs protocol >= 5");
}

TEST(a_pickle_buffer_holds_its_memory)
{
    trv_auto trv_object *array = must(trv_bytearray_new("abc", 3));
    trv_auto trv_object *buffer = must(trv_pickle_buffer_new(array));
    trv_auto trv_object *raw = must(trv_getattr(buffer, "raw")), *view = must(trv_call(raw, ""));
    trv_auto trv_object *release = must(trv_getattr(buffer, "release"));

    ck_assert_int_eq(trv_bytearray_append(array, "d", 1), -1);
    ck_assert_int_eq(trv_error_matches(trv_BufferError), 1);
    trv_error_clear();
    trv_clear(&view);
    trv_unref(must(trv_call(release, "")));
    ck_assert_int_eq(trv_bytearray_append(array, "d", 1), 0);
    ck_assert_ptr_null(trv_call(raw, ""));
    expect_error(trv_ValueError, "operation forbidden on released PickleBuffer object");
    ck_assert_ptr_null(trv_pickle_dumps(buffer));
    expect_error(trv_ValueError, "operation forbidden on released PickleBuffer object");
    ck_assert_ptr_null(trv_pickle_buffer_new(trv_int_type));
    expect_error(trv_TypeError, "a bytes-like object is required, not 'type'");
}

TEST(what_python_refuses_is_refused)
{
    trv_auto trv_object *array = must(trv_bytearray_new("abc", 3));
    trv_auto trv_object *view = must(trv_memoryview_new(array)), *cell = must(trv_cell_new(view));
    trv_auto trv_object *lock = must(trv_lock_new());

    ck_assert_ptr_null(trv_pickle_dumps(view));
    expect_error(trv_PicklingError, "cannot pickle 'memoryview' object");
    ck_assert_ptr_null(trv_pickle_dumps(cell));
    expect_error(trv_PicklingError, "cannot pickle 'cell' object");
    ck_assert_ptr_null(trv_pickle_dumps(lock));
    expect_error(trv_PicklingError, "cannot pickle 'lock' object");
}

TEST(protocols_are_2_to_5)
{
    trv_auto trv_object *none = trv_none_new();

    ck_assert_ptr_null(dumps(none, 1));
    expect_error(trv_ValueError, "pickle protocol must be 2 to 5, not 1");
    ck_assert_ptr_null(dumps(none, 6));
    expect_error(trv_ValueError, "pickle protocol must be 2 to 5, not 6");
}

static trv_object *register_and_copy(trv_object *type)
{
    trv_auto trv_object *node = node_new(type, 1), *copied = NULL;
    trv_auto trv_object *pair = node ? trv_build("[oo]", node, node) : NULL;

    if (pair && trv_pickle_register(type, reduce_node, make_node) == 0 &&
        trv_pickle_register_name(type, "tests", "Node") == 0 &&
        trv_pickle_register_name(set_next, "tests", "set_next") == 0)
        copied = copy(pair, 2);
    trv__fault_suspend(true);
    {
        trv_auto trv_object *error = trv_error_take();
        forget(type);
        trv_error_restore(error);
    }
    trv__fault_suspend(false);
    return trv_steal(&copied);
}

/* One name after the other. */
static trv_object *rename_twice(trv_object *object)
{
    int status = trv_pickle_register_name(object, "tests", "first");

    if (status == 0)
        status = trv_pickle_register_name(object, "tests", "second");
    trv__fault_suspend(true);
    if (status < 0) {
        trv_object *error = trv_error_take();
        ck_assert_int_eq(trv_pickle_forget(object), 0);
        trv_error_restore(error);
    } else {
        ck_assert_int_eq(trv_pickle_forget(object), 0);
    }
    trv__fault_suspend(false);
    return status < 0 ? NULL : trv_none_new();
}

TEST(running_out_of_memory)
{
    trv_auto trv_object *type = must(node_type_new()), *object = must(trv_list_new());

    EXHAUST(register_and_copy(type));
    EXHAUST(rename_twice(object));
}

TEST_LIST(RUN(a_reducer_makes_a_type_travel), RUN(shape_is_kept_around_a_reducer),
          RUN(an_exception_changes_its_class_meanwhile),
          RUN(the_names_that_pickles_know_are_shown_to_nobody),
          RUN(what_was_not_registered_is_refused_by_name), RUN(a_name_stands_for_any_object),
          RUN(what_reducers_answer_is_checked), RUN(what_constructors_raise_stands),
          RUN(objects_can_be_named_by_ids), RUN(globals_can_be_found_by_the_program),
          RUN(buffers_come_from_an_iterable), RUN(a_pickle_buffer_travels_beside),
          RUN(a_pickle_buffer_holds_its_memory), RUN(what_python_refuses_is_refused),
          RUN(protocols_are_2_to_5), RUN(running_out_of_memory))
