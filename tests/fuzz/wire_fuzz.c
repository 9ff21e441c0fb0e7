// SPDX-License-Identifier: GPL-2.0-only
/*
 * A fuzzer of ramster/wire.c in user space (see "fuzz" beside this).
 *
 * Of an input, the first byte says whether the CRCs of what follows are set
 * right: no chance would ever do that. The rest is received as a stream of
 * messages. Nothing may be read beyond its end, and what is accepted must be
 * the same bytes when it is encoded again.
 */
#include "../kunit/wire_traffic.h"
#include "fuzzer.h"

#define REPAIR	1	/* in the first byte */

static void check(bool right)
{
	if (!right)
		abort();
}

/* The rest of wire.c, with whatever numbers have come. */
static void use(const struct ramster_msg *msg)
{
	struct ramster_rules rules = {
		.phase = msg->generation % RAMSTER_NR_PHASES,
		.granted = msg->generation,
		.own = msg->generation / 2,
	};
	struct ramster_hello own = msg->hello;

	check(ramster_wire_check_rules(msg, &rules) < RAMSTER_NR_WIRE_ERRORS);
	check(ramster_wire_reply_to(msg->type) < RAMSTER_NR_TYPES);
	check(ramster_wire_type_name(msg->type)[0]);
	check(ramster_wire_status_name(msg->status)[0]);
	check(ramster_wire_reason_name(msg->reason)[0]);
	own.from = msg->hello.to;
	own.to = msg->hello.from;
	check(!ramster_wire_refusal(&own, &msg->hello));
}

static void receive_all(u8 *bytes, size_t len, bool repair)
{
	enum ramster_wire_error error;
	struct ramster_msg msg;
	size_t used;

	while (len) {
		if (repair)
			traffic_repair(bytes, len);
		error = traffic_receive(bytes, len, &msg, &used);
		check(ramster_wire_error_name(error)[0]);
		if (error)
			return;
		check(used && used <= len);
		check(traffic_sane(&msg));
		check(traffic_canonical(&msg, bytes));
		use(&msg);
		bytes += used;
		len -= used;
	}
}

/**
 * LLVMFuzzerTestOneInput() - receive an input
 * @data: its bytes
 * @size: how many
 *
 * Return: 0. If something is wrong it does not return.
 */
int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	u8 *bytes;

	if (!size)
		return 0;
	bytes = kmemdup(data + 1, size - 1, GFP_KERNEL);
	receive_all(bytes, size - 1, data[0] & REPAIR);
	kfree(bytes);
	return 0;
}

/* Add a valid message, or as much of it as there is room for. */
static size_t append(struct rnd_state *rnd, u8 *data, size_t size,
		     size_t max)
{
	u8 payload[PAGE_SIZE], bytes[TRAFFIC_MAX];
	struct ramster_msg msg;
	size_t len;

	traffic_msg(rnd, &msg);
	traffic_bytes(rnd, payload, msg.payload_len);
	len = traffic_write(&msg, payload, bytes);
	check(len);
	len = min(len, max - size);
	memcpy(data + size, bytes, len);
	return size + len;
}

/**
 * LLVMFuzzerCustomMutator() - make another input of one
 * @data: its bytes
 * @size: how many
 * @max: how many there may be
 * @seed: what to decide by
 *
 * Return: how many there are then.
 */
size_t LLVMFuzzerCustomMutator(u8 *data, size_t size, size_t max,
			       unsigned int seed)
{
	struct rnd_state rnd;

	prandom_seed_state(&rnd, seed);
	if (!size || !traffic_below(&rnd, 4)) {
		data[0] = REPAIR;
		size = append(&rnd, data, 1, max);
	}
	switch (traffic_below(&rnd, 8)) {
	case 0:
		return append(&rnd, data, size, max);
	case 1:
		data[0] ^= REPAIR;
		return size;
	case 2 ... 3:
		return LLVMFuzzerMutate(data, size, max);
	default:
		if (size > 1 && size + TRAFFIC_MORE <= max)
			size = 1 + traffic_damage(&rnd, data + 1, size - 1);
		return size;
	}
}
