// SPDX-License-Identifier: GPL-2.0-only
/* Somebody at the other end of the wire who is no node. */
#include <linux/tcp.h>
#include <linux/uuid.h>
#include <net/sock.h>

#include "rogue.h"

static struct socket *rogue_socket(struct kunit *test)
{
	struct socket *sock;

	KUNIT_ASSERT_EQ(test, sock_create_kern(&init_net, AF_INET, SOCK_STREAM,
					       IPPROTO_TCP, &sock), 0);
	sock->sk->sk_rcvtimeo = LOOPBACK_PATIENCE;
	sock->sk->sk_sndtimeo = LOOPBACK_PATIENCE;
	tcp_sock_set_nodelay(sock->sk);
	return sock;
}

/**
 * rogue_call() - call a node
 * @test: the test
 * @num: the node
 *
 * Return: the connection.
 */
struct socket *rogue_call(struct kunit *test, unsigned int num)
{
	struct socket *sock = rogue_socket(test);
	struct sockaddr_storage addr;

	rig_address(&addr, AF_INET, num);
	KUNIT_ASSERT_EQ(test, kernel_connect(sock, (struct sockaddr *)&addr,
					     sizeof(struct sockaddr_in), 0), 0);
	return sock;
}

/**
 * rogue_listen() - be called in place of a node
 * @test: the test
 * @num: the node
 * @backlog: how many may call before the first one is answered
 *
 * Return: the socket.
 */
struct socket *rogue_listen(struct kunit *test, unsigned int num, int backlog)
{
	struct socket *sock = rogue_socket(test);
	struct sockaddr_storage addr;

	rig_address(&addr, AF_INET, num);
	sock_set_reuseaddr(sock->sk);
	KUNIT_ASSERT_EQ(test, kernel_bind(sock, (struct sockaddr *)&addr,
					  sizeof(struct sockaddr_in)), 0);
	KUNIT_ASSERT_EQ(test, kernel_listen(sock, backlog), 0);
	return sock;
}

/**
 * rogue_accept() - answer a call
 * @test: the test
 * @listener: as made by rogue_listen()
 *
 * Return: the connection.
 */
struct socket *rogue_accept(struct kunit *test, struct socket *listener)
{
	struct socket *sock;

	KUNIT_ASSERT_EQ(test, kernel_accept(listener, &sock, 0), 0);
	sock->sk->sk_rcvtimeo = LOOPBACK_PATIENCE;
	return sock;
}

/**
 * rogue_hang_up() - end a connection, or be called no more
 * @sock: is gone
 */
void rogue_hang_up(struct socket *sock)
{
	kernel_sock_shutdown(sock, SHUT_RDWR);
	sock_release(sock);
}

/**
 * rogue_send() - send any bytes
 * @sock: where to
 * @bytes: what
 * @len: how many
 *
 * Return: 0, or an error if the other side does not listen any more.
 */
int rogue_send(struct socket *sock, const void *bytes, size_t len)
{
	struct kvec vec = { .iov_base = (void *)bytes, .iov_len = len };
	struct msghdr hdr = { .msg_flags = MSG_NOSIGNAL };
	int ret = kernel_sendmsg(sock, &hdr, &vec, 1, len);

	return ret < 0 ? ret : ret == len ? 0 : -EPIPE;
}

/**
 * rogue_say() - send a message
 * @sock: where to
 * @msg: the message
 * @payload: its payload, or NULL
 *
 * Return: as for rogue_send().
 */
int rogue_say(struct socket *sock, const struct ramster_msg *msg,
	      const void *payload)
{
	u8 *bytes = kmalloc(TRAFFIC_MAX, GFP_KERNEL | __GFP_NOFAIL);
	size_t len = traffic_write(msg, payload ?: bytes, bytes);
	int err = len ? rogue_send(sock, bytes, len) : -EBADMSG;

	kfree(bytes);
	return err;
}

static int rogue_read(struct socket *sock, void *bytes, size_t len)
{
	struct kvec vec = { .iov_base = bytes, .iov_len = len };
	struct msghdr hdr = { };
	int ret;

	if (!len)
		return 0;
	ret = kernel_recvmsg(sock, &hdr, &vec, 1, len, MSG_WAITALL);
	return ret < 0 ? ret : ret == len ? 0 : -EPIPE;
}

/**
 * rogue_hear() - receive the next message
 * @sock: where from
 * @msg: the message
 * @payload: room for a page
 *
 * Return: 0; -EPIPE if the other side has hung up; or an error.
 */
int rogue_hear(struct socket *sock, struct ramster_msg *msg, void *payload)
{
	const size_t header = sizeof(struct ramster_wire_header);
	u8 head[RAMSTER_WIRE_MAX_HEAD];
	int err;

	err = rogue_read(sock, head, header);
	err = err ?: ramster_wire_decode_header(head, header, msg);
	if (err)
		return err;
	err = rogue_read(sock, head + header,
			 ramster_wire_head_size(msg->type) - header);
	err = err ?: ramster_wire_decode_body(head, sizeof(head), msg);
	err = err ?: rogue_read(sock, payload, msg->payload_len);
	return err ?: ramster_wire_check_payload(msg, payload, PAGE_SIZE);
}

/**
 * rogue_await() - receive the next message of a type
 * @sock: where from
 * @type: the type
 * @msg: the message
 * @payload: room for a page
 *
 * Return: as for rogue_hear(); -EPIPE also if it has said goodbye, -ETIME if it
 * says other things all the time.
 */
int rogue_await(struct socket *sock, enum ramster_type type,
		struct ramster_msg *msg, void *payload)
{
	unsigned long until = jiffies + LOOPBACK_PATIENCE;
	int err;

	do {
		err = rogue_hear(sock, msg, payload);
		if (!err && time_after(jiffies, until))
			err = -ETIME;
	} while (!err && msg->type != type && msg->type != RAMSTER_GOODBYE);
	return err ?: msg->type == type ? 0 : -EPIPE;
}

/**
 * rogue_expect_goodbye() - the other side says why, and hangs up
 * @test: the test
 * @sock: the connection; is gone
 * @reason: why
 */
void rogue_expect_goodbye(struct kunit *test, struct socket *sock,
			  enum ramster_reason reason)
{
	struct rig *rig = test->priv;
	struct ramster_msg msg = { };

	KUNIT_EXPECT_EQ(test, rogue_await(sock, RAMSTER_GOODBYE, &msg,
					  rig->page), 0);
	KUNIT_EXPECT_STREQ(test, ramster_wire_reason_name(msg.reason),
			   ramster_wire_reason_name(reason));
	KUNIT_EXPECT_NE(test, rogue_hear(sock, &msg, rig->page), 0);
	rogue_hang_up(sock);
}

/**
 * rogue_last_error() - why does node 0 say that there is no connection to node 1?
 * @test: the test
 *
 * Return: what it says, until this is called again.
 */
const char *rogue_last_error(struct kunit *test)
{
	static char error[RAMSTER_ERROR_SIZE];

	strscpy(error, rig_info(test->priv, 0, 1).last_error);
	return error;
}

/**
 * rogue_hello() - make the hello of node 1 to node 0
 * @rig: the test's
 * @msg: the message
 * @boot: which start of node 1
 */
void rogue_hello(struct rig *rig, struct ramster_msg *msg, u8 boot)
{
	*msg = (struct ramster_msg) {
		.type = RAMSTER_HELLO,
		.hello = {
			.cluster = rig->config.uuid,
			.boot.b = { boot, 1 },
			.compressor = "lz4",
			.page_size = PAGE_SIZE,
			.version = RAMSTER_VERSION,
			.slots = 4,
			.from = 1,
			.to = 0,
		},
	};
}

/**
 * rogue_greet() - call node 0, and say hello
 * @test: the test
 * @boot: which start of node 1
 *
 * Return: the connection.
 */
struct socket *rogue_greet(struct kunit *test, u8 boot)
{
	struct rig *rig = test->priv;
	struct socket *sock = rogue_call(test, 0);
	struct ramster_msg msg;

	rogue_hello(rig, &msg, boot);
	KUNIT_ASSERT_EQ(test, rogue_say(sock, &msg, NULL), 0);
	return sock;
}

/**
 * rogue_up() - call node 0 until it takes us for node 1
 * @test: the test
 * @boot: which start of node 1
 *
 * Return: the connection.
 */
struct socket *rogue_up(struct kunit *test, u8 boot)
{
	struct rig *rig = test->priv;
	struct socket *sock = rogue_greet(test, boot);
	struct ramster_msg msg;

	KUNIT_ASSERT_EQ(test, rogue_await(sock, RAMSTER_HELLO_ACK, &msg,
					  rig->page), 0);
	KUNIT_EXPECT_EQ(test, msg.hello.from, 0);
	KUNIT_EXPECT_EQ(test, msg.hello.to, 1);
	KUNIT_EXPECT_EQ(test, msg.hello.slots, rig->config.slots);
	KUNIT_ASSERT_TRUE(test, eventually(rig_is_up(rig, 0, 1)));
	return sock;
}

/**
 * rogue_ask() - let node 0 ask something of us
 * @test: the test
 * @ask: with what
 * @type: what; not to be answered here
 * @sock: the connection
 * @msg: the request, as it came
 */
void rogue_ask(struct kunit *test, struct ask *ask, enum ramster_type type,
	       struct socket *sock, struct ramster_msg *msg)
{
	struct rig *rig = test->priv;

	ask_prepare(ask, type, 3);
	KUNIT_ASSERT_EQ(test, ramster_send(rig_peer(rig, 0, 1), &ask->req), 0);
	KUNIT_ASSERT_EQ(test, rogue_await(sock, type, msg, rig->page), 0);
}
