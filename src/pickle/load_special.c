/* SPDX-License-Identifier: MIT */
/*
 * Reading what is not plain data: what REDUCE and NEWOBJ may make, states, persistent ids.
 *
 * This is the list of all that a pickle can cause to run. Each built-in callable is recognised by
 * identity, and its arguments are checked to be of exactly the types that a writer gives it, so that
 * nothing large is made of little. Of a user's only that is called which was registered, or which
 * find_global found for this pickle.
 */
#include "pickle/code.h"
#include "pickle/globals.h"
#include "pickle/load.h"
#include "pickle/registry.h"

#include "object/closure.h"
#include "object/exception.h"
#include "object/heap_type.h"
#include "object/lookup.h"
#include "object/reduce.h"
#include "types/builtins.h"
#include "types/bytes.h"
#include "types/held.h"
#include "types/range.h"
#include "types/slice.h"

#include "trivet/buffer.h"
#include "trivet/builtins.h"
#include "trivet/functools.h"

/* Globals -------------------------------------------------------------------------------------- */

/* Code of users answered: NULL stands as it is. */
static trv_object *users(struct trv__unpickler *u, trv_object *answer)
{
    u->is_users = !answer;
    return answer;
}

static int grant(struct trv__unpickler *u, trv_object *object)
{
    if (!u->granted && !(u->granted = trv_list_new()))
        return -1;
    return trv_list_append(u->granted, object);
}

static bool is_granted(const struct trv__unpickler *u, const trv_object *object)
{
    trv_object *const *items;
    size_t count;

    if (!u->granted)
        return false;
    items = trv__list_items(u->granted, &count);
    for (size_t i = 0; i < count; i++)
        if (items[i] == object)
            return true;
    return false;
}

static bool may_call(const struct trv__unpickler *u, const trv_object *callable)
{
    const struct trv__registered *registered = trv__registered(callable);

    return (registered && registered->may_call) || is_granted(u, callable);
}

trv_object *trv__load_global(struct trv__unpickler *u, const char *module, const char *name)
{
    trv_object *object = NULL;
    int found = trv__global_find(module, name, &object);

    if (found)
        return found < 0 ? NULL : object;
    if (!u->link->find_global)
        return trv_raise(trv_UnpicklingError, "a pickle may not name %.100s.%.100s", module, name);
    object = users(u, trv_call(u->link->find_global, "ss", module, name));
    if (object && !is_granted(u, object) && grant(u, object) < 0)
        trv_clear(&object);
    return object;
}

/* REDUCE and NEWOBJ ---------------------------------------------------------------------------- */

static trv_object *latin1_encode(const trv_args *args)
{
    return trv_str_encode(args->items[0], trv_str_utf8(args->items[1], NULL), NULL);
}

TRV__FUNCTION(trv__latin1_encode, latin1_encode, "encode", "encode(text, encoding)");

static trv_object *get_attribute(const trv_args *args)
{
    const char *name;
    trv_object *object;

    return trv_parse(args, "os", &object, &name) < 0 ? NULL : trv_getattr(object, name);
}

TRV__FUNCTION(trv__pickle_getattr, get_attribute, "getattr", "getattr(object, name)");

static trv_object *reconstruct(const trv_args *args)
{
    trv_object *type, *base, *state;
    trv_auto trv_object *method = NULL;

    if (trv_parse(args, "ooo", &type, &base, &state) < 0 ||
        !(method = trv_getattr(base, "__new__")))
        return NULL;
    return trv_is_none(state) ? trv_call(method, "o", type) : trv_call(method, "oo", type, state);
}

TRV__FUNCTION(trv__reconstructor, reconstruct, "_reconstructor",
              "_reconstructor(cls, base, state)");

static trv_object *bad(const char *why)
{
    trv__pickle_is_bad(why);
    return NULL;
}

static bool are_all(trv_object *const *items, size_t count, const struct trv_type *type)
{
    for (size_t i = 0; i < count; i++)
        if (items[i]->type != type)
            return false;
    return true;
}

/* range(stop), range(start, stop) or range(start, stop, step). */
static trv_object *make_range(trv_object *const *items, size_t count)
{
    trv_auto trv_object *zero = trv_int_new(0), *one = trv_int_new(1);

    if (count < 1 || count > 3 || !are_all(items, count, &trv__int_type))
        return bad("a range is not made of ints");
    return trv__range_from(count > 1 ? items[0] : zero, items[count > 1],
                           count > 2 ? items[2] : one);
}

static trv_object *make_complex(trv_object *const *items, size_t count)
{
    double parts[2];

    if (count != 2 || !are_all(items, count, &trv__float_type) ||
        trv_float_get(items[0], &parts[0]) < 0 || trv_float_get(items[1], &parts[1]) < 0)
        return trv_error_occurred() ? NULL : bad("a complex is not made of two floats");
    return trv_complex_new(parts[0], parts[1]);
}

/* Slices may hold anything. */
static trv_object *make_slice(trv_object *const *items, size_t count)
{
    if (count != 3)
        return bad("a slice is made of three");
    return trv_slice_new(items[0], items[1], items[2]);
}

/* type(None) is what is written so. */
static trv_object *make_type(trv_object *const *items, size_t count)
{
    if (count != 1 || !trv_is_none(items[0]))
        return bad("a pickle asks for a type");
    return trv_ref(trv_none_type);
}

/* Methods are found so, and nothing else: what is found must be callable. It is not called. */
static trv_object *find_method(trv_object *const *items, size_t count)
{
    trv_object *method;

    if (count != 2 || items[1]->type != &trv__str_type)
        return bad("a method is not found by its name");
    method = trv_getattr(items[0], trv_str_utf8(items[1], NULL));
    if (method && !trv_callable(method)) {
        trv_unref(method);
        return bad("a pickle asks for an attribute that is no method");
    }
    return method;
}

static trv_object *make_method(trv_object *const *items, size_t count)
{
    return count == 2 ? trv_method_new(items[0], items[1]) : bad("a method is made of two");
}

/* bytearray(), bytearray(bytes), or bytearray(text, "latin-1") as Python 2 wrote it. */
static trv_object *make_bytearray(trv_object *const *items, size_t count)
{
    trv_auto trv_object *encoded = NULL;

    if (count == 0)
        return trv_bytearray_new(NULL, 0);
    if (count == 2 && are_all(items, count, &trv__str_type)) {
        if (!(encoded = trv_str_encode(items[0], trv_str_utf8(items[1], NULL), NULL)))
            return NULL;
        items = &encoded;
    } else if (count != 1 || items[0]->type != &trv__bytes_type) {
        return bad("a bytearray is not made of bytes");
    }
    return trv_bytearray_new(trv__as_bytes(items[0])->data, trv__as_bytes(items[0])->size);
}

static trv_object *make_set(trv_object *const *items, size_t count, bool is_frozen)
{
    if (count == 0)
        return is_frozen ? trv_frozenset_new() : trv_set_new();
    if (count > 1 || (items[0]->type != &trv__list_type && items[0]->type != &trv__tuple_type))
        return bad("a set is not made of a list");
    return is_frozen ? trv_frozenset_from(items[0]) : trv_set_from(items[0]);
}

static trv_object *make_latin1(trv_object *const *items, size_t count)
{
    if (count != 2 || !are_all(items, count, &trv__str_type))
        return bad("bytes are not made of a str");
    return trv_str_encode(items[0], trv_str_utf8(items[1], NULL), NULL);
}

/* The instances that a constructor without arguments would make are all that is allowed of bytes. */
static trv_object *make_bytes(size_t count)
{
    return count ? bad("bytes are made with arguments") : trv_bytes_new(NULL, 0);
}

static trv_object *refuse_call(const trv_object *callable)
{
    return trv_raise(trv_UnpicklingError, "a pickle may not call %.100s: it was not registered",
                     trv__is_type(callable) ? trv__type_of_handle(callable)->name
                                            : trv_function_name((trv_object *)(uintptr_t)callable));
}

/* Whether instances of a type may be made by its __new__: object, whose instances are nothing, and what
 * was registered. */
static bool may_make(const struct trv__unpickler *u, const trv_object *type)
{
    return type == trv_object_type || (trv__is_type(type) && may_call(u, type));
}

trv_object *trv__load_newobj(struct trv__unpickler *u, trv_object *type, trv_object *args)
{
    trv_object *const *items;
    trv_auto trv_object *head = NULL, *all = NULL;
    size_t count;

    if (trv__is_exception_type(type) && !may_call(u, type))
        return trv__exception_make(trv__type_of_handle(type), args);
    if (!may_make(u, type))
        return refuse_call(type);
    if (!(head = trv_tuple_new(&type, 1)) || !(all = trv_add(head, args)))
        return NULL;
    items = trv__tuple_items(all, &count);
    return users(u, trv_call_array(trv__newobj, items, count, NULL));
}

trv_object *trv__load_newobj_ex(struct trv__unpickler *u, trv_object *type, trv_object *args,
                                trv_object *keywords)
{
    if (args->type != &trv__tuple_type || keywords->type != &trv__dict_type)
        return bad("arguments are no tuple, or keywords no dict");
    return may_make(u, type) ? users(u, trv_call(trv__newobj_ex, "ooo", type, args, keywords))
                             : refuse_call(type);
}

/* The functions of copyreg: their first argument is what is called. */
static trv_object *call_copyreg(struct trv__unpickler *u, trv_object *callable,
                                trv_object *const *items, size_t count)
{
    if (count < 1)
        return bad("an instance is made of nothing");
    return may_make(u, items[0]) ? users(u, trv_call_array(callable, items, count, NULL))
                                 : refuse_call(items[0]);
}

/* A partial of a function alone; it gets all else as its state. One of a partial would copy what that holds. */
static trv_object *make_partial(trv_object *const *items, size_t count)
{
    if (count != 1 || trv__partial_is_plain(items[0]))
        return bad("a partial is not made of one function");
    return trv_partial_new(items[0], NULL, 0, NULL);
}

/* Callables that only hold what they are made of; and a partial that makes a methodcaller with keywords. */
static bool is_holder(const trv_object *callable)
{
    if (callable->type->handle == trv_partial_type)
        return trv__as_held((trv_object *)(uintptr_t)callable)->function == trv_methodcaller_type;
    return callable == trv_itemgetter_type || callable == trv_attrgetter_type ||
           callable == trv_methodcaller_type;
}

/* Iterators ------------------------------------------------------------------------------------ */

/* Whether to ask for an iterator runs no code but the library's, or that of a registered class. */
static bool may_iterate(const struct trv__unpickler *u, const trv_object *object)
{
    const struct trv_type *type = object->type;

    return !(type->flags & TRV__TYPE_IN_HEAP) || type->slots.iter == trv__iter_by_index ||
           may_call(u, type->handle);
}

/* What iterators are made by: iter and the types of lazy ones. They call nothing before they are asked for an
 * item, and nobody here asks. */
static bool is_iterator_maker(const trv_object *callable)
{
    return callable == trv__builtin_iter() || callable == trv_enumerate_type ||
           callable == trv_zip_type || callable == trv_map_type || callable == trv_filter_type ||
           callable == trv_reversed_type;
}

static trv_object *make_iterator(struct trv__unpickler *u, trv_object *callable,
                                 trv_object *const *items, size_t count)
{
    /* The first argument of these is no iterable; nor is the last of iter(callable, sentinel). */
    bool calls = callable == trv_map_type || callable == trv_filter_type ||
                 (callable == trv__builtin_iter() && count == 2);
    size_t iterables = callable == trv__builtin_iter() || callable == trv_enumerate_type
                           ? MIN_OF(count, (size_t)1)
                           : count;
    bool runs_code = false;
    trv_object *made;

    if (calls && count && !trv_is_none(items[0]) && !trv_callable(items[0]))
        return bad("an iterator calls what is no function");
    for (size_t i = calls; i < iterables; i++) {
        if (!may_iterate(u, items[i]))
            return refuse_call(items[i]->type->handle);
        runs_code |= (items[i]->type->flags & TRV__TYPE_IN_HEAP) != 0;
    }
    made = trv_call_array(callable, items, count, NULL);
    return runs_code ? users(u, made) : made;
}

trv_object *trv__load_reduce(struct trv__unpickler *u, trv_object *callable, trv_object *args)
{
    trv_object *const *items;
    size_t count;

    items = trv__tuple_items(args, &count);
    if (callable == trv_range_type)
        return make_range(items, count);
    if (callable == trv_set_type || callable == trv_frozenset_type)
        return make_set(items, count, callable == trv_frozenset_type);
    if (callable == trv_bytearray_type)
        return make_bytearray(items, count);
    if (callable == trv_bytes_type)
        return make_bytes(count);
    if (callable == trv_complex_type)
        return make_complex(items, count);
    if (callable == trv_slice_type)
        return make_slice(items, count);
    if (callable == trv_type_type)
        return make_type(items, count);
    if (callable == trv__pickle_getattr)
        return find_method(items, count);
    if (callable == trv_method_type)
        return make_method(items, count);
    if (callable == trv__latin1_encode)
        return make_latin1(items, count);
    if (callable == trv_partial_type)
        return make_partial(items, count);
    if (is_holder(callable))
        return trv_call_array(callable, items, count, NULL);
    if (is_iterator_maker(callable))
        return make_iterator(u, callable, items, count);
    if (callable == trv__newobj || callable == trv__newobj_ex || callable == trv__reconstructor)
        return call_copyreg(u, callable, items, count);
    if (trv__is_exception_type(callable) && !may_call(u, callable))
        return trv__exception_make(trv__type_of_handle(callable), args);
    if (may_call(u, callable))
        return users(u, trv_call_array(callable, items, count, NULL));
    return refuse_call(callable);
}

/* States of exceptions ------------------------------------------------------------------------- */

/* Neither on its way to its end nor on that to its beginning. */
static bool is_there(const struct trv__heap_type *heap)
{
    return heap->refcount && heap->made.mro && !(heap->flags & TRV__HIDDEN);
}

/* The type of that name made at run time that an exception can be changed to: derived from the
 * exception's own without adding data. NULL if there is none. */
static const struct trv_type *find_type(const struct trv_type *base, const char *name)
{
    LIST_EACH(node, &trv__current->objects->type_list_) {
        struct trv__heap_type *heap_type = CONTAINER_OF(node, struct trv__heap_type, link);
        const struct trv_type *type = &heap_type->made, *built_in = type;

        while (built_in->flags & TRV__TYPE_IN_HEAP)
            built_in = built_in->base;
        if (built_in == base && !strcmp(type->name, name) && is_there(heap_type) &&
            type->instance_bytes == base->instance_bytes)
            return type;
    }
    return NULL;
}

/* The same message with the name of the type before it, as arguments: the text of an OSError is
 * its second. */
static trv_object *args_with_name(trv_object *exception, const char *name)
{
    trv_auto trv_object *args = trv_exception_args(exception), *text = NULL, *named = NULL;
    trv_object *const *items = NULL;
    size_t count = 0;
    bool has_number;

    if (!args)
        return NULL;
    items = trv__tuple_items(args, &count);
    has_number = count == 2 && trv__type_derives(exception->type, trv__type_of_handle(trv_OSError));
    text = trv_str(has_number ? items[1] : exception);
    if (!text)
        return NULL;
    named =
        trv_str_printf(*trv_str_utf8(text, NULL) ? "%s: %s" : "%s", name, trv_str_utf8(text, NULL));
    if (!named)
        return NULL;
    return has_number ? trv_tuple_new((trv_object *[]){items[0], named}, 2)
                      : trv_tuple_new(&named, 1);
}

static int set_type(trv_object *object, const char *name)
{
    const struct trv_type *type = find_type(object->type, name);
    trv_object *args, *old;

    if (object->type->flags & TRV__TYPE_IN_HEAP)
        return trv__pickle_is_bad("an exception has two types");
    if (type) {
        trv_ref(type->handle);
        object->type = type;
        return 0;
    }
    args = args_with_name(object, name);
    if (!args)
        return -1;
    old = trv__exception(object)->args;
    trv__exception(object)->args = args;
    trv_unref(old);
    return trv__exception_fill(object, NULL);
}

static int set_link(trv_object **link, trv_object *value)
{
    trv_object *old = *link;

    if (!trv_is_none(value) && !trv__is_exception(value))
        return trv__pickle_is_bad("the cause or context of an exception is none");
    *link = trv_is_none(value) ? NULL : trv_ref(value);
    trv_unref(old);
    return 0;
}

static int set_state(trv_object *object, const char *key, trv_object *value)
{
    struct trv__exception *exception = trv__exception(object);
    bool is_text = value->type == &trv__str_type;

    if (!strcmp(key, TRV__STATE_CAUSE))
        return set_link(&exception->cause, value);
    if (!strcmp(key, TRV__STATE_CONTEXT))
        return set_link(&exception->context, value);
    if (!strcmp(key, TRV__STATE_SUPPRESS))
        exception->suppresses_context = value->type == &trv__bool_type && trv_truth(value) == 1;
    if (is_text && !strcmp(key, TRV__STATE_TRACEBACK))
        return trv__exception_set_remote_traceback(object, value);
    if (is_text && !strcmp(key, TRV__STATE_TYPE))
        return set_type(object, trv_str_utf8(value, NULL));
    return strcmp(key, TRV__STATE_SUPPRESS) ? trv_setattr(object, key, value) : 0;
}

static int build_exception(trv_object *object, trv_object *state)
{
    trv_object *key, *value;
    size_t position = 0;
    int more, result = 0;

    if (trv_is_none(state))
        return 0;
    if (state->type != &trv__dict_type)
        return trv__pickle_is_bad("the state of an exception is no dict");
    while (result == 0 && (more = trv_dict_next(state, &position, &key, &value)) != 0) {
        if (more < 0)
            return -1;
        if (key->type == &trv__str_type)
            result = set_state(object, trv_str_utf8(key, NULL), value);
        trv_unref(key);
        trv_unref(value);
    }
    return result;
}

/* States of closures --------------------------------------------------------------------------- */

static int set_attributes(trv_object *object, trv_object *attributes)
{
    trv_object *key, *value;
    size_t position = 0;
    int more, result = 0;

    if (attributes->type != &trv__dict_type)
        return trv__pickle_is_bad("the attributes of a closure are no dict");
    while (result == 0 && (more = trv_dict_next(attributes, &position, &key, &value)) != 0) {
        if (more < 0)
            return -1;
        result = key->type == &trv__str_type
                     ? trv_setattr(object, trv_str_utf8(key, NULL), value)
                     : trv__pickle_is_bad("an attribute is not named by a str");
        trv_unref(key);
        trv_unref(value);
    }
    return result;
}

static int build_closure(trv_object *object, trv_object *state)
{
    struct trv__closure *closure = (struct trv__closure *)(void *)object;
    trv_object *const *items;
    size_t count = 0;

    items = state->type == &trv__tuple_type ? trv__tuple_items(state, &count) : NULL;
    if (count < 1 || count > 3)
        return trv__pickle_is_bad("the state of a closure is no tuple");
    if (count < 3 && closure->data)
        return trv__pickle_is_bad("a closure has two states");
    if (count < 3) {
        closure->data = trv_ref(items[0]);
        if (items[0]->type->flags & TRV__TYPE_CONTAINER && !(closure->flags & TRV__TRACKED))
            trv__track(closure);
    }
    return count > 1 ? set_attributes(object, items[1]) : 0;
}

/* States of instances -------------------------------------------------------------------------- */

/* Sets the attributes of a dict: of the instance itself, without its __setattr__; or as anybody does. */
static int set_all(trv_object *object, trv_object *state, bool directly)
{
    trv_object *key, *value;
    size_t position = 0;
    int more, result = 0;

    if (trv_is_none(state))
        return 0;
    if (state->type != &trv__dict_type)
        return trv__pickle_is_bad("the state of an instance is no dict");
    while (result == 0 && (more = trv_dict_next(state, &position, &key, &value)) != 0) {
        trv_object *name = more > 0 ? trv__name_of(key) : NULL;
        if (more < 0)
            return -1;
        result = !name      ? -1
                 : directly ? trv__own_set(object, name, value)
                            : trv_setattr(object, trv_str_utf8(name, NULL), value);
        trv_unref(name);
        trv_unref(key);
        trv_unref(value);
    }
    return result;
}

/* A state as trv__state_default gives it: of attributes, and of slots. */
static int set_default_state(trv_object *object, trv_object *state)
{
    trv_object *own = state, *slots = NULL;
    size_t count;

    if (state->type == &trv__tuple_type) {
        trv_object *const *items = trv__tuple_items(state, &count);
        if (count != 2)
            return trv__pickle_is_bad("the state of an instance has not two parts");
        own = items[0];
        slots = items[1];
    }
    if (!trv_is_none(own) && !object->type->attributes_offset)
        return trv__pickle_is_bad("attributes are given to what has none");
    if (set_all(object, own, true) < 0)
        return -1;
    return slots ? set_all(object, slots, false) : 0;
}

static int build_instance(struct trv__unpickler *u, trv_object *object, trv_object *state)
{
    trv_auto trv_object *method = NULL, *answer = NULL;
    trv_object *name = trv__name("__setstate__");
    int found = name ? trv__get_or_not(object, name, &method) : -1;

    if (found < 0) {
        u->is_users = true;
        return -1;
    }
    if (!found)
        return set_default_state(object, state);
    answer = users(u, trv_call(method, "o", state));
    return answer ? 0 : -1;
}

bool trv__load_may_fill(const trv_object *object)
{
    const struct trv__registered *registered = trv__registered(object);

    return object->type->flags & TRV__TYPE_IN_HEAP && !trv__is_type(object) &&
           !(registered && registered->name);
}

int trv__load_build(struct trv__unpickler *u, trv_object *object, trv_object *state)
{
    const struct trv__registered *registered = trv__registered(object);

    if (registered && registered->name)
        return trv__pickle_is_bad("a state is given to what was only named");
    if (trv__is_exception(object) && !trv__exception(object)->is_constant)
        return build_exception(object, state);
    if (object->type == &trv__closure_type)
        return build_closure(object, state);
    if (trv__load_may_fill(object) || object->type->handle == trv_partial_type ||
        (object->type->slots.next && !(object->type->flags & TRV__TYPE_IN_HEAP)))
        return build_instance(u, object, state);
    return trv__pickle_is_bad("a state is given to what has none");
}

/* Persistent ids ------------------------------------------------------------------------------- */

/* Reads a place off the bytes of an id; how many they are, or 0. */
static size_t decode_place(const unsigned char *id, size_t size, struct trv__code_place *place)
{
    size_t whole;

    if (size < 2 || id[1] > TRV__CODE_ID_MOST)
        return 0;
    whole = 2 + (size_t)id[1] + sizeof place->offset;
    if (size < whole)
        return 0;
    place->id_size = id[1];
    memcpy(place->id, id + 2, place->id_size);
    memcpy(&place->offset, id + 2 + place->id_size, sizeof place->offset);
    return whole;
}

static trv_object *load_closure(struct trv__unpickler *u, const struct trv__code_place *place,
                                const unsigned char *name, size_t size)
{
    trv_entry entry = trv__code_entry(u->images, place);
    trv_object *text, *closure;

    if (!entry)
        return NULL;
    if (!u->link->is_trusted && !trv__entry_is_known(entry))
        return bad("a closure runs code of which no closure was made here");
    if (memchr(name, 0, size))
        return bad("the name of a closure is cut off");
    text = trv_str_new_sized((const char *)name, size);
    if (!text)
        return NULL;
    closure = trv_function_new(entry, trv_str_utf8(text, NULL), NULL);
    trv_unref(text);
    return closure;
}

static trv_object *load_inherited(struct trv__unpickler *u, const unsigned char *id, size_t size)
{
    uint64_t addresses[2];

    if (size != 1 + sizeof addresses)
        return bad("an inherited object is not named by its address");
    if (!u->link->inherited)
        return bad("an inherited object can only be named to a worker of the pool");
    memcpy(addresses, id + 1, sizeof addresses);
    return u->link->inherited(u->link->data, (uintptr_t)addresses[0], (uintptr_t)addresses[1]);
}

/* The type made at run time that lies at an address here, too. It may be called. */
static trv_object *load_type(struct trv__unpickler *u, const unsigned char *id, size_t size)
{
    uint64_t address;
    size_t head = 1 + sizeof address;

    if (size <= head || !u->link->is_trusted)
        return bad("a type can only be named by its address to a fork of the program");
    memcpy(&address, id + 1, sizeof address);
    LIST_EACH(node, &trv__current->objects->type_list_) {
        struct trv__heap_type *heap = CONTAINER_OF(node, struct trv__heap_type, link);
        const char *name = heap->made.name;
        if ((uintptr_t)heap == address && is_there(heap) && strlen(name) == size - head &&
            !memcmp(name, id + head, size - head)) {
            trv_object *type = (trv_object *)heap;
            return is_granted(u, type) || grant(u, type) == 0 ? trv_ref(type) : NULL;
        }
    }
    return trv_raise(trv_UnpicklingError, "type '%.*s' was not there when the process was forked",
                     (int)(size - head), (const char *)id + head);
}

/* An id that trv__dump_function and its like write; NULL with nothing set if it is none of these. */
static trv_object *load_own_id(struct trv__unpickler *u, trv_object *object)
{
    struct trv__code_place place;
    const unsigned char *id = trv__as_bytes(object)->data;
    size_t size = trv__as_bytes(object)->size, used;

    if (size && id[0] == TRV__CODE_INHERITED)
        return load_inherited(u, id, size);
    if (size && id[0] == TRV__CODE_TYPE)
        return load_type(u, id, size);
    used = decode_place(id, size, &place);
    if (!used)
        return bad("a persistent id is cut off");
    if (!u->images && !(u->images = trv__images_new()))
        return NULL;
    if (id[0] == TRV__CODE_FUNCTION && used == size)
        return trv__code_function(u->images, &place);
    if (id[0] == TRV__CODE_CLOSURE)
        return load_closure(u, &place, id + used, size - used);
    return bad("a persistent id is of no known kind");
}

trv_object *trv__load_persistent(struct trv__unpickler *u, trv_object *object)
{
    trv_object *loaded = NULL;

    if (object->type == &trv__bytes_type && (loaded = load_own_id(u, object)))
        return loaded;
    if (!u->link->persistent_load)
        return object->type == &trv__bytes_type ? NULL : bad("a persistent id is not bytes");
    trv_error_clear();
    return users(u, trv_call(u->link->persistent_load, "o", object));
}
