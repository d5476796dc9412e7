/* SPDX-License-Identifier: MIT */
/*
 * The protocols: a type that answers to all of them, and what is said of types that do not.
 */
#include "object/expect.h"

/* A counter holds a number; each slot does the plainest thing with it. */
typedef struct counter_data {
    int64_t value;
    int is_open;
    int exits;
    int swallows;
    char seen[40]; /* the name of the exception that exit was given */
} counter_data;

static trv_object *counter_type; /* borrowed from the test that made it */

static counter_data *counter(trv_object *self)
{
    return trv_data(self, counter_type);
}

static int counter_init(trv_object *self, const trv_args *args)
{
    return trv_parse(args, "l", &counter(self)->value);
}

static trv_object *counter_repr(trv_object *self)
{
    return trv_str_printf("Counter(%lld)", (long long)counter(self)->value);
}

static int counter_hash(trv_object *self, int64_t *hash)
{
    *hash = counter(self)->value;
    return 0;
}

/* Knows counters and ints on the right. */
static int counter_compare(trv_object *self, trv_object *other, trv_comparison op)
{
    int64_t a = counter(self)->value, b;

    if (trv_isinstance(other, counter_type) == 1)
        b = counter(other)->value;
    else if (trv_isinstance(other, trv_int_type) != 1)
        return TRV_UNKNOWN;
    else if (trv_int_get(other, &b) < 0)
        return -1;
    switch (op) {
    case TRV_LESS:
        return a < b;
    case TRV_LESS_EQUAL:
        return a <= b;
    case TRV_EQUAL:
        return a == b;
    case TRV_NOT_EQUAL:
        return a != b;
    case TRV_GREATER:
        return a > b;
    case TRV_GREATER_EQUAL:
        return a >= b;
    }
    return TRV_UNKNOWN;
}

static int counter_truth(trv_object *self)
{
    return counter(self)->value != 0;
}

static trv_object *counter_call(trv_object *self, const trv_args *args)
{
    int64_t n;

    if (trv_parse(args, "l", &n) < 0)
        return NULL;
    return trv_int_new(counter(self)->value += n);
}

static trv_object *counter_iter(trv_object *self)
{
    return trv_call(counter_type, "l", counter(self)->value);
}

/* Counts down to zero. */
static int counter_next(trv_object *self, trv_object **item)
{
    if (counter(self)->value == 0)
        return 0;
    if (counter(self)->value < 0)
        return trv_raise_int(trv_ValueError, "below zero");
    *item = trv_int_new(counter(self)->value--);
    return *item ? 1 : -1;
}

static int counter_length(trv_object *self, size_t *length)
{
    *length = (size_t)counter(self)->value;
    return 0;
}

static trv_object *counter_getitem(trv_object *self, trv_object *key)
{
    trv_auto trv_object *value = trv_int_new(counter(self)->value);

    return trv_build("(oo)", value, key);
}

static int counter_setitem(trv_object *self, trv_object *key, trv_object *value)
{
    (void)key;
    if (value)
        return trv_int_get(value, &counter(self)->value);
    counter(self)->value = 0;
    return 0;
}

static int counter_getattr(trv_object *self, const char *name, trv_object **value)
{
    if (strcmp(name, "broken") == 0)
        return trv_raise_int(trv_ValueError, "no luck");
    if (strcmp(name, "value") != 0)
        return 0;
    *value = trv_int_new(counter(self)->value);
    return *value ? 1 : -1;
}

static int counter_setattr(trv_object *self, const char *name, trv_object *value)
{
    if (strcmp(name, "value") != 0)
        return 1;
    if (!value)
        return trv_raise_int(trv_TypeError, "value stays");
    return trv_int_get(value, &counter(self)->value);
}

/* a op b as 100 * a + b, to see who was where; only + and -. */
static int counter_binary(trv_object *a, trv_object *b, trv_binary op, trv_object **result)
{
    int64_t x, y;

    if (op != TRV_ADD && op != TRV_SUBTRACT)
        return TRV_UNKNOWN;
    if (trv_isinstance(a, counter_type) == 1)
        x = counter(a)->value;
    else if (trv_isinstance(a, trv_int_type) != 1)
        return TRV_UNKNOWN;
    else if (trv_int_get(a, &x) < 0)
        return -1;
    if (trv_isinstance(b, counter_type) == 1)
        y = counter(b)->value;
    else if (trv_isinstance(b, trv_int_type) != 1)
        return TRV_UNKNOWN;
    else if (trv_int_get(b, &y) < 0)
        return -1;
    *result = trv_int_new(op == TRV_ADD ? 100 * x + y : 100 * x - y);
    return *result ? 0 : -1;
}

static int counter_unary(trv_object *a, trv_unary op, trv_object **result)
{
    if (op != TRV_NEGATIVE)
        return TRV_UNKNOWN;
    *result = trv_int_new(-counter(a)->value);
    return *result ? 0 : -1;
}

static int counter_enter(trv_object *self)
{
    if (counter(self)->value < 0)
        return trv_raise_int(trv_ValueError, "cannot be entered");
    counter(self)->is_open++;
    return 0;
}

static int counter_exit(trv_object *self, trv_object *exception)
{
    ck_assert_int_eq(trv_error_occurred(), 0);
    counter(self)->is_open--;
    counter(self)->exits++;
    snprintf(counter(self)->seen, sizeof counter(self)->seen, "%s",
             exception ? trv_type_name(exception) : "");
    if (counter(self)->value == 13)
        return trv_raise_int(trv_RuntimeError, "exit failed");
    return counter(self)->swallows;
}

static trv_object *make_counter_type(void)
{
    trv_type_spec spec = {
        .size = sizeof spec,
        .name = "Counter",
        .doc = "Counter(value)",
        .data_size = sizeof(counter_data),
        .slots =
            {
                .init = counter_init,
                .repr = counter_repr,
                .hash = counter_hash,
                .compare = counter_compare,
                .truth = counter_truth,
                .call = counter_call,
                .iter = counter_iter,
                .next = counter_next,
                .length = counter_length,
                .getitem = counter_getitem,
                .setitem = counter_setitem,
                .getattr = counter_getattr,
                .setattr = counter_setattr,
                .binary = counter_binary,
                .unary = counter_unary,
                .enter = counter_enter,
                .exit = counter_exit,
            },
    };

    counter_type = trv_type_new(&spec);
    ck_assert_ptr_nonnull(counter_type);
    return counter_type;
}

/* A type with no slots at all. */
static trv_object *make_bare_type(void)
{
    trv_type_spec spec = {.size = sizeof spec, .name = "Bare"};

    return trv_type_new(&spec);
}

#define ANSWER(call, expected)                                                                     \
    do {                                                                                           \
        int answer_ = (call);                                                                      \
        if (answer_ < 0)                                                                           \
            trv_error_print();                                                                     \
        ck_assert_int_eq(answer_, expected);                                                       \
    } while (0)

TEST(comparison)
{
    trv_auto trv_object *type = make_counter_type();
    trv_auto trv_object *three = trv_call(type, "i", 3), *other = trv_call(type, "i", 3);
    trv_auto trv_object *two = trv_int_new(2), *text = trv_str_new("x"), *four = trv_int_new(4);

    ANSWER(trv_equal(three, other), 1);
    ANSWER(trv_compare(three, two, TRV_GREATER), 1);
    ANSWER(trv_compare(two, three, TRV_LESS), 1); /* int does not know: the counter is asked */
    ANSWER(trv_compare(four, three, TRV_LESS_EQUAL), 0);
    ANSWER(trv_compare(two, three, TRV_NOT_EQUAL), 1);
    ANSWER(trv_equal(three, text), 0);
    ANSWER(trv_compare(three, text, TRV_NOT_EQUAL), 1);
    EXPECT_MINUS(trv_compare(three, text, TRV_LESS), trv_TypeError,
                 "'<' not supported between instances of 'Counter' and 'str'");
    EXPECT_MINUS(trv_compare(two, text, TRV_GREATER_EQUAL), trv_TypeError,
                 "'>=' not supported between instances of 'int' and 'str'");
}

static int always_greater(trv_object *self, trv_object *other, trv_comparison op)
{
    (void)self, (void)other;
    return op == TRV_GREATER;
}

/* The derived type is asked first, with the operator mirrored. */
TEST(derived_type_compares_first)
{
    trv_auto trv_object *type = make_counter_type();
    trv_type_spec spec = {
        .size = sizeof spec, .name = "Greater", .base = type, .slots = {.compare = always_greater}};
    trv_auto trv_object *derived = trv_type_new(&spec);
    trv_auto trv_object *a = trv_call(type, "i", 1000), *b = trv_call(derived, "i", 0);
    int64_t hash;

    ANSWER(trv_compare(a, b, TRV_LESS), 1);
    ANSWER(trv_compare(a, b, TRV_GREATER), 0);
    EXPECT_MINUS(trv_hash(b, &hash), trv_TypeError, "unhashable type: 'Greater'");
    ANSWER(trv_hash(a, &hash), 0);
    ck_assert_int_eq(hash, 1000);
}

TEST(containers_find_what_is_identical)
{
    trv_auto trv_object *nan = trv_float_new(__builtin_nan(""));
    trv_auto trv_object *a = trv_build("[o]", nan), *b = trv_build("[o]", nan);

    ANSWER(trv_equal(nan, nan), 0);
    ANSWER(trv_contains(a, nan), 1);
    ANSWER(trv_equal(a, b), 1);
}

TEST(values)
{
    trv_auto trv_object *type = make_counter_type();
    trv_auto trv_object *zero = trv_call(type, "i", 0), *three = trv_call(type, "i", 3);
    trv_auto trv_object *str = trv_str(three);
    size_t length;

    ANSWER(trv_truth(zero), 0);
    ANSWER(trv_truth(three), 1);
    ANSWER(trv_len(three, &length), 0);
    ck_assert_uint_eq(length, 3);
    ck_assert_str_eq(trv_str_utf8(str, NULL), "Counter(3)");
    expect_repr(trv_call(three, "i", 4), "7");
    EXPECT_NULL(trv_call(three, "s", "x"), trv_TypeError,
                "function() argument 1 must be int, not str");
}

TEST(items)
{
    trv_auto trv_object *type = make_counter_type();
    trv_auto trv_object *c = trv_call(type, "i", 3), *key = trv_str_new("k"),
                        *five = trv_int_new(5);
    trv_auto trv_object *six = trv_int_new(6);

    expect_repr(trv_getitem(c, key), "(3, 'k')");
    ANSWER(trv_setitem(c, key, five), 0);
    ck_assert_int_eq(counter(c)->value, 5);
    ANSWER(trv_contains(c, five), 1); /* by iterating: 5 4 3 2 1 */
    ANSWER(trv_contains(c, six), 0);
    ANSWER(trv_delitem(c, key), 0);
    ck_assert_int_eq(counter(c)->value, 0);
    counter(c)->value = -1;
    EXPECT_MINUS(trv_contains(c, five), trv_ValueError, "below zero");
}

TEST(attributes)
{
    trv_auto trv_object *type = make_counter_type();
    trv_auto trv_object *c = trv_call(type, "i", 3), *five = trv_int_new(5);
    trv_auto trv_object *list = trv_list_new();

    expect_repr(trv_getattr(c, "value"), "3");
    ANSWER(trv_setattr(c, "value", five), 0);
    expect_repr(trv_getattr(c, "value"), "5");
    expect_repr(trv_getattr(c, "__class__"), "<class 'Counter'>");
    EXPECT_NULL(trv_getattr(c, "other"), trv_AttributeError,
                "'Counter' object has no attribute 'other'");
    EXPECT_NULL(trv_getattr(c, "broken"), trv_ValueError, "no luck");
    EXPECT_MINUS(trv_setattr(c, "other", five), trv_AttributeError,
                 "'Counter' object has no attribute 'other'");
    EXPECT_MINUS(trv_delattr(c, "value"), trv_TypeError, "value stays");
    EXPECT_NULL(trv_getattr(trv_int_type, "nothing"), trv_AttributeError,
                "type object 'int' has no attribute 'nothing'");
    EXPECT_MINUS(trv_setattr(list, "append", five), trv_AttributeError,
                 "'list' object attribute 'append' is read-only");
}

static int color_getattr(trv_object *self, const char *name, trv_object **value)
{
    (void)self;
    if (strcmp(name, "color") != 0)
        return 0;
    *value = trv_str_new("red");
    return *value ? 1 : -1;
}

TEST(derived_type_has_the_base_s_attributes)
{
    trv_auto trv_object *type = make_counter_type();
    trv_type_spec spec = {
        .size = sizeof spec, .name = "Colored", .base = type, .slots = {.getattr = color_getattr}};
    trv_auto trv_object *derived = trv_type_new(&spec);
    trv_auto trv_object *c = trv_call(derived, "i", 3);

    expect_repr(trv_getattr(c, "color"), "'red'");
    expect_repr(trv_getattr(c, "value"), "3");
    EXPECT_NULL(trv_getattr(c, "size"), trv_AttributeError,
                "'Colored' object has no attribute 'size'");
}

TEST(arithmetic)
{
    trv_auto trv_object *type = make_counter_type();
    trv_auto trv_object *three = trv_call(type, "i", 3), *seven = trv_int_new(7);
    trv_auto trv_object *text = trv_str_new("x");

    expect_repr(trv_add(three, seven), "307");
    expect_repr(trv_add(seven, three), "703");
    expect_repr(trv_subtract(seven, three), "697");
    expect_repr(trv_negative(three), "-3");
    expect_repr(trv_add(seven, seven), "14");
    EXPECT_NULL(trv_multiply(three, seven), trv_TypeError,
                "unsupported operand type(s) for *: 'Counter' and 'int'");
    EXPECT_NULL(trv_add(three, text), trv_TypeError,
                "unsupported operand type(s) for +: 'Counter' and 'str'");
    EXPECT_NULL(trv_power(seven, text), trv_TypeError,
                "unsupported operand type(s) for ** or pow(): 'int' and 'str'");
    EXPECT_NULL(trv_invert(three), trv_TypeError, "bad operand type for unary ~: 'Counter'");
    EXPECT_NULL(trv_absolute(text), trv_TypeError, "bad operand type for abs(): 'str'");
}

static trv_object *(*const operators[])(trv_object *, trv_object *) = {
    trv_add,   trv_subtract,   trv_multiply,    trv_divide, trv_floor_divide, trv_remainder,
    trv_power, trv_shift_left, trv_shift_right, trv_and,    trv_or,           trv_xor};

TEST(every_operator_reaches_int)
{
    static const char *const results[] = {"103", "97", "300",     "33.333333333333336",
                                          "33",  "1",  "1000000", "800",
                                          "12",  "0",  "103",     "103"};
    trv_auto trv_object *a = trv_int_new(100), *b = trv_int_new(3);

    for (size_t i = 0; i < sizeof results / sizeof results[0]; i++)
        expect_repr(operators[i](a, b), results[i]);
}

TEST(bare_types_can_do_nothing)
{
    trv_auto trv_object *type = make_bare_type();
    trv_auto trv_object *bare = trv_call(type, ""), *one = trv_int_new(1);
    trv_object *item;
    size_t length;

    EXPECT_MINUS(trv_len(bare, &length), trv_TypeError, "object of type 'Bare' has no len()");
    EXPECT_NULL(trv_getitem(bare, one), trv_TypeError, "'Bare' object is not subscriptable");
    EXPECT_MINUS(trv_setitem(bare, one, one), trv_TypeError,
                 "'Bare' object does not support item assignment");
    EXPECT_MINUS(trv_delitem(bare, one), trv_TypeError,
                 "'Bare' object doesn't support item deletion");
    EXPECT_MINUS(trv_contains(bare, one), trv_TypeError, "argument of type 'Bare' is not iterable");
    EXPECT_NULL(trv_iter(bare), trv_TypeError, "'Bare' object is not iterable");
    EXPECT_MINUS(trv_next(bare, &item), trv_TypeError, "'Bare' object is not an iterator");
    EXPECT_NULL(trv_call(bare, ""), trv_TypeError, "'Bare' object is not callable");
    EXPECT_NULL(trv_call(type, "i", 1), trv_TypeError, "Bare() takes no arguments");
    EXPECT_NULL(trv_add(bare, one), trv_TypeError,
                "unsupported operand type(s) for +: 'Bare' and 'int'");
    EXPECT_NULL(trv_negative(bare), trv_TypeError, "bad operand type for unary -: 'Bare'");
    ANSWER(trv_truth(bare), 1);
    ck_assert_int_eq(trv_gc_is_tracked(bare), 0);
}

TEST(isinstance_of_tuples)
{
    trv_auto trv_object *types = trv_build("(o(oo))", trv_str_type, trv_int_type, trv_list_type);
    trv_auto trv_object *one = trv_int_new(1), *f = trv_float_new(1.5), *yes = trv_bool_new(1);
    trv_auto trv_object *bad = trv_build("(oi)", trv_str_type, 1);

    ANSWER(trv_isinstance(one, types), 1);
    ANSWER(trv_isinstance(yes, types), 1); /* bool is an int */
    ANSWER(trv_isinstance(f, types), 0);
    ANSWER(trv_isinstance(trv_int_type, trv_type_type), 1);
    ANSWER(trv_issubclass(trv_bool_type, types), 1);
    ANSWER(trv_issubclass(trv_KeyError, trv_LookupError), 1);
    EXPECT_MINUS(trv_isinstance(one, bad), trv_TypeError,
                 "isinstance() arg 2 must be a type, a tuple of types, or a union");
    EXPECT_MINUS(trv_issubclass(one, trv_int_type), trv_TypeError,
                 "issubclass() arg 1 must be a class");
}

/* Iteration ---------------------------------------------------------------------------------- */

static int64_t first_above(trv_object *iterable, int64_t limit)
{
    TRV_FOR(item, iterable) {
        int64_t n;
        if (trv_int_get(item, &n) < 0)
            return -1;
        if (n > limit)
            return n;
    }
    return 0;
}

TEST(for_loops)
{
    trv_auto trv_object *list = trv_build("[iii]", 1000, 2000, 3000);
    int64_t sum = 0, n;
    int rounds = 0;

    TRV_FOR(item, list) {
        rounds++;
        ck_assert_int_eq(trv_int_get(item, &n), 0);
        if (n == 2000)
            continue;
        sum += n;
    }
    ck_assert(sum == 4000 && rounds == 3);
    rounds = 0;
    TRV_FOR(item, list) {
        if (++rounds == 2)
            break;
    }
    ck_assert_int_eq(rounds, 2);
    ck_assert_int_eq(first_above(list, 1500), 2000);
    TRV_FOR(a, list)
        TRV_FOR(b, list)
            rounds++;
    ck_assert_int_eq(rounds, 11);
    ck_assert_int_eq(trv_refcount(list), 1);
    ck_assert_int_eq(trv_error_occurred(), 0);
}

TEST(for_loops_that_fail)
{
    trv_auto trv_object *type = make_counter_type();
    trv_auto trv_object *below = trv_call(type, "i", -1), *three = trv_call(type, "i", 3);
    trv_auto trv_object *one = trv_int_new(1);
    int rounds = 0;

    TRV_FOR(item, below)
        rounds++;
    expect_error(trv_ValueError, "below zero");
    TRV_FOR(item, one)
        rounds++;
    expect_error(trv_TypeError, "'int' object is not iterable");
    TRV_FOR(item, trv_getattr(one, "nothing"))
        rounds++;
    expect_error(trv_AttributeError, "'int' object has no attribute 'nothing'");
    ck_assert_int_eq(rounds, 0);
    TRV_FOR(item, three) {
        rounds++;
        trv_raise(trv_ValueError, "in the first round");
    }
    ck_assert_int_eq(rounds, 1);
    expect_error(trv_ValueError, "in the first round");
}

static int raises_stop(trv_object *self, trv_object **item)
{
    (void)self, (void)item;
    return trv_raise_int(trv_StopIteration, "done");
}

static trv_object *self_iter(trv_object *self)
{
    return trv_ref(self);
}

TEST(stop_iteration_is_the_end)
{
    trv_type_spec spec = {
        .size = sizeof spec, .name = "Stops", .slots = {.iter = self_iter, .next = raises_stop}};
    trv_type_spec bad = {.size = sizeof bad, .name = "NoNext", .slots = {.iter = self_iter}};
    trv_auto trv_object *type = trv_type_new(&spec), *bad_type = trv_type_new(&bad);
    trv_auto trv_object *stops = trv_call(type, ""), *no_next = trv_call(bad_type, "");
    trv_object *item = stops;

    ANSWER(trv_next(stops, &item), 0);
    ck_assert_ptr_null(item);
    TRV_FOR(each, stops)
        ck_abort();
    ck_assert_int_eq(trv_error_occurred(), 0);
    EXPECT_NULL(trv_iter(no_next), trv_TypeError, "iter() returned non-iterator of type 'NoNext'");
}

/* Context managers --------------------------------------------------------------------------- */

static int leave_by_return(trv_object *manager)
{
    TRV_WITH(manager) {
        if (counter(manager)->is_open)
            return 5;
    }
    return 0;
}

TEST(with_blocks)
{
    trv_auto trv_object *type = make_counter_type();
    trv_auto trv_object *c = trv_call(type, "i", 3);
    int rounds = 0;

    TRV_WITH(c) {
        ck_assert_int_eq(counter(c)->is_open, 1);
        rounds++;
    }
    TRV_WITH(c) {
        rounds++;
        if (rounds == 2)
            break;
        rounds = 100;
    }
    ck_assert(rounds == 2 && counter(c)->is_open == 0 && counter(c)->exits == 2);
    ck_assert_int_eq(leave_by_return(c), 5);
    ck_assert(counter(c)->is_open == 0 && counter(c)->exits == 3);
    TRV_WITH(c)
        TRV_WITH(c)
            ck_assert_int_eq(counter(c)->is_open, 2);
    ck_assert_int_eq(counter(c)->is_open, 0);
    ck_assert_str_eq(counter(c)->seen, "");
    ck_assert_int_eq(trv_refcount(c), 1);
}

TEST(with_blocks_and_exceptions)
{
    trv_auto trv_object *type = make_counter_type();
    trv_auto trv_object *c = trv_call(type, "i", 3), *one = trv_int_new(1);

    TRV_WITH(c)
        trv_raise(trv_KeyError, "lost");
    ck_assert_str_eq(counter(c)->seen, "KeyError");
    expect_error(trv_KeyError, "'lost'");
    counter(c)->swallows = 1;
    TRV_WITH(c)
        trv_raise(trv_KeyError, "lost");
    ck_assert_int_eq(trv_error_occurred(), 0);
    counter(c)->value = -1;
    TRV_WITH(c)
        ck_abort();
    expect_error(trv_ValueError, "cannot be entered");
    TRV_WITH(one)
        ck_abort();
    expect_error(trv_TypeError, "'int' object does not support the context manager protocol");
    ck_assert_int_eq(counter(c)->exits, 2);
}

TEST(exit_that_fails_keeps_the_context)
{
    trv_auto trv_object *type = make_counter_type();
    trv_auto trv_object *c = trv_call(type, "i", 13), *error = NULL, *context = NULL;

    TRV_WITH(c)
        trv_raise(trv_KeyError, "lost");
    error = trv_error_take();
    ck_assert_str_eq(trv_type_name(error), "RuntimeError");
    context = trv_exception_context(error);
    ck_assert_str_eq(trv_type_name(context), "KeyError");
}

/* Recursion ---------------------------------------------------------------------------------- */

static trv_object *nest(int depth)
{
    trv_object *inner = trv_list_new();

    for (int i = 0; i < depth; i++) {
        trv_object *outer = trv_build("[o]", inner);
        trv_unref(inner);
        inner = outer;
    }
    return inner;
}

TEST(deep_nesting_is_an_exception)
{
    trv_auto trv_object *a = nest(500000), *b = nest(500000);

    ck_assert_ptr_null(trv_repr(a));
    ck_assert_int_eq(trv_error_matches(trv_RecursionError), 1);
    trv_error_clear();
    ck_assert_int_eq(trv_equal(a, b), -1);
    ck_assert_int_eq(trv_error_matches(trv_RecursionError), 1);
    trv_error_clear();
}

TEST(what_holds_itself_prints)
{
    trv_auto trv_object *list = trv_build("[i]", 1), *dict = trv_dict_new();

    ck_assert_int_eq(trv_list_append(list, list), 0);
    expect_repr(trv_ref(list), "[1, [...]]");
    ck_assert_int_eq(trv_dict_set_str(dict, "self", dict), 0);
    expect_repr(trv_ref(dict), "{'self': {...}}");
    /* Enough levels to outgrow the first room for what is being printed. */
    {
        trv_auto trv_object *deep = nest(40), *text = trv_repr(deep);
        size_t size;
        ck_assert_ptr_nonnull(trv_str_utf8(text, &size));
        ck_assert_uint_eq(size, 82);
    }
    ck_assert_int_eq(trv_list_clear(list), 0);
    ck_assert_int_eq(trv_dict_clear(dict), 0);
}

static trv_object *repr_of_wrong_type(trv_object *self)
{
    (void)self;
    return trv_int_new(1);
}

TEST(repr_must_be_text)
{
    trv_type_spec spec = {
        .size = sizeof spec, .name = "Odd", .slots = {.repr = repr_of_wrong_type}};
    trv_auto trv_object *type = trv_type_new(&spec), *odd = trv_call(type, "");

    EXPECT_NULL(trv_repr(odd), trv_TypeError, "__repr__ returned non-string (type int)");
}

TEST(references)
{
    trv_auto trv_object *list = trv_list_new(), *none = trv_none_new();
    trv_object *more = trv_ref(list), *moved;

    ck_assert_int_eq(trv_refcount(list), 2);
    moved = trv_steal(&more);
    ck_assert_ptr_null(more);
    trv_clear(&moved);
    ck_assert_ptr_null(moved);
    ck_assert_int_eq(trv_refcount(list), 1);
    ck_assert_int_eq(trv_refcount(none), INT32_MAX);
    ck_assert_uint_eq(trv_id(list), (uintptr_t)list);
    ck_assert_int_eq(trv_is(list, list), 1);
    ck_assert_str_eq(trv_type_name(NULL), "NULL");
    trv_unref(NULL);
}

TEST_LIST(RUN(comparison), RUN(derived_type_compares_first), RUN(containers_find_what_is_identical),
          RUN(values), RUN(items), RUN(attributes), RUN(derived_type_has_the_base_s_attributes),
          RUN(arithmetic), RUN(every_operator_reaches_int), RUN(bare_types_can_do_nothing),
          RUN(isinstance_of_tuples), RUN(for_loops), RUN(for_loops_that_fail),
          RUN(stop_iteration_is_the_end), RUN(with_blocks), RUN(with_blocks_and_exceptions),
          RUN(exit_that_fails_keeps_the_context), RUN(deep_nesting_is_an_exception),
          RUN(what_holds_itself_prints), RUN(repr_must_be_text), RUN(references))
