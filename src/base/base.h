/* SPDX-License-Identifier: MIT */
/*
 * The ground floor: what every file of the library includes first.
 *
 * The only place that includes config.h, so that the build switches (TRV_DEBUG and its
 * like, always 0 or 1) mean the same everywhere.
 */
#ifndef TRV_BASE_BASE_H
#define TRV_BASE_BASE_H

#include "config.h"

#include <stddef.h>
#include <stdint.h>

#endif
