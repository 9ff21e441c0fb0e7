/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * RAMster's messages by chance, a receiver for them, and damage on their way:
 * for the KUnit suite, and for the fuzzer, in user space.
 */
#ifndef _WIRE_TRAFFIC_H
#define _WIRE_TRAFFIC_H

#include <linux/crc32c.h>
#include <linux/minmax.h>
#include <linux/prandom.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "../../ramster/wire.h"

/* The longest message, and what damage may add to it. */
#define TRAFFIC_MAX	(RAMSTER_WIRE_MAX_HEAD + PAGE_SIZE)
#define TRAFFIC_MORE	64

static inline u32 traffic_below(struct rnd_state *rnd, u32 limit)
{
	return prandom_u32_state(rnd) % limit;
}

static inline u64 traffic_u64(struct rnd_state *rnd)
{
	return (u64)prandom_u32_state(rnd) << 32 | prandom_u32_state(rnd);
}

/* From @min to @max, and each of the two as often as all others. */
static inline u64 traffic_number(struct rnd_state *rnd, u64 min, u64 max)
{
	switch (traffic_below(rnd, 3)) {
	case 0:
		return min;
	case 1:
		return max;
	default:
		return max - min == ~0ULL ? traffic_u64(rnd) :
					    min + traffic_u64(rnd) % (max - min + 1);
	}
}

static inline void traffic_bytes(struct rnd_state *rnd, void *bytes, size_t len)
{
	u8 *byte = bytes;

	while (len--)
		*byte++ = prandom_u32_state(rnd);
}

static inline void traffic_hello(struct rnd_state *rnd,
				 struct ramster_hello *hello)
{
	size_t len = traffic_number(rnd, 1, RAMSTER_COMPRESSOR_SIZE - 1);

	traffic_bytes(rnd, &hello->cluster, sizeof(hello->cluster));
	traffic_bytes(rnd, &hello->boot, sizeof(hello->boot));
	while (len--)
		hello->compressor[len] = traffic_number(rnd, '!', '~');
	hello->page_size = 4096U << traffic_below(rnd, 5);
	hello->version = traffic_number(rnd, 1, 65535);
	hello->slots = traffic_number(rnd, 1, RAMSTER_MAX_SLOTS);
	hello->from = traffic_below(rnd, RAMSTER_MAX_NODES);
	hello->to = (hello->from + 1 +
		     traffic_below(rnd, RAMSTER_MAX_NODES - 1)) %
		    RAMSTER_MAX_NODES;
}

/* As much of a name as the type has. */
static inline void traffic_name(struct rnd_state *rnd, struct ramster_msg *msg)
{
	unsigned int i;

	msg->handle.pool_id = traffic_number(rnd, 0, ~0U);
	msg->persistent = traffic_below(rnd, 2);
	if (msg->type == RAMSTER_FLUSH_POOL)
		return;
	for (i = 0; i < TMEM_OID_WORDS; i++)
		msg->handle.oid.w[i] = traffic_number(rnd, 0, ~0ULL);
	if (msg->type != RAMSTER_FLUSH_OBJECT)
		msg->handle.index = traffic_number(rnd, 0, ~0ULL);
}

/* Small ones mostly, because they are quick. */
static inline void traffic_page(struct rnd_state *rnd, struct ramster_msg *msg)
{
	msg->kind = 1 + traffic_below(rnd, RAMSTER_NR_KINDS - 1);
	switch (msg->kind) {
	case RAMSTER_RAW:
		msg->payload_len = PAGE_SIZE;
		break;
	case RAMSTER_FILLED:
		msg->payload_len = RAMSTER_FILLED_SIZE;
		break;
	default:
		msg->payload_len = traffic_below(rnd, 8) ?
				   1 + traffic_below(rnd, 100) :
				   traffic_number(rnd, 1, PAGE_SIZE - 1);
	}
}

/* Any valid message. What its type does not have is zero. */
static inline void traffic_msg(struct rnd_state *rnd, struct ramster_msg *msg)
{
	memset(msg, 0, sizeof(*msg));
	msg->type = 1 + traffic_below(rnd, RAMSTER_NR_TYPES - 1);
	if (msg->type >= RAMSTER_PUT) {
		msg->slot = traffic_number(rnd, 0, RAMSTER_MAX_SLOTS - 1);
		msg->generation = traffic_number(rnd, 1, 65535);
	}
	if (msg->type >= RAMSTER_PUT && msg->type <= RAMSTER_FLUSH_POOL)
		traffic_name(rnd, msg);
	if (msg->type == RAMSTER_HELLO || msg->type == RAMSTER_HELLO_ACK)
		traffic_hello(rnd, &msg->hello);
	if (msg->type == RAMSTER_GOODBYE)
		msg->reason = 1 + traffic_below(rnd, RAMSTER_NR_REASONS - 1);
	if (msg->type == RAMSTER_ROOM || msg->type == RAMSTER_RECALL)
		msg->frames = traffic_number(rnd, 0, RAMSTER_MAX_FRAMES - 1);
	if (msg->type == RAMSTER_ACK || msg->type == RAMSTER_DATA)
		msg->status = traffic_number(rnd, RAMSTER_OK,
					     RAMSTER_NR_STATUSES - 1);
	if (msg->type == RAMSTER_PUT ||
	    (msg->type == RAMSTER_DATA && msg->status == RAMSTER_OK))
		traffic_page(rnd, msg);
}

/*
 * Write a message with its payload to @bytes, TRAFFIC_MAX of them: how long is
 * it? 0 if it is not valid. @payload is not NULL, though there may be none to
 * write.
 */
static inline size_t traffic_write(const struct ramster_msg *msg,
				   const void *payload, u8 *bytes)
{
	size_t head = ramster_wire_head_size(msg->type);
	struct ramster_msg with_crc = *msg;

	with_crc.payload_crc = ramster_wire_crc(payload, min(msg->payload_len, PAGE_SIZE));
	if (ramster_wire_encode(&with_crc, bytes, TRAFFIC_MAX))
		return 0;
	if (msg->payload_len)
		memcpy(bytes + head, payload, msg->payload_len);
	return head + msg->payload_len;
}

static inline u32 traffic_crc(const void *data, size_t len)
{
	return len ? ~crc32c(~0U, data, len) : 0;
}

/* Make the CRCs right, as far as what they are of is there. */
static inline void traffic_repair(u8 *bytes, size_t len)
{
	struct ramster_wire_header *wire = (void *)bytes;
	size_t head, skip = offsetof(struct ramster_wire_header, version);

	if (len < sizeof(*wire))
		return;
	head = ramster_wire_head_size(wire->type) ?: sizeof(*wire);
	if (head > len)
		return;
	if (le32_to_cpu(wire->payload_len) <= len - head)
		wire->payload_crc = cpu_to_le32(traffic_crc(bytes + head,
							    le32_to_cpu(wire->payload_len)));
	wire->head_crc = cpu_to_le32(traffic_crc(bytes + skip, head - skip));
}

/* Each step gets memory of its own, so that reading on is caught. */
static inline void *traffic_part(const u8 *bytes, size_t len, size_t wanted,
				 size_t *got)
{
	*got = min(len, wanted);
	return kmemdup(bytes, *got, GFP_KERNEL | __GFP_NOFAIL);
}

/*
 * Receive a message from @bytes, the way a connection does it. If that is well,
 * @used is set to its length.
 */
static inline enum ramster_wire_error
traffic_receive(const u8 *bytes, size_t len, struct ramster_msg *msg,
		size_t *used)
{
	enum ramster_wire_error error;
	size_t head, got;
	void *part;

	part = traffic_part(bytes, len, sizeof(struct ramster_wire_header), &got);
	error = ramster_wire_decode_header(part, got, msg);
	kfree(part);
	if (error)
		return error;

	head = ramster_wire_head_size(msg->type);
	part = traffic_part(bytes, len, head, &got);
	error = ramster_wire_decode_body(part, got, msg);
	kfree(part);
	if (error)
		return error;

	part = traffic_part(bytes + head, len - head, msg->payload_len, &got);
	error = ramster_wire_check_payload(msg, part, got);
	kfree(part);
	*used = head + msg->payload_len;
	return error;
}

/* Encoded again, is a message that was accepted the same bytes? */
static inline bool traffic_canonical(const struct ramster_msg *msg,
				     const u8 *bytes)
{
	size_t head = ramster_wire_head_size(msg->type);
	u8 again[RAMSTER_WIRE_MAX_HEAD];

	return !ramster_wire_encode(msg, again, sizeof(again)) &&
	       !memcmp(again, bytes, head);
}

/* What whoever has received a message relies on without looking again. */
static inline bool traffic_sane(const struct ramster_msg *msg)
{
	const struct ramster_hello *hello = &msg->hello;
	bool has_page = msg->kind != RAMSTER_NO_PAGE;

	return msg->type && msg->type < RAMSTER_NR_TYPES &&
	       msg->slot < RAMSTER_MAX_SLOTS &&
	       !!msg->generation == (msg->type >= RAMSTER_PUT) &&
	       msg->payload_len <= PAGE_SIZE && !!msg->payload_len == has_page &&
	       (msg->kind != RAMSTER_RAW || msg->payload_len == PAGE_SIZE) &&
	       (msg->kind != RAMSTER_FILLED ||
		msg->payload_len == RAMSTER_FILLED_SIZE) &&
	       hello->from < RAMSTER_MAX_NODES &&
	       hello->to < RAMSTER_MAX_NODES &&
	       hello->slots <= RAMSTER_MAX_SLOTS &&
	       !hello->compressor[RAMSTER_COMPRESSOR_SIZE - 1] &&
	       msg->reason < RAMSTER_NR_REASONS &&
	       msg->frames < RAMSTER_MAX_FRAMES &&
	       msg->kind < RAMSTER_NR_KINDS &&
	       msg->status < RAMSTER_NR_STATUSES;
}

static inline void traffic_hit(struct rnd_state *rnd, u8 *bytes, size_t len)
{
	static const u8 values[] = { 0, 1, 2, 3, 4, 15, 16, 64, 128, 255 };
	size_t head = min(len, RAMSTER_WIRE_MAX_HEAD);
	size_t at = traffic_below(rnd, traffic_below(rnd, 8) ? head : len);

	switch (traffic_below(rnd, 4)) {
	case 0:
		bytes[at] ^= BIT(traffic_below(rnd, 8));
		break;
	case 1:
		bytes[at] = prandom_u32_state(rnd);
		break;
	case 2:
		bytes[at] = values[traffic_below(rnd, ARRAY_SIZE(values))];
		break;
	default:
		memset(bytes + at, 0, min_t(size_t, len - at, 16));
	}
}

/*
 * Damage a message: some bytes, or its end. There must be room for TRAFFIC_MORE
 * bytes. Returns how long it is then.
 */
static inline size_t traffic_damage(struct rnd_state *rnd, u8 *bytes, size_t len)
{
	unsigned int hits = traffic_below(rnd, 4), more;

	switch (traffic_below(rnd, 8)) {
	case 0:
		len -= traffic_below(rnd, min_t(size_t, len, TRAFFIC_MORE));
		break;
	case 1:
		more = 1 + traffic_below(rnd, TRAFFIC_MORE);
		traffic_bytes(rnd, bytes + len, more);
		len += more;
		break;
	default:
		hits++;
	}
	while (hits--)
		traffic_hit(rnd, bytes, len);
	return len;
}

#endif /* _WIRE_TRAFFIC_H */
