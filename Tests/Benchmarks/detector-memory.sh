#!/bin/bash
# Allocations of each kind of detector in ten thousand updates of its steady state; exit 1 when a kind allocates.
# usage: detector-memory.sh EVSIM_BENCH
set -euo pipefail
bench=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cat >"$work/count.c" <<'END'
#include <stddef.h>
#include <stdint.h>
extern void *__libc_malloc(size_t), *__libc_calloc(size_t, size_t), *__libc_realloc(void *, size_t), *__libc_memalign(size_t, size_t);
static uint64_t allocations;
uint64_t evsim_allocations(void) { return allocations; }
void *malloc(size_t size) { allocations++; return __libc_malloc(size); }
void *calloc(size_t count, size_t size) { allocations++; return __libc_calloc(count, size); }
void *realloc(void *old, size_t size) { allocations++; return __libc_realloc(old, size); }
void *aligned_alloc(size_t alignment, size_t size) { allocations++; return __libc_memalign(alignment, size); }
int posix_memalign(void **result, size_t alignment, size_t size) { allocations++; return (*result = __libc_memalign(alignment, size)) ? 0 : 12; }
END
cc -O2 -shared -fPIC -o "$work/count.so" "$work/count.c"
LD_PRELOAD="$work/count.so" "$bench" detector-memory
