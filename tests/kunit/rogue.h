/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Somebody at the other end of the wire who is no node: sockets and messages,
 * made here and not by what is under test.
 */
#ifndef _ROGUE_H
#define _ROGUE_H

#include <linux/net.h>

#include "ramster_rig.h"
#include "wire_traffic.h"

struct socket *rogue_call(struct kunit *test, unsigned int num);
struct socket *rogue_listen(struct kunit *test, unsigned int num, int backlog);
struct socket *rogue_accept(struct kunit *test, struct socket *listener);
void rogue_hang_up(struct socket *sock);
int rogue_send(struct socket *sock, const void *bytes, size_t len);
int rogue_say(struct socket *sock, const struct ramster_msg *msg,
	      const void *payload);
int rogue_hear(struct socket *sock, struct ramster_msg *msg, void *payload);
int rogue_await(struct socket *sock, enum ramster_type type,
		struct ramster_msg *msg, void *payload);
void rogue_expect_goodbye(struct kunit *test, struct socket *sock,
			  enum ramster_reason reason);
const char *rogue_last_error(struct kunit *test);
void rogue_hello(struct rig *rig, struct ramster_msg *msg, u8 boot);
struct socket *rogue_greet(struct kunit *test, u8 boot);
struct socket *rogue_up(struct kunit *test, u8 boot);
void rogue_ask(struct kunit *test, struct ask *ask, enum ramster_type type,
	       struct socket *sock, struct ramster_msg *msg);

#endif /* _ROGUE_H */
