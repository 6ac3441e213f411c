/* What Linux offers beyond POSIX and Swift does not import: epoll, eventfd, accept4. Every function returns -errno on failure. */
#ifndef CLINUX_H
#define CLINUX_H

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

enum { clinux_readable = 1, clinux_writable = 2, clinux_hung_up = 4 };

/* One descriptor that is ready; `token` is what clinux_epoll_add was given. */
typedef struct {
    uint64_t token;
    uint32_t ready;
} clinux_event;

int clinux_epoll_create(void);
/* `interest` is a sum of clinux_readable and clinux_writable; 0 reports errors and hang-ups only. Level triggered. */
int clinux_epoll_add(int epoll, int descriptor, uint32_t interest, uint64_t token);
int clinux_epoll_change(int epoll, int descriptor, uint32_t interest, uint64_t token);
int clinux_epoll_remove(int epoll, int descriptor);
/* Waits at most `nanoseconds` (negative: without end) and returns the number of events, at most 256. */
int clinux_epoll_wait(int epoll, clinux_event *events, int capacity, int64_t nanoseconds);

int clinux_eventfd(void);
/* A non-blocking socket that is closed on exec. */
int clinux_socket(int family);
/* The next connection of a listener, non-blocking and closed on exec. */
int clinux_accept(int listener, struct sockaddr_storage *address, socklen_t *length);
/* Reads what is there; 0 is the end of the stream. Repeats when a signal interrupts. */
int64_t clinux_receive(int descriptor, void *bytes, size_t count);
/* Writes without SIGPIPE and returns how much was taken. */
int64_t clinux_send(int descriptor, const void *bytes, size_t count);
/* Raises the soft limit of open descriptors to the hard one and returns it. */
int64_t clinux_raise_descriptor_limit(void);
int clinux_set_no_delay(int descriptor);
/* The peer sees a reset instead of an orderly end. */
int clinux_set_reset_on_close(int descriptor);
/* SO_ERROR: 0, or the errno of a connection that failed. */
int clinux_socket_error(int descriptor);
/* Monotonic nanoseconds. */
uint64_t clinux_now(void);
int clinux_random(void *bytes, size_t count);

#endif
