/* SPDX-License-Identifier: MIT */
/*
 * Classes made while the program runs: methods, inheritance, super in a diamond, a property, operators,
 * an abstract method, and what happens to attributes that are not there.
 */
#include <trivet.h>

#include <stdio.h>

/* class Shape: area() is left to others; describe() uses it */

TRV_STATIC_FUNCTION(area_of_nothing, "area(self)")
{
    return trv_raise(trv_NotImplementedError, "no area");
}

TRV_STATIC_FUNCTION(describe, "describe(self)")
{
    trv_object *self = args->items[0];
    trv_auto trv_object *area = trv_call_method(self, "area", "");

    return trv_build("(so)", trv_type_name(self), area);
}

/* class Box(Shape): __init__(width, height); area; a property `width` that must be positive */

TRV_STATIC_FUNCTION(box_init, "__init__(self, width, height)")
{
    trv_object *self, *width, *height;

    if (trv_parse(args, "ooo", &self, &width, &height) < 0 ||
        trv_setattr(self, "width", width) < 0 || trv_setattr(self, "height", height) < 0)
        return NULL;
    return trv_none_new();
}

TRV_STATIC_FUNCTION(box_area, "area(self)")
{
    trv_auto trv_object *width = trv_getattr(args->items[0], "width");
    trv_auto trv_object *height = trv_getattr(args->items[0], "height");

    return trv_multiply(width, height);
}

TRV_STATIC_FUNCTION(get_width, "width(self): how wide it is")
{
    return trv_getattr(args->items[0], "_width");
}

TRV_STATIC_FUNCTION(set_width, "width(self, value)")
{
    trv_object *self;
    int64_t width;
    trv_auto trv_object *value = NULL;

    if (trv_parse(args, "ol", &self, &width) < 0)
        return NULL;
    if (width <= 0)
        return trv_raise(trv_ValueError, "a box that is %lld wide", (long long)width);
    value = trv_int_new(width);
    return trv_setattr(self, "_width", value) < 0 ? NULL : trv_none_new();
}

/* Makes the two. *shape and *box are the caller's. */
static int make_shapes(trv_object **shape, trv_object **box)
{
    trv_auto trv_object *abstract = trv_abstractmethod(area_of_nothing);
    trv_auto trv_object *of_shape = trv_build("{s:o, s:o}", "area", abstract, "describe", describe);
    trv_auto trv_object *width = trv_property_new(get_width, set_width, NULL, NULL);
    trv_auto trv_object *of_box =
        trv_build("{s:o, s:o, s:o}", "__init__", box_init, "area", box_area, "width", width);

    *shape = trv_class_new("Shape", NULL, of_shape);
    *box = *shape ? trv_class_new("Box", *shape, of_box) : NULL;
    return *box ? 0 : -1;
}

/* What the pending exception says; it is over then. */
static void say(void)
{
    trv_auto trv_object *exception = trv_error_take();

    printf("%s: ", trv_type_name(exception));
    trv_print(exception);
}

static int shapes(void)
{
    trv_auto trv_object *shape = NULL, *box = NULL, *one = NULL, *described = NULL, *none = NULL;

    if (make_shapes(&shape, &box) < 0 || !(one = trv_call(box, "ii", 3, 4)) ||
        !(described = trv_call_method(one, "describe", "")))
        return -1;
    trv_print(described);
    if (!(none = trv_int_new(-1)) || trv_setattr(one, "width", none) == 0)
        return -1;
    say();
    if (trv_getattr(one, "depth"))
        return -1;
    say();
    if (trv_call(shape, ""))
        return -1;
    say();
    return 0;
}

/* class Vector: x and y, with + and == and repr */

TRV_STATIC_FUNCTION(vector_init, "__init__(self, x, y)")
{
    trv_object *self, *x, *y;

    if (trv_parse(args, "ooo", &self, &x, &y) < 0 || trv_setattr(self, "x", x) < 0 ||
        trv_setattr(self, "y", y) < 0)
        return NULL;
    return trv_none_new();
}

static trv_object *parts_of(trv_object *vector)
{
    trv_auto trv_object *x = trv_getattr(vector, "x");
    trv_auto trv_object *y = trv_getattr(vector, "y");

    return trv_build("(oo)", x, y);
}

TRV_STATIC_FUNCTION(vector_add, "__add__(self, other)")
{
    trv_auto trv_object *type = trv_type_of(args->items[0]);
    trv_auto trv_object *x = trv_getattr(args->items[0], "x"),
                        *y = trv_getattr(args->items[0], "y");
    trv_auto trv_object *more_x = trv_getattr(args->items[1], "x");
    trv_auto trv_object *more_y = trv_getattr(args->items[1], "y");
    trv_auto trv_object *sum_x = trv_add(x, more_x), *sum_y = trv_add(y, more_y);

    return trv_call(type, "oo", sum_x, sum_y);
}

TRV_STATIC_FUNCTION(vector_equal, "__eq__(self, other)")
{
    trv_auto trv_object *mine = parts_of(args->items[0]);
    trv_auto trv_object *others = parts_of(args->items[1]);
    int is_equal = trv_equal(mine, others);

    return is_equal < 0 ? NULL : trv_bool_new(is_equal);
}

TRV_STATIC_FUNCTION(vector_repr, "__repr__(self)")
{
    trv_auto trv_object *parts = parts_of(args->items[0]);
    trv_auto trv_object *text = trv_repr(parts);

    return text ? trv_str_printf("Vector%s", trv_str_utf8(text, NULL)) : NULL;
}

static int vectors(void)
{
    trv_auto trv_object *dict =
        trv_build("{s:o, s:o, s:o, s:o}", "__init__", vector_init, "__add__", vector_add, "__eq__",
                  vector_equal, "__repr__", vector_repr);
    trv_auto trv_object *type = trv_class_new("Vector", NULL, dict);
    trv_auto trv_object *a = trv_call(type, "ii", 1, 2), *b = trv_call(type, "ii", 10, 20);
    trv_auto trv_object *sum = trv_add(a, b);
    trv_auto trv_object *again = trv_call(type, "ii", 11, 22);
    int64_t hash;

    if (!again || trv_print(sum) < 0)
        return -1;
    printf("equal: %d\n", trv_equal(sum, again));
    if (trv_hash(sum, &hash) == 0) /* __eq__ without __hash__ */
        return -1;
    say();
    return 0;
}

/* A diamond: D(B, C), both of A. Each name() asks the next one by super. */

static trv_object *name_of(const trv_args *args)
{
    trv_auto trv_object *type = trv_cell_get(args->self); /* the class whose method this is */
    trv_auto trv_object *mine = trv_getattr(type, "__name__");
    trv_auto trv_object *above = trv_super_new(type, args->items[0]);
    trv_auto trv_object *others = NULL;

    if (!above)
        return NULL;
    if (!trv_hasattr(above, "name"))
        return trv_build("[o]", mine);
    others = trv_call_method(above, "name", "");
    if (!others || trv_list_insert(others, 0, mine) < 0)
        return NULL;
    return trv_steal(&others);
}

/* class NAME(BASES): name(), which has a cell for its class as Python's methods that use super do */
static trv_object *named(const char *name, trv_object *bases)
{
    trv_auto trv_object *cell = trv_cell_new(NULL);
    trv_auto trv_object *method = trv_function_new(name_of, "name(self)", cell);
    trv_auto trv_object *dict = trv_build("{s:o}", "name", method);
    trv_auto trv_object *type = trv_class_new(name, bases, dict);

    return type && trv_cell_set(cell, type) == 0 ? trv_steal(&type) : NULL;
}

static int diamond(void)
{
    trv_auto trv_object *a = named("A", NULL);
    trv_auto trv_object *b = named("B", a), *c = named("C", a);
    trv_auto trv_object *both = trv_build("(oo)", b, c), *wrong = trv_build("(oo)", a, b);
    trv_auto trv_object *d = named("D", both);
    trv_auto trv_object *one = trv_call(d, "");
    trv_auto trv_object *names = trv_call_method(one, "name", "");
    trv_auto trv_object *order = trv_getattr(d, "__mro__");

    if (!names || trv_print(names) < 0 || trv_print(order) < 0)
        return -1;
    if (trv_class_new("E", wrong, NULL))
        return -1;
    say();
    return 0;
}

TRV_FUNCTION(app, "app(): three small families of classes")
{
    if (shapes() < 0 || vectors() < 0 || diamond() < 0)
        return NULL;
    return trv_none_new();
}

int main(int argc, char **argv)
{
    return trv_main(app, argc, argv);
}
