/* SPDX-License-Identifier: MIT */
/*
 * dict: what Python's dict does, with the same errors; agreement with a plain array over many
 * random steps with keys of several types and colliding hashes; and dicts that are changed by the
 * code they call.
 */
#include "types/container.h"

static size_t length_of(trv_object *dict)
{
    size_t length;

    ck_assert_int_eq(trv_dict_len(dict, &length), 0);
    return length;
}

static void set_number(trv_object *dict, trv_object *key, int64_t number)
{
    trv_auto trv_object *value = trv_int_new(number);

    ck_assert_int_eq(trv_dict_set(dict, key, value), 0);
}

/* The number under a key, or -1 if there is none. */
static int64_t get_number(trv_object *dict, trv_object *key)
{
    trv_auto trv_object *value = NULL;
    int found = trv_dict_get(dict, key, &value);
    int64_t number = -1;

    ck_assert_int_ge(found, 0);
    ck_assert_int_eq(found, value != NULL);
    if (found)
        ck_assert_int_eq(trv_int_get(value, &number), 0);
    return number;
}

TEST(making_and_printing)
{
    trv_auto trv_object *dict = trv_build("{s:i, i:[], (i i):n}", "a", 1, 2, 3, 4);
    trv_auto trv_object *pairs = trv_build("[(s i) [i i] s]", "x", 1, 2, 3, "yz");
    trv_auto trv_object *bad = trv_build("[(s i i)]", "x", 1, 2), *worse = trv_build("[i]", 1);
    trv_auto trv_object *list_key = trv_build("[([] i)]", 1);

    expect_repr(trv_dict_new(), "{}");
    expect_shown(dict, "{'a': 1, 2: [], (3, 4): None}");
    expect_repr(trv_call(trv_dict_type, ""), "{}");
    expect_repr(trv_call(trv_dict_type, "o", dict), "{'a': 1, 2: [], (3, 4): None}");
    expect_repr(trv_call(trv_dict_type, "o", pairs), "{'x': 1, 2: 3, 'y': 'z'}");
    EXPECT_NULL(trv_call(trv_dict_type, "o", bad), trv_ValueError,
                "dictionary update sequence element #0 has length 3; 2 is required");
    EXPECT_NULL(trv_call(trv_dict_type, "o", worse), trv_TypeError,
                "cannot convert dictionary update sequence element #0 to a sequence");
    EXPECT_NULL(trv_call(trv_dict_type, "o", list_key), trv_TypeError, "unhashable type: 'list'");
    EXPECT_NULL(trv_call(trv_dict_type, "ii", 1, 2), trv_TypeError,
                "dict expected at most 1 argument, got 2");
}

TEST(keywords)
{
    trv_auto trv_object *keywords = trv_build("{s:i}", "b", 2);
    trv_auto trv_object *dict = trv_build("{s:i s:i}", "a", 1, "b", 1);

    expect_repr(trv_call_array(trv_dict_type, &dict, 1, keywords), "{'a': 1, 'b': 2}");
}

/* The KeyError that is pending has the key itself as its argument. */
static void expect_key_error(trv_object *key)
{
    trv_auto trv_object *error = trv_error_take(), *arguments = NULL, *first = NULL;

    ck_assert_ptr_nonnull(error);
    ck_assert_int_eq(trv_isinstance(error, trv_KeyError), 1);
    arguments = trv_exception_args(error);
    first = trv_tuple_get(arguments, 0);
    ck_assert_ptr_eq(first, key);
}

TEST(keys_and_values)
{
    trv_auto trv_object *dict = trv_dict_new(), *key = trv_str_new("key"), *value = NULL;
    trv_auto trv_object *list = trv_list_new(), *pair = trv_build("(s i)", "p", 1);

    set_number(dict, key, 7);
    set_number(dict, pair, 8);
    expect_repr(trv_getitem(dict, key), "7");
    ck_assert_int_eq(trv_dict_get_str(dict, "key", &value), 1);
    trv_clear(&value);
    ck_assert_int_eq(trv_dict_get_str(dict, "no", &value), 0);
    ck_assert_ptr_null(value);
    ck_assert_int_eq(trv_dict_set_str(dict, "key", list), 0);
    expect_shown(dict, "{'key': [], ('p', 1): 8}");
    ck_assert_int_eq(trv_contains(dict, key), 1);
    ck_assert_int_eq(trv_delitem(dict, key), 0);
    ck_assert_int_eq(trv_contains(dict, key), 0);
    ck_assert_ptr_null(trv_getitem(dict, key));
    expect_key_error(key);
    ck_assert_int_eq(trv_delitem(dict, key), -1);
    expect_key_error(key);
    ck_assert_int_eq(trv_dict_remove(dict, key), -1);
    expect_key_error(key);
    ck_assert_ptr_null(trv_dict_pop(dict, key));
    expect_key_error(key);
    expect_repr(trv_dict_pop(dict, pair), "8");
    EXPECT_MINUS(trv_dict_get(dict, list, &value), trv_TypeError, "unhashable type: 'list'");
    EXPECT_MINUS(trv_dict_set(dict, list, key), trv_TypeError, "unhashable type: 'list'");
}

/* 1, 1.0 and True are one key, and the first of them stays. */
TEST(equal_keys_of_different_types)
{
    for (int filling = 0; filling < 100; filling += 99) {
        trv_auto trv_object *dict = trv_dict_new();
        trv_auto trv_object *one = trv_int_new(1), *float_one = trv_float_new(1);
        trv_auto trv_object *yes = trv_bool_new(1), *first = NULL;
        size_t position = 0;
        set_number(dict, float_one, 1);
        for (int i = 0; i < filling; i++) {
            trv_auto trv_object *key = trv_int_new(1000 + i);
            set_number(dict, key, i);
        }
        set_number(dict, one, 2);
        set_number(dict, yes, 3);
        ck_assert_int_eq(get_number(dict, float_one), 3);
        ck_assert_int_eq(get_number(dict, one), 3);
        ck_assert_uint_eq(length_of(dict), 1 + (size_t)filling);
        ck_assert_int_eq(trv_dict_next(dict, &position, &first, NULL), 1);
        ck_assert_ptr_eq(first, float_one);
    }
}

TEST(methods)
{
    trv_auto trv_object *dict = trv_build("{s:i s:i}", "a", 1, "b", 2);
    trv_auto trv_object *other = trv_build("{s:i s:i}", "b", 3, "c", 4);
    trv_auto trv_object *pairs = trv_build("[(s i)]", "d", 5), *key = trv_str_new("zz");

    expect_repr(method(dict, "get", "s", "a"), "1");
    expect_repr(method(dict, "get", "s", "x"), "None");
    expect_repr(method(dict, "get", "si", "x", 9), "9");
    expect_repr(method(dict, "keys", ""), "dict_keys(['a', 'b'])");
    expect_repr(method(dict, "values", ""), "dict_values([1, 2])");
    expect_repr(method(dict, "items", ""), "dict_items([('a', 1), ('b', 2)])");
    EXPECT_NONE(method(dict, "update", "o", other));
    EXPECT_NONE(method(dict, "update", "o", pairs));
    expect_shown(dict, "{'a': 1, 'b': 3, 'c': 4, 'd': 5}");
    expect_repr(method(dict, "pop", "s", "b"), "3");
    expect_repr(method(dict, "pop", "si", "b", 0), "0");
    ck_assert_ptr_null(method(dict, "pop", "o", key));
    expect_key_error(key);
    expect_repr(method(dict, "setdefault", "si", "a", 7), "1");
    expect_repr(method(dict, "setdefault", "s", "n"), "None");
    expect_repr(method(dict, "popitem", ""), "('n', None)");
    expect_repr(method(dict, "copy", ""), "{'a': 1, 'c': 4, 'd': 5}");
    EXPECT_NONE(method(dict, "clear", ""));
    expect_shown(dict, "{}");
    ck_assert_ptr_null(method(dict, "popitem", ""));
    ck_assert_int_eq(trv_error_matches(trv_KeyError), 1);
    trv_error_clear();
}

TEST(operators_and_comparison)
{
    trv_auto trv_object *a = trv_build("{s:i s:i}", "a", 1, "b", 2);
    trv_auto trv_object *b = trv_build("{s:i s:i}", "b", 2, "a", 1);
    trv_auto trv_object *c = trv_build("{s:i s:i}", "b", 3, "c", 4), *list = trv_list_new();

    expect_repr(trv_or(a, c), "{'a': 1, 'b': 3, 'c': 4}");
    ck_assert_int_eq(trv_equal(a, b), 1);
    ck_assert_int_eq(trv_equal(a, c), 0);
    ck_assert_int_eq(trv_compare(a, c, TRV_NOT_EQUAL), 1);
    ck_assert_int_eq(trv_equal(a, list), 0);
    EXPECT_MINUS(trv_compare(a, b, TRV_LESS), trv_TypeError,
                 "'<' not supported between instances of 'dict' and 'dict'");
    EXPECT_NULL(trv_or(a, list), trv_TypeError,
                "unsupported operand type(s) for |: 'dict' and 'list'");
}

TEST(a_dict_inside_itself)
{
    trv_auto trv_object *dict = trv_dict_new();

    ck_assert_int_eq(trv_dict_set_str(dict, "me", dict), 0);
    expect_shown(dict, "{'me': {...}}");
    ck_assert_int_eq(trv_equal(dict, dict), 1);
}

TEST(order_of_insertion)
{
    trv_auto trv_object *dict = trv_dict_new(), *keys = NULL;

    for (int i = 0; i < 5; i++) {
        trv_auto trv_object *key = trv_int_new(i * 7 % 5);
        set_number(dict, key, i);
    }
    for (int i = 0; i < 5; i += 2) {
        trv_auto trv_object *key = trv_int_new(i);
        ck_assert_int_eq(trv_dict_remove(dict, key), 0);
        set_number(dict, key, i);
    }
    keys = trv_dict_keys(dict);
    expect_shown(keys, "dict_keys([1, 3, 0, 2, 4])");
}

/* Iteration ----------------------------------------------------------------------------------- */

TEST(iteration)
{
    trv_auto trv_object *dict = trv_build("{s:i s:i s:i}", "a", 1, "b", 2, "c", 3);
    trv_auto trv_object *seen = trv_list_new(), *iterator = trv_iter(dict);
    trv_object *key, *value;
    size_t position = 0;
    int count = 0;

    TRV_FOR(item, dict)
        ck_assert_int_eq(trv_list_append(seen, item), 0);
    expect_shown(seen, "['a', 'b', 'c']");
    while (trv_dict_next(dict, &position, &key, &value) == 1) {
        int64_t number;
        ck_assert_int_eq(trv_int_get(value, &number), 0);
        ck_assert_int_eq(number, ++count);
        trv_unref(key);
        trv_unref(value);
    }
    ck_assert_int_eq(count, 3);
    ck_assert_str_eq(trv_type_name(iterator), "dict_keyiterator");
}

TEST(changing_the_size_during_iteration)
{
    trv_auto trv_object *dict = trv_build("{s:i s:i}", "a", 1, "b", 2);
    trv_auto trv_object *iterator = trv_iter(dict);
    trv_object *item;

    TRV_FOR(each, dict)
        set_number(dict, each, 5); /* the size stays */
    ck_assert_int_eq(trv_next(iterator, &item), 1);
    trv_unref(item);
    set_number(dict, iterator, 1);
    EXPECT_MINUS(trv_next(iterator, &item), trv_RuntimeError,
                 "dictionary changed size during iteration");
    ck_assert_int_eq(trv_dict_remove(dict, iterator), 0);
    EXPECT_MINUS(trv_next(iterator, &item), trv_RuntimeError,
                 "dictionary changed size during iteration");
    TRV_FOR(each, dict)
        ck_assert_int_eq(trv_dict_clear(dict), 0);
    expect_error(trv_RuntimeError, "dictionary changed size during iteration");
}

TEST(changing_the_keys_during_iteration)
{
    trv_auto trv_object *dict = trv_build("{i:i}", 0, 0);
    int rounds = 0;

    TRV_FOR(each, dict) {
        trv_auto trv_object *key = trv_int_new(++rounds);
        set_number(dict, key, 0);
        ck_assert_int_eq(trv_dict_remove(dict, each), 0);
    }
    expect_error(trv_RuntimeError, "dictionary keys changed during iteration");
    ck_assert_int_eq(rounds, 1);
}

/* Against a model ----------------------------------------------------------------------------- */

enum { KEYS = 3000 };

/* Keys of several types; `spread` is how many hashes the evil ones have. */
static trv_object *make_key(int i, int spread)
{
    switch (i % 6) {
    case 0:
        return trv_int_new(i);
    case 1:
        return trv_int_new((int64_t)i << 20);
    case 2:
        return trv_str_printf("key %d", i);
    case 3:
        return trv_float_new(i + .5);
    case 4:
        return trv_build("(i s)", i, "x");
    default:
        return evil_new(i, i % spread);
    }
}

struct model {
    int64_t values[KEYS];  /* -1: no such key */
    uint64_t stamps[KEYS]; /* when it was put in */
    uint64_t clock;
    size_t count;
};

/* The dict holds what the model does, in the order of the stamps. */
static void expect_model(trv_object *dict, const struct model *model, trv_object *const *keys)
{
    trv_object *key, *value;
    uint64_t last = 0;
    size_t position = 0, count = 0;
    static trv_object *index_of;

    ck_assert_uint_eq(length_of(dict), model->count);
    index_of = trv_dict_new();
    for (int i = 0; i < KEYS; i++) {
        ck_assert_int_eq(get_number(dict, keys[i]), model->values[i]);
        set_number(index_of, keys[i], i);
    }
    while (trv_dict_next(dict, &position, &key, &value) == 1) {
        int64_t i = get_number(index_of, key), number;
        ck_assert_int_eq(trv_int_get(value, &number), 0);
        ck_assert_int_eq(number, model->values[i]);
        ck_assert_uint_gt(model->stamps[i], last);
        last = model->stamps[i];
        count++;
        trv_unref(key);
        trv_unref(value);
    }
    ck_assert_uint_eq(count, model->count);
    trv_clear(&index_of);
}

static void put(struct model *model, int i, int64_t value)
{
    if (model->values[i] < 0) {
        model->stamps[i] = ++model->clock;
        model->count++;
    }
    model->values[i] = value;
}

static void drop(struct model *model, int i)
{
    model->count -= model->values[i] >= 0;
    model->values[i] = -1;
}

static void pop_last(trv_object *dict, struct model *model, trv_object *const *keys)
{
    trv_auto trv_object *pair = NULL, *key = NULL;
    int last = -1;

    if (!model->count)
        return;
    for (int i = 0; i < KEYS; i++)
        if (model->values[i] >= 0 && (last < 0 || model->stamps[i] > model->stamps[last]))
            last = i;
    pair = method(dict, "popitem", "");
    key = trv_tuple_get(pair, 0);
    ck_assert_int_eq(trv_equal(key, keys[last]), 1);
    drop(model, last);
}

static void random_step(trv_object **dict, struct model *model, trv_object *const *keys,
                        uint64_t *state, int range)
{
    uint32_t what = next_random(state) % 1000;
    int i = (int)(next_random(state) % (uint32_t)range);

    if (what < 450) {
        set_number(*dict, keys[i], next_random(state));
        put(model, i, get_number(*dict, keys[i]));
    } else if (what < 800) {
        int status = trv_dict_remove(*dict, keys[i]);
        ck_assert_int_eq(status, model->values[i] < 0 ? -1 : 0);
        if (status < 0)
            expect_key_error(keys[i]);
        drop(model, i);
    } else if (what < 990) {
        ck_assert_int_eq(get_number(*dict, keys[i]), model->values[i]);
    } else if (what < 997) {
        pop_last(*dict, model, keys);
    } else if (what < 999) {
        trv_object *copy = method(*dict, "copy", "");
        trv_unref(*dict);
        *dict = copy;
    } else if (i % 20 == 0) {
        ck_assert_int_eq(trv_dict_clear(*dict), 0);
        for (int k = 0; k < KEYS; k++)
            drop(model, k);
    }
}

TEST(as_a_plain_array_over_random_steps)
{
    static struct model model;
    static trv_object *keys[KEYS];
    trv_auto trv_object *dict = trv_dict_new();
    uint64_t state = 88172645463325252u;
    int range = KEYS;

    evil_begin();
    for (int i = 0; i < KEYS; i++) {
        keys[i] = make_key(i, 7);
        model.values[i] = -1;
    }
    for (int step = 0; step < 200000; step++) {
        if (step % 20000 == 0) {
            expect_model(dict, &model, keys);
            range = step / 20000 % 3 == 0 ? KEYS : step / 20000 % 3 == 1 ? 10 : 100;
        }
        random_step(&dict, &model, keys, &state, range);
    }
    expect_model(dict, &model, keys);
    for (int i = 0; i < KEYS; i++)
        trv_unref(keys[i]);
    evil_end();
}

/* Hashes that agree in their low bits, in their high bits, or in all of them. */
TEST(bad_hashes)
{
    static const struct {
        int64_t times, modulus;
    } kinds[] = {{1 << 20, INT64_MAX},
                 {INT64_C(1) << 32, INT64_MAX},
                 {16, INT64_MAX},
                 {1, 3},
                 {-1, INT64_MAX}};

    evil_begin();
    for (size_t kind = 0; kind < sizeof kinds / sizeof *kinds; kind++) {
        trv_auto trv_object *dict = trv_dict_new();
        int count = kinds[kind].modulus < 10 ? 300 : 3000;
        for (int i = 0; i < count; i++) {
            int64_t hash = (i + 2) * kinds[kind].times % kinds[kind].modulus;
            trv_auto trv_object *key = evil_new(i, hash);
            set_number(dict, key, i);
        }
        for (int i = 0; i < count; i++) {
            int64_t hash = (i + 2) * kinds[kind].times % kinds[kind].modulus;
            trv_auto trv_object *key = evil_new(i, hash), *no = evil_new(i + count, hash);
            ck_assert_int_eq(get_number(dict, key), i);
            ck_assert_int_eq(get_number(dict, no), -1);
            if (i % 2)
                ck_assert_int_eq(trv_dict_remove(dict, key), 0);
        }
        ck_assert_uint_eq(length_of(dict), (size_t)count / 2);
    }
    evil_end();
}

/* A queue: each key is put in at the end and taken out at the front. */
TEST(memory_stays_bounded_while_keys_come_and_go)
{
    trv_auto trv_object *dict = trv_dict_new();

    for (int i = 0; i < 100000; i++) {
        trv_auto trv_object *key = trv_int_new(i), *old = trv_int_new(i - 100);
        set_number(dict, key, i);
        if (i >= 100)
            ck_assert_int_eq(trv_dict_remove(dict, old), 0);
    }
    ck_assert_uint_eq(length_of(dict), 100);
    ck_assert_uint_lt(trv_sizeof(dict), 16384);
}

/* Changed by the code it calls ---------------------------------------------------------------- */

static trv_object *victim, *stranger;
static int calls, fail_at, change;

static int change_victim(void)
{
    int status = 0;

    if (++calls != fail_at)
        return 0;
    switch (change) {
    case 0:
        return trv_dict_clear(victim);
    case 1: /* grows, perhaps to a new index */
        for (int i = 0; i < 100 && status == 0; i++) {
            trv_auto trv_object *more = trv_int_new(10000 + i);
            status = trv_dict_set(victim, more, more);
        }
        return status;
    case 2: /* the key that is looked for is put in */
        return trv_dict_set(victim, stranger, stranger);
    case 3: { /* emptied and filled again */
        trv_auto trv_object *copy = method(victim, "copy", "");
        return trv_dict_clear(victim) < 0 ? -1 : trv_dict_update(victim, copy);
    }
    case 4:
        trv_unref(method(victim, "popitem", ""));
        trv_error_clear();
        return 0;
    default:
        return trv_raise_int(trv_RuntimeError, "enough");
    }
}

static trv_object *evil_dict(int count)
{
    trv_object *dict = trv_dict_new();

    for (int i = 0; i < count; i++) {
        trv_auto trv_object *key = evil_new(i, 5);
        set_number(dict, key, i);
    }
    return dict;
}

/* A dict made while the hook is at work. */
static trv_object *undisturbed_dict(int count)
{
    trv_object *dict;

    evil_hook = NULL;
    dict = evil_dict(count);
    evil_hook = change_victim;
    return dict;
}

/* No key may be there twice, whatever happened. */
static void expect_whole(trv_object *dict)
{
    trv_object *key;
    size_t position = 0, count = 0;

    evil_hook = NULL;
    while (trv_dict_next(dict, &position, &key, NULL) == 1) {
        ck_assert_int_eq(trv_contains(dict, key), 1);
        ck_assert_int_eq(trv_dict_remove(dict, key), 0);
        ck_assert_int_eq(trv_contains(dict, key), 0);
        trv_unref(key);
        count++;
    }
    ck_assert_uint_eq(length_of(dict), 0);
    ck_assert_uint_le(count, 200);
}

/* `what` runs on a dict that is changed in that way at each of its comparisons in turn. */
static void under_change(int count, void (*what)(trv_object *dict))
{
    evil_begin();
    for (change = 0; change < 6; change++)
        for (fail_at = 1; fail_at <= count + 1; fail_at++) {
            victim = evil_dict(count);
            stranger = evil_new(1000, 5);
            calls = 0;
            evil_hook = change_victim;
            what(victim);
            if (trv_error_occurred())
                trv_error_clear();
            evil_hook = NULL;
            expect_whole(victim);
            trv_clear(&victim);
            trv_clear(&stranger);
        }
    evil_end();
}

static void look_up(trv_object *dict)
{
    trv_auto trv_object *wanted = evil_new(1000, 5), *value = NULL;

    if (trv_dict_get(dict, wanted, &value) < 0)
        ck_assert_int_eq(trv_error_matches(trv_RuntimeError), 1);
}

static void put_in(trv_object *dict)
{
    trv_auto trv_object *wanted = evil_new(1000, 5);

    if (trv_dict_set(dict, wanted, wanted) < 0) {
        ck_assert_int_eq(trv_error_matches(trv_RuntimeError), 1);
        return;
    }
    evil_hook = NULL;
    ck_assert_int_eq(trv_contains(dict, wanted), 1);
}

static void take_out(trv_object *dict)
{
    trv_auto trv_object *wanted = evil_new(3, 5);

    if (trv_dict_remove(dict, wanted) < 0)
        return;
    evil_hook = NULL;
    ck_assert_int_eq(trv_contains(dict, wanted), 0);
}

static void compare_both(trv_object *dict)
{
    trv_auto trv_object *other = undisturbed_dict(12);
    int equal = trv_equal(other, dict);

    ck_assert_int_eq(equal, trv_error_occurred() ? -1 : equal != 0);
}

static void merge_in(trv_object *dict)
{
    trv_auto trv_object *other = undisturbed_dict(12);
    int status = trv_dict_update(dict, other);

    ck_assert_int_eq(status, trv_error_occurred() ? -1 : 0);
}

static void print(trv_object *dict)
{
    trv_auto trv_object *text = trv_repr(dict);

    ck_assert_int_eq(text == NULL, trv_error_occurred());
}

TEST(changing_a_dict_while_it_is_searched)
{
    under_change(6, look_up);
    under_change(40, look_up);
}

TEST(changing_a_dict_while_a_key_is_put_in)
{
    under_change(8, put_in);
    under_change(28, put_in);
}

TEST(changing_a_dict_while_a_key_is_taken_out)
{
    under_change(6, take_out);
    under_change(40, take_out);
}

TEST(changing_a_dict_while_it_is_compared)
{
    under_change(12, compare_both);
}

TEST(changing_a_dict_while_it_is_merged)
{
    under_change(12, merge_in);
}

TEST(changing_a_dict_while_it_is_printed)
{
    under_change(12, print);
}

TEST(a_source_that_changes_while_it_is_merged)
{
    trv_auto trv_object *into = NULL;

    evil_begin();
    into = evil_dict(3);
    victim = evil_dict(4);
    calls = 0;
    fail_at = 1;
    change = 1;
    evil_hook = change_victim;
    EXPECT_MINUS(trv_dict_update(into, victim), trv_RuntimeError, "dict mutated during update");
    evil_hook = NULL;
    trv_clear(&victim);
    trv_clear(&into);
    evil_end();
}

TEST(hashes_that_fail)
{
    trv_auto trv_object *dict = trv_dict_new(), *key = NULL;

    evil_begin();
    key = evil_new(1, -1);
    EXPECT_MINUS(trv_dict_set(dict, key, key), trv_ValueError, "no hash today");
    EXPECT_MINUS(trv_contains(dict, key), trv_ValueError, "no hash today");
    ck_assert_uint_eq(length_of(dict), 0);
    trv_clear(&key);
    evil_end();
}

TEST(cycles_are_collected)
{
    trv_object *a = trv_dict_new(), *b = trv_dict_new();
    size_t found;

    ck_assert_int_eq(trv_dict_set_str(a, "b", b), 0);
    ck_assert_int_eq(trv_dict_set_str(b, "a", a), 0);
    trv_unref(a);
    trv_unref(b);
    ck_assert_int_eq(trv_gc_collect(2, &found), 0);
    ck_assert_uint_eq(found, 2);
}

/* A mapping that is no dict: it has keys and items. */
static trv_object *mapping_keys(trv_object *self)
{
    (void)self;
    return trv_build("[s s]", "x", "y");
}

static trv_object *keys_entry(const trv_args *args)
{
    return mapping_keys(args->self);
}

static int mapping_getattr(trv_object *self, const char *name, trv_object **value)
{
    if (strcmp(name, "keys") != 0)
        return 0;
    *value = trv_function_new(keys_entry, "keys", self);
    return *value ? 1 : -1;
}

static trv_object *mapping_getitem(trv_object *self, trv_object *key)
{
    (void)self;
    return trv_add(key, key);
}

TEST(mappings_and_derived_types)
{
    trv_type_spec spec = {.size = sizeof spec,
                          .name = "Doubler",
                          .slots = {.getattr = mapping_getattr, .getitem = mapping_getitem}};
    trv_type_spec derived = {.size = sizeof derived, .name = "Counter", .base = trv_dict_type};
    trv_auto trv_object *type = trv_type_new(&spec), *mapping = trv_call(type, "");
    trv_auto trv_object *counter_type = trv_type_new(&derived);
    trv_auto trv_object *counter = trv_call(counter_type, "o", mapping);
    trv_auto trv_object *plain = trv_call(trv_dict_type, "o", mapping);

    expect_shown(plain, "{'x': 'xx', 'y': 'yy'}");
    ck_assert_str_eq(trv_type_name(counter), "Counter");
    ck_assert_int_eq(trv_equal(counter, plain), 1);
}

TEST_LIST(RUN(making_and_printing), RUN(keywords), RUN(keys_and_values),
          RUN(equal_keys_of_different_types), RUN(methods), RUN(operators_and_comparison),
          RUN(a_dict_inside_itself), RUN(order_of_insertion), RUN(iteration),
          RUN(changing_the_size_during_iteration), RUN(changing_the_keys_during_iteration),
          RUN(as_a_plain_array_over_random_steps), RUN(bad_hashes),
          RUN(memory_stays_bounded_while_keys_come_and_go),
          RUN(changing_a_dict_while_it_is_searched), RUN(changing_a_dict_while_a_key_is_put_in),
          RUN(changing_a_dict_while_a_key_is_taken_out), RUN(changing_a_dict_while_it_is_compared),
          RUN(changing_a_dict_while_it_is_merged), RUN(changing_a_dict_while_it_is_printed),
          RUN(a_source_that_changes_while_it_is_merged), RUN(hashes_that_fail),
          RUN(cycles_are_collected), RUN(mappings_and_derived_types))
