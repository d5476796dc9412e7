/* SPDX-License-Identifier: MIT */
/*
 * Chains of everything that can hold something: they are dropped, collected and, where it is Trivet that walks
 * them, copied at any length; what recurses (printing, comparing, hashing, pickling, copying by users' code)
 * stops at the limit with RecursionError, and does no harm.
 *
 * DEPTH=10000000 in the environment makes the chains as long as is claimed; the default is enough to
 * overflow the stack if a link took what the frames of a few calls take.
 */
#include "support/harness.h"

#include "base/base.h"

static int64_t depth(void)
{
    const char *text = getenv("DEPTH");

    return text ? strtoll(text, NULL, 10) : TRV_GC_STRESS ? 3000 : 50000;
}

/* Links ----------------------------------------------------------------------------------------------- */

static trv_object *list_link(trv_object *next)
{
    return trv_build("[o]", next);
}

static trv_object *tuple_link(trv_object *next)
{
    return trv_tuple_new(&next, 1);
}

static trv_object *dict_link(trv_object *next)
{
    return trv_build("{s:o}", "k", next);
}

static trv_object *slice_link(trv_object *next)
{
    trv_auto trv_object *none = trv_none_new();

    return trv_slice_new(none, next, none);
}

static trv_object *cell_link(trv_object *next)
{
    return trv_cell_new(next);
}

static trv_object *entry(const trv_args *args)
{
    return trv_ref(args->self);
}

static trv_object *closure_link(trv_object *next)
{
    return trv_function_new(entry, "link()", next);
}

TRV_STATIC_FUNCTION(yields, "yields(next): it")
{
    trv_auto trv_object *sent = trv_yield(args->items[0]);

    return sent ? trv_none_new() : NULL;
}

static trv_object *method_link(trv_object *next)
{
    return trv_method_new(yields, next);
}

/* One that has not begun: its argument is the next. */
static trv_object *generator_link(trv_object *next)
{
    return trv_generator_new(yields, "o", next);
}

static trv_object *iterator_link(trv_object *next)
{
    trv_auto trv_object *list = trv_build("[o]", next);

    return list ? trv_iter(list) : NULL;
}

static trv_object *cause_link(trv_object *next)
{
    trv_auto trv_object *exception = trv_exception_new(trv_ValueError, NULL);

    if (!exception)
        return NULL;
    if (trv_isinstance(next, trv_BaseException) == 1 &&
        trv_exception_set_cause(exception, next) < 0)
        return NULL;
    return trv_steal(&exception);
}

static trv_object *context_link(trv_object *next)
{
    trv_auto trv_object *exception = trv_exception_new(trv_ValueError, NULL);

    if (!exception)
        return NULL;
    if (trv_isinstance(next, trv_BaseException) == 1 &&
        trv_exception_set_context(exception, next) < 0)
        return NULL;
    return trv_steal(&exception);
}

static trv_object *argument_link(trv_object *next)
{
    trv_auto trv_object *args = trv_tuple_new(&next, 1);

    return args ? trv_exception_new(trv_KeyError, args) : NULL;
}

static trv_object *future_link(trv_object *next)
{
    trv_auto trv_object *future = trv_future_new();

    return future && trv_future_set_result(future, next) == 0 ? trv_steal(&future) : NULL;
}

/* Instances of a type defined in C. */
struct node {
    trv_object *next;
};

static trv_object *node_type;

static struct node *node_of(trv_object *object)
{
    return trv_data(object, node_type);
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

static trv_object *node_link(trv_object *next)
{
    trv_object *node = trv_call(node_type, "");

    if (node)
        node_of(node)->next = trv_ref(next);
    return node;
}

static void make_node_type(void)
{
    trv_type_spec spec = {.size = sizeof spec,
                          .name = "Node",
                          .data_size = sizeof(struct node),
                          .slots = {.traverse = traverse, .clear = clear}};

    node_type = trv_type_new(&spec);
    ck_assert_ptr_nonnull(node_type);
}

static const struct kind {
    const char *name;
    trv_object *(*link)(trv_object *next);
    bool walked;   /* trv_deepcopy walks it by itself */
    bool recurses; /* its repr, and its pickle, go along the chain */
} kinds[] = {
    {"list", list_link, true, true},           {"tuple", tuple_link, true, true},
    {"dict", dict_link, true, true},           {"slice", slice_link, false, true},
    {"cell", cell_link, false, false},         {"closure", closure_link, false, false},
    {"method", method_link, false, true},      {"generator", generator_link, false, false},
    {"iterator", iterator_link, false, false}, {"cause", cause_link, false, false},
    {"context", context_link, false, false},   {"argument", argument_link, false, true},
    {"future", future_link, false, false},     {"node", node_link, false, false},
};
#define KINDS (sizeof kinds / sizeof *kinds)

/*
 * A chain that ends with `last`, which is dropped. An assertion that holds is a line that Check writes to a file
 * all the same: none for each link.
 */
static trv_object *long_chain_of(const struct kind *kind, trv_object *last, int64_t length)
{
    trv_object *chain = last;

    for (int64_t i = 0; i < length; i++) {
        trv_object *link = kind->link(chain);
        if (!link)
            ck_abort_msg("a link of %s cannot be made", kind->name);
        trv_unref(chain);
        chain = link;
    }
    return chain;
}

static trv_object *chain_of(const struct kind *kind, trv_object *last)
{
    return long_chain_of(kind, last, depth());
}

/* Ends ------------------------------------------------------------------------------------------------ */

TEST(chains_of_all_kinds_end)
{
    make_node_type();
    for (size_t i = 0; i < KINDS; i++)
        trv_unref(chain_of(&kinds[i], trv_list_new()));
    trv_clear(&node_type);
}

TEST(chains_of_mixed_kinds_end)
{
    trv_object *chain = trv_list_new();

    make_node_type();
    for (int64_t i = 0; i < depth(); i++) {
        const struct kind *kind = &kinds[(size_t)(i * 2654435761 >> 7) % KINDS];
        trv_object *link = kind->link(chain);
        trv_unref(chain);
        chain = link;
    }
    trv_unref(chain);
    trv_clear(&node_type);
}

/* Each chain is closed to a ring by the list at its end. */
TEST(rings_of_all_kinds_are_collected)
{
    make_node_type();
    for (size_t i = 0; i < KINDS; i++) {
        trv_object *last = trv_list_new(), *chain = chain_of(&kinds[i], trv_ref(last));
        trv_heap_stats before, after;

        ck_assert_int_eq(trv_list_append(last, chain), 0);
        trv_unref(last);
        trv_heap_stats_get(&before);
        trv_unref(chain);
        ck_assert_int_eq(trv_gc_collect(2, NULL), 0);
        trv_heap_stats_get(&after);
        /* Causes and contexts cannot be lists: these chains are none of the ring. */
        ck_assert_msg(before.live_objects - after.live_objects >= (size_t)depth(),
                      "a ring of %s is left", kinds[i].name);
    }
    trv_clear(&node_type);
}

/* A dict of dicts, each with three entries; two of them are the same dict. */
TEST(a_broad_chain_ends)
{
    trv_object *chain = trv_dict_new();

    for (int64_t i = 0; i < depth(); i++) {
        trv_object *link = trv_build("{s:o, s:[o], s:i}", "a", chain, "b", chain, "c", 1000);
        trv_unref(chain);
        chain = link;
    }
    trv_unref(chain);
}

/* Walks ----------------------------------------------------------------------------------------------- */

TEST(deep_copies_of_what_is_walked)
{
    for (size_t i = 0; i < KINDS; i++)
        if (kinds[i].walked) {
            trv_auto trv_object *chain = chain_of(&kinds[i], trv_list_new());
            trv_auto trv_object *copy = trv_deepcopy(chain);
            ck_assert_msg(copy && copy != chain, "a chain of %s is not copied", kinds[i].name);
        }
}

static void expect_recursion_error(const struct kind *kind, const char *what, bool failed)
{
    ck_assert_msg(failed && trv_error_matches(trv_RecursionError), "%s of %s: no RecursionError",
                  what, kind->name);
    trv_error_clear();
}

/* More than a stack of 8 MB holds, whose frames take 16 bytes at least; those of checkers take far more. */
#define TOO_DEEP (TRV_ASAN || TRV_TSAN || TRV_UBSAN || TRV_VALGRIND ? 150000 : 530000)

/* Whatever happens, it is a result or an exception; and a RecursionError where the chain is walked. */
TEST(what_recurses_has_a_limit)
{
    make_node_type();
    for (size_t i = 0; i < KINDS; i++) {
        const struct kind *kind = &kinds[i];
        int64_t length = kind->recurses ? TOO_DEEP : 20000;
        trv_auto trv_object *chain = long_chain_of(kind, trv_list_new(), length);
        trv_auto trv_object *other = long_chain_of(kind, trv_list_new(), length);
        trv_object *text = trv_repr(chain), *pickle = NULL, *copy = NULL;
        int64_t hash;
        int answer;

        if (kind->recurses)
            expect_recursion_error(kind, "repr", !text);
        trv_error_clear();
        trv_unref(text);
        answer = trv_equal(chain, other);
        if (kind->recurses && kind->link != argument_link && kind->link != method_link)
            expect_recursion_error(kind, "equality", answer < 0);
        trv_error_clear();
        answer = trv_hash(chain, &hash);
        if (!strcmp(kind->name, "tuple"))
            expect_recursion_error(kind, "hash", answer < 0);
        trv_error_clear();
        pickle = trv_pickle_dumps(chain);
        if (kind->recurses)
            expect_recursion_error(kind, "pickle", !pickle);
        trv_error_clear();
        trv_unref(pickle);
        copy = trv_deepcopy(chain);
        ck_assert_msg(copy || trv_error_occurred(), "copy of %s", kind->name);
        trv_error_clear();
        trv_unref(copy);
    }
    trv_clear(&node_type);
}

/* What goes along causes and contexts by itself: printing does not recurse. */
TEST(long_chains_of_exceptions_are_printed)
{
    for (size_t i = 0; i < KINDS; i++)
        if (kinds[i].link == cause_link || kinds[i].link == context_link) {
            trv_auto trv_object *chain = chain_of(&kinds[i], trv_list_new());
            trv_auto trv_object *text = trv_exception_format(chain);
            ck_assert_msg(text || trv_error_matches(trv_RecursionError), "format of %s",
                          kinds[i].name);
            trv_error_clear();
        }
}

TEST_LIST(RUN(chains_of_all_kinds_end), RUN(chains_of_mixed_kinds_end),
          RUN(rings_of_all_kinds_are_collected), RUN(a_broad_chain_ends),
          RUN(deep_copies_of_what_is_walked), RUN(what_recurses_has_a_limit),
          RUN(long_chains_of_exceptions_are_printed))
