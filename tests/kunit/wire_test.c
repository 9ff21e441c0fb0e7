// SPDX-License-Identifier: GPL-2.0-only
/* Tests of RAMster's messages: what is accepted, what is not, and why not. */
#include "test_util.h"
#include "wire_breaches.h"
#include "wire_traffic.h"

#define PLAIN_PAYLOAD	100

/* Messages that are damaged by chance: so many for each of so many seeds. */
#define SEEDS		4
#define DAMAGED		10000

/**
 * struct bench - one message, and its bytes
 * @msg: what is sent
 * @got: what was received
 * @payload: what its payload is taken from
 * @bytes: as they are sent
 * @len: how many
 * @used: how many of them were received
 */
struct bench {
	struct ramster_msg msg;
	struct ramster_msg got;
	u8 payload[PAGE_SIZE];
	u8 bytes[TRAFFIC_MAX + TRAFFIC_MORE];
	size_t len;
	size_t used;
};

static int bench_init(struct kunit *test)
{
	struct bench *b = kunit_kzalloc(test, sizeof(*b), GFP_KERNEL);
	struct rnd_state rnd;

	if (!b)
		return -ENOMEM;
	prandom_seed_state(&rnd, 1);
	traffic_bytes(&rnd, b->payload, sizeof(b->payload));
	test->priv = b;
	return 0;
}

static const struct ramster_hello plain_hello = {
	.cluster.b = { [5] = 1 },
	.boot.b = { [10] = 2 },
	.compressor = "lzo-rle",
	.page_size = 4096,
	.version = 1,
	.slots = 64,
	.from = 3,
	.to = 2,
};

/* A valid message of a type, the same every time. */
static void plain_msg(struct ramster_msg *msg, enum ramster_type type)
{
	bool named = type >= RAMSTER_PUT && type <= RAMSTER_FLUSH_POOL;

	*msg = (struct ramster_msg) { .type = type };
	if (type == RAMSTER_HELLO || type == RAMSTER_HELLO_ACK)
		msg->hello = plain_hello;
	if (type == RAMSTER_GOODBYE)
		msg->reason = RAMSTER_LEAVING;
	if (type == RAMSTER_ROOM || type == RAMSTER_RECALL)
		msg->frames = 1000;
	if (type >= RAMSTER_PUT) {
		msg->slot = 7;
		msg->generation = 9;
	}
	if (named)
		msg->handle.pool_id = 5;
	if (named && type != RAMSTER_FLUSH_POOL)
		msg->handle.oid = (struct tmem_oid) { .w = { 10, 11, 12 } };
	if (named && type < RAMSTER_FLUSH_OBJECT)
		msg->handle.index = 13;
	if (type == RAMSTER_ACK || type == RAMSTER_DATA)
		msg->status = RAMSTER_OK;
	if (type == RAMSTER_PUT || type == RAMSTER_DATA) {
		msg->kind = RAMSTER_COMPRESSED;
		msg->payload_len = PLAIN_PAYLOAD;
	}
}

static void write(struct kunit *test)
{
	struct bench *b = test->priv;

	b->len = traffic_write(&b->msg, b->payload, b->bytes);
	KUNIT_ASSERT_NE_MSG(test, b->len, 0, "%s",
			    ramster_wire_type_name(b->msg.type));
}

static void write_plain(struct kunit *test, enum ramster_type type)
{
	struct bench *b = test->priv;

	plain_msg(&b->msg, type);
	write(test);
}

static enum ramster_wire_error receive(struct bench *b)
{
	return traffic_receive(b->bytes, b->len, &b->got, &b->used);
}

static void expect_error(struct kunit *test, enum ramster_wire_error error,
			 enum ramster_wire_error wanted)
{
	struct bench *b = test->priv;

	KUNIT_EXPECT_EQ_MSG(test, error, wanted, "%s: is \"%s\", not \"%s\"",
			    ramster_wire_type_name(b->msg.type),
			    ramster_wire_error_name(error),
			    ramster_wire_error_name(wanted));
}

static bool same_hello(const struct ramster_hello *a,
		       const struct ramster_hello *b)
{
	return uuid_equal(&a->cluster, &b->cluster) &&
	       uuid_equal(&a->boot, &b->boot) &&
	       !memcmp(a->compressor, b->compressor, sizeof(a->compressor)) &&
	       a->page_size == b->page_size && a->version == b->version &&
	       a->slots == b->slots && a->from == b->from && a->to == b->to;
}

static bool same_handle(const struct tmem_handle *a, const struct tmem_handle *b)
{
	return !memcmp(&a->oid, &b->oid, sizeof(a->oid)) &&
	       a->index == b->index && a->pool_id == b->pool_id;
}

static bool same_msg(const struct ramster_msg *a, const struct ramster_msg *b)
{
	return a->type == b->type && a->slot == b->slot &&
	       a->generation == b->generation &&
	       a->payload_len == b->payload_len &&
	       same_hello(&a->hello, &b->hello) && a->reason == b->reason &&
	       a->frames == b->frames && same_handle(&a->handle, &b->handle) &&
	       a->persistent == b->persistent && a->kind == b->kind &&
	       a->status == b->status;
}

/* What is written is received as it was, to its last byte. */
static void expect_round_trip(struct kunit *test)
{
	struct bench *b = test->priv;

	write(test);
	expect_error(test, receive(b), RAMSTER_WIRE_OK);
	KUNIT_EXPECT_TRUE(test, same_msg(&b->msg, &b->got));
	KUNIT_EXPECT_EQ(test, b->used, b->len);
	KUNIT_EXPECT_TRUE(test, traffic_canonical(&b->got, b->bytes));
}

static void round_trip_plain(struct kunit *test)
{
	struct bench *b = test->priv;
	enum ramster_type type;

	for (type = RAMSTER_HELLO; type < RAMSTER_NR_TYPES; type++) {
		plain_msg(&b->msg, type);
		expect_round_trip(test);
	}
}

static void least(struct ramster_msg *msg)
{
	static const struct ramster_hello hello = {
		.cluster.b = { [0] = 1 },
		.boot.b = { [15] = 1 },
		.compressor = "!",
		.page_size = 4096,
		.version = 1,
		.slots = 1,
		.to = 1,
	};

	msg->slot = 0;
	msg->generation = !!msg->generation;
	msg->frames = 0;
	memset(&msg->handle, 0, sizeof(msg->handle));
	if (msg->hello.version)
		msg->hello = hello;
	if (msg->payload_len)
		msg->payload_len = 1;
}

static void most(struct ramster_msg *msg)
{
	enum ramster_type type = msg->type;

	msg->slot = msg->slot ? RAMSTER_MAX_SLOTS - 1 : 0;
	msg->generation = msg->generation ? 65535 : 0;
	if (msg->frames)
		msg->frames = RAMSTER_MAX_FRAMES - 1;
	if (msg->reason)
		msg->reason = RAMSTER_NR_REASONS - 1;
	if (msg->hello.version) {
		memset(&msg->hello, 0xff, sizeof(msg->hello));
		strscpy_pad(msg->hello.compressor,
			    "~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~");
		msg->hello.page_size = 65536;
		msg->hello.slots = RAMSTER_MAX_SLOTS;
		msg->hello.from = RAMSTER_MAX_NODES - 1;
		msg->hello.to = RAMSTER_MAX_NODES - 2;
	}
	msg->persistent = msg->handle.pool_id;
	if (msg->handle.pool_id)
		msg->handle.pool_id = ~0U;
	if (msg->handle.oid.w[0])
		memset(&msg->handle.oid, 0xff, sizeof(msg->handle.oid));
	if (msg->handle.index)
		msg->handle.index = ~0ULL;
	if (type == RAMSTER_ACK)
		msg->status = RAMSTER_NR_STATUSES - 1;
	if (msg->payload_len) {
		msg->kind = RAMSTER_RAW;
		msg->payload_len = PAGE_SIZE;
	}
}

static void round_trip_extremes(struct kunit *test)
{
	struct bench *b = test->priv;
	enum ramster_type type;

	for (type = RAMSTER_HELLO; type < RAMSTER_NR_TYPES; type++) {
		plain_msg(&b->msg, type);
		least(&b->msg);
		expect_round_trip(test);
		plain_msg(&b->msg, type);
		most(&b->msg);
		expect_round_trip(test);
	}
}

/* Of every small set of values, each. */
static void round_trip_enums(struct kunit *test)
{
	struct bench *b = test->priv;
	unsigned int i;

	plain_msg(&b->msg, RAMSTER_GOODBYE);
	for (i = RAMSTER_LEAVING; i < RAMSTER_NR_REASONS; i++) {
		b->msg.reason = i;
		expect_round_trip(test);
	}
	plain_msg(&b->msg, RAMSTER_ACK);
	for (i = RAMSTER_OK; i < RAMSTER_NR_STATUSES; i++) {
		b->msg.status = i;
		expect_round_trip(test);
	}
	plain_msg(&b->msg, RAMSTER_DATA);
	b->msg.kind = RAMSTER_NO_PAGE;
	b->msg.payload_len = 0;
	for (i = RAMSTER_NOT_THERE; i < RAMSTER_NR_STATUSES; i++) {
		b->msg.status = i;
		expect_round_trip(test);
	}
	plain_msg(&b->msg, RAMSTER_HELLO);
	for (i = 4096; i <= 65536; i *= 2) {
		b->msg.hello.page_size = i;
		expect_round_trip(test);
	}
}

/* The bytes themselves, as another program computes them. */
static const u8 put_bytes[] = {
	0x52, 0x4d, 0x53, 0x32, 0x72, 0x8d, 0x87, 0xdf,
	0x01, 0x07, 0x00, 0x00, 0x02, 0x01, 0x04, 0x03,
	0x09, 0x00, 0x00, 0x00, 0x83, 0x92, 0x06, 0xe3,
	0x14, 0x13, 0x12, 0x11, 0x01, 0x00, 0x00, 0x00,
	0x28, 0x27, 0x26, 0x25, 0x24, 0x23, 0x22, 0x21,
	0x38, 0x37, 0x36, 0x35, 0x34, 0x33, 0x32, 0x31,
	0x48, 0x47, 0x46, 0x45, 0x44, 0x43, 0x42, 0x41,
	0x58, 0x57, 0x56, 0x55, 0x54, 0x53, 0x52, 0x51,
	0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x31, 0x32, 0x33, 0x34, 0x35, 0x36, 0x37, 0x38,
	0x39,
};

static const u8 hello_bytes[] = {
	0x52, 0x4d, 0x53, 0x32, 0x71, 0x7b, 0xde, 0xc6,
	0x01, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17,
	0x18, 0x19, 0x1a, 0x1b, 0x1c, 0x1d, 0x1e, 0x1f,
	0x20, 0x21, 0x22, 0x23, 0x24, 0x25, 0x26, 0x27,
	0x28, 0x29, 0x2a, 0x2b, 0x2c, 0x2d, 0x2e, 0x2f,
	0x6c, 0x7a, 0x6f, 0x2d, 0x72, 0x6c, 0x65, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x10, 0x00, 0x00, 0x01, 0x00, 0x40, 0x01,
	0x03, 0x02, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
};

static void bytes_are_as_ever(struct kunit *test)
{
	struct bench *b = test->priv;
	unsigned int i;

	b->msg = (struct ramster_msg) {
		.type = RAMSTER_PUT,
		.slot = 0x0102,
		.generation = 0x0304,
		.payload_len = 9,
		.handle = {
			.oid.w = { 0x2122232425262728, 0x3132333435363738,
				   0x4142434445464748 },
			.index = 0x5152535455565758,
			.pool_id = 0x11121314,
		},
		.persistent = true,
		.kind = RAMSTER_COMPRESSED,
	};
	memcpy(b->payload, "123456789", 9);
	write(test);
	KUNIT_ASSERT_EQ(test, b->len, sizeof(put_bytes));
	KUNIT_EXPECT_MEMEQ(test, b->bytes, put_bytes, sizeof(put_bytes));

	plain_msg(&b->msg, RAMSTER_HELLO);
	b->msg.hello.slots = 0x140;
	for (i = 0; i < UUID_SIZE; i++) {
		b->msg.hello.cluster.b[i] = 0x10 + i;
		b->msg.hello.boot.b[i] = 0x20 + i;
	}
	write(test);
	KUNIT_ASSERT_EQ(test, b->len, sizeof(hello_bytes));
	KUNIT_EXPECT_MEMEQ(test, b->bytes, hello_bytes, sizeof(hello_bytes));
}

static void expect_breaches(struct kunit *test, const struct breach *breaches,
			    unsigned int nr)
{
	const struct breach *breach;
	struct bench *b = test->priv;
	__le64 value;

	for (breach = breaches; breach < breaches + nr; breach++) {
		write_plain(test, breach->type);
		expect_error(test, receive(b), RAMSTER_WIRE_OK);
		value = cpu_to_le64(breach->value);
		memcpy(b->bytes + breach->at, &value, breach->size);
		if (breach->at != AT(header, payload_crc))
			traffic_repair(b->bytes, b->len);
		KUNIT_EXPECT_EQ_MSG(test, receive(b), breach->error,
				    "breach %zu", breach - breaches);
	}
}

static void header_is_checked(struct kunit *test)
{
	expect_breaches(test, header_breaches, ARRAY_SIZE(header_breaches));
}

static void body_is_checked(struct kunit *test)
{
	expect_breaches(test, body_breaches, ARRAY_SIZE(body_breaches));
}

static void compressor_is_a_word(struct kunit *test)
{
	static const struct {
		char name[RAMSTER_COMPRESSOR_SIZE];
		bool valid;
	} names[] = {
		{ "lzo", true },
		{ "a", true },
		{ "0123456789abcdef0123456789abcde", true },
		{ "", false },
		{ "0123456789abcdef0123456789abcdef", false },
		{ "lzo rle", false },
		{ "lzo\n", false },
		{ "lz\x7f", false },
		{ "lz\xe9", false },
		{ "\x1b[2J", false },
		{ "lzo\0rle", false },
		{ { 'l', 'z', 'o', [RAMSTER_COMPRESSOR_SIZE - 1] = 1 }, false },
		{ { [1] = 'l' }, false },
	};
	struct bench *b = test->priv;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		write_plain(test, RAMSTER_HELLO);
		memcpy(b->bytes + BODY_AT(hello, compressor), names[i].name,
		       RAMSTER_COMPRESSOR_SIZE);
		traffic_repair(b->bytes, b->len);
		KUNIT_EXPECT_EQ_MSG(test, receive(b), names[i].valid ?
				    RAMSTER_WIRE_OK : RAMSTER_WIRE_BAD_COMPRESSOR,
				    "name %u", i);
	}
}

/* What a payload's length means for a page of some kind. */
static enum ramster_wire_error size_error(enum ramster_type type,
					  enum ramster_kind kind, u32 len)
{
	if (len > PAGE_SIZE || (!len && type == RAMSTER_PUT))
		return RAMSTER_WIRE_BAD_PAYLOAD_LEN;
	if (kind == RAMSTER_RAW ? len == PAGE_SIZE :
	    kind == RAMSTER_FILLED ? len == 8 : len > 0 && len < PAGE_SIZE)
		return RAMSTER_WIRE_OK;
	return RAMSTER_WIRE_BAD_SIZE;
}

static void size_goes_with_kind(struct kunit *test)
{
	static const u32 lens[] = { 0, 1, 7, 8, 9, 4032, PAGE_SIZE - 1,
				    PAGE_SIZE, PAGE_SIZE + 1 };
	static const enum ramster_type types[] = { RAMSTER_PUT, RAMSTER_DATA };
	struct bench *b = test->priv;
	unsigned int i, t, kind;

	for (t = 0; t < 2; t++) {
		for (kind = 1; kind < RAMSTER_NR_KINDS; kind++) {
			for (i = 0; i < ARRAY_SIZE(lens); i++) {
				struct ramster_wire_header *wire =
					(void *)b->bytes;

				write_plain(test, types[t]);
				wire->payload_len = cpu_to_le32(lens[i]);
				b->bytes[t ? BODY_AT(data, kind) :
					     BODY_AT(put, kind)] = kind;
				b->len = ramster_wire_head_size(types[t]) +
					 lens[i];
				traffic_repair(b->bytes, b->len);
				expect_error(test, receive(b),
					     size_error(types[t], kind, lens[i]));
			}
		}
	}
}

/* However much is missing, it is noticed, and nothing beyond is read. */
static void truncated_anywhere(struct kunit *test)
{
	struct bench *b = test->priv;
	enum ramster_type type;
	size_t len;

	for (type = RAMSTER_HELLO; type < RAMSTER_NR_TYPES; type++) {
		write_plain(test, type);
		for (len = b->len; len--;) {
			b->len = len;
			expect_error(test, receive(b), RAMSTER_WIRE_TRUNCATED);
		}
	}
}

/* One message after the other: what follows is none of the first one's. */
static void several_in_a_row(struct kunit *test)
{
	struct bench *b = test->priv;
	size_t room = RAMSTER_NR_TYPES * (RAMSTER_WIRE_MAX_HEAD + PLAIN_PAYLOAD);
	u8 *bytes = kunit_kzalloc(test, room, GFP_KERNEL);
	enum ramster_type type;
	size_t len = 0, at = 0;

	KUNIT_ASSERT_NOT_NULL(test, bytes);
	for (type = RAMSTER_HELLO; type < RAMSTER_NR_TYPES; type++) {
		write_plain(test, type);
		memcpy(bytes + len, b->bytes, b->len);
		len += b->len;
	}
	for (type = RAMSTER_HELLO; type < RAMSTER_NR_TYPES; type++) {
		KUNIT_ASSERT_EQ(test, traffic_receive(bytes + at, len - at,
						      &b->got, &b->used), 0);
		KUNIT_EXPECT_EQ(test, b->got.type, type);
		at += b->used;
	}
	KUNIT_EXPECT_EQ(test, at, len);
}

static void any_flipped_bit_is_noticed(struct kunit *test)
{
	struct bench *b = test->priv;
	enum ramster_type type;
	unsigned int bit;

	for (type = RAMSTER_HELLO; type < RAMSTER_NR_TYPES; type++) {
		write_plain(test, type);
		for (bit = 0; bit < b->len * 8; bit++) {
			b->bytes[bit / 8] ^= BIT(bit % 8);
			KUNIT_ASSERT_NE_MSG(test, receive(b), RAMSTER_WIRE_OK,
					    "bit %u of %s", bit,
					    ramster_wire_type_name(type));
			b->bytes[bit / 8] ^= BIT(bit % 8);
		}
	}
}

/* It is said where the damage is: in the name, or in the page. */
static void each_crc_has_its_own(struct kunit *test)
{
	struct bench *b = test->priv;
	size_t head = ramster_wire_head_size(RAMSTER_PUT), at;

	write_plain(test, RAMSTER_PUT);
	for (at = AT(header, head_crc); at < b->len; at++) {
		if (at == AT(header, version))
			at = AT(header, payload_crc);
		b->bytes[at] ^= 1;
		expect_error(test, receive(b), at < head ?
			     RAMSTER_WIRE_BAD_HEAD_CRC :
			     RAMSTER_WIRE_BAD_PAYLOAD_CRC);
		b->bytes[at] ^= 1;
	}
	b->bytes[AT(header, slot)] ^= 1;
	expect_error(test, receive(b), RAMSTER_WIRE_BAD_HEAD_CRC);
}

static void sender_is_checked(struct kunit *test)
{
	struct bench *b = test->priv;
	const struct nonsense *n;
	u64 value;

	for (n = nonsense; n < nonsense + ARRAY_SIZE(nonsense); n++) {
		plain_msg(&b->msg, n->type);
		value = n->value;	/* on a little-endian machine */
		memcpy((u8 *)&b->msg + n->at, &value, n->size);
		expect_error(test, ramster_wire_encode(&b->msg, b->bytes,
						       TRAFFIC_MAX),
			     n->error);
	}
}

/* With exactly the room it needs a message is written, with less not. */
static void room_is_respected(struct kunit *test)
{
	struct bench *b = test->priv;
	enum ramster_type type;
	size_t head;
	u8 *bytes;

	for (type = RAMSTER_HELLO; type < RAMSTER_NR_TYPES; type++) {
		plain_msg(&b->msg, type);
		head = ramster_wire_head_size(type);
		KUNIT_EXPECT_GE(test, head, HEADER_SIZE);
		KUNIT_EXPECT_LE(test, head, RAMSTER_WIRE_MAX_HEAD);
		bytes = kunit_kmalloc(test, head, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, bytes);
		expect_error(test, ramster_wire_encode(&b->msg, bytes, head - 1),
			     RAMSTER_WIRE_TRUNCATED);
		expect_error(test, ramster_wire_encode(&b->msg, bytes, head),
			     RAMSTER_WIRE_OK);
	}
	KUNIT_EXPECT_EQ(test, ramster_wire_head_size(0), 0);
	KUNIT_EXPECT_EQ(test, ramster_wire_head_size(RAMSTER_NR_TYPES), 0);
	KUNIT_EXPECT_EQ(test, ramster_wire_head_size(-1), 0);
}

static bool type_in_phase(enum ramster_type type, enum ramster_phase phase)
{
	if (type == RAMSTER_HELLO)
		return phase == RAMSTER_AWAITS_HELLO;
	if (type == RAMSTER_HELLO_ACK)
		return phase == RAMSTER_AWAITS_ACK;
	return phase == RAMSTER_UP || type == RAMSTER_GOODBYE;
}

static void everything_in_its_time(struct kunit *test)
{
	struct ramster_rules rules = { .granted = 64, .own = 64 };
	struct bench *b = test->priv;
	enum ramster_phase phase;
	enum ramster_type type;

	for (type = RAMSTER_HELLO; type < RAMSTER_NR_TYPES; type++) {
		plain_msg(&b->msg, type);
		for (phase = 0; phase < RAMSTER_NR_PHASES; phase++) {
			rules.phase = phase;
			expect_error(test,
				     ramster_wire_check_rules(&b->msg, &rules),
				     type_in_phase(type, phase) ?
				     RAMSTER_WIRE_OK : RAMSTER_WIRE_NOT_NOW);
		}
	}
	b->msg.type = RAMSTER_NR_TYPES;
	expect_error(test, ramster_wire_check_rules(&b->msg, &rules),
		     RAMSTER_WIRE_BAD_TYPE);
}

/* A request needs a slot that was granted, a reply one of ours. */
static void slots_are_granted(struct kunit *test)
{
	struct ramster_rules rules = { .phase = RAMSTER_UP };
	enum ramster_wire_error without;
	struct bench *b = test->priv;
	enum ramster_type type;

	for (type = RAMSTER_KEEPALIVE; type < RAMSTER_NR_TYPES; type++) {
		plain_msg(&b->msg, type);
		rules.granted = type < RAMSTER_ACK ? 8 : 0;
		rules.own = type < RAMSTER_ACK ? 0 : 8;
		expect_error(test, ramster_wire_check_rules(&b->msg, &rules),
			     RAMSTER_WIRE_OK);
		without = type < RAMSTER_PUT ? RAMSTER_WIRE_OK :
			  type < RAMSTER_ACK ? RAMSTER_WIRE_NO_CREDIT :
					       RAMSTER_WIRE_NOT_ASKED;
		rules.granted = type < RAMSTER_ACK ? 7 : RAMSTER_MAX_SLOTS;
		rules.own = type < RAMSTER_ACK ? RAMSTER_MAX_SLOTS : 7;
		expect_error(test, ramster_wire_check_rules(&b->msg, &rules),
			     without);
	}
}

static void replies_go_with_requests(struct kunit *test)
{
	enum ramster_type type, reply;

	for (type = 0; type <= RAMSTER_NR_TYPES; type++) {
		reply = 0;
		if (type >= RAMSTER_PUT && type <= RAMSTER_FLUSH_POOL)
			reply = RAMSTER_ACK;
		if (type == RAMSTER_GET || type == RAMSTER_GET_AND_FREE)
			reply = RAMSTER_DATA;
		KUNIT_EXPECT_EQ(test, ramster_wire_reply_to(type), reply);
	}
}

static void some_do_not_go_together(struct kunit *test)
{
	struct ramster_hello own = plain_hello, theirs = plain_hello;

	own.from = theirs.to;
	own.to = theirs.from;
	KUNIT_EXPECT_EQ(test, ramster_wire_refusal(&own, &theirs),
			RAMSTER_NO_REASON);
	/* Differences that do not matter. */
	own.boot.b[0] = 77;
	own.slots = 1;
	strscpy_pad(own.compressor, "zstd");
	KUNIT_EXPECT_EQ(test, ramster_wire_refusal(&own, &theirs),
			RAMSTER_NO_REASON);

	theirs.page_size = 16384;
	KUNIT_EXPECT_EQ(test, ramster_wire_refusal(&own, &theirs),
			RAMSTER_OTHER_PAGE_SIZE);
	theirs.to++;
	KUNIT_EXPECT_EQ(test, ramster_wire_refusal(&own, &theirs),
			RAMSTER_OTHER_NODE);
	theirs.to--;
	theirs.from++;
	KUNIT_EXPECT_EQ(test, ramster_wire_refusal(&own, &theirs),
			RAMSTER_OTHER_NODE);
	theirs.cluster.b[15] = 1;
	KUNIT_EXPECT_EQ(test, ramster_wire_refusal(&own, &theirs),
			RAMSTER_OTHER_CLUSTER);
	theirs.version = 2;
	KUNIT_EXPECT_EQ(test, ramster_wire_refusal(&own, &theirs),
			RAMSTER_OTHER_VERSION);
}

static void expect_distinct(struct kunit *test, const char * const *names,
			    unsigned int nr)
{
	unsigned int i, j;

	for (i = 0; i < nr; i++) {
		KUNIT_EXPECT_STRNEQ(test, names[i], "unknown");
		for (j = 0; j < i; j++)
			KUNIT_EXPECT_STRNEQ(test, names[i], names[j]);
	}
}

static void all_have_names(struct kunit *test)
{
	const char *names[RAMSTER_NR_WIRE_ERRORS];
	unsigned int i;

	for (i = 0; i < RAMSTER_NR_WIRE_ERRORS; i++)
		names[i] = ramster_wire_error_name(i);
	expect_distinct(test, names, i);
	for (i = 0; i < RAMSTER_NR_REASONS; i++)
		names[i] = ramster_wire_reason_name(i);
	expect_distinct(test, names, i);
	for (i = 1; i < RAMSTER_NR_STATUSES; i++)
		names[i - 1] = ramster_wire_status_name(i);
	expect_distinct(test, names, i - 1);
	for (i = 1; i < RAMSTER_NR_TYPES; i++)
		names[i - 1] = ramster_wire_type_name(i);
	expect_distinct(test, names, i - 1);
}

static void others_have_no_name(struct kunit *test)
{
	KUNIT_EXPECT_STREQ(test, ramster_wire_type_name(0), "unknown");
	KUNIT_EXPECT_STREQ(test, ramster_wire_type_name(RAMSTER_NR_TYPES),
			   "unknown");
	KUNIT_EXPECT_STREQ(test, ramster_wire_type_name(-1), "unknown");
	KUNIT_EXPECT_STREQ(test, ramster_wire_status_name(0), "unknown");
	KUNIT_EXPECT_STREQ(test, ramster_wire_status_name(RAMSTER_NR_STATUSES),
			   "unknown");
	KUNIT_EXPECT_STREQ(test, ramster_wire_reason_name(RAMSTER_NR_REASONS),
			   "unknown");
	KUNIT_EXPECT_STREQ(test, ramster_wire_error_name(RAMSTER_NR_WIRE_ERRORS),
			   "unknown");
	KUNIT_EXPECT_STREQ(test, ramster_wire_error_name(-1), "unknown");
}

/* Someone who forgets the first step, or does not heed it, comes to no harm. */
static void steps_rely_on_nothing(struct kunit *test)
{
	struct bench *b = test->priv;

	write_plain(test, RAMSTER_PUT);
	b->got = (struct ramster_msg) { .type = RAMSTER_NR_TYPES };
	expect_error(test, ramster_wire_decode_body(b->bytes, b->len, &b->got),
		     RAMSTER_WIRE_BAD_TYPE);
	b->got = (struct ramster_msg) { };
	expect_error(test, ramster_wire_decode_body(b->bytes, b->len, &b->got),
		     RAMSTER_WIRE_BAD_TYPE);
	expect_error(test, ramster_wire_check_payload(&b->got, NULL, 0),
		     RAMSTER_WIRE_OK);
}

static void random_round_trips(struct kunit *test)
{
	struct bench *b = test->priv;
	struct rnd_state rnd;
	unsigned int i;

	prandom_seed_state(&rnd, 99);
	for (i = 0; i < 2000; i++) {
		traffic_msg(&rnd, &b->msg);
		expect_round_trip(test);
		cond_resched();
	}
}

/*
 * What is accepted although it was damaged, its CRCs set right, is a message
 * that somebody could have sent, in the only way it can be said.
 */
static void random_damage(struct kunit *test)
{
	unsigned int *seen = kunit_kcalloc(test, RAMSTER_NR_WIRE_ERRORS,
					   sizeof(*seen), GFP_KERNEL);
	enum ramster_wire_error error;
	struct bench *b = test->priv;
	unsigned int seed, i;
	struct rnd_state rnd;

	KUNIT_ASSERT_NOT_NULL(test, seen);
	for (seed = 1; seed <= SEEDS; seed++) {
		prandom_seed_state(&rnd, seed);
		for (i = 0; i < DAMAGED; i++) {
			traffic_msg(&rnd, &b->msg);
			write(test);
			b->len = traffic_damage(&rnd, b->bytes, b->len);
			if (traffic_below(&rnd, 8))
				traffic_repair(b->bytes, b->len);
			error = receive(b);
			seen[error]++;
			if (!error && !(traffic_sane(&b->got) &&
					traffic_canonical(&b->got, b->bytes)))
				KUNIT_FAIL_AND_ABORT(test, "seed %u, message %u",
						     seed, i);
			cond_resched();
		}
	}
	/* Else the damage would have been too coarse, or not coarse enough. */
	for (error = 0; error < RAMSTER_WIRE_NOT_NOW; error++)
		KUNIT_EXPECT_NE_MSG(test, seen[error], 0, "%s",
				    ramster_wire_error_name(error));
	KUNIT_EXPECT_GT(test, seen[RAMSTER_WIRE_OK], SEEDS * DAMAGED / 5);
	KUNIT_EXPECT_LT(test, seen[RAMSTER_WIRE_OK], SEEDS * DAMAGED * 4 / 5);
}

static struct kunit_case wire_cases[] = {
	KUNIT_CASE(round_trip_plain),
	KUNIT_CASE(round_trip_extremes),
	KUNIT_CASE(round_trip_enums),
	KUNIT_CASE(bytes_are_as_ever),
	KUNIT_CASE(header_is_checked),
	KUNIT_CASE(body_is_checked),
	KUNIT_CASE(compressor_is_a_word),
	KUNIT_CASE(size_goes_with_kind),
	KUNIT_CASE(truncated_anywhere),
	KUNIT_CASE(several_in_a_row),
	KUNIT_CASE(any_flipped_bit_is_noticed),
	KUNIT_CASE(each_crc_has_its_own),
	KUNIT_CASE(sender_is_checked),
	KUNIT_CASE(room_is_respected),
	KUNIT_CASE(everything_in_its_time),
	KUNIT_CASE(slots_are_granted),
	KUNIT_CASE(replies_go_with_requests),
	KUNIT_CASE(some_do_not_go_together),
	KUNIT_CASE(all_have_names),
	KUNIT_CASE(others_have_no_name),
	KUNIT_CASE(steps_rely_on_nothing),
	KUNIT_CASE(random_round_trips),
	KUNIT_CASE(random_damage),
	{}
};

static struct kunit_suite wire_suite = {
	.name = "ramster_wire",
	.init = bench_init,
	.test_cases = wire_cases,
};

kunit_test_suite(wire_suite);
