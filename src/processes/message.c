/* SPDX-License-Identifier: MIT */
/*
 * Packing, writing, reading and unpacking messages: see message.h.
 *
 * A message is a row of pieces: the head, the sizes of the parts, the pickle, each part, the
 * padding. Both sides walk along them with a piece number and an offset. Large pieces are
 * published every QUANTUM bytes, so that the other side copies while this one does, and what it
 * copies is still in a cache.
 */
#include "processes/message.h"

#include "base/fault.h"
#include "types/bytes.h"

#include <sys/mman.h>

#define QUANTUM ((size_t)(TRV_TINY ? 32 : 32 * 1024))
/* What no honest message exceeds: sizes are checked before anything is made of them. */
#define SIZE_MOST (UINT64_C(1) << 46)
#define PARTS_MOST (UINT32_C(1) << 26)
#define HUGE_PAGE ((size_t)1 << 21)
/* Space kept from message to message. */
#define KEPT_MOST ((size_t)1 << 18)

enum { PIECE_HEAD, PIECE_SIZES, PIECE_PICKLE, PIECE_PARTS };

static const char padding[8];

/* Packing --------------------------------------------------------------------------------------------- */

static int put_part(void *data, trv_object *bytes)
{
    struct trv__packer *packer = data;

    if (trv__as_bytes(bytes)->size < TRV__PART_LEAST)
        return 0;
    if (packer->part_count == packer->part_capacity) {
        size_t capacity = packer->part_capacity ? 2 * packer->part_capacity : 16;
        void *grown = FAULT() ? NULL : realloc(packer->parts, capacity * sizeof *packer->parts);
        if (!grown)
            return trv_raise_int(trv_MemoryError, "out of memory");
        packer->parts = grown;
        packer->part_capacity = capacity;
    }
    packer->parts[packer->part_count++] = trv_ref(bytes);
    return 1;
}

static void take_back_parts(void *data)
{
    struct trv__packer *packer = data;

    while (packer->part_count)
        trv_unref(packer->parts[--packer->part_count]);
}

void trv__packer_init(struct trv__packer *packer, struct trv__images *images)
{
    *packer = (struct trv__packer){.link = {.is_trusted = true,
                                            .images = images,
                                            .put_buffer = put_part,
                                            .take_back = take_back_parts,
                                            .data = packer}};
}

void trv__packer_fini(struct trv__packer *packer)
{
    trv__packer_clear(packer);
    trv__buffer_free(&packer->pickle);
    free(packer->parts);
    packer->parts = NULL;
    packer->part_capacity = 0;
}

void trv__packer_clear(struct trv__packer *packer)
{
    take_back_parts(packer);
    packer->pickle.size = 0;
    if (packer->pickle.capacity > KEPT_MOST)
        trv__buffer_free(&packer->pickle);
}

int trv__packer_pack(struct trv__packer *packer, trv_object *object)
{
    ASSERT(!packer->part_count && !packer->pickle.size);
    if (trv__pickle_dump(object, &packer->pickle, &packer->link) == 0)
        return 0;
    trv__packer_clear(packer);
    return -1;
}

/* Writing --------------------------------------------------------------------------------------------- */

void trv__outgoing_begin(struct trv__outgoing *outgoing, enum trv__message_kind kind, uint32_t cell,
                         uint32_t ticket)
{
    *outgoing = (struct trv__outgoing){.head = {.kind = kind, .cell = cell, .ticket = ticket}};
}

static size_t padding_of(uint64_t size)
{
    return (size_t)(-size & 7);
}

void trv__outgoing_fill(struct trv__outgoing *outgoing, const char *pickle, size_t pickle_size,
                        trv_object *const *parts, size_t part_count)
{
    uint64_t size = pickle_size + part_count * sizeof(uint64_t);

    for (size_t i = 0; i < part_count; i++)
        size += trv__as_bytes(parts[i])->size;
    outgoing->pickle = pickle;
    outgoing->parts = parts;
    outgoing->head.pickle_size = pickle_size;
    outgoing->head.part_count = (uint32_t)part_count;
    outgoing->padding = padding_of(size);
    outgoing->head.body_size = size + outgoing->padding;
}

/* Writes from a piece what there is room for. */
static enum trv__progress write_piece(struct trv__outgoing *outgoing, struct trv__ring *ring,
                                      const void *data, size_t size)
{
    while (outgoing->offset < size) {
        size_t left = size - outgoing->offset, step = MIN_OF(left, QUANTUM), room;
        if (!trv__ring_room(ring, step, &room))
            return TRV__CORRUPT;
        if (!room) {
            trv__ring_publish_written(ring);
            return TRV__IN_PART;
        }
        step = MIN_OF(step, room);
        trv__ring_write(ring, (const char *)data + outgoing->offset, step);
        outgoing->offset += step;
        if (step == QUANTUM)
            trv__ring_publish_written(ring);
    }
    outgoing->offset = 0;
    outgoing->piece++;
    return TRV__IN_FULL;
}

/* The sizes are made one by one, as the place in them is a multiple of their width or starts
 * within one. */
static enum trv__progress write_sizes(struct trv__outgoing *outgoing, struct trv__ring *ring)
{
    while (outgoing->offset < outgoing->head.part_count * sizeof(uint64_t)) {
        size_t within = outgoing->offset % sizeof(uint64_t), room;
        uint64_t size = trv__as_bytes(outgoing->parts[outgoing->offset / sizeof(uint64_t)])->size;
        size_t step = sizeof size - within;
        if (!trv__ring_room(ring, step, &room))
            return TRV__CORRUPT;
        if (!room) {
            trv__ring_publish_written(ring);
            return TRV__IN_PART;
        }
        step = MIN_OF(step, room);
        trv__ring_write(ring, (const char *)&size + within, step);
        outgoing->offset += step;
    }
    outgoing->offset = 0;
    outgoing->piece++;
    return TRV__IN_FULL;
}

static enum trv__progress write_next(struct trv__outgoing *outgoing, struct trv__ring *ring)
{
    const struct trv__message *head = &outgoing->head;
    size_t part = outgoing->piece - PIECE_PARTS;

    switch (outgoing->piece) {
    case PIECE_HEAD:
        return write_piece(outgoing, ring, head, sizeof *head);
    case PIECE_SIZES:
        return write_sizes(outgoing, ring);
    case PIECE_PICKLE:
        return write_piece(outgoing, ring, outgoing->pickle, head->pickle_size);
    default:
        if (part < head->part_count)
            return write_piece(outgoing, ring, trv__as_bytes(outgoing->parts[part])->data,
                               trv__as_bytes(outgoing->parts[part])->size);
        return write_piece(outgoing, ring, padding, outgoing->padding);
    }
}

enum trv__progress trv__outgoing_write(struct trv__outgoing *outgoing, struct trv__ring *ring)
{
    size_t pieces = PIECE_PARTS + outgoing->head.part_count + 1;

    while (outgoing->piece < pieces) {
        enum trv__progress progress = write_next(outgoing, ring);
        if (progress != TRV__IN_FULL)
            return progress;
    }
    trv__ring_publish_written(ring);
    return TRV__IN_FULL;
}

/* Reading --------------------------------------------------------------------------------------------- */

static trv_object *next_part(void *data)
{
    struct trv__incoming *incoming = data;

    if (incoming->next_part >= incoming->head.part_count)
        return trv_raise(trv_UnpicklingError, "a message has fewer parts than its pickle says");
    return trv_ref(incoming->parts[incoming->next_part++]);
}

void trv__incoming_init(struct trv__incoming *incoming, struct trv__images *images)
{
    *incoming = (struct trv__incoming){
        .link = {.is_trusted = true, .images = images, .next_buffer = next_part, .data = incoming}};
}

void trv__incoming_fini(struct trv__incoming *incoming)
{
    trv__incoming_clear(incoming);
    trv__buffer_free(&incoming->pickle);
}

void trv__incoming_clear(struct trv__incoming *incoming)
{
    if (incoming->parts)
        for (size_t i = 0; i < incoming->head.part_count; i++)
            trv_clear(&incoming->parts[i]);
    free(incoming->parts);
    free(incoming->sizes);
    incoming->parts = NULL;
    incoming->sizes = NULL;
    incoming->pickle.size = 0;
    if (incoming->pickle.capacity > KEPT_MOST)
        trv__buffer_free(&incoming->pickle);
    incoming->piece = incoming->offset = incoming->next_part = 0;
    incoming->body_read = 0;
    incoming->is_lost = false;
}

static bool head_is_sound(const struct trv__message *head)
{
    return head->kind > 0 && head->kind < TRV__MESSAGE_KINDS && head->part_count <= PARTS_MOST &&
           head->pickle_size <= SIZE_MOST && head->body_size <= SIZE_MOST &&
           head->pickle_size + head->part_count * sizeof(uint64_t) <= head->body_size;
}

/* Reads into a piece (or drops it, to NULL) what is there. */
static enum trv__progress read_piece(struct trv__incoming *incoming, struct trv__ring *ring,
                                     void *to, size_t size)
{
    while (incoming->offset < size) {
        size_t left = size - incoming->offset, step = MIN_OF(left, QUANTUM), available;
        if (!trv__ring_available(ring, step, &available))
            return TRV__CORRUPT;
        if (!available)
            return TRV__IN_PART;
        step = MIN_OF(step, available);
        trv__ring_read(ring, to ? (char *)to + incoming->offset : NULL, step);
        incoming->offset += step;
        if (incoming->piece != PIECE_HEAD)
            incoming->body_read += step;
        if (step == QUANTUM)
            trv__ring_publish_read(ring);
    }
    incoming->offset = 0;
    incoming->piece++;
    return TRV__IN_FULL;
}

/* The sizes arrived: they must add up. */
static bool sizes_are_sound(const struct trv__incoming *incoming)
{
    const struct trv__message *head = &incoming->head;
    uint64_t size = head->pickle_size + head->part_count * sizeof(uint64_t);

    for (size_t i = 0; i < head->part_count; i++) {
        if (incoming->sizes[i] > SIZE_MOST)
            return false;
        size += incoming->sizes[i];
        if (size > head->body_size)
            return false;
    }
    return size + padding_of(size) == head->body_size;
}

/* There is no memory for this message: what is left of it is passed over. */
static void lose(struct trv__incoming *incoming)
{
    trv_error_clear();
    incoming->is_lost = true;
}

static enum trv__progress read_head(struct trv__incoming *incoming, struct trv__ring *ring)
{
    struct trv__message *head = &incoming->head;
    enum trv__progress progress = read_piece(incoming, ring, head, sizeof *head);

    if (progress != TRV__IN_FULL)
        return progress;
    if (!head_is_sound(head)) {
        head->part_count = 0;
        return TRV__CORRUPT;
    }
    if (head->part_count) {
        incoming->sizes = FAULT() ? NULL : calloc(head->part_count, sizeof *incoming->sizes);
        incoming->parts = FAULT() ? NULL : calloc(head->part_count, sizeof *incoming->parts);
        if (!incoming->sizes || !incoming->parts)
            lose(incoming);
    }
    return TRV__IN_FULL;
}

static enum trv__progress read_sizes(struct trv__incoming *incoming, struct trv__ring *ring)
{
    enum trv__progress progress =
        read_piece(incoming, ring, incoming->sizes, incoming->head.part_count * sizeof(uint64_t));

    if (progress == TRV__IN_FULL && !sizes_are_sound(incoming))
        return TRV__CORRUPT;
    return progress;
}

static enum trv__progress read_pickle(struct trv__incoming *incoming, struct trv__ring *ring)
{
    size_t size = incoming->head.pickle_size;

    if (incoming->pickle.capacity < size && trv__buffer_reserve(&incoming->pickle, size) < 0) {
        lose(incoming);
        return TRV__IN_FULL;
    }
    incoming->pickle.size = size;
    return read_piece(incoming, ring, incoming->pickle.data, size);
}

/* Fresh memory costs more at its first touch than copying into it does, unless its pages are huge. */
static trv_object *make_part(size_t size)
{
    struct trv__bytes *bytes = trv__bytes_allocate(size);

    if (bytes && size >= 2 * HUGE_PAGE) {
        uintptr_t first = ROUND_UP((uintptr_t)bytes->data, HUGE_PAGE);
        uintptr_t end = ((uintptr_t)bytes->data + size) & ~(HUGE_PAGE - 1);
        madvise((void *)first, end - first, MADV_HUGEPAGE);
    }
    return (trv_object *)bytes;
}

static enum trv__progress read_part(struct trv__incoming *incoming, struct trv__ring *ring,
                                    size_t index)
{
    size_t size = incoming->sizes[index];

    if (!incoming->parts[index])
        incoming->parts[index] = make_part(size);
    if (!incoming->parts[index]) {
        lose(incoming);
        return TRV__IN_FULL;
    }
    return read_piece(incoming, ring, trv__as_bytes(incoming->parts[index])->data, size);
}

/* What is left, of a lost message or as padding. */
static enum trv__progress skip_rest(struct trv__incoming *incoming, struct trv__ring *ring)
{
    size_t end = incoming->offset + (size_t)(incoming->head.body_size - incoming->body_read);

    return read_piece(incoming, ring, NULL, end);
}

static enum trv__progress read_next(struct trv__incoming *incoming, struct trv__ring *ring)
{
    size_t part = incoming->piece - PIECE_PARTS;

    if (incoming->piece == PIECE_HEAD)
        return read_head(incoming, ring);
    if (incoming->is_lost)
        return skip_rest(incoming, ring);
    if (incoming->piece == PIECE_SIZES)
        return read_sizes(incoming, ring);
    if (incoming->piece == PIECE_PICKLE)
        return read_pickle(incoming, ring);
    if (part < incoming->head.part_count)
        return read_part(incoming, ring, part);
    return skip_rest(incoming, ring);
}

static bool is_complete(const struct trv__incoming *incoming)
{
    if (incoming->piece == PIECE_HEAD || incoming->body_read < incoming->head.body_size)
        return false;
    return incoming->is_lost || incoming->piece > PIECE_PICKLE + incoming->head.part_count;
}

enum trv__progress trv__incoming_read(struct trv__incoming *incoming, struct trv__ring *ring)
{
    uint64_t before = ring->own;
    enum trv__progress progress = TRV__IN_FULL;

    while (progress == TRV__IN_FULL && !is_complete(incoming))
        progress = read_next(incoming, ring);
    if (ring->own != before)
        trv__ring_publish_read(ring);
    return progress;
}

trv_object *trv__incoming_load(struct trv__incoming *incoming)
{
    ASSERT(is_complete(incoming));
    if (incoming->is_lost)
        return trv_raise(trv_MemoryError, "out of memory");
    incoming->next_part = 0;
    return trv__pickle_load(incoming->pickle.data, incoming->pickle.size, &incoming->link, NULL);
}
