/* SPDX-License-Identifier: MIT */
/*
 * The heap as a graph: who keeps an object alive, and files of it.
 */
#include "object/expect.h"
#include "types/exhaust.h"

#include <unistd.h>

static trv_object *keeper; /* a variable that the search is to find */

static void expect_text(trv_object *text, const char *wanted)
{
    ck_assert_ptr_nonnull(text);
    ck_assert_str_eq(trv_str_utf8(text, NULL), wanted);
    trv_unref(text);
}

TEST(nobody_else_holds_it)
{
    trv_auto trv_object *object = trv_list_new();

    expect_repr(trv_heap_path(object), "[]");
    expect_text(trv_heap_path_text(object), "held by nobody but who asks\n");
    EXPECT_NULL(trv_heap_path(NULL), trv_SystemError,
                "trv_heap_path was given NULL, and no exception is pending");
}

/* Also what the collector does not watch is found, as here the str. */
TEST(a_way_leads_through_containers)
{
    trv_auto trv_object *text = trv_str_new("the very text");
    trv_object *middle = trv_build("[i (o)]", 1, text);

    keeper = trv_build("{s:o}", "list", middle);
    trv_unref(middle);
    expect_text(trv_heap_path_text(text), "dict of 1, held by the variable 'keeper'\n"
                                          "  ['list'] -> list of 2\n"
                                          "    [1] -> tuple of 1\n"
                                          "      [0] -> 'the very text'\n");
    trv_clear(&keeper);
    expect_repr(trv_heap_path(text), "[]");
}

TEST(the_way_is_the_shortest)
{
    trv_auto trv_object *text = trv_str_new("the very text");
    trv_object *far = trv_build("[[[o]]]", text), *near = trv_build("[o]", text);

    keeper = trv_build("[o o]", far, near);
    trv_unref(far);
    trv_unref(near);
    expect_text(trv_heap_path_text(text), "list of 2, held by the variable 'keeper'\n"
                                          "  [1] -> list of 1\n"
                                          "    [0] -> 'the very text'\n");
    trv_clear(&keeper);
}

TEST(cycles_hold_nobody)
{
    trv_auto trv_object *text = trv_str_new("the very text");
    trv_object *cycle = trv_build("[o]", text);

    ck_assert_int_eq(trv_list_append(cycle, cycle), 0);
    trv_unref(cycle);
    expect_repr(trv_heap_path(text), "[]");
    ck_assert_int_eq(trv_gc_collect(2, NULL), 0);
}

TEST(a_reference_of_a_variable_is_a_way_too)
{
    keeper = trv_list_new();
    expect_text(trv_heap_path_text(keeper), "held by nobody but who asks\n");
    trv_ref(keeper); /* which is never dropped: a leak */
    expect_text(trv_heap_path_text(keeper), "list of 0, held by the variable 'keeper'\n");
    trv_unref(keeper);
    trv_clear(&keeper);
}

static trv_object *nothing(const trv_args *args TRV_UNUSED)
{
    return trv_none_new();
}

TEST(references_have_names)
{
    trv_auto trv_object *text = trv_str_new("the very text");
    trv_auto trv_object *error = NULL;

    keeper = trv_function_new(nothing, "nothing", text);
    expect_text(trv_heap_path_text(text), "<function nothing>, held by the variable 'keeper'\n"
                                          "  data -> 'the very text'\n");
    trv_clear(&keeper);
    keeper = trv_set_new();
    ck_assert_int_eq(trv_set_add(keeper, text), 0);
    expect_text(trv_heap_path_text(text), "set of 1, held by the variable 'keeper'\n"
                                          "  item -> 'the very text'\n");
    trv_clear(&keeper);
    keeper = trv_dict_new();
    ck_assert_int_eq(trv_dict_set(keeper, text, text), 0);
    expect_text(trv_heap_path_text(text), "dict of 1, held by the variable 'keeper'\n"
                                          "  key 'the very text' -> 'the very text'\n");
    trv_clear(&keeper);
    error = trv_call(trv_ValueError, "o", text);
    trv_raise_object(error);
    trv_clear(&error);
    error = trv_error_take();
    keeper = trv_steal(&error);
    expect_text(trv_heap_path_text(text), "<ValueError>, held by the variable 'keeper'\n"
                                          "  args -> tuple of 1\n"
                                          "    [0] -> 'the very text'\n");
    trv_clear(&keeper);
}

TEST(attributes_of_instances_have_names)
{
    trv_auto trv_object *text = trv_str_new("the very text");
    trv_auto trv_object *bases = trv_tuple_new(NULL, 0);
    trv_auto trv_object *namespace = trv_dict_new();
    trv_auto trv_object *class = trv_class_new("Place", bases, namespace);

    keeper = trv_call(class, "");
    ck_assert_int_eq(trv_setattr(keeper, "name", text), 0);
    expect_text(trv_heap_path_text(text), "<Place>, held by the variable 'keeper'\n"
                                          "  .name -> 'the very text'\n");
    trv_clear(&keeper);
    expect_repr(trv_heap_path(text), "[]");
    expect_repr(trv_heap_path(class), "[]");
}

/* The future of a coroutine that is parked holds what the coroutine was called with. */
TRV_STATIC_FUNCTION(hold_and_sleep, "hold_and_sleep(n): a list on its stack")
{
    trv_auto trv_object *list = trv_list_new();
    trv_auto trv_object *holder = trv_build("[o]", list);

    trv_unref(keeper);
    keeper = trv_ref(list);
    (void)args;
    return trv_sleep(1000) < 0 ? NULL : trv_none_new(); /* the end of the loop cancels it */
}

TRV_STATIC_FUNCTION(ask_about_it, "ask_about_it(): who holds the list")
{
    trv_auto trv_object *task = trv_spawn(hold_and_sleep, "i", 1);
    trv_auto trv_object *path = NULL;

    (void)args;
    if (!task || trv_sleep(0.001) < 0)
        return NULL;
    path = trv_heap_path_text(keeper);
    trv_clear(&keeper);
    return trv_steal(&path);
}

TEST(stacks_of_coroutines_are_searched)
{
    trv_auto trv_object *text = trv_run(ask_about_it, "");

    ck_assert_ptr_nonnull(text);
    ck_assert_ptr_nonnull(strstr(trv_str_utf8(text, NULL), "list of"));
    ck_assert_msg(strstr(trv_str_utf8(text, NULL), "the stack of 'hold_and_sleep'") ||
                      strstr(trv_str_utf8(text, NULL), "the variable 'keeper'"),
                  "%s", trv_str_utf8(text, NULL));
}

/* Files --------------------------------------------------------------------------------------- */

static void write_and_read(const trv_graph_options *options, char *text, size_t size)
{
    trv_graph_options own = *options;
    FILE *file = tmpfile();
    size_t count;

    ck_assert_ptr_nonnull(file);
    own.size = sizeof own;
    own.fd = fileno(file);
    ck_assert_int_eq(trv_heap_graph_write(&own), 0);
    rewind(file);
    count = fread(text, 1, size - 1, file);
    text[count] = 0;
    fclose(file);
}

TEST(dot_has_nodes_and_named_edges)
{
    trv_auto trv_object *list = trv_build("[i s]", 1, "a \"quoted\" text");
    trv_graph_options options = {.roots = &list, .root_count = 1};
    char text[4000];

    write_and_read(&options, text, sizeof text);
    ck_assert_ptr_eq(strstr(text, "digraph heap {\n"), text);
    ck_assert_ptr_nonnull(strstr(text, "[label=\"list: list of 2, "));
    ck_assert_ptr_nonnull(strstr(text, " bytes\", style=bold];\n"));
    ck_assert_ptr_nonnull(strstr(text, "int: 1, 24 bytes\"];\n"));
    ck_assert_ptr_nonnull(strstr(text, "'a \\\"quoted\\\" text'"));
    ck_assert_ptr_nonnull(strstr(text, "[label=\"[0]\"];\n"));
    ck_assert_ptr_nonnull(strstr(text, "[label=\"[1]\"];\n}\n"));
}

TEST(json_has_nodes_and_edges)
{
    trv_auto trv_object *inner = trv_build("[d]", 1.5);
    trv_auto trv_object *outer = trv_build("{s:o}", "inner", inner);
    trv_graph_options options = {
        .format = TRV_GRAPH_JSON, .roots = &outer, .root_count = 1, .depth = 1};
    char text[4000];

    write_and_read(&options, text, sizeof text);
    ck_assert_ptr_eq(strstr(text, "{\"nodes\": [\n"), text);
    ck_assert_ptr_nonnull(strstr(text, "\"type\": \"dict\""));
    ck_assert_ptr_nonnull(strstr(text, "\"name\": \"['inner']\"}"));
    ck_assert_ptr_nonnull(strstr(text, "\"repr\": \"list of 1\"}"));
    ck_assert_ptr_null(strstr(text, "\"float\""));
    options.depth = 0;
    write_and_read(&options, text, sizeof text);
    ck_assert_ptr_nonnull(strstr(text, "\"repr\": \"1.5\"}"));
}

TEST(the_whole_heap_can_be_written)
{
    trv_auto trv_object *list = trv_build("[d]", 12345.5);
    trv_graph_options options = {.format = TRV_GRAPH_JSON};
    static char text[1 << 20];

    write_and_read(&options, text, sizeof text);
    ck_assert_ptr_nonnull(strstr(text, "\"repr\": \"12345.5\"}"));
    options = (trv_graph_options){.size = sizeof options, .path = "/nowhere/at/all"};
    EXPECT_MINUS(trv_heap_graph_write(&options), trv_FileNotFoundError,
                 "[Errno 2] /nowhere/at/all: No such file or directory");
    options.path = "/nowhere/%s%s%n"; /* no format */
    EXPECT_MINUS(trv_heap_graph_write(&options), trv_FileNotFoundError,
                 "[Errno 2] /nowhere/%s%s%n: No such file or directory");
    options = (trv_graph_options){.size = sizeof options, .fd = -1};
    EXPECT_MINUS(trv_heap_graph_write(&options), trv_OSError,
                 "[Errno 9] the file of a graph: Bad file descriptor");
    options.format = (trv_graph_format)2;
    EXPECT_MINUS(trv_heap_graph_write(&options), trv_ValueError, "unknown format of graphs: 2");
    EXPECT_MINUS(trv_heap_graph_write(NULL), trv_SystemError,
                 "trv_heap_graph_write was given NULL, and no exception is pending");
}

static trv_object *write_it(trv_object *list)
{
    trv_graph_options options = {
        .size = sizeof options, .path = "/dev/null", .roots = &list, .root_count = 1};

    return trv_heap_graph_write(&options) < 0 ? NULL : trv_none_new();
}

/* What has no file to write to is an OSError, too. */
static void exhaust_writing(trv_object *list)
{
    bool struck = true;

    for (uint64_t nth = 1; struck; nth++) {
        trv_object *made;
        trv__fault_arm(nth);
        made = write_it(list);
        struck = trv__fault_struck();
        trv__fault_arm(0);
        ck_assert(made || (struck &&
                           (trv_error_matches(trv_MemoryError) || trv_error_matches(trv_OSError))));
        trv_error_clear();
        trv_unref(made);
    }
}

TEST(memory_may_run_out)
{
    trv_auto trv_object *text = trv_str_new("the very text");

    keeper = trv_build("[o]", text);
    EXHAUST(trv_heap_path(text));
    EXHAUST(trv_heap_path_text(text));
    exhaust_writing(keeper);
    trv_clear(&keeper);
}

TEST_LIST(RUN(nobody_else_holds_it), RUN(a_way_leads_through_containers),
          RUN(the_way_is_the_shortest), RUN(cycles_hold_nobody),
          RUN(a_reference_of_a_variable_is_a_way_too), RUN(references_have_names),
          RUN(attributes_of_instances_have_names), RUN(stacks_of_coroutines_are_searched),
          RUN(dot_has_nodes_and_named_edges), RUN(json_has_nodes_and_edges),
          RUN(the_whole_heap_can_be_written), RUN(memory_may_run_out))
