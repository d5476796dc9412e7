/* SPDX-License-Identifier: MIT */
/*
 * Intrusive doubly linked lists: a ring whose head is a node of its own.
 *
 * A node that is in no list points to itself, so taking a node out twice is harmless and
 * "is it in a list" is one comparison. The head must not move.
 */
#ifndef TRV_BASE_LIST_H
#define TRV_BASE_LIST_H

#include "base/base.h"

struct trv__list {
    struct trv__list *next, *previous;
};

static inline void trv__list_init(struct trv__list *node)
{
    node->next = node->previous = node;
}

static inline bool trv__list_is_empty(const struct trv__list *head)
{
    return head->next == head;
}

static inline bool trv__list_is_linked(const struct trv__list *node)
{
    return node->next != node;
}

static inline void trv__list_insert_before(struct trv__list *node, struct trv__list *place)
{
    node->next = place;
    node->previous = place->previous;
    place->previous->next = node;
    place->previous = node;
}

static inline void trv__list_append(struct trv__list *head, struct trv__list *node)
{
    trv__list_insert_before(node, head);
}

static inline void trv__list_prepend(struct trv__list *head, struct trv__list *node)
{
    trv__list_insert_before(node, head->next);
}

static inline void trv__list_remove(struct trv__list *node)
{
    node->previous->next = node->next;
    node->next->previous = node->previous;
    trv__list_init(node);
}

/* Takes the first node out; NULL if there is none. */
static inline struct trv__list *trv__list_pop(struct trv__list *head)
{
    struct trv__list *node = head->next;

    if (node == head)
        return NULL;
    trv__list_remove(node);
    return node;
}

/* Moves all nodes of `from` to the end of `to`. */
static inline void trv__list_splice(struct trv__list *to, struct trv__list *from)
{
    if (trv__list_is_empty(from))
        return;
    from->next->previous = to->previous;
    to->previous->next = from->next;
    from->previous->next = to;
    to->previous = from->previous;
    trv__list_init(from);
}

/* Walks a list; the current node may be taken out. */
#define LIST_EACH(node, head)                                                                      \
    for (struct trv__list *node = (head)->next, *node##_next = node->next; node != (head);         \
         node = node##_next, node##_next = node->next)

#endif
