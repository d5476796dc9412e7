/* SPDX-License-Identifier: MIT */
/*
 * Messages in a ring: a head, then a pickle, then large bytes objects as they are.
 *
 *     head | a size for each part | pickle | part | part ... | padding to 8 bytes
 *
 * Bytes objects from TRV__PART_LEAST up travel beside the pickle, so that they are copied once into
 * the ring and once out of it. A message may be longer than its ring: both sides keep a place in
 * it and go on when there is room or data.
 *
 * What arrives is copied into private memory and checked there. The reader trusts no size further
 * than to allocate that much, and if it cannot, the message is *lost*: read to its end and dropped.
 *
 * Everything here needs the GIL.
 */
#ifndef TRV_PROCESSES_MESSAGE_H
#define TRV_PROCESSES_MESSAGE_H

#include "pickle/pickle.h"
#include "processes/ring.h"

#define TRV__PART_LEAST (TRV_TINY ? 16 : 4096)

enum trv__message_kind {
    TRV__MESSAGE_CALL = 1,  /* (callable, arguments, keywords or None) */
    TRV__MESSAGE_RESULT,    /* what it returned */
    TRV__MESSAGE_EXCEPTION, /* what it raised */
    TRV__MESSAGE_CANCELLED, /* it ended with CancelledError */
    TRV__MESSAGE_NO_MEMORY, /* there was no memory to say how it ended */
    TRV__MESSAGE_UNFIT,     /* what the worker's initializer raised: it runs no calls */
    TRV__MESSAGE_KINDS
};

struct trv__message {
    uint32_t kind;
    uint32_t cell;   /* of the call, in the segment */
    uint32_t ticket; /* of the cell's use */
    uint32_t part_count;
    uint64_t pickle_size;
    uint64_t body_size; /* all that follows the head */
    uint64_t spent_ns;  /* of a result: how long the call ran */
};

/* Turns objects into pickles and parts. The space is used again and again. */
struct trv__packer {
    struct trv__pickle_link link; /* its `data` is the packer */
    struct trv__buffer pickle;
    trv_object **parts; /* owned */
    size_t part_count, part_capacity;
};

void trv__packer_init(struct trv__packer *packer, struct trv__images *images);
void trv__packer_fini(struct trv__packer *packer);
/* Leaves `object` in packer->pickle and packer->parts. 0, or -1 with an exception, and both empty. */
int trv__packer_pack(struct trv__packer *packer, trv_object *object);
/* Empties it for the next object. */
void trv__packer_clear(struct trv__packer *packer);

/* A message on its way out: what it is made of belongs to somebody else. */
struct trv__outgoing {
    struct trv__message head;
    const char *pickle;
    trv_object *const *parts;
    size_t padding;
    size_t piece, offset; /* how far it has come */
};

void trv__outgoing_begin(struct trv__outgoing *outgoing, enum trv__message_kind kind, uint32_t cell,
                         uint32_t ticket);
/* Gives it its content. */
void trv__outgoing_fill(struct trv__outgoing *outgoing, const char *pickle, size_t pickle_size,
                        trv_object *const *parts, size_t part_count);

enum trv__progress { TRV__IN_PART, TRV__IN_FULL, TRV__CORRUPT };

/* Writes as much as there is room for. */
enum trv__progress trv__outgoing_write(struct trv__outgoing *outgoing, struct trv__ring *ring);

/* A message on its way in. */
struct trv__incoming {
    struct trv__pickle_link link; /* its `data` is this struct */
    struct trv__message head;     /* checked once it is complete */
    struct trv__buffer pickle;
    uint64_t *sizes;      /* of the parts */
    trv_object **parts;   /* owned; NULL where not yet begun */
    size_t piece, offset; /* how far it has come */
    uint64_t body_read;
    size_t next_part; /* for the loader */
    bool is_lost;     /* there was no memory for it */
};

void trv__incoming_init(struct trv__incoming *incoming, struct trv__images *images);
void trv__incoming_fini(struct trv__incoming *incoming);
/* Reads as much as is there. IN_FULL: the message is complete, or lost. */
enum trv__progress trv__incoming_read(struct trv__incoming *incoming, struct trv__ring *ring);
/* The object of a complete message. NULL with an exception. */
trv_object *trv__incoming_load(struct trv__incoming *incoming);
/* Whether a message has been begun and is not complete. */
static inline bool trv__incoming_is_begun(const struct trv__incoming *incoming)
{
    return incoming->piece || incoming->offset;
}
/* Drops the message, complete or not, to be ready for the next. */
void trv__incoming_clear(struct trv__incoming *incoming);

#endif
