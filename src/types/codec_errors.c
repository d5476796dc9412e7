/* SPDX-License-Identifier: MIT */
/*
 * What becomes of what cannot be encoded or decoded: the handlers that Python has by name, and the
 * exceptions of "strict". A name is only looked at when something is wrong, as in Python.
 */
#include "types/codec.h"

enum handler { STRICT, IGNORE, REPLACE, BACKSLASHREPLACE, XMLCHARREFREPLACE, UNKNOWN };

static enum handler handler_of(const char *errors)
{
    static const struct {
        char name[20];
        enum handler handler;
    } names[] = {
        {"strict", STRICT},
        {"ignore", IGNORE},
        {"replace", REPLACE},
        {"backslashreplace", BACKSLASHREPLACE},
        {"xmlcharrefreplace", XMLCHARREFREPLACE},
        {"surrogateescape", STRICT},
        {"surrogatepass", STRICT},
    };

    if (!errors)
        return STRICT;
    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (strcmp(errors, names[i].name) == 0)
            return names[i].handler;
    trv_raise(trv_LookupError, "unknown error handler name '%s'", errors);
    return UNKNOWN;
}

/* Exceptions ------------------------------------------------------------------------------------ */

/* Both tell by their fields what could not be converted, and where. */
static int raise_made(trv_object *exception)
{
    if (exception)
        trv_raise_object(exception);
    trv_unref(exception);
    return -1;
}

static int raise_undecodable(enum trv__codec codec, const unsigned char *data, size_t size,
                             size_t start, size_t end, const char *reason)
{
    return raise_made(trv_call(trv_UnicodeDecodeError, "s y z z s", trv__codec_name(codec), data,
                               size, start, end, reason));
}

static int raise_unencodable(enum trv__codec codec, trv_object *str, size_t start, size_t end,
                             unsigned limit)
{
    return raise_made(
        trv_call(trv_UnicodeEncodeError, "s o z z s", trv__codec_name(codec), str, start, end,
                 limit == 0x80 ? "ordinal not in range(128)" : "ordinal not in range(256)"));
}

/* Handlers -------------------------------------------------------------------------------------- */

int trv__handle_unencodable(struct trv__builder *b, enum trv__codec codec, const char *errors,
                            trv_object *str, const char *at, size_t start, size_t end,
                            unsigned limit)
{
    enum handler handler = handler_of(errors);
    int status = 0;

    if (handler == UNKNOWN)
        return -1;
    if (handler == STRICT)
        return raise_unencodable(codec, str, start, end, limit);
    for (; start < end && status == 0; start++) {
        uint32_t c = trv__utf8_next(&at);
        if (handler == REPLACE)
            status = trv__builder_add_char(b, '?');
        else if (handler == XMLCHARREFREPLACE)
            status = trv__builder_printf(b, "&#%u;", c);
        else if (handler == BACKSLASHREPLACE)
            status = trv__builder_printf(b,
                                         c <= 0xff     ? "\\x%02x"
                                         : c <= 0xffff ? "\\u%04x"
                                                       : "\\U%08x",
                                         c);
    }
    return status;
}

int trv__handle_undecodable(struct trv__builder *b, enum trv__codec codec, const char *errors,
                            const unsigned char *data, size_t size, size_t start, size_t end,
                            const char *reason)
{
    switch (handler_of(errors)) {
    case STRICT:
        return raise_undecodable(codec, data, size, start, end, reason);
    case IGNORE:
        return 0;
    case REPLACE:
        return trv__builder_add_text(b, "\xef\xbf\xbd");
    case BACKSLASHREPLACE:
        for (; start < end; start++)
            if (trv__builder_printf(b, "\\x%02x", data[start]) < 0)
                return -1;
        return 0;
    case XMLCHARREFREPLACE:
        return trv_raise_int(trv_TypeError, "don't know how to handle UnicodeDecodeError in error "
                                            "callback");
    default:
        return -1;
    }
}
