/* SPDX-License-Identifier: MIT */
/*
 * Check, then act: a coroutine sees that a connection is open, waits for its turn to send, and sends.
 *
 * Another one closes the connection meanwhile, if it is quick. With the argument "fixed" the connection
 * is looked at when nothing can come in between any more.
 */
#include <trivet.h>

#include <stdio.h>

static int is_open = 1, is_fixed;

/* Anything that waits: others run. */
static int wait_for_turn(void)
{
    return trv_reschedule();
}

TRV_STATIC_FUNCTION(send, "send(): a message, or nothing if it is too late")
{
    (void)args;
    if (!is_fixed && !is_open)
        return trv_none_new();
    if (wait_for_turn() < 0)
        return NULL;
    if (is_fixed && !is_open)
        return trv_none_new();
    if (!is_open)
        return trv_raise(trv_AssertionError, "a message was sent into a closed connection");
    return trv_none_new();
}

TRV_STATIC_FUNCTION(hang_up, "hang_up(): after its turn")
{
    (void)args;
    if (trv_reschedule() < 0)
        return NULL;
    is_open = 0;
    return trv_none_new();
}

TRV_STATIC_FUNCTION(talk, "talk(): both at once")
{
    (void)args;
    trv_auto trv_object *sender = trv_spawn(send, "");
    trv_auto trv_object *closer = trv_spawn(hang_up, "");
    trv_auto trv_object *both = trv_build("[o o]", sender, closer);
    trv_auto trv_object *done = trv_gather(both);
    if (!done)
        return NULL;
    printf("nothing was sent too late\n");
    return trv_none_new();
}

TRV_FUNCTION(app, "app(*mode): the loop")
{
    is_fixed = args->count > 0;
    return trv_run(talk, "");
}

int main(int argc, char **argv)
{
    return trv_main(app, argc, argv);
}
