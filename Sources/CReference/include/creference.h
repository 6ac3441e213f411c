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

/* Three detectors as loops over plain arrays, without time stamps and without a look at what is no number. Each writes a
   score for every sample, statistic / threshold. */

/* Variance (divisor n) of the newest `window` samples, by Welford's update. */
void creference_windowed_variance(const double *x, uint64_t count, uint32_t window, double threshold, double *scores);

/* Distance from an exponentially weighted mean in exponentially weighted standard deviations, before the sample is learnt. */
void creference_ewma_z(const double *x, uint64_t count, double alpha, double threshold, double *scores);

/* -log10 of the share of cells at most as full as that of the sample, with lazily fading cells and a kernel of seven; at most
   256 cells. */
void creference_histogram_rarity(const double *x, uint64_t count, double low, double high, uint32_t bins, double forget,
                                 double threshold, double *scores);

#endif
