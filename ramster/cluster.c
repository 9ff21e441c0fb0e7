// SPDX-License-Identifier: GPL-2.0-only
/*
 * RAMster: a node's view of its cluster, and the door at which others call.
 *
 * Anybody can call. So the door keeps a few callers at a time, each for a
 * limited time, and waits for none of them: one thread looks after all, and
 * sleeps until one of the sockets has something for it. Who has said a hello
 * that is right is handed to the peer that it is; all others are told why not.
 */
#define pr_fmt(fmt) "ramster: " fmt

#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/printk.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <net/sock.h>

#include "peer.h"

/* When memory was short for a caller, look again after a while. */
#define LOOK_AGAIN	(HZ / 4)

static struct ramster_cluster *cluster_of(struct ramster_door *door)
{
	return container_of(door, struct ramster_cluster, door);
}

/* Sockets ring, the keeper wakes up */

static int ring(struct wait_queue_entry *wait, unsigned int mode, int flags,
		void *key)
{
	struct ramster_door *door = wait->private;

	WRITE_ONCE(door->rung, true);
	wake_up(&door->bell);
	return 0;
}

static void watch(struct ramster_door *door, struct wait_queue_entry *wait,
		  struct socket *sock)
{
	init_waitqueue_func_entry(wait, ring);
	wait->private = door;
	add_wait_queue(sk_sleep(sock->sk), wait);
	/* Whoever looks after this misses nothing that does not ring. */
	smp_mb();
}

static void unwatch(struct wait_queue_entry *wait, struct socket *sock)
{
	remove_wait_queue(sk_sleep(sock->sk), wait);
}

/* Callers */

static struct socket *let_go(struct ramster_caller *caller)
{
	struct socket *sock = caller->sock;

	unwatch(&caller->wait, sock);
	caller->sock = NULL;
	return sock;
}

static void turn_away(struct ramster_caller *caller, enum ramster_reason reason)
{
	struct socket *sock = let_go(caller);

	ramster_sock_goodbye(sock, reason);
	ramster_sock_close(sock);
}

static void refuse(struct ramster_door *door, struct ramster_caller *caller,
		   enum ramster_reason reason)
{
	struct ramster_cluster *cluster = cluster_of(door);
	const char *name = ramster_wire_reason_name(reason);
	unsigned int num = caller->msg.hello.from;
	char text[RAMSTER_ERROR_SIZE];

	pr_warn_ratelimited("cluster %s: call of node %u refused: %s\n",
			    cluster->name, num, name);
	if (cluster->peers[num]) {
		scnprintf(text, sizeof(text), "its call was refused: %s", name);
		ramster_peer_set_error(cluster->peers[num], text);
	}
	turn_away(caller, reason);
}

/* A caller has said hello: who is it, and do we speak with it? */
static void judge(struct ramster_door *door, struct ramster_caller *caller)
{
	struct ramster_cluster *cluster = cluster_of(door);
	const struct ramster_hello *hello = &caller->msg.hello;
	struct ramster_peer *peer = cluster->peers[hello->from];
	struct ramster_hello own = cluster->hello;
	enum ramster_reason reason;
	struct socket *sock;

	own.to = hello->from;
	reason = ramster_wire_refusal(&own, hello);
	if (!reason && !peer)
		reason = RAMSTER_UNKNOWN_NODE;
	/* We would call it. */
	if (!reason && hello->from < own.from)
		reason = RAMSTER_OTHER_NODE;
	if (reason) {
		refuse(door, caller, reason);
		return;
	}
	sock = let_go(caller);
	reason = ramster_peer_answer(peer, sock, hello);
	if (!reason)
		return;
	caller->sock = sock;
	watch(door, &caller->wait, sock);
	refuse(door, caller, reason);
}

static enum ramster_wire_error understand(struct ramster_caller *caller)
{
	static const struct ramster_rules rules = {
		.phase = RAMSTER_AWAITS_HELLO,
	};
	struct ramster_msg *msg = &caller->msg;
	enum ramster_wire_error error;

	if (caller->need != sizeof(struct ramster_wire_header))
		return ramster_wire_decode_body(caller->head, caller->have, msg);
	error = ramster_wire_decode_header(caller->head, caller->have, msg);
	error = error ?: ramster_wire_check_rules(msg, &rules);
	if (!error)
		caller->need = ramster_wire_head_size(msg->type);
	return error;
}

/* All that there is of it: returns 0 if that is all that is needed. */
static int read_on(struct ramster_caller *caller)
{
	int ret;

	while (caller->have < caller->need) {
		ret = ramster_sock_hear(caller->sock,
					caller->head + caller->have,
					caller->need - caller->have, 0);
		if (ret <= 0)
			return ret ?: -EPIPE;
		caller->have += ret;
	}
	return 0;
}

static void listen_to(struct ramster_door *door, struct ramster_caller *caller)
{
	enum ramster_wire_error error = RAMSTER_WIRE_OK;
	int err = 0;

	while (!err && !error && caller->have < caller->need) {
		err = read_on(caller);
		if (!err)
			error = understand(caller);
	}
	if (err == -EAGAIN) {
		if (time_after_eq(jiffies, caller->until))
			turn_away(caller, RAMSTER_SILENCE);
	} else if (err) {
		turn_away(caller, RAMSTER_NO_REASON);
	} else if (error) {
		pr_warn_ratelimited("cluster %s: a caller was not understood: %s\n",
				    cluster_of(door)->name,
				    ramster_wire_error_name(error));
		WRITE_ONCE(door->nr_bad, door->nr_bad + 1);
		turn_away(caller, RAMSTER_BAD_MESSAGE);
	} else if (caller->msg.type == RAMSTER_HELLO) {
		judge(door, caller);
	} else {
		turn_away(caller, RAMSTER_NO_REASON);
	}
}

/* If there are too many callers, who has waited longest says nothing useful. */
static struct ramster_caller *find_place(struct ramster_door *door)
{
	struct ramster_caller *caller, *oldest = door->callers;

	for (caller = door->callers;
	     caller < door->callers + RAMSTER_CALLERS; caller++) {
		if (!caller->sock)
			return caller;
		if (caller->nr < oldest->nr)
			oldest = caller;
	}
	turn_away(oldest, RAMSTER_SILENCE);
	return oldest;
}

static void let_in(struct ramster_door *door, struct socket *sock)
{
	struct ramster_caller *caller = find_place(door);
	unsigned int ms = cluster_of(door)->times.connect_ms;

	caller->sock = sock;
	caller->nr = door->nr_calls++;
	caller->until = jiffies + msecs_to_jiffies(ms);
	caller->have = 0;
	caller->need = sizeof(struct ramster_wire_header);
	watch(door, &caller->wait, sock);
	listen_to(door, caller);
}

/* The keeper */

static void look_after_callers(struct ramster_door *door)
{
	unsigned int i;

	for (i = 0; i < RAMSTER_CALLERS; i++)
		if (door->callers[i].sock)
			listen_to(door, &door->callers[i]);
}

/* Returns why there are no more callers for now. */
static int answer_the_door(struct ramster_door *door)
{
	unsigned int ms = cluster_of(door)->times.dead_ms;
	struct socket *sock;
	int err;

	while (!kthread_should_stop()) {
		err = ramster_sock_accept(door->sock, ms, &sock);
		if (err)
			return err;
		let_in(door, sock);
	}
	return -ECANCELED;
}

static long until_next(struct ramster_door *door, int err)
{
	long left, next = err == -EAGAIN ? MAX_SCHEDULE_TIMEOUT : LOOK_AGAIN;
	unsigned int i;

	for (i = 0; i < RAMSTER_CALLERS; i++) {
		if (!door->callers[i].sock)
			continue;
		left = door->callers[i].until - jiffies;
		next = min(next, max(left, 1L));
	}
	return next;
}

static int keeper(void *arg)
{
	struct ramster_door *door = arg;
	unsigned int noio = memalloc_noio_save();
	int err;

	while (!kthread_should_stop()) {
		/* A barrier: what rings from now on is heard. */
		xchg(&door->rung, false);
		look_after_callers(door);
		err = answer_the_door(door);
		wait_event_interruptible_timeout(door->bell,
						 READ_ONCE(door->rung) ||
						 kthread_should_stop(),
						 until_next(door, err));
	}
	memalloc_noio_restore(noio);
	return 0;
}

static int open_door(struct ramster_door *door,
		     const struct sockaddr_storage *addr)
{
	int err = ramster_sock_listen(addr, &door->sock);

	if (err) {
		door->sock = NULL;
		return err;
	}
	init_waitqueue_head(&door->bell);
	watch(door, &door->wait, door->sock);
	door->keeper = kthread_create(keeper, door, "ramster_door/%u",
				      cluster_of(door)->hello.from);
	err = PTR_ERR_OR_ZERO(door->keeper);
	if (err)
		door->keeper = NULL;
	return err;
}

static void close_door(struct ramster_door *door)
{
	unsigned int i;

	if (door->keeper)
		kthread_stop(door->keeper);
	if (!door->sock)
		return;
	unwatch(&door->wait, door->sock);
	ramster_sock_close(door->sock);
	for (i = 0; i < RAMSTER_CALLERS; i++)
		if (door->callers[i].sock)
			turn_away(&door->callers[i], RAMSTER_LEAVING);
}

/* The cluster */

static bool times_valid(const struct ramster_times *times)
{
	const unsigned int max = jiffies_to_msecs(MAX_JIFFY_OFFSET) / 4;

	return times->connect_ms && times->connect_ms <= max &&
	       times->keepalive_ms && times->keepalive_ms <= max &&
	       times->dead_ms > times->keepalive_ms && times->dead_ms <= max;
}

/* Each number once, and our own among them. */
static const struct ramster_node *
find_self(const struct ramster_config *config)
{
	const struct ramster_node *node, *self = NULL;
	DECLARE_BITMAP(nums, RAMSTER_MAX_NODES) = { };
	unsigned int i;

	for (i = 0; i < config->nr_nodes; i++) {
		node = &config->nodes[i];
		if (node->num >= RAMSTER_MAX_NODES ||
		    __test_and_set_bit(node->num, nums))
			return NULL;
		if (node->num == config->self)
			self = node;
	}
	return self;
}

static void init_hello(struct ramster_hello *hello,
		       const struct ramster_config *config)
{
	*hello = (struct ramster_hello) {
		.cluster = config->uuid,
		.page_size = PAGE_SIZE,
		.version = RAMSTER_VERSION,
		.slots = config->slots,
		.from = config->self,
	};
	uuid_gen(&hello->boot);
	strscpy_pad(hello->compressor, config->compressor);
}

/* Would anybody accept it? Whoever it is said to. */
static bool hello_valid(const struct ramster_hello *hello)
{
	struct ramster_msg msg = {
		.type = RAMSTER_HELLO,
		.hello = *hello,
	};
	u8 head[RAMSTER_WIRE_MAX_HEAD];

	msg.hello.to = !hello->from;
	return !ramster_wire_encode(&msg, head, sizeof(head));
}

static int create_peers(struct ramster_cluster *cluster,
			const struct ramster_config *config)
{
	const struct ramster_node *node;
	struct ramster_peer *peer;
	unsigned int i;

	for (i = 0; i < config->nr_nodes; i++) {
		node = &config->nodes[i];
		if (node->num == config->self)
			continue;
		peer = ramster_peer_create(cluster, node);
		if (IS_ERR(peer))
			return PTR_ERR(peer);
		cluster->peers[node->num] = peer;
	}
	return 0;
}

static int fill_cluster(struct ramster_cluster *cluster,
			const struct ramster_config *config)
{
	const struct ramster_node *self = find_self(config);
	int err;

	init_hello(&cluster->hello, config);
	if (!self || !times_valid(&config->times) ||
	    !hello_valid(&cluster->hello))
		return -EINVAL;
	cluster->name = kstrdup(config->cluster, GFP_KERNEL);
	if (!cluster->name)
		return -ENOMEM;
	err = create_peers(cluster, config);
	return err ?: open_door(&cluster->door, &self->addr);
}

static void start(struct ramster_cluster *cluster)
{
	unsigned int i;

	for (i = 0; i < RAMSTER_MAX_NODES; i++)
		if (cluster->peers[i])
			ramster_peer_start(cluster->peers[i]);
	wake_up_process(cluster->door.keeper);
}

/**
 * ramster_cluster_create() - take part in a cluster
 * @config: what has to be known; is copied
 * @ops: what to do with what is heard; all of them
 * @priv: the owner's, see ramster_cluster_priv()
 *
 * From here on it calls others and is called. ops may be called before this has
 * returned.
 *
 * Context: may sleep.
 * Return: the cluster, or an error: -EINVAL for a configuration that cannot be,
 * -ENOMEM, or why the node cannot be called at its address.
 */
struct ramster_cluster *
ramster_cluster_create(const struct ramster_config *config,
		       const struct ramster_ops *ops, void *priv)
{
	struct ramster_cluster *cluster = kzalloc(sizeof(*cluster), GFP_KERNEL);
	int err;

	if (!cluster)
		return ERR_PTR(-ENOMEM);
	cluster->times = config->times;
	cluster->ops = ops;
	cluster->priv = priv;
	mutex_init(&cluster->memalloc_lock);
	err = fill_cluster(cluster, config);
	if (err) {
		ramster_cluster_destroy(cluster);
		return ERR_PTR(err);
	}
	start(cluster);
	return cluster;
}

/**
 * ramster_cluster_destroy() - leave the cluster
 * @cluster: as made by ramster_cluster_create(); is gone
 *
 * Requests are completed, and ops->down() is called for who is up. Nobody else
 * may use the cluster or its peers any more; done() and ops still may, and are
 * told -ENOTCONN. Their threads are being stopped, so no interruptible sleep of
 * theirs lasts.
 *
 * Context: may sleep, but does not wait for any other node.
 */
void ramster_cluster_destroy(struct ramster_cluster *cluster)
{
	unsigned int i;

	close_door(&cluster->door);
	for (i = 0; i < RAMSTER_MAX_NODES; i++)
		if (cluster->peers[i])
			ramster_peer_stop(cluster->peers[i]);
	for (i = 0; i < RAMSTER_MAX_NODES; i++)
		if (cluster->peers[i])
			ramster_peer_destroy(cluster->peers[i]);
	kfree(cluster->name);
	kfree(cluster);
}

/**
 * ramster_cluster_priv() - what did the owner give?
 * @cluster: the cluster
 *
 * Return: its @priv.
 */
void *ramster_cluster_priv(const struct ramster_cluster *cluster)
{
	return cluster->priv;
}

/**
 * ramster_cluster_times() - how patient is it?
 * @cluster: the cluster
 *
 * Return: its limits.
 */
const struct ramster_times *
ramster_cluster_times(const struct ramster_cluster *cluster)
{
	return &cluster->times;
}

/**
 * ramster_cluster_peer() - find a peer
 * @cluster: the cluster
 * @num: its number
 *
 * Return: the peer, which stays as long as the cluster; NULL if there is none,
 * or it is this node.
 */
struct ramster_peer *ramster_cluster_peer(struct ramster_cluster *cluster,
					  unsigned int num)
{
	return num < RAMSTER_MAX_NODES ? cluster->peers[num] : NULL;
}

/**
 * ramster_cluster_bad_callers() - how many have called and said nonsense?
 * @cluster: the cluster
 *
 * Context: any.
 * Return: how many since it was made.
 */
unsigned long ramster_cluster_bad_callers(const struct ramster_cluster *cluster)
{
	return READ_ONCE(cluster->door.nr_bad);
}

/**
 * ramster_cluster_room_changed() - tell all peers how much can be lent
 * @cluster: the cluster
 *
 * ops->room() will be asked soon.
 *
 * Context: any.
 */
void ramster_cluster_room_changed(struct ramster_cluster *cluster)
{
	unsigned int i;

	for (i = 0; i < RAMSTER_MAX_NODES; i++)
		if (cluster->peers[i])
			ramster_peer_room_changed(cluster->peers[i]);
}

/**
 * ramster_cluster_memalloc() - swap pages depend on the network, or do not
 * @cluster: the cluster
 * @on: they do: connections may use memory reserves
 *
 * Context: may sleep.
 */
void ramster_cluster_memalloc(struct ramster_cluster *cluster, bool on)
{
	unsigned int i;

	mutex_lock(&cluster->memalloc_lock);
	WRITE_ONCE(cluster->memalloc, on);
	for (i = 0; i < RAMSTER_MAX_NODES; i++)
		if (cluster->peers[i])
			ramster_peer_memalloc(cluster->peers[i]);
	mutex_unlock(&cluster->memalloc_lock);
}
