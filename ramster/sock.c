// SPDX-License-Identifier: GPL-2.0-only
/*
 * RAMster: TCP sockets in the kernel, as far as it uses them.
 *
 * Who sends or receives may be what reclaim waits for. So nothing here waits
 * for I/O to get memory, and while swap depends on the network a socket may use
 * the reserves (ramster_sock_memalloc()). Then its thread may too, but only
 * inside of the network: what a peer's request makes it allocate is not to come
 * from the reserves.
 */
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/jiffies.h>
#include <linux/sched/mm.h>
#include <linux/tcp.h>
#include <linux/wait.h>
#include <net/inet_sock.h>
#include <net/net_namespace.h>
#include <net/sock.h>
#include <net/tcp_states.h>

#include "peer.h"

#define BACKLOG		16

static int addr_len(const struct sockaddr_storage *addr)
{
	return addr->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6) :
					     sizeof(struct sockaddr_in);
}

static void tune(struct socket *sock, unsigned int dead_ms)
{
	struct sock *sk = sock->sk;

	tcp_sock_set_nodelay(sk);
	tcp_sock_set_user_timeout(sk, dead_ms);
	sk->sk_allocation = GFP_NOIO;
	/* Who reads a page may be in the middle of sending something of his own. */
	sk->sk_use_task_frag = false;
}

static int create(const struct sockaddr_storage *addr, struct socket **sock)
{
	if (addr->ss_family != AF_INET && addr->ss_family != AF_INET6)
		return -EAFNOSUPPORT;
	return sock_create_kern(&init_net, addr->ss_family, SOCK_STREAM,
				IPPROTO_TCP, sock);
}

/**
 * ramster_sock_create() - make a socket to call somebody
 * @addr: who
 * @dead_ms: how long what was sent may go without acknowledgment
 * @sock: where to put it
 *
 * Context: may sleep.
 * Return: 0 or an error.
 */
int ramster_sock_create(const struct sockaddr_storage *addr,
			unsigned int dead_ms, struct socket **sock)
{
	int err = create(addr, sock);

	if (!err)
		tune(*sock, dead_ms);
	return err;
}

/**
 * ramster_sock_listen() - make a socket that others can call
 * @addr: where
 * @sock: where to put it
 *
 * Context: may sleep.
 * Return: 0 or an error.
 */
int ramster_sock_listen(const struct sockaddr_storage *addr,
			struct socket **sock)
{
	int err = create(addr, sock);

	if (err)
		return err;
	/* Connections of before may linger. */
	sock_set_reuseaddr((*sock)->sk);
	err = kernel_bind(*sock, (struct sockaddr *)addr, addr_len(addr));
	if (!err)
		err = kernel_listen(*sock, BACKLOG);
	if (err)
		sock_release(*sock);
	return err;
}

/**
 * ramster_sock_accept() - has somebody called?
 * @listener: as made by ramster_sock_listen()
 * @dead_ms: as for ramster_sock_create()
 * @sock: where to put the caller's socket
 *
 * Context: does not wait for anybody.
 * Return: 0, -EAGAIN if nobody has, or an error.
 */
int ramster_sock_accept(struct socket *listener, unsigned int dead_ms,
			struct socket **sock)
{
	int err = kernel_accept(listener, sock, O_NONBLOCK);

	if (!err)
		tune(*sock, dead_ms);
	return err;
}

/**
 * ramster_sock_connect() - begin to call, or see what has come of it
 * @sock: as made by ramster_sock_create()
 * @addr: whom to call
 *
 * Context: does not wait for anybody.
 * Return: 0 when the connection is there, -EINPROGRESS or -EALREADY while it is
 * being made, or an error.
 */
int ramster_sock_connect(struct socket *sock,
			 const struct sockaddr_storage *addr)
{
	return kernel_connect(sock, (struct sockaddr *)addr, addr_len(addr),
			      O_NONBLOCK);
}

static bool connecting(struct sock *sk)
{
	return (1 << inet_sk_state_load(sk)) & (TCPF_SYN_SENT | TCPF_SYN_RECV);
}

/**
 * ramster_sock_wait_connected() - wait for what ramster_sock_connect() began
 * @sock: the socket
 * @until: no longer than that, in jiffies
 *
 * kernel_sock_shutdown() ends it.
 *
 * Context: may sleep.
 */
void ramster_sock_wait_connected(struct socket *sock, unsigned long until)
{
	long left = until - jiffies;

	wait_event_interruptible_timeout(*sk_sleep(sock->sk),
					 !connecting(sock->sk), max(left, 0L));
}

/**
 * ramster_sock_alive() - is the other side there, as far as TCP knows?
 * @sock: a socket that was connected
 *
 * Context: any.
 * Return: false if either side has hung up.
 */
bool ramster_sock_alive(struct socket *sock)
{
	return inet_sk_state_load(sock->sk) == TCP_ESTABLISHED;
}

/**
 * ramster_sock_memalloc() - may a socket use memory reserves?
 * @sock: any but one that listens
 * @on: it may
 *
 * Context: may sleep.
 */
void ramster_sock_memalloc(struct socket *sock, bool on)
{
	struct sock *sk = sock->sk;

	lock_sock(sk);
	if (on && !sock_flag(sk, SOCK_MEMALLOC))
		sk_set_memalloc(sk);
	else if (!on && sock_flag(sk, SOCK_MEMALLOC))
		sk_clear_memalloc(sk);
	release_sock(sk);
}

static int send_all(struct socket *sock, struct msghdr *hdr)
{
	int sent = 0;

	while (sent >= 0 && msg_data_left(hdr))
		sent = sock_sendmsg(sock, hdr) ?: -EPIPE;
	return min(sent, 0);
}

/**
 * ramster_sock_send() - send some bytes
 * @sock: where to
 * @left: what is to be sent; has what is left of it afterwards
 * @flags: MSG_DONTWAIT, MSG_MORE if others are sure to follow at once
 *
 * Context: may sleep until the other side reads; with MSG_DONTWAIT, not.
 * kernel_sock_shutdown() ends it.
 * Return: 0; -EAGAIN with MSG_DONTWAIT, and what is left has to be sent next; or
 * another error, and part of it may have been sent, so nothing else can be.
 */
int ramster_sock_send(struct socket *sock, struct iov_iter *left, int flags)
{
	bool memalloc = sock_flag(sock->sk, SOCK_MEMALLOC);
	struct msghdr hdr = {
		.msg_iter = *left,
		.msg_flags = MSG_NOSIGNAL | flags,
	};
	unsigned int noreclaim = 0;
	int err;

	if (memalloc)
		noreclaim = memalloc_noreclaim_save();
	err = send_all(sock, &hdr);
	if (memalloc)
		memalloc_noreclaim_restore(noreclaim);
	*left = hdr.msg_iter;
	return err;
}

/**
 * ramster_sock_say() - send a message that has no payload
 * @sock: where to
 * @msg: the message
 * @flags: as for ramster_sock_send()
 *
 * Context: as for ramster_sock_send().
 * Return: 0; -EBADMSG if there is no such message, and nothing was sent; or an
 * error, and part of it may have been sent, so no other can be.
 */
int ramster_sock_say(struct socket *sock, const struct ramster_msg *msg, int flags)
{
	u8 head[RAMSTER_WIRE_MAX_HEAD];
	struct kvec vec = {
		.iov_base = head,
		.iov_len = ramster_wire_head_size(msg->type),
	};
	struct iov_iter left;

	if (ramster_wire_encode(msg, head, sizeof(head)))
		return -EBADMSG;
	iov_iter_kvec(&left, ITER_SOURCE, &vec, 1, vec.iov_len);
	return ramster_sock_send(sock, &left, flags);
}

/**
 * ramster_sock_hear() - receive some bytes
 * @sock: where from
 * @buf: where to
 * @len: how many, at the most
 * @timeout: how long to wait if there are none, in jiffies; 0: not at all
 *
 * Context: may sleep. kernel_sock_shutdown() ends it.
 * Return: how many bytes came; 0 if the other side has hung up; -EAGAIN if nothing
 * came; or an error.
 */
int ramster_sock_hear(struct socket *sock, void *buf, size_t len, long timeout)
{
	bool memalloc = sock_flag(sock->sk, SOCK_MEMALLOC);
	struct kvec vec = { .iov_base = buf, .iov_len = len };
	struct msghdr hdr = { };
	unsigned int noreclaim = 0;
	int ret;

	if (timeout)
		sock->sk->sk_rcvtimeo = timeout;
	if (memalloc)
		noreclaim = memalloc_noreclaim_save();
	ret = kernel_recvmsg(sock, &hdr, &vec, 1, len, timeout ? 0 : MSG_DONTWAIT);
	if (memalloc)
		memalloc_noreclaim_restore(noreclaim);
	return ret;
}

/**
 * ramster_sock_goodbye() - say goodbye, if that can be done at once
 * @sock: a socket on which nobody else is sending
 * @reason: why; RAMSTER_NO_REASON: say nothing
 *
 * Context: does not wait for anybody.
 */
void ramster_sock_goodbye(struct socket *sock, enum ramster_reason reason)
{
	struct ramster_msg msg = { .type = RAMSTER_GOODBYE, .reason = reason };

	if (reason != RAMSTER_NO_REASON)
		ramster_sock_say(sock, &msg, MSG_DONTWAIT);
}

/**
 * ramster_sock_close() - hang up
 * @sock: nobody uses it any more; is gone
 *
 * Context: may sleep, but does not wait for the other side.
 */
void ramster_sock_close(struct socket *sock)
{
	ramster_sock_memalloc(sock, false);
	kernel_sock_shutdown(sock, SHUT_RDWR);
	sock_release(sock);
}
