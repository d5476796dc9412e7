/* SPDX-License-Identifier: MIT */
/*
 * Tracebacks as objects: the places an exception had come through when it was asked for them.
 *
 * An exception notes places in itself, which costs nothing when it is raised. The object is a copy
 * made on demand, which does not change any more: it can be looked at, printed, and given to
 * another exception.
 */
#include "object/error_text.h"

#include "trivet/exception.h"

struct traceback {
    TRV__HEAD;
    struct trv__trail places;
};

static TRV__READ_ONLY struct trv_type traceback_type;

static const struct trv__trail *places_of(trv_object *object)
{
    return &((struct traceback *)(void *)object)->places;
}

static trv_object *make(const struct trv__trail *places)
{
    struct traceback *self = trv__object_new(&traceback_type, sizeof *self);

    if (!self)
        return NULL;
    self->places = (struct trv__trail){.count = 0};
    if (trv__trail_copy(&self->places, places) == 0)
        return (trv_object *)self;
    trv_unref((trv_object *)self);
    return NULL;
}

/* (file or None, line, function). */
static trv_object *make_entry(const struct trv__place *place)
{
    trv_auto trv_object *file = place->file ? trv_str_new(place->file) : trv_none_new();
    trv_auto trv_object *line = trv_int_new(place->line);
    trv_auto trv_object *function = trv_str_new_sized(place->function, trv__place_name_size(place));

    if (!file || !line || !function)
        return NULL;
    return trv_tuple_new((trv_object *[]){file, line, function}, 3);
}

/* The public interface ------------------------------------------------------------------------- */

static bool is_traceback(trv_object *object, const char *function)
{
    return trv__expect(object, &traceback_type, function);
}

trv_object *trv_exception_traceback(trv_object *exception)
{
    const struct trv__trail *places;

    if (!trv__expect(exception, &trv__exception_base_type, "trv_exception_traceback"))
        return NULL;
    places = &trv__exception(exception)->places;
    return places->count ? make(places) : trv_none_new();
}

int trv_exception_set_traceback(trv_object *exception, trv_object *traceback)
{
    struct trv__trail *places;

    if (!trv__expect(exception, &trv__exception_base_type, "trv_exception_set_traceback") ||
        !trv__given(traceback, "trv_exception_set_traceback"))
        return -1;
    places = &trv__exception(exception)->places;
    if (trv_is_none(traceback)) {
        trv__trail_clear(places);
        return 0;
    }
    if (traceback->type != &traceback_type)
        return trv_raise_int(trv_TypeError, "__traceback__ must be a traceback or None");
    return trv__trail_copy(places, places_of(traceback));
}

trv_object *trv_traceback_entries(trv_object *traceback)
{
    trv_auto trv_object *list = NULL;
    const struct trv__trail *places;

    if (!is_traceback(traceback, "trv_traceback_entries") || !(list = trv_list_new()))
        return NULL;
    places = places_of(traceback);
    for (uint32_t i = places->count; i-- > 0;) {
        trv_auto trv_object *entry = make_entry(trv__place_at(places, i));
        if (!entry || trv_list_append(list, entry) < 0)
            return NULL;
    }
    return trv_steal(&list);
}

trv_object *trv_traceback_format(trv_object *traceback, int limit)
{
    struct trv__text text = {.margin = '|'};

    if (!is_traceback(traceback, "trv_traceback_format"))
        return NULL;
    trv__text_add_places(&text, places_of(traceback), limit);
    return trv__text_finish(&text);
}

/* The type ------------------------------------------------------------------------------------- */

static void traceback_destroy(trv_object *self)
{
    trv__trail_clear(&((struct traceback *)(void *)self)->places);
}

static size_t traceback_size_bytes(trv_object *self)
{
    return places_of(self)->capacity * sizeof(struct trv__place);
}

static int traceback_length(trv_object *self, size_t *length)
{
    *length = places_of(self)->count;
    return 0;
}

static trv_object *traceback_getitem(trv_object *self, trv_object *key)
{
    const struct trv__trail *places = places_of(self);
    int64_t index;
    size_t where;

    if (trv__index_get(key, &index) < 0)
        return NULL;
    if (!trv__index_in(index, places->count, &where))
        return trv_raise(trv_IndexError, "traceback index out of range");
    return make_entry(trv__place_at(places, places->count - 1 - (uint32_t)where));
}

static trv_object *traceback_iter(trv_object *self)
{
    trv_auto trv_object *entries = trv_traceback_entries(self);

    return entries ? trv_iter(entries) : NULL;
}

static trv_object *traceback_construct(const struct trv_type *type, const trv_args *args TRV_UNUSED)
{
    return trv_raise(trv_TypeError, "cannot create '%s' instances", type->name);
}

static TRV__READ_ONLY struct trv_type traceback_type = {
    .handle = trv_traceback_type,
    .name = "traceback",
    .doc = "the places an exception came through, the outermost first",
    .base = &trv__object_type,
    .instance_bytes = sizeof(struct traceback),
    .flags = TRV__TYPE_FINAL | TRV__TYPE_ATOM,
    .construct = traceback_construct,
    .slots =
        {
            .destroy = traceback_destroy,
            .size_bytes = traceback_size_bytes,
            .length = traceback_length,
            .getitem = traceback_getitem,
            .iter = traceback_iter,
        },
};
TRV__READ_ONLY trv_object trv_traceback_type[1] = {TRV__TYPE_HANDLE(traceback_type)};
