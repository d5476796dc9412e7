/* SPDX-License-Identifier: MIT */
/*
 * capsule: a C pointer that travels as an object.
 *
 * It has a name, which whoever opens it must know, so that the pointer of one library is not taken
 * for that of another. The name is not copied. The destructor is code of a user and runs like a
 * finalizer: it may not block, what it raises is printed, and a pending exception is kept.
 */
#include "object/object.h"

struct capsule {
    TRV__HEAD;
    void *pointer;
    const char *name;
    void (*destroy)(void *pointer);
};

static struct capsule *capsule_of(trv_object *object)
{
    return (struct capsule *)(void *)object;
}

trv_object *trv_capsule_new(void *pointer, const char *name, void (*destroy)(void *pointer))
{
    struct capsule *capsule;

    if (!pointer)
        return trv_raise(trv_ValueError, "trv_capsule_new needs a pointer that is not NULL");
    capsule = trv__object_new(&trv__capsule_type, sizeof *capsule);
    if (!capsule)
        return NULL;
    capsule->pointer = pointer;
    capsule->name = name;
    capsule->destroy = destroy;
    return (trv_object *)capsule;
}

static bool names_are_equal(const char *a, const char *b)
{
    return a == b || (a && b && !strcmp(a, b));
}

void *trv_capsule_get(trv_object *capsule, const char *name)
{
    const char *own_name;

    if (!trv__expect(capsule, &trv__capsule_type, "trv_capsule_get"))
        return NULL;
    own_name = capsule_of(capsule)->name;
    if (!names_are_equal(own_name, name))
        return trv_raise(trv_ValueError, "the capsule is named %s, not %s",
                         own_name ? own_name : "NULL", name ? name : "NULL");
    return capsule_of(capsule)->pointer;
}

static trv_object *capsule_construct(const struct trv_type *type TRV_UNUSED,
                                     const trv_args *args TRV_UNUSED)
{
    return trv_raise(trv_TypeError, "a capsule is made in C, with trv_capsule_new");
}

static void capsule_destroy(trv_object *self)
{
    struct capsule *capsule = capsule_of(self);
    struct trv__callback callback;

    if (!capsule->destroy)
        return;
    trv__callback_begin(&callback);
    capsule->destroy(capsule->pointer);
    trv__callback_end(&callback, "destructor of a capsule", NULL);
}

static trv_object *capsule_repr(trv_object *self)
{
    const char *name = capsule_of(self)->name;

    return trv_str_printf(name ? "<capsule object \"%s\" at %p>" : "<capsule object %s at %p>",
                          name ? name : "NULL", (void *)self);
}

TRV__READ_ONLY struct trv_type trv__capsule_type = {
    .handle = trv_capsule_type,
    .name = "capsule",
    .doc = "a C pointer with a name",
    .base = &trv__object_type,
    .instance_bytes = sizeof(struct capsule),
    .flags = TRV__TYPE_FINAL,
    .construct = capsule_construct,
    .slots =
        {
            .destroy = capsule_destroy,
            .repr = capsule_repr,
            .str = capsule_repr,
        },
};
TRV__READ_ONLY trv_object trv_capsule_type[1] = {TRV__TYPE_HANDLE(trv__capsule_type)};
