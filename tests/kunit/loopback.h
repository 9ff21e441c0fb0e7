/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What suites share whose nodes speak with each other over loopback.
 */
#ifndef _LOOPBACK_H
#define _LOOPBACK_H

#include <kunit/test.h>
#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/netdevice.h>
#include <linux/rtnetlink.h>
#include <net/net_namespace.h>
#include <net/sock.h>

#include "../../ramster/peer.h"

/* How long to wait for what must happen: for ever, nearly. */
#define LOOPBACK_PATIENCE	(60 * HZ)

#define eventually(cond)						\
	({								\
		unsigned long __until = jiffies + LOOPBACK_PATIENCE;	\
		bool __is;						\
									\
		while (!(__is = (cond)) && time_before(jiffies, __until)) \
			usleep_range(100, 300);				\
		__is;							\
	})

/*
 * Before init, nobody has brought loopback up. Its packets are as large as those
 * of other networks: TCP does not send while the window is smaller than one, so
 * with 64 KiB the tests would wait for timers of TCP's most of the time.
 */
#define LOOPBACK_MTU		1500

static unsigned int loopback_mtu;	/* what it was; by suite, one at a time */

static inline int loopback_up(struct kunit_suite *suite)
{
	struct net_device *lo = init_net.loopback_dev;
	int err;

	rtnl_lock();
	loopback_mtu = lo->mtu;
	err = dev_set_mtu(lo, LOOPBACK_MTU) ?:
	      dev_change_flags(lo, lo->flags | IFF_UP, NULL);
	rtnl_unlock();
	return err;
}

static inline void loopback_down(struct kunit_suite *suite)
{
	rtnl_lock();
	dev_set_mtu(init_net.loopback_dev, loopback_mtu);
	rtnl_unlock();
}

/* May the network use the last of memory to speak with that peer? */
static inline bool may_use_reserves(struct ramster_peer *peer)
{
	bool may;

	mutex_lock(&peer->sock_lock);
	may = peer->sock && sock_flag(peer->sock->sk, SOCK_MEMALLOC);
	mutex_unlock(&peer->sock_lock);
	return may;
}

#endif /* _LOOPBACK_H */
