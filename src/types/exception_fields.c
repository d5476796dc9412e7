/* SPDX-License-Identifier: MIT */
/*
 * What some exceptions hold besides their arguments, and what they say.
 *
 * A kind of exceptions is a built-in type and all that derive from it. Its fields are filled from the
 * arguments when one is made, as Python's __init__ does; they can be set afterwards, and those of a
 * group cannot. A field that was never set is None.
 *
 *   OSError         with arguments (number, text[, file name[, ignored, second file name]]) it
 *                   becomes the type that fits the number; file names leave the arguments
 *   SystemExit      code is the argument, or the tuple of them
 *   Unicode...      (encoding, object, start, end, reason); those that the library raises with a
 *                   text alone have no fields
 *   groups          a message and a tuple of exceptions, see exception_group.c
 */
#include "object/exception.h"
#include "types/bytes.h"
#include "types/str.h"
#include "types/utf8.h"

#include <errno.h>
#include <stdio.h>

typedef int fill_function(trv_object *exception, trv_object *const *items, size_t count,
                          trv_object *keywords);

struct kind {
    const char *names[TRV__FIELDS_MOST]; /* NULL: none, or not seen by users */
    uint8_t count;
    fill_function *fill;
};

/* Filling -------------------------------------------------------------------------------------- */

int trv__exception_have_fields(trv_object *object)
{
    struct trv__exception *exception = trv__exception(object);

    if (!exception->fields)
        exception->fields =
            trv__allocate_zeroed(trv__exception_fields_count(object) * sizeof *exception->fields);
    return exception->fields ? 0 : -1;
}

static int set(trv_object *exception, int field, trv_object *value)
{
    trv_object *old;

    if (trv__exception_have_fields(exception) < 0)
        return -1;
    old = trv__exception(exception)->fields[field];
    trv__exception(exception)->fields[field] = trv_ref(value);
    trv_unref(old);
    return 0;
}

/* Sets fields by their names in a dict; the first of them begins at `field`. */
static int fill_keywords(trv_object *exception, trv_object *keywords, int count)
{
    trv_object *key, *value;
    size_t position = 0, given = 0;
    int answer = 0;

    if (!keywords)
        return 0;
    if (trv_dict_len(keywords, &given) < 0)
        return -1;
    if (given > (size_t)count)
        return trv_raise_int(trv_TypeError, "%s() takes at most %d keyword argument%s (%zu given)",
                             exception->type->name, count, count == 1 ? "" : "s", given);
    while (answer == 0 && trv_dict_next(keywords, &position, &key, &value) > 0) {
        const char *name = trv_str_utf8(key, NULL);
        int field = name ? trv__exception_find_field(exception, name) : -1;
        if (field < 0 || field >= count)
            answer = trv_raise_int(trv_TypeError, "'%s' is an invalid keyword argument for %s()",
                                   name ? name : "?", exception->type->name);
        else
            answer = set(exception, field, value);
        trv_unref(key);
        trv_unref(value);
    }
    return answer;
}

static int fill_attribute_error(trv_object *exception, trv_object *const *items TRV_UNUSED,
                                size_t count TRV_UNUSED, trv_object *keywords)
{
    return fill_keywords(exception, keywords, 2);
}

static int fill_name_error(trv_object *exception, trv_object *const *items TRV_UNUSED,
                           size_t count TRV_UNUSED, trv_object *keywords)
{
    return fill_keywords(exception, keywords, 1);
}

enum { FIELD_IMPORT_MSG = 2 };

static int fill_import_error(trv_object *exception, trv_object *const *items, size_t count,
                             trv_object *keywords)
{
    if (count == 1 && set(exception, FIELD_IMPORT_MSG, items[0]) < 0)
        return -1;
    return fill_keywords(exception, keywords, 2);
}

static int fill_stop_iteration(trv_object *exception, trv_object *const *items, size_t count,
                               trv_object *keywords TRV_UNUSED)
{
    return count ? set(exception, 0, items[0]) : 0;
}

static int fill_system_exit(trv_object *exception, trv_object *const *items, size_t count,
                            trv_object *keywords TRV_UNUSED)
{
    if (count == 0)
        return 0;
    return set(exception, 0, count == 1 ? items[0] : trv__exception(exception)->args);
}

static int fill_os_error(trv_object *exception, trv_object *const *items, size_t count,
                         trv_object *keywords TRV_UNUSED)
{
    trv_object *args, *old;

    if (count < 2 || count > 5)
        return 0;
    if (set(exception, TRV__FIELD_ERRNO, items[0]) < 0 ||
        set(exception, TRV__FIELD_STRERROR, items[1]) < 0)
        return -1;
    if (count == 2 || trv_is_none(items[2]))
        return 0;
    if (set(exception, TRV__FIELD_FILENAME, items[2]) < 0 ||
        (count == 5 && !trv_is_none(items[4]) &&
         set(exception, TRV__FIELD_FILENAME2, items[4]) < 0))
        return -1;
    args = trv_tuple_new(items, 2);
    if (!args)
        return -1;
    old = trv__exception(exception)->args;
    trv__exception(exception)->args = args;
    trv_unref(old);
    return 0;
}

static int raise_wrong_argument(int number, const trv_object *item)
{
    return trv_raise_int(trv_TypeError, "argument %d must be str, not %s", number,
                         item->type->name);
}

/* `position` starts, ends and reason, which all the Unicode errors have. */
static int fill_unicode_end(trv_object *exception, trv_object *const *items, int number)
{
    for (int i = 0; i < 2; i++)
        if (!trv__type_derives(items[i]->type, &trv__int_type))
            return trv_raise_int(trv_TypeError, "'%s' object cannot be interpreted as an integer",
                                 items[i]->type->name);
    if (!trv__type_derives(items[2]->type, &trv__str_type))
        return raise_wrong_argument(number, items[2]);
    for (int i = 0; i < 3; i++)
        if (set(exception, TRV__FIELD_START + i, items[i]) < 0)
            return -1;
    return 0;
}

static int raise_count(size_t wanted, size_t given)
{
    return trv_raise_int(trv_TypeError, "function takes exactly %zu arguments (%zu given)", wanted,
                         given);
}

static int fill_unicode(trv_object *exception, trv_object *const *items, size_t count,
                        trv_object *keywords TRV_UNUSED)
{
    bool is_decode = trv__exception_kind(exception) == TRV__UNICODE_DECODE_ERROR;

    if (count != 5)
        return raise_count(5, count);
    if (!trv__type_derives(items[0]->type, &trv__str_type))
        return raise_wrong_argument(1, items[0]);
    if (is_decode && !trv__type_derives(items[1]->type, &trv__bytes_type))
        return trv_raise_int(trv_TypeError, "a bytes-like object is required, not '%s'",
                             items[1]->type->name);
    if (!is_decode && !trv__type_derives(items[1]->type, &trv__str_type))
        return raise_wrong_argument(2, items[1]);
    if (set(exception, TRV__FIELD_ENCODING, items[0]) < 0 ||
        set(exception, TRV__FIELD_OBJECT, items[1]) < 0)
        return -1;
    return fill_unicode_end(exception, items + 2, 5);
}

static int fill_unicode_translate(trv_object *exception, trv_object *const *items, size_t count,
                                  trv_object *keywords TRV_UNUSED)
{
    if (count != 4)
        return raise_count(4, count);
    if (!trv__type_derives(items[0]->type, &trv__str_type))
        return raise_wrong_argument(1, items[0]);
    if (set(exception, TRV__FIELD_OBJECT, items[0]) < 0)
        return -1;
    return fill_unicode_end(exception, items + 1, 4);
}

#define UNICODE_NAMES                                                                              \
    {                                                                                              \
        "encoding", "object", "start", "end", "reason"                                             \
    }

static const struct kind kinds[] = {
    [TRV__ATTRIBUTE_ERROR] = {{"name", "obj"}, 2, fill_attribute_error},
    [TRV__IMPORT_ERROR] = {{"name", "path", "msg"}, 3, fill_import_error},
    [TRV__NAME_ERROR] = {{"name"}, 1, fill_name_error},
    [TRV__OS_ERROR] = {{"errno", "strerror", "filename", "filename2"}, 4, fill_os_error},
    [TRV__STOP_ITERATION] = {{"value"}, 1, fill_stop_iteration},
    [TRV__SYSTEM_EXIT] = {{"code"}, 1, fill_system_exit},
    [TRV__UNICODE_ENCODE_ERROR] = {UNICODE_NAMES, TRV__FIELDS_MOST, fill_unicode},
    [TRV__UNICODE_DECODE_ERROR] = {UNICODE_NAMES, TRV__FIELDS_MOST, fill_unicode},
    [TRV__UNICODE_TRANSLATE_ERROR] = {{NULL, "object", "start", "end", "reason"},
                                      TRV__FIELDS_MOST,
                                      fill_unicode_translate},
    [TRV__EXCEPTION_GROUP] = {{"message", "exceptions"}, 2, trv__exception_group_fill},
};

static const struct kind *kind_of(const trv_object *exception)
{
    return &kinds[trv__exception_kind(exception)];
}

static bool has_keywords(trv_object *exception)
{
    switch (trv__exception_kind(exception)) {
    case TRV__ATTRIBUTE_ERROR:
    case TRV__IMPORT_ERROR:
    case TRV__NAME_ERROR:
        return true;
    default:
        return false;
    }
}

int trv__exception_fill(trv_object *exception, trv_object *keywords)
{
    const struct kind *kind = kind_of(exception);
    /* What was in the fields ends, which may set other arguments. */
    trv_auto trv_object *args = trv_ref(trv__exception(exception)->args);
    size_t count, given = 0;
    trv_object *const *items = trv__tuple_items(args, &count);

    if (keywords && trv_dict_len(keywords, &given) < 0)
        return -1;
    if (given && !has_keywords(exception))
        return trv_raise_int(trv_TypeError, "%s() takes no keyword arguments",
                             exception->type->name);
    return kind->fill ? kind->fill(exception, items, count, given ? keywords : NULL) : 0;
}

size_t trv__exception_fields_count(const trv_object *exception)
{
    return kind_of(exception)->count;
}

int trv__exception_find_field(const trv_object *exception, const char *name)
{
    const struct kind *kind = kind_of(exception);

    for (int i = 0; i < kind->count; i++)
        if (kind->names[i] && !strcmp(kind->names[i], name))
            return i;
    return -1;
}

int trv__exception_set_field(trv_object *exception, int field, trv_object *value)
{
    enum trv__exception_kind kind = trv__exception_kind(exception);
    bool is_unicode = kind >= TRV__UNICODE_ENCODE_ERROR && kind <= TRV__UNICODE_TRANSLATE_ERROR;

    if (kind == TRV__EXCEPTION_GROUP)
        return trv_raise_int(trv_AttributeError, "readonly attribute");
    if (is_unicode && (field == TRV__FIELD_START || field == TRV__FIELD_END)) {
        if (!value)
            return trv_raise_int(trv_TypeError, "can't delete numeric/char attribute");
        if (!trv__type_derives(value->type, &trv__int_type))
            return trv_raise_int(trv_TypeError, "an integer is required");
    }
    return set(exception, field, value);
}

/* OSError's subtypes --------------------------------------------------------------------------- */

static const trv_object *oserror_handle(int64_t number)
{
    switch (number) {
    case EAGAIN:
#if EWOULDBLOCK != EAGAIN
    case EWOULDBLOCK:
#endif
    case EALREADY:
    case EINPROGRESS:
        return trv_BlockingIOError;
    case ECHILD:
        return trv_ChildProcessError;
    case EPIPE:
    case ESHUTDOWN:
        return trv_BrokenPipeError;
    case ECONNABORTED:
        return trv_ConnectionAbortedError;
    case ECONNREFUSED:
        return trv_ConnectionRefusedError;
    case ECONNRESET:
        return trv_ConnectionResetError;
    case EEXIST:
        return trv_FileExistsError;
    case ENOENT:
        return trv_FileNotFoundError;
    case EINTR:
        return trv_InterruptedError;
    case EISDIR:
        return trv_IsADirectoryError;
    case ENOTDIR:
        return trv_NotADirectoryError;
    case EACCES:
    case EPERM:
        return trv_PermissionError;
    case ESRCH:
        return trv_ProcessLookupError;
    case ETIMEDOUT:
        return trv_TimeoutError;
    default:
        return trv_OSError;
    }
}

const struct trv_type *trv__oserror_type(int64_t number)
{
    return trv__type_of_handle(oserror_handle(number));
}

const struct trv_type *trv__exception_type_for(const struct trv_type *type, const trv_args *args)
{
    int64_t number;

    if (type != trv__type_of_handle(trv_OSError) || args->count < 2 || args->count > 5 ||
        !trv__type_derives(args->items[0]->type, &trv__int_type))
        return type;
    if (trv_int_get(args->items[0], &number) < 0) {
        trv_error_clear();
        return type;
    }
    return trv__oserror_type(number);
}

/* Text ----------------------------------------------------------------------------------------- */

/* A field as a str or repr. It is held, because its own code may set another. */
static trv_object *shown(trv_object *field, trv_object *(*show)(trv_object *))
{
    trv_auto trv_object *held = field ? trv_ref(field) : trv_none_new();

    return show(held);
}

static trv_object *os_error_str(trv_object *const *fields)
{
    trv_auto trv_object *number = NULL, *text = NULL, *name = NULL, *second = NULL;

    if (!fields || (!fields[TRV__FIELD_FILENAME] &&
                    !(fields[TRV__FIELD_ERRNO] && fields[TRV__FIELD_STRERROR])))
        return NULL;
    if (!(number = shown(fields[TRV__FIELD_ERRNO], trv_str)) ||
        !(text = shown(fields[TRV__FIELD_STRERROR], trv_str)))
        return NULL;
    if (!fields[TRV__FIELD_FILENAME])
        return trv_str_printf("[Errno %s] %s", trv_str_utf8(number, NULL),
                              trv_str_utf8(text, NULL));
    if (!(name = shown(fields[TRV__FIELD_FILENAME], trv_repr)))
        return NULL;
    if (!fields[TRV__FIELD_FILENAME2])
        return trv_str_printf("[Errno %s] %s: %s", trv_str_utf8(number, NULL),
                              trv_str_utf8(text, NULL), trv_str_utf8(name, NULL));
    if (!(second = shown(fields[TRV__FIELD_FILENAME2], trv_repr)))
        return NULL;
    return trv_str_printf("[Errno %s] %s: %s -> %s", trv_str_utf8(number, NULL),
                          trv_str_utf8(text, NULL), trv_str_utf8(name, NULL),
                          trv_str_utf8(second, NULL));
}

/* The character of a str at an index that it has, as Python escapes it; false with an exception set. */
static bool escape_character(trv_object *str, int64_t index, char escaped[16])
{
    trv_auto trv_object *character = trv_str_slice(str, index, index + 1);
    const char *text;
    uint32_t code;

    if (!character)
        return false;
    text = trv_str_utf8(character, NULL);
    code = trv__utf8_next(&text);
    snprintf(escaped, 16, code <= 0xff ? "\\x%02x" : code <= 0xffff ? "\\u%04x" : "\\U%08x", code);
    return true;
}

/* How many bytes or characters are in what could not be converted; anything may have been set. */
static int size_of(const trv_object *object, bool is_bytes, size_t *size)
{
    if (!trv__type_derives(object->type, is_bytes ? &trv__bytes_type : &trv__str_type))
        return trv_raise_int(trv_TypeError, "object attribute must be %s",
                             is_bytes ? "bytes" : "unicode");
    *size = is_bytes ? trv__as_bytes(object)->size : trv__as_str(object)->length;
    return 0;
}

/* What stands at `start`, if it is one that there is: 1, 0 or -1. */
static int name_one(trv_object *const *fields, bool is_bytes, char name[40])
{
    trv_object *object = fields[TRV__FIELD_OBJECT];
    int64_t start, end;
    char escaped[16];
    size_t size;

    if (!object || size_of(object, is_bytes, &size) < 0 ||
        trv_int_get(fields[TRV__FIELD_START], &start) < 0 ||
        trv_int_get(fields[TRV__FIELD_END], &end) < 0)
        return object ? -1 : 0;
    if (start < 0 || (uint64_t)start >= size || end != start + 1)
        return 0;
    if (is_bytes) {
        snprintf(name, 40, "byte 0x%02x", trv__as_bytes(object)->data[start]);
        return 1;
    }
    if (!escape_character(object, start, escaped))
        return -1;
    snprintf(name, 40, "character '%s'", escaped);
    return 1;
}

/* `how`: "'utf-8' codec can't decode". */
static trv_object *position_str(trv_object *const *fields, const char *how, bool is_bytes)
{
    trv_auto trv_object *reason = shown(fields[TRV__FIELD_REASON], trv_str);
    char name[40];
    int64_t start, end;
    int is_one;

    if (!reason || (is_one = name_one(fields, is_bytes, name)) < 0 ||
        trv_int_get(fields[TRV__FIELD_START], &start) < 0 ||
        trv_int_get(fields[TRV__FIELD_END], &end) < 0)
        return NULL;
    if (is_one)
        return trv_str_printf("%s %s in position %lld: %s", how, name, (long long)start,
                              trv_str_utf8(reason, NULL));
    return trv_str_printf("%s %s in position %lld-%lld: %s", how, is_bytes ? "bytes" : "characters",
                          (long long)start, (long long)(end - 1), trv_str_utf8(reason, NULL));
}

static trv_object *unicode_str(trv_object *exception, trv_object *const *fields)
{
    bool is_decode = trv__exception_kind(exception) == TRV__UNICODE_DECODE_ERROR;
    trv_auto trv_object *encoding = NULL, *how = NULL;

    if (!fields || !fields[TRV__FIELD_START] || !fields[TRV__FIELD_END])
        return NULL;
    if (!fields[TRV__FIELD_OBJECT])
        return trv_str_new("");
    if (trv__exception_kind(exception) == TRV__UNICODE_TRANSLATE_ERROR)
        return position_str(fields, "can't translate", false);
    if (!(encoding = shown(fields[TRV__FIELD_ENCODING], trv_str)))
        return NULL;
    how = trv_str_printf("'%s' codec can't %s", trv_str_utf8(encoding, NULL),
                         is_decode ? "decode" : "encode");
    return how ? position_str(fields, trv_str_utf8(how, NULL), is_decode) : NULL;
}

trv_object *trv__exception_kind_str(trv_object *exception)
{
    trv_object *const *fields = trv__exception(exception)->fields;

    switch (trv__exception_kind(exception)) {
    case TRV__OS_ERROR:
        return os_error_str(fields);
    case TRV__UNICODE_ENCODE_ERROR:
    case TRV__UNICODE_DECODE_ERROR:
    case TRV__UNICODE_TRANSLATE_ERROR:
        return unicode_str(exception, fields);
    case TRV__EXCEPTION_GROUP:
        return fields ? trv__exception_group_str(exception) : NULL;
    case TRV__IMPORT_ERROR:
        return fields && fields[FIELD_IMPORT_MSG] &&
                       trv__type_derives(fields[FIELD_IMPORT_MSG]->type, &trv__str_type)
                   ? trv_ref(fields[FIELD_IMPORT_MSG])
                   : NULL;
    default:
        return NULL;
    }
}

trv_object *trv__exception_reduce_args(trv_object *exception)
{
    trv_object *args = trv__exception(exception)->args, *const * items, *name, *second;
    size_t count;

    if (!args)
        return trv_tuple_new(NULL, 0);
    items = trv__tuple_items(args, &count);
    if (trv__exception_kind(exception) != TRV__OS_ERROR || count != 2 ||
        !(name = trv__exception_field(exception, TRV__FIELD_FILENAME)))
        return trv_ref(args);
    second = trv__exception_field(exception, TRV__FIELD_FILENAME2);
    return trv_tuple_new((trv_object *[]){items[0], items[1], name, trv_none_new(), second},
                         second ? 5 : 3);
}
