#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { most_datagrams = 64 };

static int result(int value) { return value < 0 ? -errno : value; }

/* Room for a time of arrival and a count of losses. */
typedef union {
    struct cmsghdr header;
    char bytes[CMSG_SPACE(sizeof(struct timespec)) + CMSG_SPACE(sizeof(uint32_t))];
} ancillary;

/* Whether two addresses have the same family, host and port. */
static int is_same(const struct sockaddr_storage *one, const struct sockaddr *other) {
    if (other == NULL || one->ss_family != other->sa_family) return 0;
    if (one->ss_family == AF_INET) {
        const struct sockaddr_in *a = (const struct sockaddr_in *)one, *b = (const struct sockaddr_in *)other;
        return a->sin_port == b->sin_port && a->sin_addr.s_addr == b->sin_addr.s_addr;
    }
    if (one->ss_family == AF_INET6) {
        const struct sockaddr_in6 *a = (const struct sockaddr_in6 *)one, *b = (const struct sockaddr_in6 *)other;
        return a->sin6_port == b->sin6_port && memcmp(&a->sin6_addr, &b->sin6_addr, sizeof a->sin6_addr) == 0;
    }
    return 0;
}

int clinux_receive_datagrams(int descriptor, void *bytes, size_t stride, clinux_datagram *list, int count, const struct sockaddr *own) {
    struct mmsghdr messages[most_datagrams];
    struct iovec places[most_datagrams];
    ancillary extras[most_datagrams];
    struct sockaddr_storage senders[most_datagrams];
    if (count > most_datagrams) count = most_datagrams;
    for (int i = 0; i < count; i++) {
        places[i] = (struct iovec){.iov_base = (char *)bytes + (size_t)i * stride, .iov_len = stride};
        senders[i].ss_family = AF_UNSPEC;
        messages[i] = (struct mmsghdr){.msg_hdr = {
                                           .msg_name = &senders[i],
                                           .msg_namelen = sizeof senders[i],
                                           .msg_iov = &places[i],
                                           .msg_iovlen = 1,
                                           .msg_control = &extras[i],
                                           .msg_controllen = sizeof extras[i],
                                       }};
    }
    int got;
    do got = recvmmsg(descriptor, messages, (unsigned)count, MSG_DONTWAIT, NULL);
    while (got < 0 && errno == EINTR);
    if (got < 0) return -errno;
    for (int i = 0; i < got; i++) {
        struct msghdr *head = &messages[i].msg_hdr;
        list[i] = (clinux_datagram){.length = messages[i].msg_len, .is_cut = (head->msg_flags & MSG_TRUNC) != 0, .is_own = (uint8_t)is_same(&senders[i], own)};
        for (struct cmsghdr *extra = CMSG_FIRSTHDR(head); extra != NULL; extra = CMSG_NXTHDR(head, extra)) {
            if (extra->cmsg_level != SOL_SOCKET) continue;
            if (extra->cmsg_type == SO_TIMESTAMPNS && extra->cmsg_len >= CMSG_LEN(sizeof(struct timespec))) {
                struct timespec time;
                memcpy(&time, CMSG_DATA(extra), sizeof time);
                list[i].arrival = (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
            } else if (extra->cmsg_type == SO_RXQ_OVFL && extra->cmsg_len >= CMSG_LEN(sizeof(uint32_t))) {
                memcpy(&list[i].lost, CMSG_DATA(extra), sizeof list[i].lost);
                list[i].has_lost = 1;
            }
        }
    }
    return got;
}

int clinux_send_datagrams(int descriptor, const void *bytes, size_t stride, const uint32_t *lengths, int count) {
    struct mmsghdr messages[most_datagrams];
    struct iovec places[most_datagrams];
    if (count > most_datagrams) count = most_datagrams;
    for (int i = 0; i < count; i++) {
        places[i] = (struct iovec){.iov_base = (char *)bytes + (size_t)i * stride, .iov_len = lengths[i]};
        messages[i] = (struct mmsghdr){.msg_hdr = {
                                           .msg_iov = &places[i],
                                           .msg_iovlen = 1,
                                       }};
    }
    int sent;
    do sent = sendmmsg(descriptor, messages, (unsigned)count, MSG_DONTWAIT | MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    return result(sent);
}

int clinux_prepare_datagrams(int descriptor, int bytes) {
    int on = 1;
    if (setsockopt(descriptor, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on) < 0) return -errno;
    if (setsockopt(descriptor, SOL_SOCKET, SO_RXQ_OVFL, &on, sizeof on) < 0) return -errno;
    /* Beyond the system's limit only for root; then as much as there may be. */
    if (setsockopt(descriptor, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes) < 0)
        (void)setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
    if (setsockopt(descriptor, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof bytes) < 0)
        (void)setsockopt(descriptor, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
    return 0;
}

int clinux_datagram_socket(int family) { return result(socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)); }

int clinux_join_group(int descriptor, const struct sockaddr *group, socklen_t length, unsigned interface) {
    int on = 1;
    if (setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0) return -errno;
    if (setsockopt(descriptor, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) < 0) return -errno;
    struct group_req request = {.gr_interface = interface};
    if (length > sizeof request.gr_group) return -EINVAL;
    memcpy(&request.gr_group, group, length);
    /* Bound to the group itself, a socket hears no datagrams of other groups at the same port. */
    if (bind(descriptor, group, length) < 0) return -errno;
    int level = group->sa_family == AF_INET6 ? IPPROTO_IPV6 : IPPROTO_IP;
    return result(setsockopt(descriptor, level, MCAST_JOIN_GROUP, &request, sizeof request));
}

int clinux_prepare_group_sender(int descriptor, unsigned interface) {
    int family = 0, hops = 1, on = 1;
    socklen_t length = sizeof family;
    if (getsockopt(descriptor, SOL_SOCKET, SO_DOMAIN, &family, &length) < 0) return -errno;
    if (family == AF_INET6) {
        int number = (int)interface;
        if (interface != 0 && setsockopt(descriptor, IPPROTO_IPV6, IPV6_MULTICAST_IF, &number, sizeof number) < 0) return -errno;
        if (setsockopt(descriptor, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, &hops, sizeof hops) < 0) return -errno;
        return result(setsockopt(descriptor, IPPROTO_IPV6, IPV6_MULTICAST_LOOP, &on, sizeof on));
    }
    struct ip_mreqn way = {.imr_ifindex = (int)interface};
    if (interface != 0 && setsockopt(descriptor, IPPROTO_IP, IP_MULTICAST_IF, &way, sizeof way) < 0) return -errno;
    if (setsockopt(descriptor, IPPROTO_IP, IP_MULTICAST_TTL, &hops, sizeof hops) < 0) return -errno;
    return result(setsockopt(descriptor, IPPROTO_IP, IP_MULTICAST_LOOP, &on, sizeof on));
}

int clinux_allow_broadcast(int descriptor) {
    int on = 1;
    return result(setsockopt(descriptor, SOL_SOCKET, SO_BROADCAST, &on, sizeof on));
}

unsigned clinux_interface_index(const char *interface) { return if_nametoindex(interface); }
