/* SPDX-License-Identifier: MIT */
/*
 * The dining philosophers. Each takes the fork to his left and then the one to his right: when all hold
 * one, nobody can go on. Trivet finds that when the last of them reaches out, and tells him who waits
 * for what, and where; he puts his fork back, and the others eat. Then it is done right: whoever takes
 * the lower fork first never closes the circle.
 *
 * The message also names file and line of each call, which are left out here, as are the addresses.
 *
 * It is checked with TRIVET_SEED=1, so that whoever hesitates is the last, however busy the machine is.
 */
#include <trivet.h>

#include <stdio.h>
#include <string.h>

#define SEATS 5
/* Seconds in which the others reach out, and then wait; so the last is the last. */
#define HESITATION 0.2

static const char *const names[SEATS] = {"Thales", "Socrates", "Plato", "Zeno", "Epicurus"};
static trv_object *forks[SEATS], *turns[SEATS];
static int meals;

/* Waits until it is one's turn, and gives it to the neighbour. So all act one after the other. */
static int take_turn(size_t seat)
{
    if (trv_event_wait(turns[seat], TRV_FOREVER) < 0 || trv_event_clear(turns[seat]) < 0)
        return -1;
    return trv_event_set(turns[(seat + 1) % SEATS]);
}

/* The number of the fork whose address is at `text`. */
static size_t fork_at(const char *text)
{
    void *address = NULL;
    size_t seat = 0;

    if (sscanf(text, "%p", &address) == 1)
        while (seat < SEATS && (void *)forks[seat] != address)
            seat++;
    return seat;
}

/* Prints a message with numbers of forks for their addresses, and without places. */
static void print_plainly(const char *text)
{
    static const char fork[] = "<locked lock at ", place[] = " at ";

    while (*text) {
        if (strncmp(text, fork, sizeof fork - 1) == 0) {
            printf("fork %zu", fork_at(text + sizeof fork - 1));
            text = strchr(text, '>') + 1;
        } else if (strncmp(text, place, sizeof place - 1) == 0 && strchr(text, ',')) {
            text = strchr(text, ',');
        } else {
            putchar(*text++);
        }
    }
    putchar('\n');
}

static int eat(size_t first, size_t second)
{
    if (trv_lock_acquire(forks[first], TRV_FOREVER) < 0)
        return -1;
    if (trv_lock_acquire(forks[second], TRV_FOREVER) < 0)
        return -1;
    meals++;
    return trv_lock_release(forks[second]) < 0 || trv_lock_release(forks[first]) < 0 ? -1 : 0;
}

/* What goes wrong is told; the fork goes back, and when the others have eaten there is time. */
static int give_way(size_t left, size_t right)
{
    trv_auto trv_object *error = trv_error_take();
    trv_auto trv_object *text = trv_str(error);
    const char *message = text ? trv_str_utf8(text, NULL) : NULL;

    if (!message || trv_lock_release(forks[left]) < 0)
        return -1;
    print_plainly(message);
    printf("%s puts fork %zu back\n", names[left], left);
    return eat(left, right);
}

TRV_FUNCTION(dine, "dine(seat): left, then right")
{
    size_t left, right;

    if (trv_parse(args, "z", &left) < 0)
        return NULL;
    right = (left + 1) % SEATS;
    if (take_turn(left) < 0 || trv_lock_acquire(forks[left], TRV_FOREVER) < 0 ||
        take_turn(left) < 0)
        return NULL;
    if (left == SEATS - 1 && trv_sleep(HESITATION) < 0)
        return NULL;
    if (trv_lock_acquire(forks[right], TRV_FOREVER) < 0) {
        if (!trv_error_matches(trv_DeadlockError) || give_way(left, right) < 0)
            return NULL;
        return trv_none_new();
    }
    meals++;
    if (trv_lock_release(forks[right]) < 0 || trv_lock_release(forks[left]) < 0)
        return NULL;
    return trv_none_new();
}

TRV_FUNCTION(dine_in_order, "dine_in_order(seat): the lower fork, then the higher")
{
    size_t left, right;

    if (trv_parse(args, "z", &left) < 0)
        return NULL;
    right = (left + 1) % SEATS;
    if (take_turn(left) < 0 || eat(left < right ? left : right, left < right ? right : left) < 0)
        return NULL;
    return trv_none_new();
}

static int serve(trv_object *manner)
{
    trv_auto trv_object *guests = trv_list_new();

    meals = 0;
    for (int seat = 0; seat < SEATS; seat++) {
        trv_auto trv_object *guest = trv_thread_new(manner, "i", seat);
        if (!guest || trv_thread_set_name(guest, names[seat]) < 0 ||
            trv_list_append(guests, guest) < 0 || trv_thread_start(guest) < 0)
            return -1;
    }
    if (trv_event_set(turns[0]) < 0)
        return -1;
    TRV_FOR(guest, guests) {
        if (trv_thread_join(guest, TRV_FOREVER) < 0)
            return -1;
    }
    printf("%d meals\n", meals);
    return trv_error_occurred() ? -1 : trv_event_clear(turns[0]);
}

TRV_FUNCTION(app, "app(): once as it comes, once in order")
{
    int answer;

    (void)args;
    for (int seat = 0; seat < SEATS; seat++)
        if (!(forks[seat] = trv_lock_new()) || !(turns[seat] = trv_event_new()))
            return NULL;
    printf("Left, then right:\n");
    answer = serve(dine);
    if (answer == 0) {
        printf("The lower fork first:\n");
        answer = serve(dine_in_order);
    }
    for (int seat = 0; seat < SEATS; seat++) {
        trv_clear(&forks[seat]);
        trv_clear(&turns[seat]);
    }
    return answer < 0 ? NULL : trv_none_new();
}

int main(int argc, char **argv)
{
    return trv_main(app, argc, argv);
}
