/* SPDX-License-Identifier: MIT */
/*
 * The layout of a str, and what other files of the library do with strs they know to be ones.
 *
 * A str is immutable: a count of bytes, a count of code points, and UTF-8 that was checked, with a
 * NUL after it. The two counts are equal exactly if the text is ASCII; then indices are offsets.
 * Behind the NUL of a long text that is not ASCII there is room for an index (str_index.c).
 *
 * The hash is found when first asked for; 0 stands for "not yet". The empty str and those of one
 * ASCII character exist once, in one block, and are immortal. TRV__TYPE_BIT says that the str is in
 * the table of interned ones (str_intern.c).
 */
#ifndef TRV_TYPES_STR_H
#define TRV_TYPES_STR_H

#include "object/number.h"
#include "types/utf8.h"

struct trv__str {
    TRV__HEAD;
    uint64_t hash; /* 0: not computed yet */
    size_t size;   /* in bytes, without the NUL */
    size_t length; /* in code points */
    char text[];
};

/* Strs that exist once: indexed by their character; the last is the empty one. */
#define TRV__EMPTY_STR 128
struct trv__str_shared {
    struct trv__str_slot {
        union {
            struct trv__str str;
            char room[sizeof(struct trv__str) + 8];
        };
    } slots[TRV__EMPTY_STR + 1];
};

static inline struct trv__str *trv__as_str(const trv_object *object)
{
    return (struct trv__str *)(uintptr_t)object;
}

static inline bool trv__is_str(const trv_object *object)
{
    return object->type == &trv__str_type;
}

/* The same, or of a class derived from str, which may compare and hash as it likes. */
static inline bool trv__is_any_str(const trv_object *object)
{
    return trv__is_str(object) || trv__is_of_class(object, &trv__str_type);
}

static inline bool trv__str_is_ascii(const struct trv__str *str)
{
    return str->size == str->length;
}

/* A str of which only the counts and the final NUL are set: the caller writes the text, and must
 * have checked it. If it may be shorter than two bytes, trv__str_settle comes after that. */
struct trv__str *trv__str_allocate(size_t size, size_t length);
/* Exchanges a str that was just written for the shared one if there is one. */
trv_object *trv__str_settle(struct trv__str *str);
/* A new reference to a str of text known to be UTF-8. */
trv_object *trv__str_from(const char *text, size_t size, size_t length);
/* The same where the number of code points is not known. */
trv_object *trv__str_from_checked(const char *text, size_t size);
/* The str of one code point. */
trv_object *trv__str_of_code_point(uint32_t c);
trv_object *trv__str_empty(void);
trv_object *trv__str_repr(trv_object *self);
trv_object *trv__str_repeat(trv_object *str, trv_object *count);

/* Indices (str_index.c): the bytes of a str with such counts, the room for its index included. */
size_t trv__str_bytes(size_t size, size_t length);
/* Says that the index, if there is room for one, was not made yet. */
void trv__str_begin_index(const struct trv__str *str);
/* The offset of an index that is at most the length. */
size_t trv__str_offset(const struct trv__str *str, size_t index);

/* Copies text; most texts are short, and a call of memcpy would cost more than all the rest. */
static inline void trv__copy_text(char *to, const char *from, size_t size)
{
    uint64_t head, tail;
    uint32_t short_head, short_tail;

    if (size > 16) {
        memcpy(to, from, size);
    } else if (size >= 8) {
        memcpy(&head, from, 8);
        memcpy(&tail, from + size - 8, 8);
        memcpy(to, &head, 8);
        memcpy(to + size - 8, &tail, 8);
    } else if (size >= 4) {
        memcpy(&short_head, from, 4);
        memcpy(&short_tail, from + size - 4, 4);
        memcpy(to, &short_head, 4);
        memcpy(to + size - 4, &short_tail, 4);
    } else if (size) {
        to[0] = from[0];
        to[size / 2] = from[size / 2];
        to[size - 1] = from[size - 1];
    }
}

/* The hash of a text: what trv__str_hash gives for a str of it. Never 0. */
static inline uint64_t trv__text_hash(const char *text, size_t size)
{
    uint64_t hash = trv__hash_bytes(&trv__current->objects->hash_key, text, size);

    return hash ? hash : 1;
}

static inline uint64_t trv__str_hash(trv_object *object)
{
    struct trv__str *str = trv__as_str(object);

    if (UNLIKELY(!str->hash))
        str->hash = trv__text_hash(str->text, str->size);
    return str->hash;
}

static inline bool trv__str_is_text(const trv_object *object, const char *text, size_t size)
{
    const struct trv__str *str = trv__as_str(object);

    return str->size == size && memcmp(str->text, text, size) == 0;
}

static inline bool trv__str_equal(const trv_object *a, const trv_object *b)
{
    return a == b || trv__str_is_text(a, trv__as_str(b)->text, trv__as_str(b)->size);
}

/* Interning (str_intern.c) -------------------------------------------------------------------- */

/* Makes the strs that exist once, and the empty table. 0, or -1 when out of memory. */
int trv__str_init(struct trv__objects *objects);
/* Frees them and the table. */
void trv__str_fini(struct trv__objects *objects);
/* An interned str ends: takes it out of the table. */
void trv__str_forget(struct trv__str *str);

#endif
