/* SPDX-License-Identifier: MIT */
/* Squares, computed by processes: the smallest whole program. */
#include <trivet.h>

TRV_FUNCTION(square, "square(n): n * n")
{
    int64_t n;
    if (trv_parse(args, "l", &n) < 0)
        return NULL;
    return trv_int_new(n * n);
}

TRV_FUNCTION(app, "app(): squares, computed by processes")
{
    trv_auto trv_object *numbers = trv_build("[i i i]", 1, 2, 3);
    trv_auto trv_object *pool = trv_process_pool_new(NULL);
    trv_auto trv_object *squares = trv_map(pool, square, numbers, NULL);
    TRV_FOR(n, squares)
        trv_print(n);
    return trv_error_occurred() ? NULL : trv_none_new();
}

int main(int argc, char **argv)
{
    return trv_main(app, argc, argv);
}
