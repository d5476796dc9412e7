/* SPDX-License-Identifier: MIT */
/*
 * Sorting a list: a stable adaptive merge sort, Tim Peters' timsort; and, for long lists of numbers
 * or strs, a sort by ranks (list_rank.c).
 *
 * The items are taken out of the list while they are sorted, so that comparisons and key functions,
 * which are code of users, see an empty list; whatever they put into it is dropped at the end, and
 * the sort fails with ValueError. Sorting moves references and never makes or drops one: at every
 * moment at which a comparison can fail the slice is a permutation of what it was, apart from the
 * items that a merge holds in its spare room and puts back.
 *
 * Runs that already are in order (or strictly in reverse order) are found and used as they are;
 * short ones are made longer by binary insertion. Two neighbouring runs are merged after the parts
 * that already are in place at both ends were cut off; where one of them wins several times in a row,
 * how far it goes on is searched in steps that double. Keys of one type with an order that no user
 * can change (str, float, small int) are compared without a call of a slot. Many of these are sorted
 * by ranks; strs of the same rank are then sorted among themselves as above.
 */
#include "object/number.h"
#include "types/list.h"
#include "types/list_rank.h"
#include "types/str.h"

#include <math.h>

#define RUN_LEAST 32
/* As many keys are worth ranking. */
#define RANK_FROM ((size_t)(TRV_TINY ? 8 : 256))
/* After so many wins in a row, at first, it is searched how far they go. */
#define WINS 7
/* Runs waiting to be merged grow at least as the Fibonacci numbers do. */
#define RUNS_MOST 96

/* What is sorted: keys, and in step with them the values they are for, if these are others. */
struct slice {
    trv_object **keys;
    trv_object **values; /* or NULL */
};

struct run {
    size_t start, count;
};

struct sorter {
    struct slice slice;
    size_t count;
    int (*less)(trv_object *, trv_object *); /* 1, 0, -1 */
    struct slice spare; /* room for half of the items; keys is NULL until needed */
    struct run runs[RUNS_MOST];
    size_t run_count;
    size_t wins; /* WINS, or more where searching did not pay */
};

/* Order ------------------------------------------------------------------------------------- */

static int less_any(trv_object *a, trv_object *b)
{
    return trv_compare(a, b, TRV_LESS);
}

static int less_int(trv_object *a, trv_object *b)
{
    return trv__int_value(a) < trv__int_value(b);
}

static int less_float(trv_object *a, trv_object *b)
{
    return trv__float_value(a) < trv__float_value(b);
}

/* UTF-8 has the order of the code points. */
static int less_str(trv_object *a, trv_object *b)
{
    const struct trv__str *x = trv__as_str(a), *y = trv__as_str(b);
    int order = memcmp(x->text, y->text, MIN_OF(x->size, y->size));

    return order ? order < 0 : x->size < y->size;
}

/* A NaN has no place, and ranks would give it one. */
static bool is_ranked_float(const trv_object *key)
{
    return trv__is_float(key) && !isnan(trv__float_value(key));
}

static void choose_order(struct sorter *s)
{
    const trv_object *first = s->slice.keys[0];
    size_t i = 0;

    s->less = less_any;
    if (trv__is_small_int(first)) {
        while (i < s->count && trv__is_small_int(s->slice.keys[i]))
            i++;
        s->less = i == s->count ? less_int : less_any;
    } else if (trv__is_str(first)) {
        while (i < s->count && trv__is_str(s->slice.keys[i]))
            i++;
        s->less = i == s->count ? less_str : less_any;
    } else if (trv__is_float(first)) {
        while (i < s->count && is_ranked_float(s->slice.keys[i]))
            i++;
        s->less = i == s->count ? less_float : less_any;
    }
}

/* Whether keys of one plain type already are in order: each is touched once, and no call is made. */
static bool are_ints_in_order(trv_object *const *keys, size_t count)
{
    size_t i = 0;

    for (int64_t last = INT64_MIN; i < count && trv__is_small_int(keys[i]); i++) {
        int64_t value = trv__int_value(keys[i]);
        if (value < last)
            break;
        last = value;
    }
    return i == count;
}

/* A NaN is not even equal to itself, so that it is never in order. */
static bool are_floats_in_order(trv_object *const *keys, size_t count)
{
    size_t i = 0;

    for (double last = -INFINITY; i < count && trv__is_float(keys[i]); i++) {
        double value = trv__float_value(keys[i]);
        if (!(value >= last))
            break;
        last = value;
    }
    return i == count;
}

static bool are_strs_in_order(trv_object *const *keys, size_t count)
{
    size_t i = 1;

    while (i < count && trv__is_str(keys[i]) && !less_str(keys[i], keys[i - 1]))
        i++;
    return i == count;
}

/* Lists are often sorted that are so already: that is found before anything else is looked at. */
static bool is_in_order(const struct sorter *s)
{
    trv_object *const *keys = s->slice.keys;

    return trv__is_small_int(keys[0]) ? are_ints_in_order(keys, s->count)
           : trv__is_float(keys[0])   ? are_floats_in_order(keys, s->count)
           : trv__is_str(keys[0])     ? are_strs_in_order(keys, s->count)
                                      : false;
}

/* Slices ------------------------------------------------------------------------------------ */

static void copy_items(struct slice to, size_t at, struct slice from, size_t start, size_t count)
{
    memmove(to.keys + at, from.keys + start, count * sizeof *to.keys);
    if (from.values)
        memmove(to.values + at, from.values + start, count * sizeof *to.values);
}

static inline void copy_item(struct slice to, size_t at, struct slice from, size_t start)
{
    to.keys[at] = from.keys[start];
    if (from.values)
        to.values[at] = from.values[start];
}

static void reverse_array(trv_object **items, size_t count)
{
    for (size_t i = 0, j = count; i + 1 < j; i++) {
        trv_object *item = items[i];
        items[i] = items[--j];
        items[j] = item;
    }
}

static void reverse_slice(struct slice slice, size_t start, size_t count)
{
    reverse_array(slice.keys + start, count);
    if (slice.values)
        reverse_array(slice.values + start, count);
}

/* Runs -------------------------------------------------------------------------------------- */

/* How many items from `start` are in order; those in strictly descending order are turned round
 * first. 0 on failure. */
static size_t find_run(struct sorter *s, size_t start)
{
    trv_object **keys = s->slice.keys;
    size_t i = start + 1;
    int less, is_falling;

    if (i == s->count)
        return 1;
    is_falling = less = s->less(keys[i], keys[i - 1]);
    while (less >= 0 && less == is_falling && ++i < s->count)
        less = s->less(keys[i], keys[i - 1]);
    if (less < 0)
        return 0;
    if (is_falling)
        reverse_slice(s->slice, start, i - start);
    return i - start;
}

/* Makes a run of `sorted` items one of `count` by inserting the rest one by one. */
static int insert_rest(struct sorter *s, size_t start, size_t sorted, size_t count)
{
    trv_object **keys = s->slice.keys;

    for (size_t i = start + sorted; i < start + count; i++) {
        trv_object *key = keys[i], *value = s->slice.values ? s->slice.values[i] : NULL;
        size_t low = start, high = i;
        while (low < high) {
            size_t middle = low + (high - low) / 2;
            int less = s->less(key, keys[middle]);
            if (less < 0)
                return -1;
            if (less)
                high = middle;
            else
                low = middle + 1;
        }
        copy_items(s->slice, low + 1, s->slice, low, i - low);
        keys[low] = key;
        if (value)
            s->slice.values[low] = value;
    }
    return 0;
}

/* Between RUN_LEAST / 2 and RUN_LEAST, so that count / least is a power of two or just below. */
static size_t least_run(size_t count)
{
    size_t rest = 0;

    for (; count >= RUN_LEAST; count /= 2)
        rest |= count & 1;
    return count + rest;
}

/* Merging ----------------------------------------------------------------------------------- */

/* Looks in keys[0..count), which are in order, for the place of `key`: before its equals, or after
 * them if `after`. It is expected near the beginning, or near the end if `from_end`: steps from
 * there double until they went too far, then halves decide. -1 on failure. */
static int find_place(struct sorter *s, trv_object *key, trv_object **keys, size_t count,
                      bool after, bool from_end, size_t *place)
{
    size_t low = 0, high = count, step = 1;

    while (low < high) {
        size_t left = high - low, middle = low + left / 2;
        int less;
        bool is_right;
        if (step <= left / 2)
            middle = from_end ? high - step : low + step - 1;
        less = after ? s->less(key, keys[middle]) : s->less(keys[middle], key);
        if (less < 0)
            return -1;
        is_right = after ? !less : less;
        if (is_right)
            low = middle + 1;
        else
            high = middle;
        step = is_right != from_end ? step * 2 : count;
    }
    *place = low;
    return 0;
}

static int make_spare(struct sorter *s)
{
    size_t bytes = s->count / 2 * sizeof *s->spare.keys;

    if (s->spare.keys)
        return 0;
    s->spare.keys = trv__allocate(bytes);
    if (s->spare.keys && s->slice.values && !(s->spare.values = trv__allocate(bytes))) {
        trv__free(s->spare.keys, bytes);
        s->spare.keys = NULL;
    }
    return s->spare.keys ? 0 : -1;
}

/* Whether it is time to search, after another win of one run over the other; `in_row` counts them. */
static inline bool has_won_often(const struct sorter *s, size_t *in_row, size_t *others)
{
    *others = 0;
    if (++*in_row < s->wins)
        return false;
    *in_row = 0;
    return true;
}

/* After a search that moved so many items: the next one is begun sooner or later. */
static inline void judge_search(struct sorter *s, size_t moved)
{
    if (moved < WINS)
        s->wins++;
    else if (s->wins > 1)
        s->wins--;
}

/* Merges two neighbouring runs of which the first is no longer than the second, from the left. */
static int merge_forward(struct sorter *s, size_t start, size_t a_count, size_t b_count)
{
    size_t a = 0, b = start + a_count, b_end = b + b_count, to = start, a_wins = 0, b_wins = 0, n;
    int status = 0;

    copy_items(s->spare, 0, s->slice, start, a_count);
    while (a < a_count && b < b_end) {
        int less = s->less(s->slice.keys[b], s->spare.keys[a]);
        if ((status = less) < 0)
            break;
        if (less) {
            copy_item(s->slice, to++, s->slice, b++);
            if (!has_won_often(s, &b_wins, &a_wins))
                continue;
            status =
                find_place(s, s->spare.keys[a], s->slice.keys + b, b_end - b, false, false, &n);
            if (status < 0)
                break;
            copy_items(s->slice, to, s->slice, b, n);
            b += n;
        } else {
            copy_item(s->slice, to++, s->spare, a++);
            if (!has_won_often(s, &a_wins, &b_wins))
                continue;
            status =
                find_place(s, s->slice.keys[b], s->spare.keys + a, a_count - a, true, false, &n);
            if (status < 0)
                break;
            copy_items(s->slice, to, s->spare, a, n);
            a += n;
        }
        to += n;
        judge_search(s, n);
    }
    copy_items(s->slice, to, s->spare, a, a_count - a);
    return status < 0 ? -1 : 0;
}

/* Merges two neighbouring runs of which the second is the shorter, from the right. */
static int merge_backward(struct sorter *s, size_t start, size_t a_count, size_t b_count)
{
    size_t a = start + a_count, b = b_count, to = a + b_count, a_wins = 0, b_wins = 0, n;
    int status = 0;

    copy_items(s->spare, 0, s->slice, a, b_count);
    while (a > start && b > 0) {
        int less = s->less(s->spare.keys[b - 1], s->slice.keys[a - 1]);
        if ((status = less) < 0)
            break;
        if (less) {
            copy_item(s->slice, --to, s->slice, --a);
            if (!has_won_often(s, &a_wins, &b_wins))
                continue;
            status = find_place(s, s->spare.keys[b - 1], s->slice.keys + start, a - start, true,
                                true, &n);
            if (status < 0)
                break;
            n = a - start - n;
            copy_items(s->slice, to - n, s->slice, a - n, n);
            a -= n;
        } else {
            copy_item(s->slice, --to, s->spare, --b);
            if (!has_won_often(s, &b_wins, &a_wins))
                continue;
            status = find_place(s, s->slice.keys[a - 1], s->spare.keys, b, false, true, &n);
            if (status < 0)
                break;
            n = b - n;
            copy_items(s->slice, to - n, s->spare, b - n, n);
            b -= n;
        }
        to -= n;
        judge_search(s, n);
    }
    copy_items(s->slice, to - b, s->spare, 0, b);
    return status < 0 ? -1 : 0;
}

/* Merges the runs at `i` and `i + 1`. */
static int merge_at(struct sorter *s, size_t i)
{
    struct run a = s->runs[i], b = s->runs[i + 1];
    trv_object **keys = s->slice.keys;
    size_t skip;

    s->runs[i].count += b.count;
    memmove(s->runs + i + 1, s->runs + i + 2, (s->run_count - i - 2) * sizeof *s->runs);
    s->run_count--;
    if (find_place(s, keys[b.start], keys + a.start, a.count, true, false, &skip) < 0)
        return -1;
    a.start += skip;
    a.count -= skip;
    if (!a.count)
        return 0;
    if (find_place(s, keys[b.start - 1], keys + b.start, b.count, false, true, &b.count) < 0)
        return -1;
    if (!b.count)
        return 0;
    if (make_spare(s) < 0)
        return -1;
    return a.count <= b.count ? merge_forward(s, a.start, a.count, b.count)
                              : merge_backward(s, a.start, a.count, b.count);
}

/* Keeps the runs that wait falling in length: each longer than the next two together. */
static int merge_as_needed(struct sorter *s)
{
    while (s->run_count > 1) {
        size_t n = s->run_count - 2;
        const struct run *r = s->runs;
        if ((n > 0 && r[n - 1].count <= r[n].count + r[n + 1].count) ||
            (n > 1 && r[n - 2].count <= r[n - 1].count + r[n].count)) {
            if (r[n - 1].count < r[n + 1].count)
                n--;
        } else if (r[n].count > r[n + 1].count) {
            return 0;
        }
        if (merge_at(s, n) < 0)
            return -1;
    }
    return 0;
}

static int merge_all(struct sorter *s)
{
    while (s->run_count > 1) {
        size_t n = s->run_count - 2;
        if (n > 0 && s->runs[n - 1].count < s->runs[n + 1].count)
            n--;
        if (merge_at(s, n) < 0)
            return -1;
    }
    return 0;
}

static int sort_slice(struct sorter *s)
{
    size_t least = least_run(s->count);

    for (size_t start = 0; start < s->count;) {
        size_t sorted = find_run(s, start), count;
        if (!sorted)
            return -1;
        count = MAX_OF(sorted, MIN_OF(least, s->count - start));
        if (insert_rest(s, start, sorted, count) < 0)
            return -1;
        s->runs[s->run_count++] = (struct run){start, count};
        start += count;
        if (merge_as_needed(s) < 0)
            return -1;
    }
    return merge_all(s);
}

static void free_spare(struct sorter *s)
{
    size_t bytes = s->count / 2 * sizeof *s->spare.keys;

    trv__free(s->spare.keys, bytes);
    trv__free(s->spare.values, bytes);
}

/* By ranks ---------------------------------------------------------------------------------- */

/* Sorts strs of equal ranks, which may differ further on. */
static int sort_equals(const struct sorter *s, const struct trv__ranking *ranking)
{
    int status = 0;

    for (size_t start = 0, end; start < s->count && status == 0; start = end) {
        struct sorter part = {.less = s->less, .wins = WINS};
        for (end = start + 1; end < s->count; end++)
            if (ranking->ranked[end].rank != ranking->ranked[start].rank)
                break;
        part.count = end - start;
        if (part.count == 1)
            continue;
        part.slice.keys = s->slice.keys + start;
        part.slice.values = s->slice.values ? s->slice.values + start : NULL;
        status = sort_slice(&part);
        free_spare(&part);
    }
    return status;
}

/* 1 if the slice was sorted by ranks, 0 if it is to be sorted otherwise, or -1. */
static int sort_by_ranks(const struct sorter *s)
{
    struct trv__ranking ranking;
    int status = 1;

    if (!trv__ranking_make(&ranking, s->slice.keys, s->count,
                           s->less == less_int     ? TRV__RANK_INT
                           : s->less == less_float ? TRV__RANK_FLOAT
                                                   : TRV__RANK_STR))
        return 0;
    trv__ranking_move(&ranking, s->slice.keys);
    if (s->slice.values)
        trv__ranking_move(&ranking, s->slice.values);
    if (s->less == less_str && sort_equals(s, &ranking) < 0)
        status = -1;
    trv__ranking_free(&ranking);
    return status;
}

static int sort_chosen(struct sorter *s)
{
    int status;

    choose_order(s);
    if (s->less == less_any || s->count < RANK_FROM)
        return sort_slice(s);
    if (find_run(s, 0) == s->count)
        return 0;
    status = sort_by_ranks(s);
    return status ? MIN_OF(status, 0) : sort_slice(s);
}

/* Keys, and the list ------------------------------------------------------------------------ */

static void drop_keys(trv_object **keys, size_t made, size_t count)
{
    for (size_t i = 0; i < made; i++)
        trv_unref(keys[i]);
    trv__free(keys, count * sizeof *keys);
}

/* The keys of all items, or NULL. */
static trv_object **make_keys(struct trv__detached items, trv_object *function)
{
    trv_object **keys = trv__allocate(items.count * sizeof *keys);

    for (size_t i = 0; keys && i < items.count; i++) {
        keys[i] = trv_call_array(function, &items.items[i], 1, NULL);
        if (!keys[i]) {
            drop_keys(keys, i, items.count);
            return NULL;
        }
    }
    return keys;
}

/* Sorting in reverse keeps the order of equal items too: turned round before and after. */
static int sort_items(struct trv__detached items, trv_object *key, bool is_reverse)
{
    struct sorter s = {.slice = {items.items, NULL}, .count = items.count, .wins = WINS};
    int status;

    if (key) {
        s.slice.values = items.items;
        s.slice.keys = make_keys(items, key);
        if (!s.slice.keys)
            return -1;
    }
    if (is_reverse)
        reverse_slice(s.slice, 0, s.count);
    status = is_in_order(&s) ? 0 : sort_chosen(&s);
    if (is_reverse)
        reverse_slice(s.slice, 0, s.count);
    free_spare(&s);
    if (key)
        drop_keys(s.slice.keys, s.count, s.count);
    return status;
}

int trv_list_sort(trv_object *list, trv_object *key, int is_reverse)
{
    struct trv__list_object *self;
    struct trv__detached items, put_in;
    int status = 0;

    if (!trv__expect(list, &trv__list_type, "trv_list_sort") || (!key && trv_error_occurred()))
        return -1;
    self = trv__as_list(list);
    trv_ref(list);
    items = trv__list_detach(self);
    if (items.count)
        status = sort_items(items, key, is_reverse != 0);
    put_in = trv__list_detach(self);
    self->items = items.items;
    self->count = items.count;
    self->capacity = items.capacity;
    if (put_in.items && status == 0)
        status = trv_raise_int(trv_ValueError, "list modified during sort");
    trv__detached_drop(put_in);
    trv_unref(list);
    return status;
}
