/* Plain C programs that do the work of two benchmarks, so that evsim-bench can report ratios from one process. */
#ifndef CREFERENCE_H
#define CREFERENCE_H

#include <stdint.h>

typedef struct {
    uint64_t frames;
    uint64_t deliveries;
    /* What the three receivers made of the frames; any program that does the same work gets the same number. */
    uint64_t check;
    /* Bytes of log text. */
    uint64_t bytes;
} creference_result;

/* Publishers that send one frame a second each, three receivers behind function pointers. With log_fd >= 0 every
   frame becomes a candump line that is written to that descriptor. */
creference_result creference_can(uint32_t publishers, uint32_t seconds, int log_fd);

/* Hold model: `pending` events wait; `steps` times the first is replaced by one at a random later time.
   Returns the sum of the low bits of all times seen. */
uint64_t creference_hold(uint32_t pending, uint64_t steps);

#endif
