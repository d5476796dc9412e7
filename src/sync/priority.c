/* SPDX-License-Identifier: MIT */
/*
 * The heap behind priority queues. An item stands at i, what is not less than it at 2i+1 and 2i+2.
 *
 * Taking the least out leaves a gap at the top. As in heapq the gap sinks to the very bottom, always
 * to the lesser of two, and the last item then rises from there: that costs fewer comparisons than
 * asking at each step where to stop, because the last item nearly always belongs near the bottom.
 */
#include "sync/priority.h"

static size_t parent_of(size_t place)
{
    return (place - 1) / 2;
}

/* How far up from `place` an item rises: *place becomes where it belongs. `moved` is 1 if what stands
 * above `place` will have been moved down by one step by then, as after a gap has sunk. */
static int rise(trv_object *const *items, trv_object *item, size_t *place, size_t moved)
{
    while (*place > 0) {
        trv_object *above = items[moved ? *place : parent_of(*place)];
        int is_less = trv_compare(item, above, TRV_LESS);
        if (is_less < 0)
            return -1;
        if (!is_less)
            break;
        *place = parent_of(*place);
    }
    return 0;
}

int trv__priority_push_take(trv_object **items, size_t count, trv_object *item)
{
    size_t place = count, from = count;

    if (rise(items, item, &place, 0) < 0)
        return -1;
    for (; from != place; from = parent_of(from))
        items[from] = items[parent_of(from)];
    items[place] = item;
    return 0;
}

/* Where a gap at the top ends when it sinks among so many items: *place. */
static int sink(trv_object *const *items, size_t count, size_t *place)
{
    size_t child;

    for (*place = 0; (child = 2 * *place + 1) < count; *place = child) {
        int is_less = 1;
        if (child + 1 < count &&
            (is_less = trv_compare(items[child], items[child + 1], TRV_LESS)) < 0)
            return -1;
        child += !is_less;
    }
    return 0;
}

trv_object *trv__priority_pop(trv_object **items, size_t count)
{
    trv_object *carried = items[count - 1], *other;
    size_t place = 0;

    if (count == 1)
        return carried;
    if (sink(items, count - 1, &place) < 0 || rise(items, carried, &place, 1) < 0)
        return NULL;
    /* What stands on the way from there to the top moves up by one. */
    for (;; place = parent_of(place)) {
        other = items[place];
        items[place] = carried;
        carried = other;
        if (place == 0)
            return carried;
    }
}
