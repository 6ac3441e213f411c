#include "creference.h"

#include <stdlib.h>
#include <unistd.h>

/* ---- CAN ---- */

typedef struct {
    uint64_t time_us;
    uint32_t order;
    uint32_t publisher;
} send_event;

typedef struct {
    uint64_t time_us;
    uint64_t payload;
    uint32_t id;
    uint8_t length;
} can_frame;

typedef struct receiver {
    void (*take)(struct receiver *, const can_frame *);
    uint64_t count;
    uint64_t value;
    uint64_t last;
} receiver;

typedef struct {
    char *text;
    size_t used;
    uint64_t total;
    int fd;
} candump;

enum { LOG_SIZE = 1 << 18, LINE_MAX_BYTES = 96 };

static int comes_before(send_event a, send_event b)
{
    return a.time_us != b.time_us ? a.time_us < b.time_us : a.order < b.order;
}

/* The root of heap[0..count) is replaced by a later event. */
static void sink(send_event *heap, size_t count, send_event event)
{
    size_t place = 0, child;
    while ((child = 2 * place + 1) < count) {
        if (child + 1 < count && comes_before(heap[child + 1], heap[child])) child += 1;
        if (comes_before(event, heap[child])) break;
        heap[place] = heap[child];
        place = child;
    }
    heap[place] = event;
}

static unsigned reading(const can_frame *frame) { return (unsigned)(frame->payload & 0xFFFF); }

static void take_sum(receiver *self, const can_frame *frame)
{
    self->count += 1;
    self->value += reading(frame);
}

static void take_maximum(receiver *self, const can_frame *frame)
{
    self->count += 1;
    if (reading(frame) > self->value) self->value = reading(frame);
}

static void take_jumps(receiver *self, const can_frame *frame)
{
    int64_t change = (int64_t)reading(frame) - (int64_t)self->last;
    self->count += 1;
    self->last = reading(frame);
    if (change > 100 || change < -100) self->value += 1;
}

static void empty(candump *log)
{
    size_t done = 0;
    while (done < log->used) {
        ssize_t n = write(log->fd, log->text + done, log->used - done);
        if (n <= 0) break;
        done += (size_t)n;
    }
    log->total += log->used;
    log->used = 0;
}

static void log_line(candump *log, const can_frame *frame)
{
    static const char digits[] = "0123456789ABCDEF";
    if (log->used + LINE_MAX_BYTES > LOG_SIZE) empty(log);
    char *p = log->text + log->used, *end;
    uint64_t seconds = frame->time_us / 1000000, micros = frame->time_us % 1000000, rest;
    int width = 1;
    for (rest = seconds; rest >= 10; rest /= 10) width += 1;
    *p++ = '(';
    for (end = p + width, rest = seconds; end > p; rest /= 10) *--end = (char)('0' + rest % 10);
    p += width;
    *p++ = '.';
    for (end = p + 6, rest = micros; end > p; rest /= 10) *--end = (char)('0' + rest % 10);
    p += 6;
    *p++ = ')';
    *p++ = ' ';
    *p++ = 'c';
    *p++ = 'a';
    *p++ = 'n';
    *p++ = '0';
    *p++ = ' ';
    *p++ = digits[frame->id >> 8 & 7];
    *p++ = digits[frame->id >> 4 & 15];
    *p++ = digits[frame->id & 15];
    *p++ = '#';
    for (unsigned byte = 0; byte < frame->length; byte++) {
        unsigned value = frame->payload >> 8 * byte & 255;
        *p++ = digits[value >> 4];
        *p++ = digits[value & 15];
    }
    *p++ = '\n';
    log->used = (size_t)(p - log->text);
}

creference_result creference_can(uint32_t publishers, uint32_t seconds, int log_fd)
{
    const uint64_t start = 946684800000000ull; /* 2000-01-01T00:00:00Z */
    const uint64_t end = start + (uint64_t)seconds * 1000000;
    creference_result result = {0, 0, 0, 0};
    if (publishers == 0) return result;
    receiver three[3] = {{take_sum, 0, 0, 0}, {take_maximum, 0, 0, 0}, {take_jumps, 0, 0, 0}};
    receiver *volatile receivers = three; /* keeps the calls indirect */
    candump log = {malloc(LOG_SIZE), 0, 0, log_fd};
    send_event *heap = malloc(sizeof *heap * publishers);
    uint32_t order = 0, random = 1;
    if (heap && log.text) {
        /* Ascending times are a heap already. */
        for (uint32_t i = 0; i < publishers; i++) heap[i] = (send_event){start + (uint64_t)i * 1000000 / publishers, order++, i};
        while (heap[0].time_us < end) {
            send_event event = heap[0];
            random = random * 1664525u + 1013904223u;
            can_frame frame = {event.time_us, random >> 16, 0x300 + (event.publisher & 255), 2};
            receiver *list = receivers;
            for (int i = 0; i < 3; i++) list[i].take(&list[i], &frame);
            if (log_fd >= 0) log_line(&log, &frame);
            result.frames += 1;
            sink(heap, publishers, (send_event){event.time_us + 1000000, order++, event.publisher});
        }
        if (log_fd >= 0) empty(&log);
    }
    for (int i = 0; i < 3; i++) {
        result.deliveries += three[i].count;
        result.check = result.check * 31 + three[i].value;
    }
    result.bytes = log.total;
    free(heap);
    free(log.text);
    return result;
}

/* ---- Hold model ---- */

typedef struct {
    uint64_t time;
    uint64_t order;
    uint64_t payload;
    uint32_t kind, target;
} hold_event;

static int hold_before(const hold_event *a, const hold_event *b)
{
    return a->time < b->time || (a->time == b->time && a->order < b->order);
}

uint64_t creference_hold(uint32_t pending, uint64_t steps)
{
    hold_event *heap = malloc(sizeof *heap * (pending + 2));
    uint64_t random = 88172645463325252ull, order = 0, sum = 0;
    uint32_t count = 0;
    if (!heap || pending == 0) {
        free(heap);
        return 0;
    }
    for (uint32_t i = 0; i < pending; i++) {
        random ^= random << 13, random ^= random >> 7, random ^= random << 17;
        hold_event event = {random >> 44, order++, 0, 0, i};
        uint32_t hole = ++count;
        while (hole > 1 && hold_before(&event, &heap[hole / 2])) heap[hole] = heap[hole / 2], hole /= 2;
        heap[hole] = event;
    }
    while (steps--) {
        hold_event event = heap[1];
        sum += event.time & 0xFFFF;
        random ^= random << 13, random ^= random >> 7, random ^= random << 17;
        event.time += random >> 44;
        event.order = order++;
        uint32_t hole = 1, child = 2;
        while (child < count) {
            child += (uint32_t)hold_before(&heap[child + 1], &heap[child]);
            heap[hole] = heap[child];
            hole = child;
            child = 2 * hole;
        }
        if (child == count) heap[hole] = heap[child], hole = child;
        while (hole > 1 && hold_before(&event, &heap[hole / 2])) heap[hole] = heap[hole / 2], hole /= 2;
        heap[hole] = event;
    }
    free(heap);
    return sum;
}
