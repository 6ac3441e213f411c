#include "creference.h"

#include <math.h>

void creference_windowed_variance(const double *x, uint64_t count, uint32_t window, double threshold, double *scores)
{
    double mean = 0, squares = 0, share = 1.0 / window;
    for (uint64_t i = 0; i < count; i++) {
        if (i < window) {
            double d = x[i] - mean;
            mean += d / (double)(i + 1);
            squares += d * (x[i] - mean);
            scores[i] = squares / (double)(i + 1) / threshold;
            continue;
        }
        double new = x[i], old = x[i - window], before = mean;
        mean += (new - old) * share;
        squares += (new - old) * ((new - mean) + (old - before));
        scores[i] = (squares > 0 ? squares : 0) * share / threshold;
    }
}

void creference_ewma_z(const double *x, uint64_t count, double alpha, double threshold, double *scores)
{
    if (count == 0) return;
    double mean = x[0], variance = 0;
    scores[0] = 0;
    for (uint64_t i = 1; i < count; i++) {
        double d = x[i] - mean;
        double deviation = sqrt(variance);
        scores[i] = deviation > 0 ? fabs(d) / deviation / threshold : 0;
        mean += alpha * d;
        variance = (1 - alpha) * (variance + alpha * d * d);
    }
}

enum { MOST_CELLS = 256, REACH = 3 };

void creference_histogram_rarity(const double *x, uint64_t count, double low, double high, uint32_t bins, double forget,
                                 double threshold, double *scores)
{
    double cells[MOST_CELLS], kernel[2 * REACH + 1], sum = 0, scale = 1, weight = 1 / forget, growth = 1 / (1 - weight);
    if (bins == 0 || bins > MOST_CELLS) return;
    for (uint32_t j = 0; j < bins; j++) cells[j] = 1.0 / bins;
    for (int j = -REACH; j <= REACH; j++) sum += kernel[j + REACH] = exp(-0.5 * j * j);
    for (int j = 0; j <= 2 * REACH; j++) kernel[j] /= sum;
    for (uint64_t i = 0; i < count; i++) {
        double place = (x[i] - low) / (high - low + 1e-12) * bins;
        int cell = place < 0 ? 0 : place > bins - 1 ? (int)bins - 1 : (int)place;
        double level = cells[cell], rare = 0;
        for (uint32_t j = 0; j < bins; j++) rare += cells[j] <= level ? cells[j] : 0;
        scores[i] = -log10(fmax(1e-12, rare / scale)) / threshold;
        scale *= growth;
        if (scale > 1e100) {
            for (uint32_t j = 0; j < bins; j++) cells[j] *= growth / scale;
            scale = growth;
        }
        for (int j = -REACH; j <= REACH; j++) {
            int to = cell + j < 0 ? 0 : cell + j >= (int)bins ? (int)bins - 1 : cell + j;
            cells[to] += weight * scale * kernel[j + REACH];
        }
    }
}
