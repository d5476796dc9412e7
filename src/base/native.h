/* SPDX-License-Identifier: MIT */
/*
 * What the kernel says of a thread of this process, whose number (gettid) is known. It is true at some
 * moment between the call and its return, and is asked from /proc.
 *
 * No fault point, because how often somebody asks depends on the machine.
 */
#ifndef TRV_BASE_NATIVE_H
#define TRV_BASE_NATIVE_H

#include "base/base.h"

/* Whether it sleeps, and a signal could end that; yes, if the kernel says nothing. */
bool trv__native_is_asleep(uint32_t native_id);
/* Whether it will run no code of the process again: it is on its way out of the kernel, or gone. A thread
 * that was joined has left, though the kernel may list it for as long as a busy machine keeps it from its
 * last steps. No, if the kernel says nothing. */
bool trv__native_has_left(uint32_t native_id);

#endif
