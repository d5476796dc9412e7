/* SPDX-License-Identifier: MIT */
/*
 * The version that a program can ask for is the one that was configured.
 *
 * It needs no runtime, so these tests run without one.
 */
#include "support/harness.h"

#include "base/base.h"

#include <string.h>

RAW_TEST(version_is_the_configured_one)
{
    ck_assert_str_eq(trv_version(), PACKAGE_VERSION);
}

RAW_TEST(version_is_three_numbers)
{
    int major, minor, patch, end = 0;

    ck_assert_int_eq(sscanf(trv_version(), "%d.%d.%d%n", &major, &minor, &patch, &end), 3);
    ck_assert_int_eq(end, (int)strlen(trv_version()));
}

TEST_LIST(RUN(version_is_the_configured_one), RUN(version_is_three_numbers))
