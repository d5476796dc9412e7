/* SPDX-License-Identifier: MIT */
/*
 * Reference forensics: which lines of a program took references to an object and did not give them back.
 *
 * Compile the program with -DTRV_FORENSICS (before any header of Trivet is read), run it, and ask:
 *
 *     if (trv_forensics_watch_type(trv_list_type) < 0) ...         early: all lists
 *     ...
 *     trv_print(trv_forensics_report(NULL));                       late: those that still live
 *
 * Then every call in the program that gives it a reference (trv_list_get, trv_ref, the results of all
 * public functions) and every one that drops or gives one away (trv_unref, trv_clear, the end of a
 * trv_auto, the result of a TRV_FUNCTION) is noted down for what is watched. The report sets them against
 * each other, function by function, because most references are dropped by the function that took
 * them: those that do not come out even are shown first. It tells as well how many references the
 * heap itself explains, and who holds them.
 *
 * The library need not be compiled in any special way. Without TRV_FORENSICS nothing here costs anything,
 * and nothing is noted down. What the program does with references that it cannot see is told with
 * trv_forensics_gave: "this one is not mine any more". Lines at which a trv_auto ends are known if the
 * program has debug information.
 */
#ifndef TRIVET_FORENSICS_H
#define TRIVET_FORENSICS_H

#include <trivet/container.h>
#include <trivet/error.h>
#include <trivet/function.h>
#include <trivet/object.h>

TRV_BEGIN_DECLARATIONS

/* Watches an object, from now on: the caller's reference is the first. Raises: RuntimeError for an immortal
 * object. */
TRV_API TRV_MUST_CHECK int trv_forensics_watch(trv_object *object);
/* Watches all objects of a type, and of those derived from it, that the program gets from now on.
 * Raises: TypeError. */
TRV_API TRV_MUST_CHECK int trv_forensics_watch_type(trv_object *type);
/* Watches nothing any more, and forgets all. */
TRV_API void trv_forensics_stop(void);
/* What was noted down about an object; or, for NULL, about all that are watched and still live, those
 * with references that are missing first. Returns: a str. */
TRV_API TRV_MUST_CHECK trv_object *trv_forensics_report(trv_object *object);
/* How many references the program has taken and not given back, as far as it was seen. Returns: that
 * number; 0 for what is not watched. */
TRV_API int64_t trv_forensics_balance(const trv_object *object);

/* A call in the program: in which file, line and function; what it calls. */
typedef struct trv_forensics_site_ {
    const char *call, *file, *function;
    int line;
} trv_forensics_site_;

/* Notes that the program has got a reference. Returns: the object. */
TRV_API trv_object *trv_forensics_got_(trv_object *object, const trv_forensics_site_ *site);
/* Notes that it passes one on. Returns: the object. */
TRV_API trv_object *trv_forensics_gives_(trv_object *object, const trv_forensics_site_ *site);
/* Notes that it is about to drop one. */
TRV_API void trv_forensics_drops_(trv_object *object, const trv_forensics_site_ *site);
/* What trv_auto calls at the end of a block: drops what is in the variable. */
TRV_API void trv_forensics_auto_(trv_object **variable);

/* The reference to an object is no longer the program's: another library keeps it, say.
 * Returns: the object. */
#ifdef TRV_FORENSICS
#define trv_forensics_gave(object) trv_forensics_gives_(object, TRV_SITE_("trv_forensics_gave"))
#else
#define trv_forensics_gave(object) (object)
#endif

TRV_END_DECLARATIONS

#ifdef TRV_FORENSICS

/* The address of a constant that says where it stands. */
#define TRV_SITE_(text)                                                                            \
    (__extension__({                                                                               \
        static trv_forensics_site_ trv_site_ = {text, __FILE__, NULL, __LINE__};                   \
        trv_site_.function = __func__;                                                             \
        (const trv_forensics_site_ *)&trv_site_;                                                   \
    }))
#define TRV_GOT_(object, text) trv_forensics_got_(object, TRV_SITE_(text))

/* trv_ref. */
static inline trv_object *trv_forensics_ref_(trv_object *object, const trv_forensics_site_ *site)
{
    return trv_forensics_got_(trv_ref(object), site);
}

/* trv_unref. */
static inline void trv_forensics_unref_(trv_object *object, const trv_forensics_site_ *site)
{
    trv_forensics_drops_(object, site);
    trv_unref(object);
}

/* trv_clear. */
static inline void trv_forensics_clear_(trv_object **variable, const trv_forensics_site_ *site)
{
    trv_object *object = *variable;

    *variable = NULL;
    trv_forensics_unref_(object, site);
}

/* What comes through a variable. */
static inline int trv_forensics_out_(int answer, trv_object **out, const trv_forensics_site_ *site)
{
    if (answer > 0 && out)
        trv_forensics_got_(*out, site);
    return answer;
}

/* trv_next. */
static inline int trv_forensics_next_(trv_object *iterator, trv_object **item,
                                      const trv_forensics_site_ *site)
{
    return trv_forensics_out_(trv_next(iterator, item), item, site);
}

/* trv_dict_get. */
static inline int trv_forensics_dict_get_(trv_object *dict, trv_object *key, trv_object **value,
                                          const trv_forensics_site_ *site)
{
    return trv_forensics_out_(trv_dict_get(dict, key, value), value, site);
}

/* trv_dict_get_str. */
static inline int trv_forensics_dict_get_str_(trv_object *dict, const char *key, trv_object **value,
                                              const trv_forensics_site_ *site)
{
    return trv_forensics_out_(trv_dict_get_str(dict, key, value), value, site);
}

/* trv_dict_next. */
static inline int trv_forensics_dict_next_(trv_object *dict, size_t *position, trv_object **key,
                                           trv_object **value, const trv_forensics_site_ *site)
{
    int answer = trv_dict_next(dict, position, key, value);

    return trv_forensics_out_(trv_forensics_out_(answer, key, site), value, site);
}

#define trv_ref(object) trv_forensics_ref_(object, TRV_SITE_("trv_ref"))
#define trv_unref(object) trv_forensics_unref_(object, TRV_SITE_("trv_unref"))
#define trv_clear(variable) trv_forensics_clear_(variable, TRV_SITE_("trv_clear"))
#define trv_next(iterator, item) trv_forensics_next_(iterator, item, TRV_SITE_("trv_next"))
#define trv_dict_get(dict, key, value)                                                             \
    trv_forensics_dict_get_(dict, key, value, TRV_SITE_("trv_dict_get"))
#define trv_dict_get_str(dict, key, value)                                                         \
    trv_forensics_dict_get_str_(dict, key, value, TRV_SITE_("trv_dict_get_str"))
#define trv_dict_next(dict, position, key, value)                                                  \
    trv_forensics_dict_next_(dict, position, key, value, TRV_SITE_("trv_dict_next"))
#undef trv_auto
#define trv_auto TRV_CLEANUP_(trv_forensics_auto_)

/* What a function returns it gives to whoever called it. */
#undef TRV_DEFINE_FUNCTION_
#define TRV_DEFINE_FUNCTION_(linkage, name, signature)                                             \
    static trv_object *name##_trv_entry_(const trv_args *args);                                    \
    static trv_object *name##_trv_gives_(const trv_args *args)                                     \
    {                                                                                              \
        static const trv_forensics_site_ site = {"return", __FILE__, #name, __LINE__};             \
        return trv_forensics_gives_(name##_trv_entry_(args), &site);                               \
    }                                                                                              \
    static const trv_function_spec name##_trv_spec_ = {                                            \
        sizeof(trv_function_spec), name##_trv_gives_, signature, __FILE__, __LINE__, #name, NULL}; \
    linkage trv_object name[1] = {                                                                 \
        {TRV_IMMORTAL_, 0, &trv_static_function_layout_, &name##_trv_spec_}};                      \
    static trv_object *name##_trv_entry_(const trv_args *args TRV_UNUSED)

#include <trivet/forensics_calls.h>

#endif

#endif
