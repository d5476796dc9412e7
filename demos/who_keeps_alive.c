/* SPDX-License-Identifier: MIT */
/*
 * Who keeps an object alive: a cache that nobody empties, found from what it holds.
 */
#include <trivet.h>

#include <stdio.h>

static trv_object *cache; /* by name: what was looked up last */

/* A page is kept in the cache, in a list with how often it was asked for. */
static int look_up(const char *name, trv_object *page)
{
    trv_auto trv_object *entry = trv_build("[i o]", 1, page);

    return entry ? trv_dict_set_str(cache, name, entry) : -1;
}

TRV_FUNCTION(app, "app(): asks who holds a page")
{
    trv_auto trv_object *page = trv_str_printf("%s", "<html>a page</html>");
    trv_auto trv_object *before = NULL;
    trv_auto trv_object *after = NULL;

    cache = trv_dict_new();
    if (!cache || look_up("index", page) < 0)
        return NULL;
    before = trv_heap_path_text(page);
    trv_clear(&cache);
    after = trv_heap_path_text(page);
    if (!before || !after)
        return NULL;
    printf("%s\nand without the cache: %s", trv_str_utf8(before, NULL), trv_str_utf8(after, NULL));
    return trv_none_new();
}

int main(int argc, char **argv)
{
    return trv_main(app, argc, argv);
}
