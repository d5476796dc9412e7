/* SPDX-License-Identifier: MIT */
/*
 * memoryview: the memory of an object as a sequence of items. The layout is in memoryview.h, single
 * items are in memoryview_items.c.
 *
 * A view is released by its method, at the end of a `with`, or with the object. It then stays behind
 * and refuses everything, and the memory it shared ends with the last view of it. While somebody has a
 * buffer of the view itself it cannot be released.
 *
 * A view cannot be copied or pickled; what it shows can (tobytes).
 */
#include "types/memoryview.h"

#include "types/arguments.h"
#include "types/bytes.h"
#include "types/octets.h"
#include "types/slice.h"
#include "types/str.h"

/* The memory ------------------------------------------------------------------------------------ */

static struct trv__memory *memory_of(trv_object *object)
{
    return (struct trv__memory *)(void *)object;
}

static int memory_traverse(trv_object *self, trv_visit visit, void *argument)
{
    trv_object *owner = memory_of(self)->buffer.owner;

    return owner ? visit(owner, argument) : 0;
}

static void memory_clear(trv_object *self)
{
    trv_buffer_release(&memory_of(self)->buffer);
}

static trv_object memory_handle[1];

static TRV__READ_ONLY struct trv_type memory_type = {
    .handle = memory_handle,
    .name = "managedbuffer",
    .base = &trv__object_type,
    .instance_bytes = sizeof(struct trv__memory),
    .flags = TRV__TYPE_CONTAINER | TRV__TYPE_FINAL | TRV__TYPE_NO_WEAKREF,
    .slots = {.traverse = memory_traverse, .clear = memory_clear},
};

static TRV__READ_ONLY trv_object memory_handle[1] = {TRV__TYPE_HANDLE(memory_type)};

static struct trv__memory *memory_new(trv_object *object)
{
    struct trv__memory *memory = trv__container_new(&memory_type, sizeof *memory);

    if (!memory)
        return NULL;
    memset(&memory->buffer, 0, sizeof memory->buffer);
    trv__track(memory);
    if (trv_buffer_acquire(object, &memory->buffer, TRV_BUFFER_STRIDED) == 0)
        return memory;
    trv_unref((trv_object *)memory);
    return NULL;
}

/* Making ---------------------------------------------------------------------------------------- */

static struct trv__memoryview *view_new(struct trv__memory *memory)
{
    struct trv__memoryview *view = trv__container_new(&trv__memoryview_type, sizeof *view);

    if (!view)
        return NULL;
    view->memory = (struct trv__memory *)(void *)trv_ref((trv_object *)memory);
    view->exports = 0;
    view->hash = 0;
    view->dimensions = 1;
    view->inner = NULL;
    return view;
}

struct trv__memoryview *trv__memoryview_again(struct trv__memoryview *view)
{
    struct trv__memoryview *made = view_new(view->memory);

    if (!made)
        return NULL;
    made->data = view->data;
    made->count = view->count;
    made->stride = view->stride;
    made->format = view->format;
    made->itemsize = view->itemsize;
    made->is_readonly = view->is_readonly;
    trv__track(made);
    if (trv__memoryview_set_inner(made, view->dimensions, view->inner) == 0)
        return made;
    trv_unref((trv_object *)made);
    return NULL;
}

static trv_object *view_of_memory(struct trv__memory *memory)
{
    const trv_buffer *buffer = &memory->buffer;
    struct trv__memoryview *view = view_new(memory);

    if (!view)
        return NULL;
    view->data = buffer->data;
    view->itemsize = buffer->itemsize;
    view->count = buffer->size / buffer->itemsize;
    view->stride = buffer->stride;
    view->format = buffer->format;
    view->is_readonly = buffer->readonly;
    trv__track(view);
    return (trv_object *)view;
}

bool trv__memoryview_usable(const struct trv__memoryview *view)
{
    if (LIKELY(view->memory))
        return true;
    trv_raise(trv_ValueError, "operation forbidden on released memoryview object");
    return false;
}

trv_object *trv_memoryview_new(trv_object *object)
{
    struct trv__memory *memory;
    trv_object *view;

    if (!trv__given(object, "trv_memoryview_new"))
        return NULL;
    if (object->type == &trv__memoryview_type) {
        if (!trv__memoryview_usable(trv__as_memoryview(object)))
            return NULL;
        return (trv_object *)trv__memoryview_again(trv__as_memoryview(object));
    }
    if (!trv_buffer_check(object))
        return trv_raise(trv_TypeError, "memoryview: a bytes-like object is required, not '%s'",
                         trv_type_name(object));
    if (!(memory = memory_new(object)))
        return NULL;
    view = view_of_memory(memory);
    trv_unref((trv_object *)memory);
    return view;
}

static trv_object *construct_bound(const trv_args *args)
{
    trv_object *object;

    return trv_parse(args, "o", &object) < 0 ? NULL : trv_memoryview_new(object);
}

static const trv_function_spec call_spec = {
    .size = sizeof call_spec,
    .name = "memoryview",
    .signature = "memoryview(object): its memory",
};

static trv_object *view_construct(const struct trv_type *type TRV_UNUSED, const trv_args *args)
{
    return trv__call_bound(&call_spec, args, construct_bound);
}

static int view_traverse(trv_object *self, trv_visit visit, void *argument)
{
    struct trv__memoryview *view = trv__as_memoryview(self);

    return view->memory ? visit((trv_object *)view->memory, argument) : 0;
}

static void view_clear(trv_object *self)
{
    struct trv__memoryview *view = trv__as_memoryview(self);
    trv_object *memory = (trv_object *)view->memory;

    view->memory = NULL;
    trv_unref(memory);
}

static void view_destroy(trv_object *self)
{
    struct trv__memoryview *view = trv__as_memoryview(self);

    trv__free(view->inner, trv__memoryview_inner_bytes(view));
}

static size_t view_size_bytes(trv_object *self)
{
    return trv__memoryview_inner_bytes(trv__as_memoryview(self));
}

/* Buffers --------------------------------------------------------------------------------------- */

/* A buffer has one dimension. Of a view of more whose items do not lie side by side it is a copy. */
static int view_acquire(trv_object *self, trv_buffer *buffer, unsigned flags)
{
    struct trv__memoryview *view = trv__as_memoryview(self);
    bool is_flat = view->dimensions <= 1 || trv__memoryview_is_contiguous(view, false);

    if (!trv__memoryview_usable(view))
        return -1;
    buffer->data = view->data;
    buffer->size = trv__memoryview_items(view) * view->itemsize;
    buffer->readonly = view->is_readonly || !is_flat;
    buffer->format = view->format;
    buffer->itemsize = view->itemsize;
    buffer->stride = view->dimensions == 1 ? view->stride : (ptrdiff_t)view->itemsize;
    if (!is_flat && !(flags & TRV_BUFFER_STRIDED))
        return trv_raise_int(trv_BufferError, "memoryview: underlying buffer is not C-contiguous");
    if (!is_flat) {
        if (!(buffer->data = buffer->internal = trv__allocate(buffer->size)))
            return -1;
        trv__memoryview_gather(view, buffer->data, false);
    }
    view->exports++;
    return 0;
}

static void view_release(trv_object *self, trv_buffer *buffer)
{
    trv__free(buffer->internal, buffer->size);
    trv__as_memoryview(self)->exports--;
}

/* Items ----------------------------------------------------------------------------------------- */

static int view_length(trv_object *self, size_t *length)
{
    if (!trv__memoryview_usable(trv__as_memoryview(self)))
        return -1;
    *length = trv__as_memoryview(self)->count;
    return 0;
}

static int view_truth(trv_object *self)
{
    return trv__memoryview_usable(trv__as_memoryview(self)) ? trv__as_memoryview(self)->count != 0
                                                            : -1;
}

static struct trv__memoryview *get_slice(struct trv__memoryview *view, trv_object *slice)
{
    struct trv__memoryview *made;
    struct trv__places places;

    if (trv__slice_places(slice, &view->count, &places) < 0 || !trv__memoryview_usable(view) ||
        !(made = trv__memoryview_again(view)))
        return NULL;
    made->data = view->data + places.start * view->stride;
    made->count = places.count;
    made->stride = (ptrdiff_t)((size_t)view->stride * (size_t)places.step); /* of one item: any */
    return made;
}

/* Whether a view can be asked for such a key; TypeError if not. */
static bool fits(const struct trv__memoryview *view, trv_object *key, enum trv__view_key kind)
{
    size_t count = 1;

    if (kind == TRV__KEY_INDICES)
        trv__tuple_items(key, &count);
    if (!view->dimensions && count)
        trv_raise(trv_TypeError, "invalid indexing of 0-dim memory");
    else if (kind == TRV__KEY_BAD)
        trv_raise(trv_TypeError, "memoryview: invalid slice key");
    else
        return true;
    return false;
}

/* The item an index or a tuple of them names, or NULL. */
static char *item_at(const struct trv__memoryview *view, trv_object *key, enum trv__view_key kind)
{
    trv_object *const *keys = &key;
    size_t count = 1;

    if (kind == TRV__KEY_INDICES)
        keys = trv__tuple_items(key, &count);
    return trv__memoryview_at(view, keys, count);
}

static trv_object *view_getitem(trv_object *self, trv_object *key)
{
    struct trv__memoryview *view = trv__as_memoryview(self);
    enum trv__view_key kind = trv__memoryview_key(key);
    const char *item;

    if (!trv__memoryview_usable(view) || !fits(view, key, kind))
        return NULL;
    if (kind == TRV__KEY_SLICE)
        return (trv_object *)get_slice(view, key);
    if (kind == TRV__KEY_SLICES)
        return trv_raise(trv_NotImplementedError, "multi-dimensional slicing is not implemented");
    if (kind == TRV__KEY_INDEX && view->dimensions > 1)
        return trv_raise(trv_NotImplementedError,
                         "multi-dimensional sub-views are not implemented");
    item = item_at(view, key, kind);
    return item ? trv__item_get(view->format, item) : NULL;
}

static const char *native(const char *format)
{
    return *format == '@' ? format + 1 : format;
}

static const char different_structures[] =
    "memoryview assignment: lvalue and rvalue have different structures";

/* Copies the items of another object over those of a slice. Both may be of one memory. */
static int set_slice(struct trv__memoryview *view, trv_object *slice, trv_object *value)
{
    trv_auto trv_object *target = (trv_object *)get_slice(view, slice);
    struct trv__memoryview *to = target ? trv__as_memoryview(target) : NULL;
    TRV__AUTO_BUFFER from = {0};
    struct trv__builder b;

    if (!to)
        return -1;
    if (value->type == &trv__memoryview_type && trv__as_memoryview(value)->dimensions != 1)
        return trv_raise_int(trv_ValueError, different_structures);
    if (trv_buffer_acquire(value, &from, TRV_BUFFER_STRIDED) < 0)
        return -1;
    if (strcmp(native(from.format), native(to->format)) != 0 ||
        from.size != to->count * to->itemsize)
        return trv_raise_int(trv_ValueError, different_structures);
    trv__builder_init(&b);
    if (trv__builder_reserve(&b, from.size) < 0)
        return -1;
    for (size_t i = 0; i < to->count; i++)
        memcpy(b.data + i * to->itemsize, (const char *)from.data + (ptrdiff_t)i * from.stride,
               to->itemsize);
    for (size_t i = 0; i < to->count; i++)
        memcpy(to->data + (ptrdiff_t)i * to->stride, b.data + i * to->itemsize, to->itemsize);
    trv__builder_drop(&b);
    return 0;
}

static int view_setitem(trv_object *self, trv_object *key, trv_object *value)
{
    struct trv__memoryview *view = trv__as_memoryview(self);
    enum trv__view_key kind = trv__memoryview_key(key);
    char *item, made[8];

    if (!trv__memoryview_usable(view))
        return -1;
    if (view->is_readonly)
        return trv_raise_int(trv_TypeError, "cannot modify read-only memory");
    if (!value)
        return trv_raise_int(trv_TypeError, "cannot delete memory");
    if (!fits(view, key, kind))
        return -1;
    if (kind == TRV__KEY_SLICE && view->dimensions == 1)
        return set_slice(view, key, value);
    if (kind == TRV__KEY_SLICE || kind == TRV__KEY_SLICES)
        return trv_raise_int(trv_NotImplementedError,
                             "memoryview slice assignments are currently restricted to ndim = 1");
    if (!(item = item_at(view, key, kind)) || trv__item_set(view->format, made, value) < 0)
        return -1;
    if (!trv__memoryview_usable(view)) /* finding out a truth may have run anything */
        return -1;
    memcpy(item, made, view->itemsize);
    return 0;
}

/* Value ----------------------------------------------------------------------------------------- */

static trv_object *view_repr(trv_object *self)
{
    return trv_str_printf("<%smemory at 0x%zx>",
                          trv__as_memoryview(self)->memory ? "" : "released ",
                          (size_t)(uintptr_t)self);
}

/* The hash of the bytes it shows, which may not change. */
static int view_hash(trv_object *self, int64_t *hash)
{
    struct trv__memoryview *view = trv__as_memoryview(self);
    trv_auto trv_object *octets = NULL;
    const char *format;
    int64_t owners;
    int answer;

    if (view->hash) {
        *hash = view->hash;
        return 0;
    }
    if (!trv__memoryview_usable(view))
        return -1;
    format = native(view->format);
    if (!view->is_readonly)
        return trv_raise_int(trv_ValueError, "cannot hash writable memoryview object");
    if (strcmp(format, "B") != 0 && strcmp(format, "b") != 0 && strcmp(format, "c") != 0)
        return trv_raise_int(trv_ValueError,
                             "memoryview: hashing is restricted to formats 'B', 'b' or 'c'");
    view->exports++; /* the owner's code may not release it meanwhile */
    answer = trv_hash(view->memory->buffer.owner, &owners);
    view->exports--;
    if (answer < 0)
        return -1;
    octets = trv_bytes_new(NULL, trv__memoryview_items(view));
    if (!octets)
        return -1;
    trv__memoryview_gather(view, (char *)trv__as_bytes(octets)->data, false);
    if (trv_hash(octets, hash) < 0)
        return -1;
    view->hash = *hash;
    return 0;
}

static int all_equal(const trv_buffer *a, const trv_buffer *b)
{
    size_t count = a->size / a->itemsize;
    bool are_same;
    int equal = 1;

    if (count != b->size / b->itemsize)
        return 0;
    are_same = strcmp(native(a->format), native(b->format)) == 0 && a->itemsize == 1;
    for (size_t i = 0; i < count && equal > 0; i++) {
        const char *x = (const char *)a->data + (ptrdiff_t)i * a->stride;
        const char *y = (const char *)b->data + (ptrdiff_t)i * b->stride;
        equal = are_same && *x == *y ? 1 : trv__items_equal(x, a->format, y, b->format);
    }
    return equal;
}

/* Whether views are equal of which one has not one dimension. */
static int shapes_equal(trv_object *self, trv_object *other)
{
    if (other->type != &trv__memoryview_type)
        return 0;
    return trv__memoryview_equal(trv__as_memoryview(self), trv__as_memoryview(other));
}

static bool has_one_dimension(const trv_object *object)
{
    return object->type != &trv__memoryview_type || trv__as_memoryview(object)->dimensions == 1;
}

static int view_compare(trv_object *self, trv_object *other, trv_comparison op)
{
    TRV__AUTO_BUFFER a = {0}, b = {0};
    int equal;

    if ((op != TRV_EQUAL && op != TRV_NOT_EQUAL) || !trv_buffer_check(other))
        return TRV_UNKNOWN;
    if (!trv__as_memoryview(self)->memory ||
        (other->type == &trv__memoryview_type && !trv__as_memoryview(other)->memory))
        return (self == other) == (op == TRV_EQUAL);
    if (trv_buffer_acquire(self, &a, TRV_BUFFER_STRIDED) < 0)
        return -1;
    if (trv_buffer_acquire(other, &b, TRV_BUFFER_STRIDED) < 0) {
        trv_error_clear();
        return TRV_UNKNOWN;
    }
    equal = has_one_dimension(self) && has_one_dimension(other) ? all_equal(&a, &b)
                                                                : shapes_equal(self, other);
    if (equal < 0 && trv_error_matches(trv_NotImplementedError)) {
        trv_error_clear(); /* of items that nobody can read, none is equal to another */
        equal = 0;
    }
    return equal < 0 ? -1 : equal == (op == TRV_EQUAL);
}

/* Iteration ------------------------------------------------------------------------------------- */

struct view_iterator {
    TRV__HEAD;
    trv_object *view; /* owned; NULL at the end */
    size_t at;
};

static int iterator_next(trv_object *self, trv_object **item)
{
    struct view_iterator *iterator = (struct view_iterator *)self;
    const struct trv__memoryview *view;

    if (!iterator->view)
        return 0;
    view = trv__as_memoryview(iterator->view);
    if (iterator->at >= view->count) {
        trv_clear(&iterator->view);
        return 0;
    }
    if (!trv__memoryview_usable(view))
        return -1;
    *item = trv__item_get(view->format, view->data + (ptrdiff_t)iterator->at * view->stride);
    if (!*item)
        return -1;
    iterator->at++;
    return 1;
}

static trv_object *iterator_iter(trv_object *self)
{
    return trv_ref(self);
}

static int iterator_traverse(trv_object *self, trv_visit visit, void *argument)
{
    struct view_iterator *iterator = (struct view_iterator *)self;

    return iterator->view ? visit(iterator->view, argument) : 0;
}

static void iterator_clear(trv_object *self)
{
    trv_clear(&((struct view_iterator *)self)->view);
}

static trv_object view_iterator_handle[1];

static TRV__READ_ONLY struct trv_type view_iterator_type = {
    .handle = view_iterator_handle,
    .name = "memory_iterator",
    .base = &trv__object_type,
    .instance_bytes = sizeof(struct view_iterator),
    .flags = TRV__TYPE_CONTAINER | TRV__TYPE_FINAL | TRV__TYPE_NO_WEAKREF,
    .slots = {.traverse = iterator_traverse,
              .clear = iterator_clear,
              .iter = iterator_iter,
              .next = iterator_next},
};

static TRV__READ_ONLY trv_object view_iterator_handle[1] = {TRV__TYPE_HANDLE(view_iterator_type)};

static trv_object *view_iter(trv_object *self)
{
    struct view_iterator *iterator;

    if (!trv__memoryview_usable(trv__as_memoryview(self)))
        return NULL;
    if (!trv__as_memoryview(self)->dimensions)
        return trv_raise(trv_TypeError, "invalid indexing of 0-dim memory");
    if (trv__as_memoryview(self)->dimensions > 1)
        return trv_raise(trv_NotImplementedError,
                         "multi-dimensional sub-views are not implemented");
    iterator = trv__container_new(&view_iterator_type, sizeof *iterator);
    if (!iterator)
        return NULL;
    iterator->view = trv_ref(self);
    iterator->at = 0;
    trv__track(iterator);
    return (trv_object *)iterator;
}

/* The type -------------------------------------------------------------------------------------- */

static int view_enter(trv_object *self)
{
    return trv__memoryview_usable(trv__as_memoryview(self)) ? 0 : -1;
}

static int view_exit(trv_object *self, trv_object *exception TRV_UNUSED)
{
    return trv__memoryview_release(trv__as_memoryview(self));
}

TRV__READ_ONLY struct trv_type trv__memoryview_type = {
    .handle = trv_memoryview_type,
    .name = "memoryview",
    .doc = "The memory of an object, as a sequence of items.",
    .base = &trv__object_type,
    .instance_bytes = sizeof(struct trv__memoryview),
    .flags = TRV__TYPE_CONTAINER | TRV__TYPE_FINAL,
    .slots = {.traverse = view_traverse,
              .clear = view_clear,
              .destroy = view_destroy,
              .size_bytes = view_size_bytes,
              .repr = view_repr,
              .hash = view_hash,
              .compare = view_compare,
              .truth = view_truth,
              .iter = view_iter,
              .length = view_length,
              .getitem = view_getitem,
              .setitem = view_setitem,
              .enter = view_enter,
              .exit = view_exit,
              .acquire_buffer = view_acquire,
              .release_buffer = view_release},
    .methods = trv__memoryview_methods,
    .construct = view_construct,
};

TRV__READ_ONLY trv_object trv_memoryview_type[1] = {TRV__TYPE_HANDLE(trv__memoryview_type)};
