/* machine_code.c - pages for machine code: written, then executable and read-only. */
#include "engine/cpu/machine_code.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static bool wanted(const rg_loops *loops)
{
#if defined(__x86_64__)
    const char *wish = getenv("RIGOR_EMIT");
    return loops != &rg_loops_base && !(wish && strcmp(wish, "off") == 0);
#else
    (void)loops;
    return false;
#endif
}

static void release(void *what)
{
    rg_machine_code *code = what;
    rg_vec_free(&code->byte);
    if (code->page)
        munmap(code->page, code->mapped);
}

rg_machine_code *rg_machine_code_open(rg_arena *arena, const rg_loops *loops)
{
    if (!wanted(loops))
        return NULL;
    rg_machine_code *code = RG_ARENA_NEW(arena, rg_machine_code);
    code->evex = loops == &rg_loops_avx512;
    rg_arena_defer(arena, release, code);
    return code;
}

static void *writable_pages(size_t bytes)
{
    void *pages = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return pages == MAP_FAILED ? NULL : pages;
}

bool rg_machine_code_seal(rg_machine_code *code)
{
    size_t unit = (size_t)sysconf(_SC_PAGESIZE);
    size_t bytes = (code->byte.len + unit - 1) / unit * unit;
    if (bytes == 0)
        return true;
    char *pages = writable_pages(bytes);
    if (!pages)
        return false;
    memcpy(pages, code->byte.at, code->byte.len);
    if (mprotect(pages, bytes, PROT_READ | PROT_EXEC) != 0) {
        munmap(pages, bytes);
        return false;
    }
    code->page = pages;
    code->mapped = bytes;
    rg_vec_free(&code->byte);
    return true;
}
