/* SPDX-License-Identifier: MIT */
/*
 * Text of exceptions under way, with the margin that the members of a group stand behind.
 */
#ifndef TRV_OBJECT_ERROR_TEXT_H
#define TRV_OBJECT_ERROR_TEXT_H

#include "object/exception.h"

/* All lines of a traceback. */
#define TRV__NO_LIMIT INT32_MAX

/* Text that grows. After a failure, which sets MemoryError, further writes do nothing. */
struct trv__text {
    char *bytes;
    size_t size, capacity;
    unsigned depth;  /* how many groups it is in: each line begins with a margin then */
    char margin;     /* '|' */
    bool is_in_line; /* the margin of the line has been written */
    bool has_failed;
};

void trv__text_add(struct trv__text *text, const char *bytes, size_t size);
void trv__text_add_string(struct trv__text *text, const char *string);
void trv__text_add_object(struct trv__text *text, trv_object *str);
void trv__text_printf(struct trv__text *text, const char *format, ...) TRV_PRINTF(2, 3);
/* Writes a line with no margin but indented as much as one would be. */
void trv__text_add_rule(struct trv__text *text, const char *line);
/* Makes it a str and frees the bytes. */
trv_object *trv__text_finish(struct trv__text *text);

/* The lines of a traceback: the outermost `limit` ones, or the innermost -limit ones. */
void trv__text_add_places(struct trv__text *text, const struct trv__trail *places, int limit);
/* "Type: message" and the notes; with is_plain, no code of a type made at run time runs. */
void trv__text_add_exception_only(struct trv__text *text, trv_object *exception, bool is_plain);

#endif
