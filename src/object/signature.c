/* SPDX-License-Identifier: MIT */
/*
 * Reads signatures and binds keyword arguments to them; see signature.h for the rules.
 *
 * A binding holds a reference to every argument that came by keyword, because the dict it came
 * from may be changed while the function runs; arguments by position are views, as in any call.
 * Invariant: items beyond args.count are NULL, and owned[i] is items[i] or NULL.
 */
#include "object/signature.h"

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

static bool ends_name(char c)
{
    return !c || c == '=' || c == ',' || c == ')' || c == ':' || c == ' ';
}

/* Every call with keywords comes here some times for each parameter; strspn and its like take longer to begin
 * than these words are long. */
static bool read_parameter(const char **cursor, struct trv__parameter *parameter)
{
    const char *p = *cursor;
    size_t stars = 0;

    while (*p == ' ' || *p == ',')
        p++;
    if (!*p || *p == ')')
        return false;
    for (; *p == '*'; p++)
        stars++;
    parameter->name = p;
    while (!ends_name(*p))
        p++;
    parameter->length = (size_t)(p - parameter->name);
    while (*p == ' ')
        p++;
    parameter->literal = *p == '=' ? p + 1 : NULL;
    parameter->kind = stars == 1  ? TRV__PARAMETER_REST
                      : stars > 1 ? TRV__PARAMETER_KEYWORDS
                      : *p == '=' ? TRV__PARAMETER_OPTIONAL
                                  : TRV__PARAMETER_REQUIRED;
    *cursor = skip_parameter(p);
    return true;
}

static bool is_slash(const struct trv__parameter *parameter)
{
    return parameter->length == 1 && *parameter->name == '/';
}

bool trv__parameter_next(const char **cursor, struct trv__parameter *parameter)
{
    do
        if (!read_parameter(cursor, parameter))
            return false;
    while (is_slash(parameter));
    return true;
}

bool trv__signature_shape(const char *signature, struct trv__shape *shape)
{
    const char *cursor = trv__signature_parameters(signature);
    struct trv__parameter parameter;
    bool after_star = false;

    *shape = (struct trv__shape){0};
    while (cursor && read_parameter(&cursor, &parameter)) {
        bool is_named = parameter.kind <= TRV__PARAMETER_OPTIONAL;
        if (is_slash(&parameter)) {
            shape->has_slash = true;
            shape->position_only = shape->positions;
            continue;
        }
        shape->takes_keywords |= parameter.kind == TRV__PARAMETER_KEYWORDS;
        shape->takes_rest |= parameter.kind == TRV__PARAMETER_REST && parameter.length > 0;
        after_star |= parameter.kind == TRV__PARAMETER_REST;
        shape->named += is_named;
        shape->positions += is_named && !after_star;
        if (parameter.kind == TRV__PARAMETER_REQUIRED && !after_star)
            shape->required = shape->positions;
    }
    return cursor;
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
    if (parameter.kind == TRV__PARAMETER_REST && parameter.length)
        *most = SIZE_MAX;
    return true;
}

/* The position of the parameter a keyword names; SIZE_MAX if it has none. *is_taken tells whether
 * such a keyword may be left to the function. */
static size_t find_parameter(const char *cursor, const char *name, size_t length, bool *may_stay)
{
    struct trv__parameter parameter;
    size_t found = SIZE_MAX;
    bool is_position = true;

    *may_stay = false;
    for (size_t i = 0; read_parameter(&cursor, &parameter); i++) {
        bool same = parameter.length == length && memcmp(parameter.name, name, length) == 0;
        if (is_slash(&parameter)) {
            found = SIZE_MAX;
            i--;
        } else if (parameter.kind == TRV__PARAMETER_REST)
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
        return trv__raise_unexpected(spec, name, binding->args.count);
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

static int check_bound(struct trv__binding *binding, const trv_function_spec *spec, size_t required,
                       const struct trv__closure *closure)
{
    for (size_t i = 0; i < required; i++)
        if (!binding->items[i])
            return trv__raise_missing(spec, binding->items, binding->args.count, required);
    return closure && closure->is_filled ? 0 : check_keyword_only(binding, spec);
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

/* How many parameters have the last defaults: those before the "*", of which these are the last. */
static size_t count_positions(const char *signature)
{
    struct trv__shape shape;

    return trv__signature_shape(signature, &shape) ? shape.positions : 0;
}

static int fill_positions(struct trv__binding *binding, size_t positions, trv_object *defaults)
{
    size_t count, first;
    trv_object *const *items;

    if (!defaults || !trv__type_derives(defaults->type, &trv__tuple_type))
        return 0;
    items = trv__tuple_items(defaults, &count);
    first = positions - MIN_OF(count, positions);
    for (size_t i = first; i < positions; i++)
        if (!binding->items[i]) {
            binding->items[i] = binding->owned[i] = trv_ref(items[count - positions + i]);
            binding->args.count = MAX_OF(binding->args.count, i + 1);
        }
    return 0;
}

static int fill_keywords(struct trv__binding *binding, trv_object *defaults)
{
    trv_object *key, *value;
    size_t position = 0;
    int status = 0;

    if (!defaults || !trv__type_derives(defaults->type, &trv__dict_type))
        return 0;
    while (status == 0 && trv_dict_next(defaults, &position, &key, &value) > 0) {
        int there = binding->left ? trv_contains(binding->left, key) : 0;
        if (there <= 0)
            status = there < 0 ? -1 : leave_keyword(binding, key, value);
        trv_unref(key);
        trv_unref(value);
    }
    return status;
}

static int fill_defaults(struct trv__binding *binding, const trv_function_spec *spec,
                         const struct trv__closure *closure)
{
    trv_auto trv_object *positions = NULL;
    trv_auto trv_object *by_name = NULL;

    if (!closure || !closure->extra || !(closure->flags & TRV__HAS_DEFAULTS))
        return 0;
    positions = trv_ref(closure->defaults);
    if (!closure->is_filled && trv_dict_get_str(closure->extra, "__kwdefaults__", &by_name) < 0)
        return -1;
    if (fill_positions(binding,
                       closure->is_filled ? closure->positions : count_positions(spec->signature),
                       positions) < 0)
        return -1;
    return fill_keywords(binding, by_name);
}

int trv__bind(struct trv__binding *binding, const trv_function_spec *spec, const trv_args *raw,
              const struct trv__closure *closure)
{
    size_t required, most, parameters;

    binding->args = *raw;
    binding->items = NULL;
    binding->left = NULL;
    if (raw->keywords && !trv__expect(raw->keywords, &trv__dict_type, trv__spec_name(spec)))
        return -1;
    if (raw->keywords && trv_truth(raw->keywords) > 0 && trv__takes_no_keywords(spec))
        return trv__raise_no_keywords(spec);
    if (!trv__signature_counts(spec->signature, &required, &most))
        return 0;
    if (raw->count > most)
        return trv__raise_too_many(spec, required, most, raw->count);
    /* What a function noted of its signature when it was given defaults need not be read again. */
    parameters =
        closure && closure->is_filled ? closure->positions : count_parameters(spec->signature);
    if (make_room(binding, MAX_OF(parameters, raw->count)) < 0)
        return -1;
    if (raw->count)
        memcpy(binding->items, raw->items, raw->count * sizeof *raw->items);
    binding->args.items = binding->items;
    binding->args.keywords = NULL;
    if ((raw->keywords && bind_keywords(binding, spec, raw->keywords) < 0) ||
        fill_defaults(binding, spec, closure) < 0 ||
        check_bound(binding, spec, required, closure) < 0) {
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
