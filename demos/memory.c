/* SPDX-License-Identifier: MIT */
/*
 * Watching memory look after itself: counts, immortal objects, cycles, weak references.
 */
#include <trivet.h>

#include <stdio.h>

TRV_STATIC_FUNCTION(say_goodbye, "say_goodbye(reference): a weak reference's callback")
{
    printf("the object behind the weak reference has ended\n");
    return trv_none_new();
}

static int counts(void)
{
    trv_auto trv_object *list = trv_build("[i s]", 1000, "plate");
    trv_auto trv_object *same = trv_ref(list);
    trv_auto trv_object *one = trv_int_new(1);

    if (!list)
        return -1;
    printf("references to the list: %d\n", (int)trv_refcount(list));
    trv_clear(&same);
    printf("after dropping one: %d\n", (int)trv_refcount(list));
    printf("the int 1 is immortal: %s\n", trv_refcount(one) == INT32_MAX ? "yes" : "no");
    return 0;
}

static int cycle(void)
{
    trv_object *list = trv_list_new();
    trv_auto trv_object *reference = trv_weakref_new(list, say_goodbye);
    size_t found = 0;

    if (!list || !reference || trv_list_append(list, list) < 0) {
        trv_unref(list);
        return -1;
    }
    trv_print(list);
    trv_unref(list); /* the list still refers to itself */
    printf("dropped, but not ended\n");
    if (trv_gc_collect(2, &found) < 0)
        return -1;
    printf("the collector found %zu object%s\n", found, found == 1 ? "" : "s");
    trv_auto trv_object *nobody = trv_weakref_get(reference);
    return nobody ? trv_print(nobody) : -1;
}

TRV_FUNCTION(app, "app(): counts and cycles")
{
    return counts() < 0 || cycle() < 0 ? NULL : trv_none_new();
}

int main(int argc, char **argv)
{
    return trv_main(app, argc, argv);
}
