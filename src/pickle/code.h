/* SPDX-License-Identifier: MIT */
/*
 * Code by a name that holds in other processes: the build-id of an ELF object, and an offset in it.
 *
 * A static function is named by where its function object lies, a closure by its C entry. What
 * arrives is believed only as far as it can be checked: the ELF object must be loaded here; at the
 * offset must lie a function object as TRV_FUNCTION makes it, with a spec and a signature that
 * lie in loaded ELF objects, too; an entry must lie in an executable segment. Nothing is read
 * before it is known to be mapped.
 *
 * An ELF object without a build-id is known by a hash of its program headers and of the
 * beginnings of its constant segments.
 *
 * Needs the GIL. The dynamic linker's list is read with dl_iterate_phdr, and again only when its
 * counters say that something was loaded or unloaded.
 */
#ifndef TRV_PICKLE_CODE_H
#define TRV_PICKLE_CODE_H

#include "pickle/pickle.h"

#define TRV__CODE_ID_MOST 32

/* A persistent id, as bytes: a kind, the size of the build-id, the build-id, the offset (8 bytes,
 * little-endian); for a closure its name. Or the kind, an address and the address of the type; or, for a type
 * made at run time, its address and its name. */
enum trv__code_kind {
    TRV__CODE_FUNCTION = 'F',
    TRV__CODE_CLOSURE = 'C',
    TRV__CODE_INHERITED = 'I',
    TRV__CODE_TYPE = 'T'
};

struct trv__code_place {
    uint64_t offset;
    uint8_t id[TRV__CODE_ID_MOST];
    uint8_t id_size;
};

/* Where an address is. 0, or -1 with PicklingError naming `what`. */
int trv__code_locate(struct trv__images *images, const void *address, const char *what,
                     struct trv__code_place *place);
/* The function object at a place; NULL with UnpicklingError. */
trv_object *trv__code_function(struct trv__images *images, const struct trv__code_place *place);
/* The C entry at a place; NULL with UnpicklingError. */
trv_entry trv__code_entry(struct trv__images *images, const struct trv__code_place *place);

#endif
