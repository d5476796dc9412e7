/* SPDX-License-Identifier: MIT */
/*
 * Marks: the arithmetic on eight of them at once against one at a time, and which block a mark
 * belongs to.
 */
#include "heap/node.h"

#include "heap/mark.h"

/* Every value of a byte, with every value of its neighbours that could carry into it. */
static void each_word(void (*check)(uint64_t word, const uint8_t *bytes))
{
    static const uint8_t neighbours[] = {0, 1, 2, 3, 4, 5, 8, 9, 127, 128, 254, 255};

    for (int place = 0; place < 8; place++)
        for (int value = 0; value < 256; value++)
            for (size_t n = 0; n < COUNT_OF(neighbours); n++) {
                uint8_t bytes[8];
                uint64_t word;
                memset(bytes, neighbours[n], sizeof bytes);
                bytes[place] = (uint8_t)value;
                memcpy(&word, bytes, sizeof word);
                check(word, bytes);
            }
}

static void check_members(uint64_t word, const uint8_t *bytes)
{
    uint64_t members = trv__members(word), reached = trv__reached(word);
    unsigned found = 0;

    TRV__EACH_BYTE(i, members)
    {
        EXPECT(bytes[i] >= TRV__MARK_MEMBER);
        found |= 1u << i;
    }
    for (int i = 0; i < 8; i++)
        EXPECT((found >> i & 1) == (bytes[i] >= TRV__MARK_MEMBER));
    found = 0;
    TRV__EACH_BYTE(i, reached)
    found |= 1u << i;
    for (int i = 0; i < 8; i++)
        EXPECT((found >> i & 1) == (bytes[i] == TRV__MARK_REACHED));
}

TEST(members_and_reached)
{
    each_word(check_members);
}

static void check_enter(uint64_t word, const uint8_t *bytes)
{
    for (int i = 0; i < 8; i++)
        if (bytes[i] > TRV__MARK_YOUNG)
            return; /* between collections there are no others */
    for (int generation = 0; generation < 3; generation++) {
        uint64_t entered = trv__enter_members(word, generation);
        uint8_t after[8];
        memcpy(after, &entered, sizeof after);
        for (int i = 0; i < 8; i++) {
            bool is_member =
                generation == 2 ? bytes[i] > 0 : bytes[i] >= TRV__MARK_YOUNG - generation;
            EXPECT(after[i] == (is_member ? TRV__MARK_MEMBER : bytes[i]));
        }
    }
}

TEST(entering)
{
    each_word(check_enter);
}

static void check_generation_2(uint64_t word, const uint8_t *bytes)
{
    for (int i = 0; i < 8; i++)
        if (bytes[i] > TRV__MARK_YOUNG)
            return;
    for (int is_full = 0; is_full < 2; is_full++) {
        uint64_t members = trv__in_generation_2(word, is_full);
        uint8_t in[8];
        memcpy(in, &members, sizeof in);
        for (int i = 0; i < 8; i++)
            EXPECT(in[i] == (bytes[i] >= (is_full ? TRV__MARK_OLD : TRV__MARK_SETTLING) &&
                             bytes[i] <= TRV__MARK_RECENT));
    }
}

TEST(members_of_rounds)
{
    each_word(check_generation_2);
}

static void check_leave(uint64_t word, const uint8_t *bytes)
{
    for (int generation = 0; generation < 3; generation++) {
        uint64_t left = trv__leave_members(word, generation);
        uint8_t after[8];
        memcpy(after, &left, sizeof after);
        for (int i = 0; i < 8; i++)
            EXPECT(after[i] == (bytes[i] < TRV__MARK_MEMBER ? bytes[i]
                                : generation == 0           ? TRV__MARK_MIDDLE
                                : generation == 1           ? TRV__MARK_RECENT
                                                            : TRV__MARK_OLD));
    }
}

TEST(leaving)
{
    each_word(check_leave);
}

/* Two blocks never share a mark, and a mark leads back to its block, whatever the size. */
TEST(marks_and_blocks)
{
    for (size_t size = sizeof(trv_object); size <= TRV__SMALL_MOST; size += 8) {
        trv_object *made[1000];
        uint8_t *last = NULL;
        for (size_t i = 0; i < COUNT_OF(made); i++) {
            const struct trv__pool *pool;
            uint8_t *mark;
            made[i] = trv__container_new(&node_type, size);
            EXPECT(made[i]);
            pool = trv__pool_of(made[i]);
            mark = trv__container_mark(made[i]);
            EXPECT(trv__mark_of(trv__current->heap, made[i]) == mark);
            EXPECT(trv__object_at(pool, (size_t)(mark - pool->marks)) == made[i]);
            EXPECT((size_t)(mark - pool->marks) < 8 * trv__pool_mark_words(pool));
            EXPECT(mark != last);
            EXPECT(*mark == TRV__MARK_NONE);
            last = mark;
        }
        for (size_t i = 0; i < COUNT_OF(made); i++)
            trv__object_discard(made[i]);
    }
}

/* What is no container has no mark. */
TEST(others_have_no_mark)
{
    const struct trv__heap *heap = trv__current->heap;
    trv_object *number = trv_int_new(123456789), *large = trv_str_printf("%0*d", 5000, 1), *tuple,
               *list = trv_list_new(), *items[100];
    uint8_t *mark;

    for (int i = 0; i < 100; i++)
        items[i] = list;
    tuple = trv_tuple_new(items, 100);
    mark = trv__mark_of(heap, tuple);
    ck_assert_ptr_eq(mark, &trv__large_of(tuple)->mark);
    ck_assert_uint_eq(*mark, TRV__MARK_YOUNG);
    ck_assert_uint_eq(*trv__mark_of(heap, NULL), TRV__MARK_NONE);
    ck_assert_uint_eq(*trv__mark_of(heap, trv_none_new()), TRV__MARK_NONE);
    ck_assert_uint_eq(*trv__mark_of(heap, trv_list_type), TRV__MARK_NONE);
    ck_assert_uint_eq(*trv__mark_of(heap, number), TRV__MARK_NONE);
    ck_assert_uint_eq(*trv__mark_of(heap, large), TRV__MARK_NONE);
    trv_unref(tuple);
    trv_unref(list);
    trv_unref(large);
    trv_unref(number);
}

TEST_LIST(RUN(members_and_reached), RUN(entering), RUN(members_of_rounds), RUN(leaving),
          RUN(marks_and_blocks), RUN(others_have_no_mark))
