#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <linux/can.h>
#include <linux/can/error.h>
#include <linux/can/raw.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* The C library's header may not know this kind of interface. */
#ifndef ARPHRD_CAN
#define ARPHRD_CAN 280
#endif

enum { most_filters = CAN_RAW_FILTER_MAX };

static int result(int value) { return value < 0 ? -errno : value; }

/* Asks about an interface by its name, over any socket. */
static int ask(const char *interface, unsigned long question, struct ifreq *answer) {
    if (strlen(interface) >= IFNAMSIZ) return -ENODEV;
    memset(answer, 0, sizeof *answer);
    memcpy(answer->ifr_name, interface, strlen(interface));
    int descriptor = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0) return -errno;
    int got = ioctl(descriptor, question, answer) < 0 ? -errno : 0;
    close(descriptor);
    return got;
}

int clinux_can_state(const char *interface) {
    struct ifreq answer;
    int got = ask(interface, SIOCGIFHWADDR, &answer);
    if (got < 0) return got == -ENODEV ? clinux_no_interface : got;
    if (answer.ifr_hwaddr.sa_family != ARPHRD_CAN) return clinux_other_interface;
    got = ask(interface, SIOCGIFFLAGS, &answer);
    if (got < 0) return got == -ENODEV ? clinux_no_interface : got;
    return answer.ifr_flags & IFF_UP ? clinux_can_up : clinux_can_down;
}

int clinux_can_frame_size(const char *interface) {
    struct ifreq answer;
    int got = ask(interface, SIOCGIFMTU, &answer);
    return got < 0 ? got : answer.ifr_mtu;
}

int clinux_can_is_virtual(const char *interface) {
    struct ethtool_drvinfo driver = {.cmd = ETHTOOL_GDRVINFO};
    struct ifreq question = {0};
    if (strlen(interface) >= IFNAMSIZ) return -ENODEV;
    memcpy(question.ifr_name, interface, strlen(interface));
    question.ifr_data = (char *)&driver;
    int descriptor = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0) return -errno;
    int got = ioctl(descriptor, SIOCETHTOOL, &question) < 0 ? -errno : 0;
    close(descriptor);
    if (got < 0) return got;
    return strcmp(driver.driver, "vcan") == 0 || strcmp(driver.driver, "vxcan") == 0;
}

int clinux_can_open(const char *interface) {
    unsigned index = if_nametoindex(interface);
    int descriptor = socket(AF_CAN, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, CAN_RAW);
    if (descriptor < 0) return -errno;
    int on = 1, off = 0;
    can_err_mask_t errors = CAN_ERR_MASK;
    struct sockaddr_can address = {.can_family = AF_CAN, .can_ifindex = (int)index};
    int failed = index == 0 ? ENODEV : 0;
    if (!failed && setsockopt(descriptor, SOL_CAN_RAW, CAN_RAW_FD_FRAMES, &on, sizeof on) < 0) failed = errno;
    if (!failed && setsockopt(descriptor, SOL_CAN_RAW, CAN_RAW_LOOPBACK, &on, sizeof on) < 0) failed = errno;
    if (!failed && setsockopt(descriptor, SOL_CAN_RAW, CAN_RAW_RECV_OWN_MSGS, &off, sizeof off) < 0) failed = errno;
    if (!failed && setsockopt(descriptor, SOL_CAN_RAW, CAN_RAW_ERR_FILTER, &errors, sizeof errors) < 0) failed = errno;
    if (!failed && bind(descriptor, (struct sockaddr *)&address, sizeof address) < 0) failed = errno;
    if (failed) {
        close(descriptor);
        return -failed;
    }
    return descriptor;
}

int clinux_can_filter(int descriptor, const uint32_t *pairs, int count) {
    struct can_filter filters[most_filters];
    if (count > most_filters) return -EINVAL;
    for (int i = 0; i < count; i++) filters[i] = (struct can_filter){.can_id = pairs[2 * i], .can_mask = pairs[2 * i + 1]};
    return result(setsockopt(descriptor, SOL_CAN_RAW, CAN_RAW_FILTER, filters, (socklen_t)((size_t)count * sizeof filters[0])));
}
