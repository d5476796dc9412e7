/* SPDX-License-Identifier: MIT */
/*
 * Any text as a format of trv_build, trv_call and trv_parse_tuple, and as a signature.
 *
 * A format says which arguments follow it, so a wrong format with no arguments proves nothing but that C is
 * C. Here each format gets the arguments it asks for: the letters are walked over as the manual says, and an
 * array is filled. How an array becomes variable arguments: a call passes doubles in registers of their
 * own, the first eight of them, and all else in the order in which it stands; so eight doubles and all else
 * after them is what any format finds, on the machines that Trivet has a stack switch for. A format with
 * more doubles is left alone. Variables to parse into have exactly their size, for AddressSanitizer.
 *
 * What a format builds, it must also take apart.
 */
#include "fuzz/fuzz.h"

#define SLOTS 48
#define DOUBLES 8
#define FORMAT_MOST 160
#define DEPTH_MOST 60

struct plan {
    struct fuzz_input *input; /* the values come from here */
    uint64_t slots[SLOTS];
    double doubles[DOUBLES];
    size_t slot_count, double_count;
    void *blocks[SLOTS]; /* to be freed */
    size_t block_count;
    trv_object *objects[SLOTS]; /* to be dropped */
    size_t object_count;
    bool is_too_much;
};

/* Values ---------------------------------------------------------------------------------------------- */

static trv_object *make_value(struct fuzz_input *input, int depth);

static trv_object *make_list(struct fuzz_input *input, int depth)
{
    trv_object *list = trv_list_new();
    int count = fuzz_byte(input) % 4;

    for (int i = 0; i < count; i++) {
        trv_object *item = make_value(input, depth - 1);
        FUZZ_ASSERT(trv_list_append(list, item) == 0);
        trv_unref(item);
    }
    return list;
}

static trv_object *make_tuple(struct fuzz_input *input, int depth)
{
    trv_object *list = make_list(input, depth), *tuple = trv_tuple_from(list);

    trv_unref(list);
    return tuple;
}

static const char *const texts[] = {
    "", "a", "key", "gr\xc3\xbc\xc3\x9f", "\xff", "long enough to be no short one"};
#define TEXTS (sizeof texts / sizeof *texts)

static trv_object *make_dict(struct fuzz_input *input, int depth)
{
    trv_object *dict = trv_dict_new();
    int count = fuzz_byte(input) % 4;

    for (int i = 0; i < count; i++) {
        trv_object *value = make_value(input, depth - 1);
        FUZZ_ASSERT(trv_dict_set_str(dict, texts[fuzz_byte(input) % 4], value) == 0);
        trv_unref(value);
    }
    return dict;
}

static trv_object *make_value(struct fuzz_input *input, int depth)
{
    int kind = fuzz_byte(input) % (depth > 0 ? 10 : 7), value = fuzz_byte(input);

    switch (kind) {
    case 0:
        return trv_none_new();
    case 1:
        return trv_bool_new(value & 1);
    case 2:
        return trv_int_new(value - 100);
    case 3:
        return trv_int_new(INT64_MIN + ((int64_t)value << 40));
    case 4:
        return trv_float_new(value / 3.0);
    case 5:
        return trv_str_new(texts[value % 4]);
    case 6:
        return trv_bytes_new("bytes", (size_t)(value % 6));
    case 7:
        return make_list(input, depth);
    case 8:
        return make_tuple(input, depth);
    default:
        return make_dict(input, depth);
    }
}

/* Plans ----------------------------------------------------------------------------------------------- */

static void add(struct plan *plan, uint64_t value)
{
    if (plan->slot_count == SLOTS)
        plan->is_too_much = true;
    else
        plan->slots[plan->slot_count++] = value;
}

static void add_double(struct plan *plan, double value)
{
    if (plan->double_count == DOUBLES)
        plan->is_too_much = true;
    else
        plan->doubles[plan->double_count++] = value;
}

static void add_object(struct plan *plan)
{
    uint8_t byte = fuzz_byte(plan->input);

    if (plan->object_count == SLOTS || byte == 255) {
        add(plan, 0);
        return;
    }
    plan->objects[plan->object_count] = make_value(plan->input, 1);
    add(plan, (uint64_t)(uintptr_t)plan->objects[plan->object_count++]);
}

static void add_text(struct plan *plan)
{
    uint8_t byte = fuzz_byte(plan->input);

    add(plan, byte == 255 ? 0 : (uint64_t)(uintptr_t)texts[byte % TEXTS]);
}

/* What building a letter takes; other characters take nothing. */
static void plan_build(struct plan *plan, char letter)
{
    switch (letter) {
    case 'i':
    case 'b':
        add(plan, (uint64_t)(int64_t)(int8_t)fuzz_byte(plan->input));
        break;
    case 'l':
    case 'z':
        add(plan, (uint64_t)fuzz_byte(plan->input) << (fuzz_byte(plan->input) % 57));
        break;
    case 'd':
        add_double(plan, fuzz_byte(plan->input) / 8.0);
        break;
    case 's':
        add_text(plan);
        break;
    case 'y':
        add(plan, (uint64_t)(uintptr_t)texts[5]);
        add(plan, fuzz_byte(plan->input) % 28);
        break;
    case 'o':
        add_object(plan);
        break;
    default:
        break;
    }
}

/* A variable to parse into. */
static void add_variable(struct plan *plan, size_t bytes)
{
    void *block = plan->block_count < SLOTS ? calloc(1, bytes) : NULL;

    if (!block) {
        plan->is_too_much = true;
        return;
    }
    plan->blocks[plan->block_count++] = block;
    add(plan, (uint64_t)(uintptr_t)block);
}

static void plan_parse(struct plan *plan, char letter)
{
    switch (letter) {
    case 'i':
    case 'b':
        add_variable(plan, sizeof(int));
        break;
    case 'l':
    case 'z':
    case 'd':
    case 's':
    case 'o':
        add_variable(plan, 8);
        break;
    case 'y':
        add_variable(plan, 8);
        add_variable(plan, 8);
        break;
    default:
        break;
    }
}

static const char *skip_blanks(const char *at)
{
    while (*at == ' ' || *at == ',')
        at++;
    return at;
}

/* Steps over one item of a format to parse, as the manual describes it: NULL where it is none. Keys of dicts
 * are built. */
static const char *plan_item(struct plan *plan, const char *at, bool builds, int depth)
{
    char letter;

    at = skip_blanks(at);
    letter = *at;
    plan->is_too_much |= depth == 0;
    if (!letter || !strchr("ilzdbnsyo([{", letter) || depth == 0)
        return NULL;
    at = skip_blanks(at + 1);
    if (letter == '{') {
        while (at && *at != '}') {
            if (*at == '|' && !builds) {
                at = skip_blanks(at + 1);
                continue;
            }
            at = plan_item(plan, at, true, depth - 1);
            if (!at || *(at = skip_blanks(at)) != ':')
                return NULL;
            at = plan_item(plan, at + 1, builds, depth - 1);
            at = at ? skip_blanks(at) : NULL;
        }
        return at ? at + 1 : NULL;
    }
    if (letter == '(' || letter == '[') {
        while (at && *at != (letter == '(' ? ')' : ']')) {
            if (*at == '|' && !builds)
                at = skip_blanks(at + 1);
            else if ((at = plan_item(plan, at, builds, depth - 1)))
                at = skip_blanks(at);
        }
        return at ? at + 1 : NULL;
    }
    if (builds)
        plan_build(plan, letter);
    else
        plan_parse(plan, letter);
    return at;
}

static void plan_parses(struct plan *plan, const char *format)
{
    const char *at = skip_blanks(format);

    while (at && *at) {
        at = *at == '|' ? at + 1 : plan_item(plan, at, false, DEPTH_MOST);
        at = at ? skip_blanks(at) : NULL;
    }
}

static void drop(struct plan *plan)
{
    while (plan->block_count)
        free(plan->blocks[--plan->block_count]);
    while (plan->object_count)
        trv_unref(plan->objects[--plan->object_count]);
}

/* Calls ----------------------------------------------------------------------------------------------- */

#define D(n) plan->doubles[n]
#define S(n) plan->slots[n]
#define S8(n) S(n), S(n + 1), S(n + 2), S(n + 3), S(n + 4), S(n + 5), S(n + 6), S(n + 7)
#define ALL                                                                                        \
    D(0), D(1), D(2), D(3), D(4), D(5), D(6), D(7), S8(0), S8(8), S8(16), S8(24), S8(32), S8(40)

static trv_object *call_build(struct plan *plan, const char *format)
{
    return trv_build(format, ALL);
}

static trv_object *call_call(struct plan *plan, trv_object *function, const char *format)
{
    return trv_call(function, format, ALL);
}

static int call_parse(struct plan *plan, trv_object *tuple, const char *format)
{
    return trv_parse_tuple(tuple, format, ALL);
}

TRV_STATIC_FUNCTION(fuzz_count, "fuzz_count(*rest): how many arguments there are")
{
    return trv_int_new((int64_t)args->count);
}

static void fuzz_failed(void)
{
    FUZZ_ASSERT(trv_error_occurred());
    trv_error_clear();
}

/* Runs ------------------------------------------------------------------------------------------------ */

static void take_apart(const char *format, trv_object *tuple, struct fuzz_input *input, bool must)
{
    struct plan plan = {.input = input};

    plan_parses(&plan, format);
    if (!plan.is_too_much) {
        int answer = call_parse(&plan, tuple, format);
        FUZZ_ASSERT(answer == 0 || trv_error_occurred());
        FUZZ_ASSERT(answer == 0 || !must);
        trv_error_clear();
    }
    drop(&plan);
}

/* Whether what a format built can be taken apart with it: not a NULL text, which is None, nor what is
 * beyond an int64_t, nor a dict whose keys, told again, are others. */
static bool is_for_both_ways(const char *format, const struct plan *plan)
{
    return !strpbrk(format, "|{sz:") && !plan->is_too_much;
}

static void run_build(const char *format, struct fuzz_input *input)
{
    struct plan plan = {.input = input};
    trv_object *value;

    for (const char *at = format; *at; at++)
        plan_build(&plan, *at);
    if (!plan.is_too_much) {
        value = call_build(&plan, format);
        if (!value)
            fuzz_failed();
        trv_unref(value);
        value = call_call(&plan, fuzz_count, format);
        if (!value)
            fuzz_failed();
        trv_unref(value);
    }
    drop(&plan);
}

static void run_parse(const char *format, struct fuzz_input *input)
{
    trv_object *tuple = make_tuple(input, 3);

    take_apart(format, tuple, input, false);
    trv_unref(tuple);
}

/* A format and what it builds inside one group of parentheses are taken apart without fail. */
static void run_both_ways(const char *format, struct fuzz_input *input)
{
    struct plan plan = {.input = input};
    char group[FORMAT_MOST + 3];
    trv_object *value;

    snprintf(group, sizeof group, "(%s)", format);
    for (const char *at = format; *at; at++)
        plan_build(&plan, *at);
    if (is_for_both_ways(format, &plan)) {
        value = call_build(&plan, group);
        if (!value)
            fuzz_failed();
        else if (trv_isinstance(value, trv_tuple_type) == 1 && *skip_blanks(format) != ')')
            take_apart(format, value, input, !strpbrk(format, ")]}"));
        trv_unref(value);
    }
    drop(&plan);
}

static trv_object *fuzz_entry(const trv_args *args)
{
    trv_object *count = trv_int_new((int64_t)args->count);

    /* What a signature promises: items may be NULL, keywords a dict. */
    for (size_t i = 0; i < args->count; i++)
        if (args->items[i])
            (void)trv_type_name(args->items[i]);
    FUZZ_ASSERT(!args->keywords || trv_isinstance(args->keywords, trv_dict_type) == 1);
    return count;
}

static void run_signature(const char *signature, struct fuzz_input *input)
{
    trv_object *function = trv_function_new(fuzz_entry, signature, NULL);
    trv_object *tuple = make_tuple(input, 1), *keywords = make_dict(input, 1);
    trv_object *items[4] = {NULL}, *result, *doc;
    size_t count;

    FUZZ_ASSERT(trv_tuple_len(tuple, &count) == 0);
    if (!function) { /* a default that is no literal */
        fuzz_failed();
        count = 0;
    }
    for (size_t i = 0; i < count; i++)
        items[i] = trv_tuple_get(tuple, (int64_t)i);
    for (int with = 0; function && with < 2; with++) {
        result = trv_call_array(function, items, count, with ? keywords : NULL);
        if (!result)
            fuzz_failed();
        trv_unref(result);
    }
    doc = function ? trv_getattr(function, "__doc__") : NULL;
    if (function && !doc)
        fuzz_failed(); /* it was no UTF-8 */
    trv_unref(doc);
    for (size_t i = 0; i < count; i++)
        trv_unref(items[i]);
    trv_unref(tuple);
    trv_unref(keywords);
    trv_unref(function);
}

/* The first byte says what is tried; then the text, up to a 0 byte; then the values. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input input = {data, data + size};
    size_t length;
    int what = fuzz_byte(&input) % 4;
    char text[FORMAT_MOST];

    fuzz_begin();
    for (length = 0; length + 1 < sizeof text && (text[length] = (char)fuzz_byte(&input)); length++)
        ;
    text[length] = 0;
    if (what == 0)
        run_build(text, &input);
    else if (what == 1)
        run_parse(text, &input);
    else if (what == 2)
        run_both_ways(text, &input);
    else
        run_signature(text, &input);
    fuzz_end();
    return 0;
}
