/* SPDX-License-Identifier: MIT */
/*
 * The ELF objects of this process, and functions found in them: see code.h.
 *
 * Invariant: the array mirrors the dynamic linker's list as of the counters `added` and `removed`.
 * Two small direct-mapped tables remember what was located and what was found to be a function;
 * both are emptied when the list changes, because an address may then mean something else.
 */
#include "pickle/code.h"

#include "base/fault.h"
#include "base/hash.h"

#include <elf.h>
#include <link.h>

#if TRV_VALGRIND
#include <valgrind/memcheck.h>
#endif

#define KNOWN 16 /* a power of two */
/* Specs of later versions may be longer than ours. */
#define SPEC_MOST 4096

struct image {
    uintptr_t bias;      /* what is added to the addresses in its headers */
    uintptr_t low, high; /* the span of its segments */
    const ElfW(Phdr) * headers;
    size_t header_count;
    uint8_t id[TRV__CODE_ID_MOST];
    uint8_t id_size;
};

struct trv__images {
    struct image *items;
    size_t count, capacity;
    size_t last; /* the image found last */
    unsigned long long added, removed;
    bool is_read, is_fixed, has_failed;
    struct {
        const void *address;
        struct trv__code_place place;
    } located[KNOWN];
    trv_object *functions[KNOWN];
};

static size_t known_slot(const void *address)
{
    return trv__hash_mix((uintptr_t)address) & (KNOWN - 1);
}

/* Reading the list ----------------------------------------------------------------------------- */

/* The address of a piece of a segment that is `size` bytes long and of the kind that `flags`
 * (PF_R, PF_X) say, or NULL. */
static const void *in_image(const struct image *image, uintptr_t address, size_t size,
                            uint32_t flags)
{
    uintptr_t place = address - image->bias;

    for (size_t i = 0; i < image->header_count; i++) {
        const ElfW(Phdr) *header = &image->headers[i];
        if (header->p_type == PT_LOAD && (header->p_flags & flags) == flags &&
            place >= header->p_vaddr && place - header->p_vaddr <= header->p_memsz &&
            size <= header->p_memsz - (place - header->p_vaddr))
            return (const void *)address;
    }
    return NULL;
}

/* Looks for NT_GNU_BUILD_ID among the notes of one segment. */
static bool find_build_id(struct image *image, const char *notes, size_t size)
{
    while (size >= sizeof(ElfW(Nhdr))) {
        const ElfW(Nhdr) *note = (const void *)notes;
        size_t name_size = ROUND_UP(note->n_namesz, 4), text_size = ROUND_UP(note->n_descsz, 4);

        notes += sizeof *note;
        size -= sizeof *note;
        if (name_size > size || text_size > size - name_size)
            return false;
        if (note->n_type == NT_GNU_BUILD_ID && note->n_namesz == 4 && !memcmp(notes, "GNU", 4) &&
            note->n_descsz > 0 && note->n_descsz <= TRV__CODE_ID_MOST) {
            memcpy(image->id, notes + name_size, note->n_descsz);
            image->id_size = (uint8_t)note->n_descsz;
            return true;
        }
        notes += name_size + text_size;
        size -= name_size + text_size;
    }
    return false;
}

/* What stands in for a build-id: equal in all processes that run the same file. */
static void hash_instead(struct image *image)
{
    struct trv__hash_key key = {1, 2};
    uint64_t words[2];

    words[0] = trv__hash_bytes(&key, image->headers, image->header_count * sizeof *image->headers);
    words[1] = 0;
    for (size_t i = 0; i < image->header_count; i++) {
        const ElfW(Phdr) *header = &image->headers[i];
        if (header->p_type == PT_LOAD && (header->p_flags & (PF_R | PF_W)) == PF_R) {
            key.k1 = words[1];
            words[1] = trv__hash_bytes(&key, (const void *)(image->bias + header->p_vaddr),
                                       MIN_OF(header->p_filesz, 4096));
        }
    }
    memcpy(image->id, words, sizeof words);
    image->id_size = sizeof words;
}

static void identify(struct image *image)
{
    for (size_t i = 0; i < image->header_count; i++) {
        const ElfW(Phdr) *header = &image->headers[i];
        const void *notes = (const void *)(image->bias + header->p_vaddr);
        if (header->p_type == PT_NOTE && in_image(image, (uintptr_t)notes, header->p_memsz, PF_R) &&
            find_build_id(image, notes, header->p_memsz))
            return;
    }
    hash_instead(image);
}

static void measure(struct image *image)
{
    image->low = UINTPTR_MAX;
    image->high = 0;
    for (size_t i = 0; i < image->header_count; i++) {
        const ElfW(Phdr) *header = &image->headers[i];
        uintptr_t start = image->bias + header->p_vaddr;
        if (header->p_type != PT_LOAD)
            continue;
        image->low = MIN_OF(image->low, start);
        image->high = MAX_OF(image->high, start + header->p_memsz);
    }
}

static bool grow(struct trv__images *images)
{
    size_t capacity = images->capacity ? images->capacity * 2 : 16;
    struct image *items = FAULT() ? NULL : realloc(images->items, capacity * sizeof *images->items);

    if (!items)
        return false;
    images->items = items;
    images->capacity = capacity;
    return true;
}

/* Called by the dynamic linker for each ELF object; the first call sees whether anything is new. */
static int visit(struct dl_phdr_info *info, size_t size, void *argument)
{
    struct trv__images *images = argument;
    struct image image = {
        .bias = info->dlpi_addr, .headers = info->dlpi_phdr, .header_count = info->dlpi_phnum};

    (void)size;
    if (images->is_read && images->added == info->dlpi_adds && images->removed == info->dlpi_subs)
        return 1;
    if (images->is_read) {
        images->is_read = false;
        images->count = 0;
    }
    images->added = info->dlpi_adds;
    images->removed = info->dlpi_subs;
    measure(&image);
    identify(&image);
    if (images->count == images->capacity && !grow(images)) {
        images->has_failed = true;
        return 1;
    }
    images->items[images->count++] = image;
    return 0;
}

/* 0, or -1 with MemoryError. */
static int refresh(struct trv__images *images)
{
    if (images->is_fixed)
        return 0;
    images->has_failed = false;
    dl_iterate_phdr(visit, images);
    if (images->has_failed) {
        images->count = 0;
        return trv_raise_int(trv_MemoryError, "out of memory");
    }
    if (!images->is_read) {
        memset(images->located, 0, sizeof images->located);
        memset(images->functions, 0, sizeof images->functions);
        images->last = 0;
        images->is_read = true;
    }
    return 0;
}

struct trv__images *trv__images_new(void)
{
    struct trv__images *images = FAULT() ? NULL : calloc(1, sizeof *images);

    if (!images)
        return (void *)trv_raise(trv_MemoryError, "out of memory");
    if (refresh(images) < 0) {
        trv__images_free(images);
        return NULL;
    }
    return images;
}

void trv__images_free(struct trv__images *images)
{
    if (!images)
        return;
    free(images->items);
    free(images);
}

void trv__images_fix(struct trv__images *images)
{
    images->is_fixed = true;
}

/* Looking up ----------------------------------------------------------------------------------- */

static bool spans(const struct image *image, uintptr_t address)
{
    return address >= image->low && address < image->high;
}

/* The image an address lies in, or NULL. */
static const struct image *image_of(struct trv__images *images, uintptr_t address)
{
    if (images->last < images->count && spans(&images->items[images->last], address))
        return &images->items[images->last];
    for (size_t i = 0; i < images->count; i++)
        if (spans(&images->items[i], address)) {
            images->last = i;
            return &images->items[i];
        }
    return NULL;
}

static bool is_named(const struct image *image, const struct trv__code_place *place)
{
    return image->id_size == place->id_size && !memcmp(image->id, place->id, place->id_size);
}

static const struct image *image_named(struct trv__images *images,
                                       const struct trv__code_place *place)
{
    if (images->last < images->count && is_named(&images->items[images->last], place))
        return &images->items[images->last];
    for (size_t i = 0; i < images->count; i++)
        if (is_named(&images->items[i], place)) {
            images->last = i;
            return &images->items[i];
        }
    trv_raise(trv_UnpicklingError, "a function is from a program or library not loaded here");
    return NULL;
}

int trv__code_locate(struct trv__images *images, const void *address, const char *what,
                     struct trv__code_place *place)
{
    size_t slot = known_slot(address);
    const struct image *image;

    if (refresh(images) < 0)
        return -1;
    if (images->located[slot].address == address) {
        *place = images->located[slot].place;
        return 0;
    }
    image = image_of(images, (uintptr_t)address);
    if (!image)
        return trv_raise_int(trv_PicklingError,
                             "cannot pickle function %s: it is not part of a program or library",
                             what);
    place->offset = (uintptr_t)address - image->bias;
    place->id_size = image->id_size;
    memcpy(place->id, image->id, sizeof place->id);
    images->located[slot].address = address;
    images->located[slot].place = *place;
    return 0;
}

/* Checking ------------------------------------------------------------------------------------- */

/* What lies where a pickle says may be anything: the red zone of a variable, what a thread writes
 * without the GIL, what was never written. It is copied without the checkers looking on, and then
 * judged. */
__attribute__((no_sanitize("address", "thread"))) static void copy_out(void *copy, const void *from,
                                                                       size_t size)
{
    const volatile unsigned char *bytes = from;

    for (size_t i = 0; i < size; i++)
        ((unsigned char *)copy)[i] = bytes[i];
#if TRV_VALGRIND
    VALGRIND_MAKE_MEM_DEFINED(copy, size);
#endif
}

/* Whether so many bytes at an address belong to a readable segment of some image. */
static bool is_readable(struct trv__images *images, const void *address, size_t size)
{
    const struct image *image = image_of(images, (uintptr_t)address);

    return image && in_image(image, (uintptr_t)address, size, PF_R);
}

static bool is_executable(struct trv__images *images, uintptr_t address)
{
    const struct image *image = image_of(images, address);

    return image && in_image(image, address, 1, PF_X);
}

/* Whether a string ends within readable memory. */
static bool is_string(struct trv__images *images, const char *string)
{
    char c = 1;

    while (c && is_readable(images, string, 1))
        copy_out(&c, string++, 1);
    return !c;
}

static bool is_spec(struct trv__images *images, const trv_function_spec *address)
{
    trv_function_spec spec;

    if ((uintptr_t)address % _Alignof(trv_function_spec) ||
        !is_readable(images, address, sizeof spec))
        return false;
    copy_out(&spec, address, sizeof spec);
    return spec.size >= sizeof spec && spec.size <= SPEC_MOST &&
           is_executable(images, (uintptr_t)spec.entry) && is_string(images, spec.signature) &&
           is_string(images, spec.name);
}

/* The function object need not be in the image of its spec: a program that is not position
 * independent has its own copies of the function objects of libraries. */
static bool is_function(struct trv__images *images, const trv_object *address)
{
    trv_object object;

    if ((uintptr_t)address % _Alignof(trv_object) || !is_readable(images, address, sizeof object))
        return false;
    copy_out(&object, address, sizeof object);
    return object.refcount == TRV_IMMORTAL_ && object.type == &trv_static_function_layout_ &&
           is_spec(images, object.payload);
}

trv_object *trv__code_function(struct trv__images *images, const struct trv__code_place *place)
{
    const struct image *image;
    trv_object *object;
    size_t slot;

    if (refresh(images) < 0 || !(image = image_named(images, place)))
        return NULL;
    object = (trv_object *)(image->bias + (uintptr_t)place->offset);
    slot = known_slot(object);
    if (images->functions[slot] == object)
        return trv_ref(object);
    if (!in_image(image, (uintptr_t)object, sizeof *object, PF_R) || !is_function(images, object))
        return trv_raise(trv_UnpicklingError, "there is no function where the pickle says");
    images->functions[slot] = object;
    return trv_ref(object);
}

trv_entry trv__code_entry(struct trv__images *images, const struct trv__code_place *place)
{
    const struct image *image;
    uintptr_t address;

    if (refresh(images) < 0 || !(image = image_named(images, place)))
        return NULL;
    address = image->bias + (uintptr_t)place->offset;
    if (!in_image(image, address, 1, PF_X)) {
        trv_raise(trv_UnpicklingError, "there is no code where the pickle says");
        return NULL;
    }
    return (trv_entry)address;
}
