/* SPDX-License-Identifier: MIT */
/*
 * Reads signatures and binds keyword arguments to them; see signature.h for the rules.
 *
 * A binding holds a reference to every argument that came by keyword, because the dict it came
 * from may be changed while the function runs; arguments by position are views, as in any call.
 * Invariant: items beyond args.count are NULL, and owned[i] is items[i] or NULL.
 */
#include "object/signature.h"

/* A list of quoted names, or whatever else a message needs that is cut when too long. */
struct text {
    char bytes[256];
    size_t length;
};

static void text_add(struct text *text, const char *bytes, size_t length)
{
    length = MIN_OF(length, sizeof text->bytes - 1 - text->length);
    memcpy(text->bytes + text->length, bytes, length);
    text->length += length;
    text->bytes[text->length] = 0;
}

const char *trv__signature_parameters(const char *signature)
{
    const char *p = signature;

    while (p && *p && *p != '(' && *p != ':')
        p++;
    return p && *p == '(' ? p + 1 : NULL;
}

/* The end of a parameter: the comma or parenthesis that is in no quotes and no brackets. */
static const char *skip_parameter(const char *p)
{
    int depth = 0;
    char quote = 0;

    for (; *p; p++) {
        if (quote)
            quote = *p == quote ? 0 : quote;
        else if (*p == '\'' || *p == '"')
            quote = *p;
        else if (*p == '(' || *p == '[' || *p == '{')
            depth++;
        else if (depth == 0 && (*p == ',' || *p == ')'))
            break;
        else if (*p == ')' || *p == ']' || *p == '}')
            depth--;
    }
    return p;
}

bool trv__parameter_next(const char **cursor, struct trv__parameter *parameter)
{
    const char *p = *cursor;
    size_t stars;

    p += strspn(p, " ,");
    if (!*p || *p == ')')
        return false;
    stars = strspn(p, "*");
    p += stars;
    parameter->name = p;
    parameter->length = strcspn(p, "=,): ");
    p += parameter->length;
    p += strspn(p, " ");
    parameter->kind = stars == 1  ? TRV__PARAMETER_REST
                      : stars > 1 ? TRV__PARAMETER_KEYWORDS
                      : *p == '=' ? TRV__PARAMETER_OPTIONAL
                                  : TRV__PARAMETER_REQUIRED;
    *cursor = skip_parameter(p);
    return true;
}

static size_t count_parameters(const char *signature)
{
    const char *cursor = trv__signature_parameters(signature);
    struct trv__parameter parameter;
    size_t count = 0;

    while (trv__parameter_next(&cursor, &parameter))
        count++;
    return count;
}

bool trv__signature_counts(const char *signature, size_t *required, size_t *most)
{
    const char *cursor = trv__signature_parameters(signature);
    struct trv__parameter parameter = {.kind = TRV__PARAMETER_REQUIRED};

    *required = *most = 0;
    if (!cursor)
        return false;
    while (trv__parameter_next(&cursor, &parameter) && parameter.kind <= TRV__PARAMETER_OPTIONAL) {
        ++*most;
        if (parameter.kind == TRV__PARAMETER_REQUIRED)
            *required = *most;
    }
    if (parameter.kind == TRV__PARAMETER_REST)
        *most = SIZE_MAX;
    return true;
}

const char *trv__spec_name(const trv_function_spec *spec)
{
    return spec && spec->name ? spec->name : "function";
}

int trv__raise_too_many(const trv_function_spec *spec, size_t required, size_t most, size_t given)
{
    const char *name = trv__spec_name(spec);
    const char *were = given == 1 ? "was" : "were";

    if (required < most)
        return trv_raise_int(trv_TypeError,
                             "%s() takes from %zu to %zu positional arguments but %zu %s given",
                             name, required, most, given, were);
    return trv_raise_int(trv_TypeError, "%s() takes %zu positional argument%s but %zu %s given",
                         name, most, most == 1 ? "" : "s", given, were);
}

/* "'a'", "'a' and 'b'", "'a', 'b', and 'c'": one name more, of `total`. */
static void add_name(struct text *text, const struct trv__parameter *parameter, size_t index,
                     size_t total)
{
    if (index > 0)
        text_add(text, total > 2 ? ", " : " ", total > 2 ? 2 : 1);
    if (index > 0 && index == total - 1)
        text_add(text, "and ", 4);
    text_add(text, "'", 1);
    text_add(text, parameter->name, parameter->length);
    text_add(text, "'", 1);
}

static bool is_missing(trv_object *const *items, size_t count, size_t i)
{
    return i >= count || !items[i];
}

int trv__raise_missing(const trv_function_spec *spec, trv_object *const *items, size_t count,
                       size_t required)
{
    const char *cursor = spec ? trv__signature_parameters(spec->signature) : NULL;
    struct trv__parameter parameter;
    struct text names = {.length = 0};
    size_t missing = 0, named = 0;

    for (size_t i = 0; i < required; i++)
        missing += is_missing(items, count, i);
    for (size_t i = 0; cursor && i < required && trv__parameter_next(&cursor, &parameter) &&
                       parameter.kind <= TRV__PARAMETER_OPTIONAL;
         i++)
        if (is_missing(items, count, i))
            add_name(&names, &parameter, named++, missing);
    if (named == missing)
        return trv_raise_int(trv_TypeError, "%s() missing %zu required positional argument%s: %s",
                             trv__spec_name(spec), missing, missing == 1 ? "" : "s", names.bytes);
    return trv_raise_int(trv_TypeError, "%s() missing %zu required positional argument%s",
                         trv__spec_name(spec), missing, missing == 1 ? "" : "s");
}

/* The position of the parameter a keyword names; SIZE_MAX if it has none. *is_taken tells whether
 * such a keyword may be left to the function. */
static size_t find_parameter(const char *cursor, const char *name, size_t length, bool *may_stay)
{
    struct trv__parameter parameter;
    size_t found = SIZE_MAX;
    bool is_position = true;

    *may_stay = false;
    for (size_t i = 0; trv__parameter_next(&cursor, &parameter); i++) {
        bool same = parameter.length == length && memcmp(parameter.name, name, length) == 0;
        if (parameter.kind == TRV__PARAMETER_REST)
            is_position = false;
        else if (parameter.kind == TRV__PARAMETER_KEYWORDS)
            *may_stay = true;
        else if (same && is_position)
            found = i;
        else if (same)
            *may_stay = true;
    }
    return found;
}

static int leave_keyword(struct trv__binding *binding, trv_object *key, trv_object *value)
{
    if (!binding->left && !(binding->left = trv_dict_new()))
        return -1;
    return trv_dict_set(binding->left, key, value);
}

static int bind_keyword(struct trv__binding *binding, const trv_function_spec *spec,
                        trv_object *key, trv_object *value)
{
    const char *name;
    size_t length, where;
    bool may_stay;

    if (!trv__type_derives(key->type, &trv__str_type))
        return trv_raise_int(trv_TypeError, "keywords must be strings");
    if (!(name = trv_str_utf8(key, &length)))
        return -1;
    where = find_parameter(trv__signature_parameters(spec->signature), name, length, &may_stay);
    if (where == SIZE_MAX && may_stay)
        return leave_keyword(binding, key, value);
    if (where == SIZE_MAX)
        return trv_raise_int(trv_TypeError, "%s() got an unexpected keyword argument '%s'",
                             trv__spec_name(spec), name);
    if (binding->items[where])
        return trv_raise_int(trv_TypeError, "%s() got multiple values for argument '%s'",
                             trv__spec_name(spec), name);
    binding->items[where] = binding->owned[where] = trv_ref(value);
    binding->args.count = MAX_OF(binding->args.count, where + 1);
    return 0;
}

static int bind_keywords(struct trv__binding *binding, const trv_function_spec *spec,
                         trv_object *keywords)
{
    trv_object *key, *value;
    size_t position = 0;
    int more, bad = 0;

    while (!bad && (more = trv_dict_next(keywords, &position, &key, &value)) != 0) {
        if (more < 0)
            return -1;
        bad = bind_keyword(binding, spec, key, value);
        trv_unref(key);
        trv_unref(value);
    }
    return bad;
}

/* Required parameters after the star can only come by keyword. */
static int check_keyword_only(struct trv__binding *binding, const trv_function_spec *spec)
{
    const char *cursor = trv__signature_parameters(spec->signature);
    struct trv__parameter parameter;
    bool after_star = false;

    while (trv__parameter_next(&cursor, &parameter)) {
        trv_auto trv_object *name = NULL;
        int there = 0;
        after_star |= parameter.kind == TRV__PARAMETER_REST;
        if (!after_star || parameter.kind != TRV__PARAMETER_REQUIRED)
            continue;
        if (!(name = trv_str_new_sized(parameter.name, parameter.length)))
            return -1;
        if (binding->left && (there = trv_contains(binding->left, name)) < 0)
            return -1;
        if (!there)
            return trv_raise_int(trv_TypeError,
                                 "%s() missing 1 required keyword-only argument: '%.*s'",
                                 trv__spec_name(spec), (int)parameter.length, parameter.name);
    }
    return 0;
}

static int check_bound(struct trv__binding *binding, const trv_function_spec *spec, size_t required)
{
    for (size_t i = 0; i < required; i++)
        if (!binding->items[i])
            return trv__raise_missing(spec, binding->items, binding->args.count, required);
    return check_keyword_only(binding, spec);
}

static int make_room(struct trv__binding *binding, size_t capacity)
{
    binding->items = binding->small;
    binding->capacity = TRV__BINDING_INLINE;
    if (capacity > TRV__BINDING_INLINE) {
        if (!(binding->items = trv__allocate(2 * capacity * sizeof *binding->items)))
            return -1;
        binding->capacity = capacity;
    }
    binding->owned = binding->items + binding->capacity;
    memset(binding->items, 0, 2 * binding->capacity * sizeof *binding->items);
    return 0;
}

int trv__bind(struct trv__binding *binding, const trv_function_spec *spec, const trv_args *raw)
{
    size_t required, most;

    binding->args = *raw;
    binding->items = NULL;
    binding->left = NULL;
    if (!trv__expect(raw->keywords, &trv__dict_type, trv__spec_name(spec)))
        return -1;
    if (!trv__signature_counts(spec->signature, &required, &most))
        return 0;
    if (raw->count > most)
        return trv__raise_too_many(spec, required, most, raw->count);
    if (make_room(binding, MAX_OF(count_parameters(spec->signature), raw->count)) < 0)
        return -1;
    if (raw->count)
        memcpy(binding->items, raw->items, raw->count * sizeof *raw->items);
    binding->args.items = binding->items;
    binding->args.keywords = NULL;
    if (bind_keywords(binding, spec, raw->keywords) < 0 ||
        check_bound(binding, spec, required) < 0) {
        trv__unbind(binding);
        return -1;
    }
    binding->args.keywords = binding->left;
    return 0;
}

void trv__unbind(struct trv__binding *binding)
{
    if (!binding->items)
        return;
    for (size_t i = 0; i < binding->capacity; i++)
        trv_unref(binding->owned[i]);
    if (binding->items != binding->small)
        trv__free(binding->items, 2 * binding->capacity * sizeof *binding->items);
    trv_clear(&binding->left);
}
