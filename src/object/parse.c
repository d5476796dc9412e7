/* SPDX-License-Identifier: MIT */
/*
 * trv_parse: arguments, or a tuple's items, into C variables.
 *
 * Calls with the plainest formats and arguments are dealt with in one pass. For all others the
 * format is read twice: first its length is compared with the number of arguments, then each
 * argument meets its letter. An argument that is not there is walked over all the same, with a NULL
 * object, because its variables stand in the va_list before those of the next. Nothing is owned:
 * what goes out is numbers and views. So no code of users runs where it could take away what was or is still to be
 * read: in lists and dicts, and after a view of what is in one has gone out.
 *
 * Messages name the function and the position: "square() argument 1 must be int, not str", with
 * ", item 2" for each level further in and ", key 'size'" inside a dict.
 */
#include "object/build.h"
#include "object/lookup.h"
#include "object/number.h"
#include "object/signature.h"

#include <limits.h>
#include <stdio.h>

#define PATH_MOST 4
#define TEXT_BYTES 200

struct parser {
    const char *at, *whole;
    va_list *arguments;
    const trv_function_spec *spec;
    bool is_call;   /* arguments of a call, rather than items of a tuple */
    bool is_fixed;  /* no code that runs meanwhile can take the items away: not in lists, dicts */
    bool has_lent;  /* a view of what is in a list or dict has gone out */
    unsigned depth; /* of containers around the current item */
    size_t path[PATH_MOST]; /* its position in each of them, from 1 */
    trv_object *key;        /* of the innermost dict around it, or NULL */
};

/* What a format says about the number of items at its outermost level. */
struct counts {
    size_t required, most;
};

static int parse_item(struct parser *p, trv_object *object);

/* Messages ------------------------------------------------------------------------------------- */

/* "square() argument 1, item 2" */
static const char *where(const struct parser *p, char text[static TEXT_BYTES])
{
    size_t size = TEXT_BYTES, length;

    if (p->is_call)
        snprintf(text, size, "%.100s() argument %zu", trv__spec_name(p->spec), p->path[0]);
    else
        snprintf(text, size, "item %zu", p->path[0]);
    for (unsigned i = 1; i <= p->depth && i < PATH_MOST; i++) {
        length = strlen(text);
        snprintf(text + length, size - length, ", item %zu", p->path[i]);
    }
    if (p->key && trv__type_derives(p->key->type, &trv__str_type)) {
        length = strlen(text);
        snprintf(text + length, size - length, ", key '%.20s'", trv_str_utf8(p->key, NULL));
    }
    return text;
}

static int raise_type(const struct parser *p, const char *wanted, const trv_object *object)
{
    char text[TEXT_BYTES];

    return trv_raise_int(trv_TypeError, "%s must be %s, not %s", where(p, text), wanted,
                         object->type->name);
}

static int raise_range(const struct parser *p, const char *type)
{
    char text[TEXT_BYTES];

    return trv_raise_int(trv_OverflowError, "%s is out of range for %s", where(p, text), type);
}

static int raise_bad_format(const struct parser *p)
{
    return trv__raise_bad_format(p->whole, p->at);
}

/* Single values -------------------------------------------------------------------------------- */

static bool may_run_code(const struct parser *p)
{
    return p->is_fixed && !p->has_lent;
}

/* The int that an object is, or has: a new reference. */
static trv_object *integer_of(const struct parser *p, trv_object *object)
{
    if (trv__type_derives(object->type, &trv__int_type))
        return trv_ref(object);
    if (object->type->slots.index && may_run_code(p))
        return trv__index_object(object);
    raise_type(p, "int", object);
    return NULL;
}

static int get_integer(const struct parser *p, trv_object *object, int64_t *value, const char *type)
{
    trv_auto trv_object *integer = integer_of(p, object);

    if (!integer)
        return -1;
    if (LIKELY(trv_int_get(integer, value) == 0))
        return 0;
    trv_error_clear();
    return raise_range(p, type);
}

static int parse_int(struct parser *p, trv_object *object)
{
    int *variable = va_arg(*p->arguments, int *);
    int64_t value;

    if (!object)
        return 0;
    if (get_integer(p, object, &value, "int") < 0)
        return -1;
    if (value < INT_MIN || value > INT_MAX)
        return raise_range(p, "int");
    *variable = (int)value;
    return 0;
}

static int parse_int64(struct parser *p, trv_object *object)
{
    int64_t *variable = va_arg(*p->arguments, int64_t *);

    return object ? get_integer(p, object, variable, "int64_t") : 0;
}

/* A size_t has values beyond an int64_t's: those are read from their bytes. */
static int get_large_size(const struct parser *p, trv_object *object, size_t *variable)
{
    trv_auto trv_object *bytes = trv_int_to_bytes(object);
    const unsigned char *data;
    size_t size, value = 0;

    if (!bytes || !(data = trv_bytes_data(bytes, &size)))
        return -1;
    if (size == 0 || size > sizeof value + 1 || data[size - 1] != 0)
        return raise_range(p, "size_t");
    for (size_t i = size - 1; i-- > 0;)
        value = value << 8 | data[i];
    *variable = value;
    return 0;
}

static int parse_size(struct parser *p, trv_object *object)
{
    size_t *variable = va_arg(*p->arguments, size_t *);
    trv_auto trv_object *integer = NULL;
    int64_t value;

    if (!object)
        return 0;
    if (!(integer = integer_of(p, object)))
        return -1;
    if (trv_int_get(integer, &value) < 0) {
        trv_error_clear();
        return get_large_size(p, integer, variable);
    }
    if (value < 0 || (uint64_t)value > SIZE_MAX)
        return raise_range(p, "size_t");
    *variable = (size_t)value;
    return 0;
}

static int parse_float(struct parser *p, trv_object *object)
{
    double *variable = va_arg(*p->arguments, double *);
    int status;

    if (!object)
        return 0;
    status = may_run_code(p) || trv__is_int(object) || trv__is_float(object)
                 ? trv__real_get(object, variable)
                 : TRV_UNKNOWN;
    if (LIKELY(status == 0))
        return 0;
    if (status == TRV_UNKNOWN)
        return raise_type(p, "float", object);
    if (!trv__is_int(object) || !trv_error_matches(trv_OverflowError))
        return -1;
    trv_error_clear();
    return raise_range(p, "double");
}

/* Whether an object's truth is known without code of users. */
static bool has_plain_truth(const trv_object *object)
{
    const struct trv_type *type = object->type;

    return (!type->slots.truth && !type->slots.length) || type == &trv__none_type ||
           type == &trv__bool_type || type == &trv__int_type || type == &trv__float_type ||
           type == &trv__str_type || type == &trv__bytes_type || type == &trv__tuple_type ||
           type == &trv__list_type || type == &trv__dict_type || type == &trv__set_type;
}

static int parse_bool(struct parser *p, trv_object *object)
{
    int *variable = va_arg(*p->arguments, int *);
    int truth;

    if (object && !may_run_code(p) && !has_plain_truth(object))
        return raise_type(p, "bool", object);
    truth = object ? trv_truth(object) : 0;
    if (object && truth >= 0)
        *variable = truth;
    return MIN_OF(truth, 0);
}

static int parse_none(struct parser *p, trv_object *object)
{
    return object && !trv_is_none(object) ? raise_type(p, "None", object) : 0;
}

static int parse_str(struct parser *p, trv_object *object)
{
    const char **variable = va_arg(*p->arguments, const char **);
    const char *utf8;
    char text[TEXT_BYTES];
    size_t size;

    if (!object)
        return 0;
    if (!trv__type_derives(object->type, &trv__str_type))
        return raise_type(p, "str", object);
    if (!(utf8 = trv_str_utf8(object, &size)))
        return -1;
    if (memchr(utf8, 0, size))
        return trv_raise_int(trv_ValueError, "%s: embedded null character", where(p, text));
    *variable = utf8;
    p->has_lent |= !p->is_fixed;
    return 0;
}

static int parse_bytes(struct parser *p, trv_object *object)
{
    const void **variable = va_arg(*p->arguments, const void **);
    size_t *size = va_arg(*p->arguments, size_t *);

    if (!object)
        return 0;
    if (!trv__type_derives(object->type, &trv__bytes_type))
        return raise_type(p, "bytes", object);
    *variable = trv_bytes_data(object, size);
    p->has_lent |= !p->is_fixed;
    return *variable ? 0 : -1;
}

static int parse_object(struct parser *p, trv_object *object)
{
    trv_object **variable = va_arg(*p->arguments, trv_object **);

    if (object)
        *variable = object;
    p->has_lent |= !p->is_fixed;
    return 0;
}

/* Containers ----------------------------------------------------------------------------------- */

/* Steps over one item of a format: a letter, or a bracket and all in it. */
static const char *skip_item(const char *at)
{
    int depth = 0;

    for (; *at; at++) {
        depth +=
            (*at == '(' || *at == '[' || *at == '{') - (*at == ')' || *at == ']' || *at == '}');
        if (depth <= 0)
            return at + 1;
    }
    return at;
}

/* Counts the items up to the end of this level, which is *end if that is given. */
static struct counts count_items(const char *at)
{
    struct counts counts = {0, 0};
    bool is_optional = false;
    char letter;

    while ((letter = trv__format_letter(&at)) && letter != ')' && letter != ']') {
        if (letter == '|') {
            is_optional = true;
            at++;
            continue;
        }
        at = skip_item(at);
        counts.most++;
        counts.required += !is_optional;
    }
    return counts;
}

/* Meets `count` items with the letters up to `end`. Without items, the letters are walked over. */
static int parse_items(struct parser *p, trv_object *const *items, size_t count, char end)
{
    char letter;

    for (size_t i = 0; (letter = trv__format_letter(&p->at)) != end;) {
        if (letter == '|') {
            p->at++;
            continue;
        }
        if (!letter)
            return raise_bad_format(p);
        if (p->depth < PATH_MOST)
            p->path[p->depth] = i + 1;
        if (parse_item(p, i < count ? items[i] : NULL) < 0)
            return -1;
        i++;
    }
    return 0;
}

/* The items of a tuple or list. */
static trv_object *const *sequence_items(const trv_object *object, size_t *count)
{
    if (trv__type_derives(object->type, &trv__tuple_type))
        return trv__tuple_items(object, count);
    return trv__type_derives(object->type, &trv__list_type) ? trv__list_items(object, count) : NULL;
}

static bool is_sequence(const trv_object *object)
{
    return trv__type_derives(object->type, &trv__tuple_type) ||
           trv__type_derives(object->type, &trv__list_type);
}

static int raise_length(const struct parser *p, struct counts counts, size_t count)
{
    bool few = count < counts.required;
    size_t wanted = few ? counts.required : counts.most;
    char text[TEXT_BYTES];

    return trv_raise_int(trv_TypeError, "%s must have %s%zu item%s, not %zu", where(p, text),
                         counts.required == counts.most ? ""
                         : few                          ? "at least "
                                                        : "at most ",
                         wanted, wanted == 1 ? "" : "s", count);
}

static int parse_sequence(struct parser *p, trv_object *object, char end)
{
    struct counts counts = count_items(p->at);
    trv_object *const *items = NULL;
    size_t count = 0;
    bool was_fixed = p->is_fixed;

    if (trv__enter_recursion(" in a format") < 0)
        return -1;
    p->is_fixed &= end == ')' && object && trv__type_derives(object->type, &trv__tuple_type);
    if (object && !is_sequence(object))
        return raise_type(p, end == ')' ? "tuple" : "list", object);
    if (object) {
        items = sequence_items(object, &count);
        if (count < counts.required || count > counts.most)
            return raise_length(p, counts, count);
    }
    p->depth++;
    if (parse_items(p, items, count, end) < 0)
        return -1;
    p->depth--;
    p->is_fixed = was_fixed;
    p->at++;
    return 0;
}

static int raise_missing_key(const struct parser *p, trv_object *key)
{
    trv_auto trv_object *name = trv_repr(key);
    char text[TEXT_BYTES];

    if (!name)
        return -1;
    return trv_raise_int(trv_KeyError, "%s has no key %s", where(p, text),
                         trv_str_utf8(name, NULL));
}

/* The value under a key: 1 with a new reference, 0, -1. A str is compared with strs only, so that no code of users
 * runs. */
static int find_value(trv_object *dict, trv_object *key, trv_object **value)
{
    if (key->type != &trv__str_type)
        return trv_dict_get(dict, key, value);
    *value = trv_ref(trv__dict_find_name(dict, key));
    return *value != NULL;
}

/* One k:v pair. The key is an argument, as in building; the value is looked up. The view that goes
 * out stays valid because the dict holds the value. */
static int parse_entry(struct parser *p, trv_object *dict, bool is_optional)
{
    struct trv__builder keys = {p->at, p->whole, p->arguments, false, false};
    trv_auto trv_object *key = trv__build_item(&keys);
    trv_auto trv_object *value = NULL;
    trv_object *outer_key = p->key;
    bool was_fixed = p->is_fixed;
    int found = 0, answer;

    p->at = keys.at;
    if (!key)
        return -1;
    if (trv__format_letter(&p->at) != ':')
        return raise_bad_format(p);
    p->at++;
    if (dict && (found = find_value(dict, key, &value)) < 0)
        return -1;
    if (dict && !found && !is_optional)
        return raise_missing_key(p, key);
    p->key = key;
    p->is_fixed = false;
    answer = parse_item(p, value);
    p->is_fixed = was_fixed;
    p->key = outer_key;
    return answer;
}

static int parse_dict(struct parser *p, trv_object *object)
{
    bool is_optional = false;
    char letter;

    if (trv__enter_recursion(" in a format") < 0)
        return -1;
    if (object && !trv__type_derives(object->type, &trv__dict_type))
        return raise_type(p, "dict", object);
    while ((letter = trv__format_letter(&p->at)) != '}') {
        if (!letter)
            return raise_bad_format(p);
        if (letter == '|') {
            is_optional = true;
            p->at++;
        } else if (parse_entry(p, object, is_optional) < 0) {
            return -1;
        }
    }
    p->at++;
    return 0;
}

static int parse_item(struct parser *p, trv_object *object)
{
    char letter = trv__format_letter(&p->at);

    p->at++;
    switch (letter) {
    case 'i':
        return parse_int(p, object);
    case 'l':
        return parse_int64(p, object);
    case 'z':
        return parse_size(p, object);
    case 'd':
        return parse_float(p, object);
    case 'b':
        return parse_bool(p, object);
    case 'n':
        return parse_none(p, object);
    case 's':
        return parse_str(p, object);
    case 'y':
        return parse_bytes(p, object);
    case 'o':
        return parse_object(p, object);
    case '(':
        return parse_sequence(p, object, ')');
    case '[':
        return parse_sequence(p, object, ']');
    case '{':
        return parse_dict(p, object);
    default:
        p->at--;
        return raise_bad_format(p);
    }
}

/* Whole formats -------------------------------------------------------------------------------- */

/* More arguments than the format has are the function's own business if its signature takes any
 * number of them. */
static int check_count(const trv_args *args, struct counts counts)
{
    size_t required, most;

    for (size_t i = 0; i < counts.required; i++)
        if (i >= args->count || !args->items[i])
            return trv__raise_missing(args->function, args->items, args->count, counts.required);
    if (args->count <= counts.most)
        return 0;
    if (args->function && trv__signature_counts(args->function->signature, &required, &most) &&
        most == SIZE_MAX)
        return 0;
    return trv__raise_too_many(args->function, counts.required, counts.most, args->count);
}

/* The common case in one pass: as many arguments as letters, all of them small ints, floats or
 * objects. False if anything is otherwise, whatever variables were set by then. */
static inline bool parse_plain(const trv_args *args, const char *format, va_list *arguments)
{
    trv_object *const *items = args->items;
    size_t count = args->count;

    for (size_t i = 0; i < count; i++) {
        trv_object *object = items[i];
        if (UNLIKELY(!object))
            return false;
        switch (format[i]) {
        case 'l':
            if (!trv__is_small_int(object))
                return false;
            *va_arg(*arguments, int64_t *) = trv__int_value(object);
            break;
        case 'i':
            if (!trv__is_small_int(object) || trv__int_value(object) != (int)trv__int_value(object))
                return false;
            *va_arg(*arguments, int *) = (int)trv__int_value(object);
            break;
        case 'd':
            if (object->type != &trv__float_type)
                return false;
            *va_arg(*arguments, double *) = trv__float_value(object);
            break;
        case 'o':
            *va_arg(*arguments, trv_object **) = object;
            break;
        default:
            return false;
        }
    }
    return format[count] == 0;
}

static __attribute__((noinline)) int parse_any(const trv_args *args, const char *format,
                                               va_list *arguments)
{
    struct parser parser = {.at = format,
                            .whole = format,
                            .arguments = arguments,
                            .spec = args->function,
                            .is_call = true,
                            .is_fixed = true};

    if (check_count(args, count_items(format)) < 0)
        return -1;
    return parse_items(&parser, args->items, args->count, 0);
}

int trv_parse(const trv_args *args, const char *format, ...)
{
    va_list arguments;
    bool is_parsed;
    int answer = 0;

    va_start(arguments, format);
    is_parsed = LIKELY(format) && parse_plain(args, format, &arguments);
    va_end(arguments);
    if (LIKELY(is_parsed))
        return 0;
    va_start(arguments, format);
    answer = parse_any(args, format ? format : "", &arguments);
    va_end(arguments);
    return answer;
}

static int raise_item_count(struct counts counts, size_t count)
{
    bool few = count < counts.required;
    size_t wanted = few ? counts.required : counts.most;

    return trv_raise_int(trv_TypeError, "expected %s%zu item%s, got %zu",
                         counts.required == counts.most ? ""
                         : few                          ? "at least "
                                                        : "at most ",
                         wanted, wanted == 1 ? "" : "s", count);
}

int trv_parse_tuple(trv_object *tuple, const char *format, ...)
{
    const char *whole = format ? format : "";
    va_list arguments;
    struct parser parser = {.at = whole, .whole = whole, .arguments = &arguments};
    struct counts counts = count_items(whole);
    trv_object *const *items;
    size_t count;
    int answer;

    if (!trv__given(tuple, "trv_parse_tuple"))
        return -1;
    if (!is_sequence(tuple))
        return trv_raise_int(trv_TypeError, "trv_parse_tuple needs a tuple or list, not %s",
                             tuple->type->name);
    parser.is_fixed = trv__type_derives(tuple->type, &trv__tuple_type);
    items = sequence_items(tuple, &count);
    if (count < counts.required || count > counts.most)
        return raise_item_count(counts, count);
    va_start(arguments, format);
    answer = parse_items(&parser, items, count, 0);
    va_end(arguments);
    return answer;
}
