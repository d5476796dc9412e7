/* SPDX-License-Identifier: MIT */
/*
 * Classes: types made while the program runs, of functions and other objects, as Python's.
 *
 *     TRV_STATIC_FUNCTION(area, "area(self): width * height")
 *     {
 *         trv_auto trv_object *width = trv_getattr(args->items[0], "width");
 *         trv_auto trv_object *height = trv_getattr(args->items[0], "height");
 *         return trv_multiply(width, height);
 *     }
 *     ...
 *     trv_auto trv_object *dict = trv_build("{s:o}", "area", area);
 *     trv_auto trv_object *box = trv_class_new("Box", NULL, dict);
 *     trv_auto trv_object *one = trv_call(box, "");
 *
 * A function in the namespace of a class is a method: found through an instance it gets that instance
 * as its first argument. Methods with the names of operators (__init__, __add__, __len__, __eq__...)
 * are what the operators call. Instances have attributes of their own, unless the namespace has
 * __slots__. Bases may be classes, built-in types and types defined in C (type.h); several are
 * ordered by the C3 linearisation.
 *
 * An attribute is looked for in this order: a descriptor with __set__ (a property) in the type and
 * those it derives from; the instance's own; anything else found in the type, bound by its __get__; and
 * then __getattr__ is asked.
 */
#ifndef TRIVET_CLASS_H
#define TRIVET_CLASS_H

#include <trivet/function.h>
#include <trivet/object.h>

TRV_BEGIN_DECLARATIONS

extern TRV_API trv_object trv_property_type[1], trv_classmethod_type[1], trv_staticmethod_type[1],
    trv_abstractmethod_type[1], trv_super_type[1];

/* Making classes --------------------------------------------------------------------------- */

/* A class. `bases` is a type, a tuple of types, or NULL for object; `dict` is its namespace, which is
 * copied, or NULL. The metaclass is that of the bases. As by Python's class statement, a base that is no type is asked
 * for __mro_entries__, and what a metaclass's __prepare__ gives is filled from `dict`. Code of the user may run besides:
 * metaclasses, __set_name__ of what the namespace holds, __init_subclass__ of the bases.
 * Raises: TypeError (the bases do not go together), ValueError (__slots__). */
TRV_API TRV_MUST_CHECK trv_object *trv_class_new(const char *name, trv_object *bases,
                                                 trv_object *dict);
/* The same with a metaclass, a type that derives from `type` (NULL fails: pass trv_type_type), and
 * keywords for it and for __init_subclass__, or NULL. */
TRV_API TRV_MUST_CHECK trv_object *trv_class_new_with(trv_object *metaclass, const char *name,
                                                      trv_object *bases, trv_object *dict,
                                                      trv_object *keywords);
/* What a private name becomes inside a class: "__x" in "Box" is "_Box__x"; others stay.
 * Returns: a str. */
TRV_API TRV_MUST_CHECK trv_object *trv_mangle(const char *class_name, const char *name);

/* For the namespace ------------------------------------------------------------------------ */

/* An attribute that functions get, set and delete; each, and the doc, may be NULL. Without a doc it
 * has the getter's. */
TRV_API TRV_MUST_CHECK trv_object *trv_property_new(trv_object *getter, trv_object *setter,
                                                    trv_object *deleter, const char *doc);
/* A method that gets the class as its first argument. */
TRV_API TRV_MUST_CHECK trv_object *trv_classmethod_new(trv_object *function);
/* A function that is no method. */
TRV_API TRV_MUST_CHECK trv_object *trv_staticmethod_new(trv_object *function);
/* A method that derived classes have to replace: a class that finds it makes no instances. */
TRV_API TRV_MUST_CHECK trv_object *trv_abstractmethod(trv_object *function);

/* In methods ------------------------------------------------------------------------------- */

/* Python's super(type, object): attributes as the types behind `type` have them, in the order of lookup
 * of the object's type, bound to the object. Raises: TypeError. */
TRV_API TRV_MUST_CHECK trv_object *trv_super_new(trv_object *type, trv_object *object);

/* Attributes ------------------------------------------------------------------------------- */

/* object.name, where the name is a str; fastest if that is interned (trv_intern).
 * Raises: AttributeError; TypeError if the name is no str. */
TRV_API TRV_MUST_CHECK trv_object *trv_getattr_str(trv_object *object, trv_object *name);
/* object.name = value. Raises: as trv_getattr_str. */
TRV_API TRV_MUST_CHECK int trv_setattr_str(trv_object *object, trv_object *name, trv_object *value);
/* del object.name. Raises: as trv_getattr_str. */
TRV_API TRV_MUST_CHECK int trv_delattr_str(trv_object *object, trv_object *name);
/* The attribute, or `fallback` where that would be an AttributeError. */
TRV_API TRV_MUST_CHECK trv_object *trv_getattr_default(trv_object *object, const char *name,
                                                       trv_object *fallback);
/* Whether there is such an attribute. Returns: 1, 0, or -1 for errors other than AttributeError. */
TRV_API TRV_MUST_CHECK int trv_hasattr(trv_object *object, const char *name);
/* The names of an object's attributes, its type's included. Returns: a sorted list. */
TRV_API TRV_MUST_CHECK trv_object *trv_dir(trv_object *object);
/* An object's __dict__: the dict of its own attributes, which changes them; of a type, a mappingproxy.
 * Raises: TypeError if it has none. */
TRV_API TRV_MUST_CHECK trv_object *trv_vars(trv_object *object);

/* object.name(arguments), built from a format as in trv_call; makes no bound method.
 * Raises: AttributeError, what trv_call raises. Blocks, May switch: yes. */
TRV_API TRV_MUST_CHECK trv_object *trv_call_method(trv_object *object, const char *name,
                                                   const char *format, ...);
/* The same with an array of arguments and a dict of keywords or NULL; the name is a str.
 * Raises, Blocks, May switch: as trv_call_method. */
TRV_API TRV_MUST_CHECK trv_object *trv_call_method_array(trv_object *object, trv_object *name,
                                                         trv_object *const *items, size_t count,
                                                         trv_object *keywords);

TRV_END_DECLARATIONS

#endif
