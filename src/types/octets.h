/* SPDX-License-Identifier: MIT */
/*
 * What bytes and bytearray have in common: nearly all methods, arithmetic, comparison, repr.
 *
 * Every function looks at the octets of an object, its own and its arguments', through a buffer: so
 * what it looks at cannot be moved by code that it calls, and any object with memory to offer will
 * do as an argument. Results are made of the type of the receiver. Letters are those of ASCII.
 */
#ifndef TRV_TYPES_OCTETS_H
#define TRV_TYPES_OCTETS_H

#include "types/arguments.h"
#include "types/builder.h"

#include "trivet/buffer.h"

/* A buffer that is released at the end of its scope. */
#define TRV__AUTO_BUFFER __attribute__((cleanup(trv_buffer_release))) trv_buffer

/* Octets of the same type as an object: bytes or a bytearray. */
trv_object *trv__octets_like(const trv_object *object, const void *data, size_t size);
/* The same of a builder, which ends; or NULL if `status` says that making it failed. */
trv_object *trv__octets_finish(const trv_object *object, struct trv__builder *b, int status);

/* Slots --------------------------------------------------------------------------------------- */

int trv__octets_binary(trv_object *a, trv_object *b, trv_binary op, trv_object **result);
int trv__octets_contains(trv_object *self, trv_object *item);
/* Compares two objects with memory to offer; TRV_UNKNOWN if one has none. */
int trv__octets_compare(trv_object *self, trv_object *other, trv_comparison op);
/* "b'...'"; inside the repr of a bytearray the single quote is escaped in any case, as in Python. */
int trv__octets_add_repr(struct trv__builder *b, const void *data, size_t size, bool is_array);
/* The value of an octet; -1 with TypeError, or ValueError "<what> must be in range(0, 256)". */
int trv__octet_value(trv_object *object, const char *what);
/* What the type `name` makes of an object that is no str: a bytes object. */
trv_object *trv__octets_from(const char *name, trv_object *source);
/* The arguments of a call of bytes or bytearray, whose keywords are bound. */
struct trv__octets_source {
    const char *name;   /* of the type */
    trv_object *source; /* this and the next are views, NULL if they are missing */
    const char *encoding, *errors;
};
int trv__octets_source_get(const trv_args *args, struct trv__octets_source *from);
/* What they make: a bytes object. */
trv_object *trv__octets_of(const struct trv__octets_source *from);
/* Two hexadecimal digits for each octet, with a separator or NULL between groups of `group`, counted
 * from the right, or from the left if that is negative. */
trv_object *trv__hex_digits(const unsigned char *data, size_t size, trv_object *separator,
                            int64_t group);
/* The arguments of the method hex: 0, or -1. */
int trv__octets_parse_hex(const trv_args *args, trv_object **separator, int64_t *group);

/* Searching: the octets to look for are an object's, or one int. */
struct trv__needle {
    trv_buffer buffer; /* released by the caller */
    unsigned char octet;
    const unsigned char *data;
    size_t size;
};
int trv__needle_get(struct trv__needle *needle, trv_object *object);

/* Methods ------------------------------------------------------------------------------------- */

/* Each with its name, signature and file; the entries are trv__octets_<name>. */
#define TRV__OCTETS_METHODS(X)                                                                     \
    X(capitalize, "capitalize(): a capital first, and all else in lower case")                     \
    X(center, "center(width, fillchar=, /): padded on both sides")                                 \
    X(count, "count(sub, start=, end=, /): how often it is there")                                 \
    X(decode, "decode(encoding=, errors=): the str that they say")                                 \
    X(endswith, "endswith(suffix, start=, end=, /): whether they end so")                          \
    X(expandtabs, "expandtabs(tabsize=): with spaces for tabs")                                    \
    X(find, "find(sub, start=, end=, /): where it is first, or -1")                                \
    X(hex, "hex(sep=, bytes_per_sep=): two hexadecimal digits for each byte")                      \
    X(index, "index(sub, start=, end=, /): where it is first")                                     \
    X(isalnum, "isalnum(): whether all are letters or digits")                                     \
    X(isalpha, "isalpha(): whether all are letters")                                               \
    X(isascii, "isascii(): whether all is ASCII")                                                  \
    X(isdigit, "isdigit(): whether all are digits")                                                \
    X(islower, "islower(): whether all letters are small")                                         \
    X(isspace, "isspace(): whether all is white space")                                            \
    X(istitle, "istitle(): whether words, and nothing else, begin with capitals")                  \
    X(isupper, "isupper(): whether all letters are capitals")                                      \
    X(join, "join(iterable, /): its items with these between")                                     \
    X(ljust, "ljust(width, fillchar=, /): padded on the right")                                    \
    X(lower, "lower(): in lower case")                                                             \
    X(lstrip, "lstrip(bytes=, /): without white space on the left")                                \
    X(partition, "partition(sep, /): before, separator, after")                                    \
    X(removeprefix, "removeprefix(prefix, /): without it")                                         \
    X(removesuffix, "removesuffix(suffix, /): without it")                                         \
    X(replace, "replace(old, new, count=, /): with one put for the other")                         \
    X(rfind, "rfind(sub, start=, end=, /): where it is last, or -1")                               \
    X(rindex, "rindex(sub, start=, end=, /): where it is last")                                    \
    X(rjust, "rjust(width, fillchar=, /): padded on the left")                                     \
    X(rpartition, "rpartition(sep, /): the same from the right")                                   \
    X(rsplit, "rsplit(sep=, maxsplit=): a list of parts, from the right")                          \
    X(rstrip, "rstrip(bytes=, /): without white space on the right")                               \
    X(split, "split(sep=, maxsplit=): a list of parts")                                            \
    X(splitlines, "splitlines(keepends=): a list of lines")                                        \
    X(startswith, "startswith(prefix, start=, end=, /): whether they begin so")                    \
    X(strip, "strip(bytes=, /): without white space at both ends")                                 \
    X(swapcase, "swapcase(): capitals small, and the others capital")                              \
    X(title, "title(): capitals at the beginning of words")                                        \
    X(translate, "translate(table, /, delete=): with each octet looked up there")                  \
    X(upper, "upper(): in upper case")                                                             \
    X(zfill, "zfill(width, /): with zeros on the left, after the sign")

#define TRV__OCTETS_DECLARE(name, signature) trv_object *trv__octets_##name(const trv_args *args);
TRV__OCTETS_METHODS(TRV__OCTETS_DECLARE)
#undef TRV__OCTETS_DECLARE

/* A row of a method table. */
#define TRV__OCTETS_ROW(name, signature) {#name, signature, trv__octets_##name},

extern const struct trv__method trv__octets_class_methods[];

#endif
