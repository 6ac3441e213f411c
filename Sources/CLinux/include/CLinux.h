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

/* What is known of a datagram beside its bytes. */
typedef struct {
    /* Kernel's time of arrival in nanoseconds since 1970; 0 when it gave none. */
    int64_t arrival;
    /* Bytes of the datagram, at most the stride. */
    uint32_t length;
    /* Datagrams that this socket has lost so far because its buffer was full; valid when has_lost is set. */
    uint32_t lost;
    uint8_t has_lost;
    /* The datagram was longer than the stride. */
    uint8_t is_cut;
    /* It comes from the address that the caller calls its own. */
    uint8_t is_own;
} clinux_datagram;

/* Reads up to `count` (at most 64) datagrams into places `stride` bytes apart and returns how many came; `own` may be NULL. */
int clinux_receive_datagrams(int descriptor, void *bytes, size_t stride, clinux_datagram *list, int count, const struct sockaddr *own);
/* Sends `count` (at most 64) datagrams that lie `stride` bytes apart; returns how many were taken. */
int clinux_send_datagrams(int descriptor, const void *bytes, size_t stride, const uint32_t *lengths, int count);
/* Asks for times of arrival and counts of losses, and for buffers of `bytes`. */
int clinux_prepare_datagrams(int descriptor, int bytes);
/* A non-blocking UDP socket that is closed on exec. */
int clinux_datagram_socket(int family);
/* Binds a UDP socket to all addresses at a port that others may have too, and joins a multicast group on an interface; 0 is that of its route. */
int clinux_join_group(int descriptor, const struct sockaddr *group, socklen_t length, unsigned interface);
/* Sends to groups stay on this link (TTL 1) and reach this machine's other members too; interface 0 is that of the route. */
int clinux_prepare_group_sender(int descriptor, unsigned interface);
/* Number of an interface; 0 when there is none of this name. */
unsigned clinux_interface_index(const char *interface);
/* Lets a UDP socket send to broadcast addresses. */
int clinux_allow_broadcast(int descriptor);

/* What the interface of a name is. */
enum { clinux_no_interface = 0, clinux_other_interface = 1, clinux_can_down = 2, clinux_can_up = 3 };
int clinux_can_state(const char *interface);
/* Largest frame of an interface in bytes: 16 classic, 72 FD; -errno. */
int clinux_can_frame_size(const char *interface);
/* Whether an interface is one of vcan or vxcan, behind which there are no devices: 1, 0, or -errno where the kernel does not tell. */
int clinux_can_is_virtual(const char *interface);
/* A non-blocking raw CAN socket on an interface: FD frames, error reports and loopback to others on, own frames not received. */
int clinux_can_open(const char *interface);
/* Takes only frames of which one pair of match and mask holds `id & mask == match & mask`; no pair means no frame. */
int clinux_can_filter(int descriptor, const uint32_t *pairs, int count);

#endif
