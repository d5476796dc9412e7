/* SPDX-License-Identifier: MIT */
/*
 * str and bytes: immutable text and immutable octets.
 *
 * A str is a sequence of Unicode code points, held as UTF-8. Indices and lengths count code
 * points. Pointers into a str or bytes are views: valid as long as you hold the object.
 */
#ifndef TRIVET_TEXT_H
#define TRIVET_TEXT_H

#include <trivet/object.h>

TRV_BEGIN_DECLARATIONS

/* A str from NUL-terminated UTF-8. Raises: UnicodeDecodeError. */
TRV_API TRV_MUST_CHECK trv_object *trv_str_new(const char *utf8);
/* A str from `size` bytes of UTF-8, which may contain NUL. Raises: UnicodeDecodeError. */
TRV_API TRV_MUST_CHECK trv_object *trv_str_new_sized(const char *utf8, size_t size);
/* A str as printf would write it. Raises: UnicodeDecodeError. */
TRV_API TRV_MUST_CHECK trv_object *trv_str_printf(const char *format, ...) TRV_PRINTF(1, 2);
TRV_API TRV_MUST_CHECK trv_object *trv_str_vprintf(const char *format, va_list arguments)
    TRV_PRINTF(1, 0);
/* The UTF-8 of a str, NUL-terminated, and its size in bytes in *size unless that is NULL.
 * Returns: a view. Raises: TypeError. */
TRV_API TRV_MUST_CHECK const char *trv_str_utf8(trv_object *str, size_t *size);
/* The str's one representative: equal interned strings are one object. */
TRV_API TRV_MUST_CHECK trv_object *trv_intern(trv_object *str);
/* The code points from `start` up to `end`, cut to what is there; negative counts from the end. */
TRV_API TRV_MUST_CHECK trv_object *trv_str_slice(trv_object *str, int64_t start, int64_t end);
/* Where `needle` begins, in code points, or -1 in *index. Raises: TypeError. */
TRV_API TRV_MUST_CHECK int trv_str_find(trv_object *str, trv_object *needle, int64_t *index);
/* The strs of an iterable with `separator` between. Raises: TypeError. */
TRV_API TRV_MUST_CHECK trv_object *trv_str_join(trv_object *separator, trv_object *iterable);
/* A list of the parts between separators; of the words between white space if it is NULL or None.
 * At most `most` cuts are made unless that is negative. Raises: TypeError, ValueError if empty. */
TRV_API TRV_MUST_CHECK trv_object *trv_str_split(trv_object *str, trv_object *separator,
                                                 int64_t most);
/* The str with every `from` replaced by `to`. Raises: TypeError. */
TRV_API TRV_MUST_CHECK trv_object *trv_str_replace(trv_object *str, trv_object *from,
                                                   trv_object *to);
/* The str without white space at both ends. Raises: TypeError. */
TRV_API TRV_MUST_CHECK trv_object *trv_str_strip(trv_object *str);
/* The str in lower or upper case, or as it is to be compared without case. All letters of Unicode
 * have their full mappings, so that the length may change. Raises: TypeError. */
TRV_API TRV_MUST_CHECK trv_object *trv_str_lower(trv_object *str);
TRV_API TRV_MUST_CHECK trv_object *trv_str_upper(trv_object *str);
TRV_API TRV_MUST_CHECK trv_object *trv_str_casefold(trv_object *str);
/* The str in a normal form of Unicode: "NFC", "NFD", "NFKC" or "NFKD". Raises: TypeError, ValueError. */
TRV_API TRV_MUST_CHECK trv_object *trv_str_normalize(trv_object *str, const char *form);
/* How many columns of a terminal the str takes: two for a wide character, none for one that joins the
 * one before or controls. Raises: TypeError. */
TRV_API TRV_MUST_CHECK int trv_str_width(trv_object *str, size_t *columns);

/* The version of Unicode that all this is of, as "15.0.0". Returns: a string that lives for ever. */
TRV_API const char *trv_unicode_version(void);
/* What is known of a single character, by its code point. None of these can fail. */
/* Its category, two letters: "Lu". Returns: a string that lives for ever. */
TRV_API const char *trv_character_category(uint32_t c);
/* The value of a decimal digit, or of any digit, as that of a superscript two. Returns: -1 if it is none. */
TRV_API int trv_character_decimal(uint32_t c);
TRV_API int trv_character_digit(uint32_t c);
/* The number it stands for, in *value, which may be a fraction. Returns: 1, or 0 if it is none. */
TRV_API int trv_character_numeric(uint32_t c, double *value);
/* Whether the str begins or ends so. Returns: 1, 0, or -1. Raises: TypeError. */
TRV_API TRV_MUST_CHECK int trv_str_startswith(trv_object *str, trv_object *prefix);
TRV_API TRV_MUST_CHECK int trv_str_endswith(trv_object *str, trv_object *suffix);

/* The bytes of a str in an encoding: utf-8, ascii, latin-1, utf-16 or utf-32, these two also with -le or
 * -be for the order of bytes; NULL is utf-8. `errors` says what to do about a character that it has
 * no bytes for: "strict" (or NULL), "ignore", "replace", "backslashreplace", "xmlcharrefreplace".
 * Returns: bytes. Raises: TypeError, UnicodeEncodeError, LookupError for a name that is unknown. */
TRV_API TRV_MUST_CHECK trv_object *trv_str_encode(trv_object *str, const char *encoding,
                                                  const char *errors);
/* The str that bytes in an encoding say. Raises: UnicodeDecodeError, LookupError. */
TRV_API TRV_MUST_CHECK trv_object *trv_str_decode(const void *data, size_t size,
                                                  const char *encoding, const char *errors);

/* Bytes copied from memory; `data` may be NULL for zeros. */
TRV_API TRV_MUST_CHECK trv_object *trv_bytes_new(const void *data, size_t size);
/* The octets of a bytes object, and how many. Returns: a view. Raises: TypeError. */
TRV_API TRV_MUST_CHECK const void *trv_bytes_data(trv_object *bytes, size_t *size);
/* The bytes from `start` up to `end`, cut to what is there; negative counts from the end. */
TRV_API TRV_MUST_CHECK trv_object *trv_bytes_slice(trv_object *bytes, int64_t start, int64_t end);

TRV_END_DECLARATIONS

#endif
