/* SPDX-License-Identifier: MIT */
/*
 * The keyed hash of texts is SipHash-1-3, and what its key is good for: who does not know it cannot
 * choose texts that meet in a dict.
 *
 * The vectors for the key 00 01 .. 0f and the inputs 00 01 02 .. were computed by another implementation, which agrees
 * with CPython's hashes of bytes under the key of zeros (PYTHONHASHSEED=0).
 */
#include "object/expect.h"

#include "types/str.h"

RAW_TEST(vectors_of_siphash_1_3)
{
    static const struct {
        size_t size;
        uint64_t hash;
    } vectors[] = {{0, UINT64_C(0xabac0158050fc4dc)},  {1, UINT64_C(0xc9f49bf37d57ca93)},
                   {2, UINT64_C(0x82cb9b024dc7d44d)},  {3, UINT64_C(0x8bf80ab8e7ddf7fb)},
                   {4, UINT64_C(0xcf75576088d38328)},  {5, UINT64_C(0xdef9d52f49533b67)},
                   {6, UINT64_C(0xc50d2b50c59f22a7)},  {7, UINT64_C(0xd3927d989bb11140)},
                   {8, UINT64_C(0x369095118d299a8e)},  {9, UINT64_C(0x25a48eb36c063de4)},
                   {10, UINT64_C(0x79de85ee92ff097f)}, {11, UINT64_C(0x70c118c1f94dc352)},
                   {12, UINT64_C(0x78a384b157b4d9a2)}, {13, UINT64_C(0x306f760c1229ffa7)},
                   {14, UINT64_C(0x605aa111c0f95d34)}, {15, UINT64_C(0xd320d86d2a519956)},
                   {16, UINT64_C(0xcc4fdd1a7d908b66)}, {63, UINT64_C(0x9d199062b7bbb3a8)}};
    struct trv__hash_key key = {UINT64_C(0x0706050403020100), UINT64_C(0x0f0e0d0c0b0a0908)};
    unsigned char input[64];

    for (size_t i = 0; i < sizeof input; i++)
        input[i] = (unsigned char)i;
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++)
        ck_assert_uint_eq(trv__hash_bytes(&key, input, vectors[i].size), vectors[i].hash);
}

#define CRAFTED 2000
#define LOW_BITS ((uint64_t)0xfff) /* what a table of so many entries looks at first */

/* Texts whose hashes under a key agree in their lowest bits, as somebody would send who knows that key. */
static void craft(char texts[][16], const struct trv__hash_key *key)
{
    size_t count = 0;

    for (unsigned i = 0; count < CRAFTED; i++) {
        int size = snprintf(texts[count], 16, "key%u", i);
        count += (trv__hash_bytes(key, texts[count], (size_t)size) & LOW_BITS) == 0;
    }
}

/* How many different places the texts have first, under a key. */
static size_t places(char texts[][16], const struct trv__hash_key *key)
{
    static bool taken[LOW_BITS + 1];
    size_t count = 0;

    memset(taken, 0, sizeof taken);
    for (size_t i = 0; i < CRAFTED; i++) {
        bool *place = &taken[trv__hash_bytes(key, texts[i], strlen(texts[i])) & LOW_BITS];
        count += !*place;
        *place = true;
    }
    return count;
}

/* 2000 texts that are scattered over 4096 places take some 1580 of them. */
TEST(what_collides_under_one_key_does_not_under_another)
{
    static char texts[CRAFTED][16];
    struct trv__hash_key known = {1, 2}, near = {1, 3}, far = {UINT64_MAX, 2};

    craft(texts, &known);
    ck_assert_uint_eq(places(texts, &known), 1);
    ck_assert_uint_gt(places(texts, &near), 1300);
    ck_assert_uint_gt(places(texts, &far), 1300);
    ck_assert_uint_gt(places(texts, &trv__current->objects->hash_key), 1300);
}

/* What hash() and dicts use is that very hash: the flood is spread, and nothing of it is lost. */
TEST(a_flood_of_crafted_strs_is_spread)
{
    static char texts[CRAFTED][16];
    static bool taken[LOW_BITS + 1];
    struct trv__hash_key known = {1, 2};
    trv_auto trv_object *dict = trv_dict_new(), *set = trv_set_new();
    size_t count = 0, length;

    craft(texts, &known);
    memset(taken, 0, sizeof taken);
    for (size_t i = 0; i < CRAFTED; i++) {
        trv_auto trv_object *key = trv_str_new(texts[i]), *number = trv_int_new((int64_t)i);
        int64_t hash;
        ck_assert_int_eq(trv_hash(key, &hash), 0);
        ck_assert_uint_eq((uint64_t)hash, trv__hash_bytes(&trv__current->objects->hash_key,
                                                          texts[i], strlen(texts[i])));
        count += !taken[(uint64_t)hash & LOW_BITS];
        taken[(uint64_t)hash & LOW_BITS] = true;
        ck_assert_int_eq(trv_dict_set(dict, key, number), 0);
        ck_assert_int_eq(trv_set_add(set, key), 0);
    }
    ck_assert_uint_gt(count, 1300);
    for (size_t i = 0; i < CRAFTED; i++) {
        trv_auto trv_object *value = NULL;
        int64_t number;
        ck_assert_int_eq(trv_dict_get_str(dict, texts[i], &value), 1);
        ck_assert_int_eq(trv_int_get(value, &number), 0);
        ck_assert_int_eq(number, (int64_t)i);
    }
    ck_assert_int_eq(trv_len(set, &length), 0);
    ck_assert_uint_eq(length, CRAFTED);
}

/* Keys are the kernel's, and no two are alike. */
TEST(each_runtime_has_a_key_of_its_own)
{
    struct trv__hash_key other = {0, 0};
    const struct trv__hash_key *own = &trv__current->objects->hash_key;

    if (getenv("TRIVET_SEED"))
        return; /* then it comes from the seed, so that runs repeat */
    trv__hash_key_init(&other);
    ck_assert(other.k0 != own->k0 && other.k1 != own->k1);
    ck_assert(other.k0 != 0 && other.k1 != 0);
}

TEST_LIST(RUN(vectors_of_siphash_1_3), RUN(what_collides_under_one_key_does_not_under_another),
          RUN(a_flood_of_crafted_strs_is_spread), RUN(each_runtime_has_a_key_of_its_own))
