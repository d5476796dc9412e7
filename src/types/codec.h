/* SPDX-License-Identifier: MIT */
/*
 * Encodings: names, and what the files codec*.c share.
 *
 * utf-8, ascii, latin-1, utf-16 and utf-32, the last two also with a fixed order of bytes. Those
 * without one write a mark of their order first, and look for one when they read.
 *
 * A str holds no surrogates. So everything can be encoded but for ASCII and Latin-1, and what can
 * not be decoded can not be escaped into a str either: "surrogateescape" and "surrogatepass" are
 * known and behave as "strict".
 */
#ifndef TRV_TYPES_CODEC_H
#define TRV_TYPES_CODEC_H

#include "types/builder.h"
#include "types/str.h"

enum trv__codec {
    TRV__UTF_8,
    TRV__ASCII,
    TRV__LATIN_1,
    TRV__UTF_16,
    TRV__UTF_16_LE,
    TRV__UTF_16_BE,
    TRV__UTF_32,
    TRV__UTF_32_LE,
    TRV__UTF_32_BE,
    TRV__UNKNOWN_CODEC
};

/* TRV__UNKNOWN_CODEC with LookupError for a name that nobody has. NULL is utf-8. */
enum trv__codec trv__codec_of(const char *encoding);
/* The name in messages. */
const char *trv__codec_name(enum trv__codec codec);

/* The whole of it: `encoding` and `errors` are names, or NULL for utf-8 and "strict". */
trv_object *trv__encode(trv_object *str, const char *encoding, const char *errors);
trv_object *trv__decode(const void *data, size_t size, const char *encoding, const char *errors);

/* codec_decode.c: all but the texts that are plainly right. */
trv_object *trv__decode_slowly(enum trv__codec codec, const unsigned char *data, size_t size,
                               const char *errors);

/* codec_errors.c: what the handler `errors` makes of what cannot be converted: adds it to what is
 * being made, or raises. 0, or -1. */

/* Characters `start` to `end` of a str, which begin at `at`, that a codec of `limit` characters has no
 * bytes for. */
int trv__handle_unencodable(struct trv__builder *b, enum trv__codec codec, const char *errors,
                            trv_object *str, const char *at, size_t start, size_t end,
                            unsigned limit);
/* Bytes of `data` that a codec can make nothing of, and why. */
int trv__handle_undecodable(struct trv__builder *b, enum trv__codec codec, const char *errors,
                            const unsigned char *data, size_t size, size_t start, size_t end,
                            const char *reason);

#endif
