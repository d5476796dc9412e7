/* SPDX-License-Identifier: MIT */
/*
 * Reading pickles from anyone: what is not what it claims to be is refused, nothing recurses, and running
 * out of memory is told.
 */
#include "pickle/pickles.h"

#include "base/fault.h"
#include "pickle/opcodes.h"
#include "pickle/pickle.h"

static trv_object *get_data(const trv_args *args)
{
    return args->self ? trv_ref(args->self) : trv_none_new();
}

TEST(reading_does_not_recurse)
{
    size_t depth = 1000000;
    char *data = malloc(2 * depth + 3);
    trv_object *object;

    memset(data, OP_EMPTY_LIST, depth + 1);
    memset(data + depth + 1, OP_APPEND, depth);
    data[2 * depth + 1] = OP_STOP;
    object = must(trv_pickle_loads(data, 2 * depth + 2));
    trv_unref(object);
    /* a key of that depth cannot be hashed */
    data[0] = OP_EMPTY_DICT;
    memset(data + 1, OP_EMPTY_TUPLE, 1);
    memset(data + 2, OP_TUPLE1, depth);
    data[depth + 2] = OP_NONE;
    data[depth + 3] = OP_SETITEM;
    data[depth + 4] = OP_STOP;
    ck_assert_ptr_null(trv_pickle_loads(data, depth + 5));
    assert_raised(trv_RecursionError, NULL);
    free(data);
}

TEST(many_marks)
{
    size_t depth = 100000;
    char *data = malloc(2 * depth + 1);

    memset(data, OP_MARK, depth);
    memset(data + depth, OP_TUPLE, depth);
    data[2 * depth] = OP_STOP;
    trv_unref(must(trv_pickle_loads(data, 2 * depth + 1)));
    free(data);
}

TEST(what_follows_a_pickle_is_not_read)
{
    size_t used;
    trv_object *object = must(trv__pickle_load("K\5.more", 7, NULL, &used));

    ck_assert_uint_eq(used, 3);
    trv_unref(object);
    trv_unref(must(trv_pickle_loads("N.more", 6)));
}

#define BAD(text)                                                                                  \
    {                                                                                              \
        text, sizeof(text) - 1                                                                     \
    }

struct bad {
    const char *data;
    size_t size;
};

static const struct bad bad_streams[] = {
    BAD(""),
    BAD("."),
    BAD("N"),
    BAD("NN."),
    BAD("(N."),
    BAD("("),
    BAD("\x80\x06N."), /* protocol 6 */
    BAD("\x95\xff\xff\xff\xff\xff\xff\xff\xffN."),
    BAD("\x95\x05\0\0\0\0\0\0\0N."),
    BAD("a."),
    BAD("]a."),
    BAD("NNa."),
    BAD("N(Ne."),
    BAD("(e."),
    BAD("}(Nu."),
    BAD("](NNu."),
    BAD("}Ns."),
    BAD("}]Ns."), /* an unhashable key */
    BAD("\x8f(]\x90."),
    BAD("](N\x90."),
    BAD("(]d."),
    BAD("(]Nd."),
    BAD("\x86."),
    BAD("N\x86."),
    BAD("(N\x86."),
    BAD("t."),
    BAD("1."),
    BAD("0."),
    BAD("2."),
    BAD("h\0."),
    BAD("Nq\0h\1."),
    BAD("Nr\xff\xff\xff\xff."),
    BAD("Nj\0\0\0\0."),
    BAD("\x94."),
    BAD("(\x94."),
    BAD("\x8a\xffN."),
    BAD("\x8b\xff\xff\xff\xffN."),
    BAD("\x8b\xff\xff\xff\x7fN."),
    BAD("\x8d\xff\xff\xff\xff\xff\xff\xff\xffN."),
    BAD("\x8e\xff\xff\xff\xff\xff\xff\xff\x7fN."),
    BAD("\x8c\x01\xff."),         /* no UTF-8 */
    BAD("\x8c\x03\xed\xa0\x80."), /* a surrogate */
    BAD("G\0\0."),
};

TEST(nonsense_is_refused)
{
    for (size_t i = 0; i < COUNT_OF(bad_streams); i++)
        assert_refused(bad_streams[i].data, bad_streams[i].size);
    assert_refused(NULL, 0);
}

/* What may not be found by name, or not be called so, or not be given such a state. */
static const struct bad bad_names[] = {
    BAD("cos\nsystem\n(\x8c\x02lst\x52."), /* os.system */
    BAD("cbuiltins\neval\n."),
    BAD("cbuiltins\nlist\n)R."),
    BAD("cbuiltins\nint\n)\x81."),
    BAD("cbuiltins\nset\n\x4b\x01\x85R."),
    BAD("cbuiltins\nset\n]R."),
    BAD("cbuiltins\nset\ncbuiltins\nrange\nJ\xff\xff\xff\x7f\x85R\x85R."), /* 2^31 items */
    BAD("cbuiltins\nrange\nK\0K\0K\0\x87R."),
    BAD("cbuiltins\nrange\n)R."),
    BAD("cbuiltins\nrange\nN\x85R."),
    BAD("cbuiltins\nbytes\nK\x01\x85R."),
    BAD("c_codecs\nencode\n\x8c\x01\x61\x8c\x04zlib\x86R."),
    BAD("c_codecs\nencode\n\x8c\x01\x61\x85R."),
    BAD("cbuiltins\nValueError\nNR."),
    BAD("cbuiltins\nValueError\n)RNb(."),
    BAD("cbuiltins\nValueError\n)R]b."),
    BAD("cbuiltins\nValueError\n)R}\x8c\x09__cause__]sb."),
    BAD("cbuiltins\nValueError\n)b."),
    BAD("]Nb."),
    BAD("cbuiltins"),
    BAD("cbuiltins\nValueError"),
    BAD("c\n\n."),
    BAD("cbuil\0tins\nValueError\n."),
    BAD("\x8c\x08"
        "builtins]\x93."),
    BAD("\x8c\x08"
        "builtins\x8c\x0bValueError\0\x93."),
};

TEST(names_and_calls_that_make_no_sense_are_refused)
{
    for (size_t i = 0; i < COUNT_OF(bad_names); i++)
        assert_refused(bad_names[i].data, bad_names[i].size);
}

/* Ids, buffers, and what no protocol has or nobody writes. */
static const struct bad bad_others[] = {
    BAD("NQ."),
    BAD("C\0Q."),
    BAD("C\1FQ."),
    BAD("C\2F\xffQ."),
    BAD("C\x0a"
        "F\0\0\0\0\0\0\0\0\0Q."),
    BAD("C\x0a"
        "C\0\0\0\0\0\0\0\0\0Q."),
    BAD("C\x0a"
        "X\0\0\0\0\0\0\0\0\0Q."),
    BAD("C\x01IQ."),
    BAD("C\x11"
        "IaaaaaaaabbbbbbbbQ."),
    BAD("\x97."),
    BAD("\x98."),
    BAD("I1\n."),
    BAD("\xff."),
};

TEST(ids_and_buffers_of_nobody_are_refused)
{
    for (size_t i = 0; i < COUNT_OF(bad_others); i++)
        assert_refused(bad_others[i].data, bad_others[i].size);
}

TEST(errors_carry_what_told_them)
{
    trv_object *exception, *context;

    ck_assert_ptr_null(trv_pickle_loads("\x8c\x01\xff.", 4));
    exception = trv_error_take();
    context = must(trv_exception_context(exception));
    ck_assert_ptr_eq(trv_type_of(context), trv_UnicodeDecodeError);
    trv_unref(context);
    trv_unref(exception);
}

/* Something of everything. */
static trv_object *make_sample(void)
{
    trv_auto trv_object *list = must(
                            trv_build("[i d s y n b]", 70000, 2.5, "a text", "\1\2", (size_t)2, 1)),
                        *large =
                            must(trv_int_parse("-1234567890123456789012345678901234567890", 10)),
                        *set = must(trv_set_from(list)), *range = must(trv_range_new(1, 10, 2)),
                        *closure = must(trv_function_new(get_data, "get", list)), *exception = NULL;

    trv_raise_at_("a.c", 1, "a", trv_KeyError, "k");
    trv_raise_errno_of(2, "v");
    exception = trv_error_take();
    return must(trv_build("(o o {s:o s:o} o (o o) o o o o)", list, list, "key", large, "other", set,
                          range, twice, closure, exception, twice, trv_ValueError, large));
}

TEST(every_truncation_is_refused)
{
    trv_auto trv_object *sample = make_sample(), *pickle = must(trv_pickle_dumps(sample));
    size_t size;
    const char *data = trv_bytes_data(pickle, &size);

    for (size_t length = 0; length < size; length++) {
        char *part = malloc(length + !length); /* exactly as long, for sanitizers to see */
        memcpy(part, data, length);
        assert_refused(part, length);
        free(part);
    }
}

TEST(every_changed_byte_is_survived)
{
    trv_auto trv_object *sample = make_sample(), *pickle = must(trv_pickle_dumps(sample));
    size_t size, refused = 0;
    const char *data = trv_bytes_data(pickle, &size);
    char *changed = malloc(size);

    memcpy(changed, data, size);
    for (size_t i = 0; i < size; i++) {
        for (int byte = 0; byte < 256; byte++) {
            trv_object *object;
            changed[i] = (char)byte;
            object = trv_pickle_loads(changed, size);
            if (!object) {
                ck_assert(trv_error_matches(trv_UnpicklingError) ||
                          trv_error_matches(trv_MemoryError));
                refused++;
            }
            ck_assert_int_eq(trv_error_occurred(), !object);
            trv_error_clear();
            trv_unref(object);
        }
        changed[i] = data[i];
        if (i % 64 == 0)
            ck_assert_int_eq(trv_gc_collect(2, NULL), 0);
    }
    ck_assert_uint_gt(refused, size * 100);
    free(changed);
}

#if TRV_FAULT
TEST(running_out_of_memory)
{
    trv_auto trv_object *sample = make_sample(), *pickle = must(trv_pickle_dumps(sample));
    bool has_struck = true;

    for (uint64_t n = 1; has_struck; n++) {
        trv_object *dumped, *loaded;
        trv__fault_arm(n);
        dumped = trv_pickle_dumps(sample);
        has_struck = trv__fault_struck();
        trv__fault_arm(n);
        if (!dumped)
            assert_raised(trv_MemoryError, NULL);
        loaded = loads(pickle);
        has_struck = has_struck || trv__fault_struck();
        trv__fault_arm(0);
        if (!loaded)
            assert_raised(trv_MemoryError, NULL);
        trv_unref(dumped);
        trv_unref(loaded);
    }
}
#define FAULT_TESTS , RUN(running_out_of_memory)
#else
#define FAULT_TESTS
#endif

TEST_LIST(RUN(reading_does_not_recurse), RUN(many_marks), RUN(what_follows_a_pickle_is_not_read),
          RUN(nonsense_is_refused), RUN(names_and_calls_that_make_no_sense_are_refused),
          RUN(ids_and_buffers_of_nobody_are_refused), RUN(errors_carry_what_told_them),
          RUN(every_truncation_is_refused), RUN(every_changed_byte_is_survived) FAULT_TESTS)
