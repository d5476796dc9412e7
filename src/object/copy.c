/* SPDX-License-Identifier: MIT */
/*
 * Shallow and deep copies.
 *
 * A deep copy walks the built-in containers, and instances that are taken apart (copy_reduced.c), with a
 * stack of its own, a frame for each that is being copied, so that its depth costs memory and no stack.
 * What is not one of them is its own copy (TRV__TYPE_ATOM), or is copied by its class's __deepcopy__ or
 * its type's slot, which may come back here for its parts.
 *
 * The memo says which copy an object has. Lists, dicts and sets are in it before their items are
 * looked at; so a cycle comes to its end at the first of these, and each cycle has one, because a tuple
 * cannot contain itself without. A tuple is only in it when it is done, and may be begun more than
 * once in a cycle: the first to be done counts, as in Python. A tuple whose items all are their own
 * copies is its own copy, too.
 *
 * The memo holds a reference to the originals as well: a slot may drop the last other one, and the
 * address must not be given to another object meanwhile.
 */
#include "object/copy_reduced.h"

#include "trivet/class.h"
#include "trivet/copy.h"

#define TABLE_LEAST 64

struct pair {
    trv_object *original, *copy; /* owned; NULL in a free place */
};

struct memo {
    TRV__HEAD;
    struct pair *pairs; /* open addressing; the capacity is a power of two */
    size_t capacity, used;
};

/* A container that is being copied. */
struct frame {
    trv_object *original; /* owned */
    trv_object *copy;     /* owned; NULL for a tuple */
    trv_object *extra;    /* owned: a dict's key that was copied, a set's iterator; or NULL */
    trv_object *value;    /* owned: a dict's value whose key is being copied, or NULL */
    trv_object **items;   /* of a tuple: owned, the first `position` are copied */
    size_t position, count;
    struct trv__reduced *reduced; /* of an instance: what is still to be put in; or NULL */
};

struct walk {
    struct memo *memo;
    struct frame *frames;
    size_t depth, capacity;
    trv_object
        *copied; /* owned: what the uppermost frame waits for; NULL if it was not asked yet */
};

/* The memo ------------------------------------------------------------------------------------------- */

static struct memo *memo_of(trv_object *object)
{
    return (struct memo *)(void *)object;
}

static struct pair *find(const struct memo *memo, const trv_object *original)
{
    size_t i = trv__hash_mix((uintptr_t)original) & (memo->capacity - 1);

    while (memo->pairs[i].original && memo->pairs[i].original != original)
        i = (i + 1) & (memo->capacity - 1);
    return &memo->pairs[i];
}

/* The copy it has, borrowed, or NULL. */
static trv_object *look_up(const struct memo *memo, const trv_object *original)
{
    return memo->capacity ? find(memo, original)->copy : NULL;
}

static int grow(struct memo *memo)
{
    struct pair *old = memo->pairs;
    size_t old_capacity = memo->capacity, capacity = MAX_OF(2 * old_capacity, TABLE_LEAST);
    struct pair *pairs = trv__allocate_zeroed(capacity * sizeof *pairs);

    if (!pairs)
        return -1;
    memo->pairs = pairs;
    memo->capacity = capacity;
    for (size_t i = 0; i < old_capacity; i++)
        if (old[i].original)
            *find(memo, old[i].original) = old[i];
    trv__free(old, old_capacity * sizeof *old);
    return 0;
}

static int note(struct memo *memo, trv_object *original, trv_object *copy)
{
    struct pair *place;
    trv_object *before;

    if (2 * (memo->used + 1) > memo->capacity && grow(memo) < 0)
        return -1;
    place = find(memo, original);
    before = place->copy;
    if (!before) {
        memo->used++;
        place->original = trv_ref(original);
    }
    place->copy = trv_ref(copy);
    trv_unref(before);
    return 0;
}

/* It may be kept by a slot that should not: what it holds then is found by the collector. */
static int memo_traverse(trv_object *self, trv_visit visit, void *argument)
{
    const struct memo *memo = memo_of(self);

    for (size_t i = 0; i < memo->capacity; i++) {
        int answer;
        if (!memo->pairs[i].original)
            continue;
        if ((answer = visit(memo->pairs[i].original, argument)) ||
            (answer = visit(memo->pairs[i].copy, argument)))
            return answer;
    }
    return 0;
}

static void memo_clear(trv_object *self)
{
    struct memo *memo = memo_of(self), was = *memo;

    memo->pairs = NULL;
    memo->capacity = memo->used = 0;
    for (size_t i = 0; i < was.capacity; i++) {
        trv_unref(was.pairs[i].original);
        trv_unref(was.pairs[i].copy);
    }
    trv__free(was.pairs, was.capacity * sizeof *was.pairs);
}

static trv_object *memo_construct(const struct trv_type *type, const trv_args *args TRV_UNUSED)
{
    return trv_raise(trv_TypeError, "cannot create '%s' instances", type->name);
}

static TRV__READ_ONLY trv_object memo_handle[1];
static TRV__READ_ONLY struct trv_type memo_type = {
    .handle = memo_handle,
    .name = "copy_memo",
    .base = &trv__object_type,
    .instance_bytes = sizeof(struct memo),
    .flags = TRV__TYPE_CONTAINER | TRV__TYPE_FINAL,
    .slots = {.traverse = memo_traverse, .clear = memo_clear},
    .construct = memo_construct,
};
static TRV__READ_ONLY trv_object memo_handle[1] = {TRV__TYPE_HANDLE(memo_type)};

static trv_object *memo_new(void)
{
    struct memo *memo = trv__container_new(&memo_type, sizeof *memo);

    if (!memo)
        return NULL;
    memo->pairs = NULL;
    memo->capacity = memo->used = 0;
    trv__track(memo);
    return (trv_object *)memo;
}

/* Kinds of objects ------------------------------------------------------------------------------------ */

static bool is_own_copy(const trv_object *object)
{
    return object->type->flags & TRV__TYPE_ATOM;
}

static trv_object *copy_other(trv_object *object)
{
    trv_object *copy;
    int found = trv__copy_by_method(object, "__copy__", NULL, &copy);

    if (found)
        return copy;
    if (object->type->slots.copy)
        return object->type->slots.copy(object, NULL);
    return object->type == &trv__frozenset_type ? trv_ref(object) : trv__copy_reduced(object);
}

trv_object *trv_copy(trv_object *object)
{
    if (!trv__given(object, "trv_copy"))
        return NULL;
    if (is_own_copy(object) || object->type == &trv__tuple_type)
        return trv_ref(object);
    if (object->type == &trv__list_type)
        return trv_list_from(object);
    if (object->type == &trv__set_type)
        return trv_set_from(object);
    if (object->type == &trv__dict_type) {
        trv_auto trv_object *copy = trv_dict_new();
        return copy && trv_dict_update(copy, object) == 0 ? trv_steal(&copy) : NULL;
    }
    return copy_other(object);
}

/* The walk -------------------------------------------------------------------------------------------- */

/* Room for a frame: it may be filled, and then counted. NULL: MemoryError is set. */
static struct frame *next_frame(struct walk *walk)
{
    if (walk->depth == walk->capacity) {
        size_t capacity = MAX_OF(2 * walk->capacity, (size_t)16);
        struct frame *frames = trv__reallocate(walk->frames, walk->capacity * sizeof *frames,
                                               capacity * sizeof *frames);
        if (!frames)
            return NULL;
        walk->frames = frames;
        walk->capacity = capacity;
    }
    walk->frames[walk->depth] = (struct frame){0};
    return &walk->frames[walk->depth];
}

static void drop_frame(struct walk *walk)
{
    struct frame frame = walk->frames[--walk->depth];

    for (size_t i = 0; i < frame.position && frame.items; i++)
        trv_unref(frame.items[i]);
    if (frame.items)
        trv__free(frame.items, frame.count * sizeof *frame.items);
    if (frame.reduced) {
        trv__reduced_drop(frame.reduced);
        trv__free(frame.reduced, sizeof *frame.reduced);
    }
    trv_unref(frame.extra);
    trv_unref(frame.value);
    trv_unref(frame.copy);
    trv_unref(frame.original);
}

static int begin_tuple(struct frame *frame)
{
    trv__tuple_items(frame->original, &frame->count);
    if (frame->count)
        frame->items = trv__allocate_zeroed(frame->count * sizeof *frame->items);
    return frame->count && !frame->items ? -1 : 0;
}

static int begin_copy(struct walk *walk, struct frame *frame)
{
    const struct trv_type *type = frame->original->type;

    if (type == &trv__list_type)
        frame->copy = trv_list_new();
    else
        frame->copy = type == &trv__dict_type ? trv_dict_new() : trv_set_new();
    if (type == &trv__dict_type && trv_dict_len(frame->original, &frame->count) < 0)
        return -1;
    if (type == &trv__set_type && !(frame->extra = trv_iter(frame->original)))
        return -1;
    return frame->copy ? note(walk->memo, frame->original, frame->copy) : -1;
}

/* Begins to copy a built-in container. */
static int begin(struct walk *walk, trv_object *original)
{
    struct frame *frame = next_frame(walk);

    if (!frame)
        return -1;
    frame->original = trv_ref(original);
    walk->depth++;
    return original->type == &trv__tuple_type ? begin_tuple(frame) : begin_copy(walk, frame);
}

static bool is_walked(const struct trv_type *type)
{
    return type == &trv__list_type || type == &trv__dict_type || type == &trv__tuple_type ||
           type == &trv__set_type;
}

/* Begins to copy an instance that is taken apart, unless it is its own copy. */
static int begin_reduced(struct walk *walk, trv_object *original)
{
    struct frame *frame = next_frame(walk);

    if (!frame || trv__enter_recursion(" in a copy") < 0 ||
        !(frame->reduced = trv__allocate_zeroed(sizeof *frame->reduced)))
        return -1;
    frame->original = trv_ref(original);
    walk->depth++;
    /* The arguments are copied in a walk of their own: this frame stays where it is. */
    if (trv__copy_reduce(original, (trv_object *)walk->memo, frame->reduced) < 0)
        return -1;
    frame->copy = trv_steal(&frame->reduced->made);
    if (frame->copy)
        return note(walk->memo, original, frame->copy);
    walk->copied = trv_ref(original);
    drop_frame(walk);
    return 0;
}

/* What is not walked as a container. */
static int ask_other(struct walk *walk, trv_object *original)
{
    trv_object *memo = (trv_object *)walk->memo;
    int found = trv__copy_by_method(original, "__deepcopy__", memo, &walk->copied);

    if (found < 0)
        return -1;
    if (!found && !original->type->slots.copy)
        return begin_reduced(walk, original);
    if (!found)
        walk->copied = original->type->slots.copy(original, memo);
    return walk->copied ? note(walk->memo, original, walk->copied) : -1;
}

/* Copies an object, at once into walk->copied, or by beginning a frame for it. */
static int ask(struct walk *walk, trv_object *original)
{
    trv_object *known;

    if (is_own_copy(original)) {
        walk->copied = trv_ref(original);
        return 0;
    }
    if ((known = look_up(walk->memo, original))) {
        walk->copied = trv_ref(known);
        return 0;
    }
    if (is_walked(original->type))
        return begin(walk, original);
    return ask_other(walk, original);
}

/* What comes next in a container, as a new reference: 1, 0 at its end, -1. */
static int next_of_dict(struct frame *frame, trv_object **part)
{
    size_t length;

    if (frame->extra) {
        *part = trv_steal(&frame->value);
        return 1;
    }
    if (trv_dict_len(frame->original, &length) < 0)
        return -1;
    if (length != frame->count)
        return trv_raise_int(trv_RuntimeError, "dictionary changed size during iteration");
    return trv_dict_next(frame->original, &frame->position, part, &frame->value);
}

static int next_pair(struct frame *frame, trv_object **part)
{
    trv_auto trv_object *pair = NULL;
    trv_object *key, *value;
    int more;

    if (frame->extra) {
        frame->reduced->stage = TRV__COPY_VALUE;
        *part = trv_steal(&frame->value);
        return 1;
    }
    if ((more = trv_next(frame->reduced->pairs, &pair)) <= 0)
        return more;
    if (trv_parse_tuple(pair, "oo", &key, &value) < 0)
        return -1;
    frame->reduced->stage = TRV__COPY_KEY;
    frame->value = trv_ref(value);
    *part = trv_ref(key);
    return 1;
}

/* Of an instance: its state, then its items. */
static int next_of_reduced(struct frame *frame, trv_object **part)
{
    struct trv__reduced *reduced = frame->reduced;
    int more;

    if (reduced->state) {
        frame->reduced->stage = TRV__COPY_STATE;
        *part = trv_steal(&reduced->state);
        return 1;
    }
    if (reduced->items && (more = trv_next(reduced->items, part)) != 0) {
        frame->reduced->stage = TRV__COPY_ITEM;
        return more;
    }
    trv_clear(&reduced->items);
    return reduced->pairs ? next_pair(frame, part) : 0;
}

static int next_part(struct frame *frame, trv_object **part)
{
    const struct trv_type *type = frame->original->type;
    trv_object *const *items;
    size_t count;

    if (type == &trv__set_type)
        return trv_next(frame->extra, part);
    if (type == &trv__dict_type)
        return next_of_dict(frame, part);
    if (frame->reduced)
        return next_of_reduced(frame, part);
    items = type == &trv__list_type ? trv__list_items(frame->original, &count)
                                    : trv__tuple_items(frame->original, &count);
    if (frame->position >= count)
        return 0;
    *part = trv_ref(items[frame->position]);
    return 1;
}

static int deliver_to_reduced(struct frame *frame, trv_object *copied)
{
    trv_auto trv_object *key = NULL, *none = NULL;

    switch (frame->reduced->stage) {
    case TRV__COPY_STATE:
        return trv__copy_set_state(frame->copy, copied);
    case TRV__COPY_ITEM:
        none = trv_call_method(frame->copy, "append", "o", copied);
        return none ? 0 : -1;
    case TRV__COPY_KEY:
        frame->extra = trv_ref(copied);
        return 0;
    case TRV__COPY_VALUE:
        break;
    }
    key = trv_steal(&frame->extra);
    return trv_setitem(frame->copy, key, copied);
}

/* Puts the copy of the part that was asked for where it belongs. */
static int deliver(struct walk *walk, struct frame *frame)
{
    const struct trv_type *type = frame->original->type;
    trv_auto trv_object *copied = trv_steal(&walk->copied);
    trv_auto trv_object *key = NULL;

    if (type == &trv__tuple_type) {
        frame->items[frame->position++] = trv_steal(&copied);
        return 0;
    }
    if (type == &trv__list_type) {
        frame->position++;
        return trv_list_append(frame->copy, copied);
    }
    if (type == &trv__set_type)
        return trv_set_add(frame->copy, copied);
    if (frame->reduced)
        return deliver_to_reduced(frame, copied);
    if (!frame->extra) {
        frame->extra = trv_steal(&copied);
        return 0;
    }
    key = trv_steal(&frame->extra);
    return trv_dict_set(frame->copy, key, copied);
}

static bool is_same(const struct frame *frame)
{
    size_t count;
    trv_object *const *items = trv__tuple_items(frame->original, &count);

    for (size_t i = 0; i < count; i++)
        if (items[i] != frame->items[i])
            return false;
    return true;
}

/* All items of a tuple are copied: what its copy is, a new reference. */
static trv_object *finish_tuple(struct walk *walk, struct frame *frame)
{
    trv_object *known = look_up(walk->memo, frame->original);
    trv_auto trv_object *copy = NULL;

    if (known || is_same(frame))
        return trv_ref(known ? known : frame->original);
    copy = trv__tuple_take(frame->items, frame->count);
    if (!copy)
        return NULL;
    frame->position = 0; /* the items are the tuple's now */
    return note(walk->memo, frame->original, copy) == 0 ? trv_steal(&copy) : NULL;
}

static int finish(struct walk *walk, struct frame *frame)
{
    trv_object *copy = frame->original->type == &trv__tuple_type ? finish_tuple(walk, frame)
                                                                 : trv_ref(frame->copy);

    drop_frame(walk);
    walk->copied = copy;
    return copy ? 0 : -1;
}

/* A step of the uppermost frame. */
static int step(struct walk *walk)
{
    struct frame *frame = &walk->frames[walk->depth - 1];
    trv_auto trv_object *part = NULL;
    int answer;

    if (walk->copied && deliver(walk, frame) < 0)
        return -1;
    answer = next_part(frame, &part);
    if (answer <= 0)
        return answer < 0 ? -1 : finish(walk, frame);
    return ask(walk, part);
}

trv_object *trv_deepcopy_with(trv_object *object, trv_object *memo)
{
    struct walk walk = {0};
    int answer;

    if (!trv__given(object, "trv_deepcopy_with") ||
        !trv__expect(memo, &memo_type, "trv_deepcopy_with") ||
        trv__enter_recursion(" in a copy") < 0)
        return NULL;
    walk.memo = memo_of(memo);
    answer = ask(&walk, object);
    while (answer == 0 && walk.depth)
        answer = step(&walk);
    if (answer < 0)
        trv_clear(&walk.copied);
    while (walk.depth)
        drop_frame(&walk);
    trv__free(walk.frames, walk.capacity * sizeof *walk.frames);
    return walk.copied;
}

trv_object *trv_deepcopy(trv_object *object)
{
    trv_auto trv_object *memo = NULL;

    if (!trv__given(object, "trv_deepcopy"))
        return NULL;
    if (is_own_copy(object))
        return trv_ref(object);
    memo = memo_new();
    return memo ? trv_deepcopy_with(object, memo) : NULL;
}

int trv_memo_set(trv_object *memo, trv_object *object, trv_object *copy)
{
    if (!trv__expect(memo, &memo_type, "trv_memo_set") || !trv__given(object, "trv_memo_set") ||
        !trv__given(copy, "trv_memo_set"))
        return -1;
    return note(memo_of(memo), object, copy);
}
