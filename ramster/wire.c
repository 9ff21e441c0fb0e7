// SPDX-License-Identifier: GPL-2.0-only
/*
 * RAMster: messages to bytes and back.
 *
 * Nothing here knows of sockets, has a state, or allocates: bytes in, a message
 * or the reason why not out. What one may say about a message in its decoded
 * form is checked there, and by the sender as well, so no node sends what
 * another would hang up for.
 */
#include <linux/array_size.h>
#include <linux/crc32c.h>
#include <linux/ctype.h>
#include <linux/log2.h>
#include <linux/sizes.h>
#include <linux/stddef.h>
#include <linux/string.h>

#include "wire.h"

/* Whether a message of a type has a payload. */
enum payload {
	PAYLOAD_NEVER,
	PAYLOAD_MAYBE,	/* the body tells */
	PAYLOAD_ALWAYS,
};

/**
 * struct form - what messages of a type look like
 * @name: for people
 * @body: bytes of its body
 * @payload: whether it has one
 * @phases: in which a receiver takes it, as bits
 * @is_reply: it is a reply
 * @reply: if it is a request, the type of the reply
 * @pack: writes the body
 * @unpack: reads the body, and checks what is lost in doing so
 * @check: checks what the body says
 */
struct form {
	const char *name;
	u8 body;
	enum payload payload;
	u8 phases;
	bool is_reply;
	enum ramster_type reply;
	void (*pack)(const struct ramster_msg *msg, void *body);
	enum ramster_wire_error (*unpack)(const void *body,
					  struct ramster_msg *msg);
	enum ramster_wire_error (*check)(const struct ramster_msg *msg);
};

/* Hello */

static void pack_hello(const struct ramster_msg *msg, void *body)
{
	const struct ramster_hello *hello = &msg->hello;
	struct ramster_wire_hello *wire = body;

	*wire = (struct ramster_wire_hello) {
		.page_size = cpu_to_le32(hello->page_size),
		.version = cpu_to_le16(hello->version),
		.slots = cpu_to_le16(hello->slots),
		.from = hello->from,
		.to = hello->to,
	};
	export_uuid(wire->cluster, &hello->cluster);
	export_uuid(wire->boot, &hello->boot);
	memcpy(wire->compressor, hello->compressor, sizeof(wire->compressor));
}

static enum ramster_wire_error unpack_hello(const void *body,
					    struct ramster_msg *msg)
{
	const struct ramster_wire_hello *wire = body;
	struct ramster_hello *hello = &msg->hello;

	if (memchr_inv(wire->reserved, 0, sizeof(wire->reserved)))
		return RAMSTER_WIRE_BAD_RESERVED;
	import_uuid(&hello->cluster, wire->cluster);
	import_uuid(&hello->boot, wire->boot);
	memcpy(hello->compressor, wire->compressor, sizeof(hello->compressor));
	hello->page_size = le32_to_cpu(wire->page_size);
	hello->version = le16_to_cpu(wire->version);
	hello->slots = le16_to_cpu(wire->slots);
	hello->from = wire->from;
	hello->to = wire->to;
	return RAMSTER_WIRE_OK;
}

/* A name goes to the log: it must be one word, of harmless characters. */
static bool compressor_valid(const char *name)
{
	size_t len = strnlen(name, RAMSTER_COMPRESSOR_SIZE), i;

	if (!len || len == RAMSTER_COMPRESSOR_SIZE)
		return false;
	for (i = 0; i < len; i++)
		if (!isascii(name[i]) || !isgraph(name[i]))
			return false;
	return !memchr_inv(name + len, 0, RAMSTER_COMPRESSOR_SIZE - len);
}

/* Another size than ours is for ramster_wire_refusal() to find. */
static bool page_size_valid(u32 size)
{
	return is_power_of_2(size) && size >= SZ_4K && size <= SZ_64K;
}

static enum ramster_wire_error check_hello(const struct ramster_msg *msg)
{
	const struct ramster_hello *hello = &msg->hello;

	if (uuid_is_null(&hello->cluster))
		return RAMSTER_WIRE_BAD_CLUSTER;
	if (uuid_is_null(&hello->boot))
		return RAMSTER_WIRE_BAD_BOOT;
	if (!compressor_valid(hello->compressor))
		return RAMSTER_WIRE_BAD_COMPRESSOR;
	if (!page_size_valid(hello->page_size))
		return RAMSTER_WIRE_BAD_PAGE_SIZE;
	if (!hello->version)
		return RAMSTER_WIRE_BAD_PROTOCOL;
	if (!hello->slots || hello->slots > RAMSTER_MAX_SLOTS)
		return RAMSTER_WIRE_BAD_GRANT;
	if (hello->from >= RAMSTER_MAX_NODES || hello->to >= RAMSTER_MAX_NODES ||
	    hello->from == hello->to)
		return RAMSTER_WIRE_BAD_NODE;
	return RAMSTER_WIRE_OK;
}

/* Goodbye, room */

static void pack_goodbye(const struct ramster_msg *msg, void *body)
{
	struct ramster_wire_goodbye *wire = body;

	*wire = (struct ramster_wire_goodbye) { .reason = msg->reason };
}

static enum ramster_wire_error unpack_goodbye(const void *body,
					      struct ramster_msg *msg)
{
	const struct ramster_wire_goodbye *wire = body;

	if (memchr_inv(wire->reserved, 0, sizeof(wire->reserved)))
		return RAMSTER_WIRE_BAD_RESERVED;
	msg->reason = wire->reason;
	return RAMSTER_WIRE_OK;
}

static enum ramster_wire_error check_goodbye(const struct ramster_msg *msg)
{
	if (msg->reason <= RAMSTER_NO_REASON ||
	    msg->reason >= RAMSTER_NR_REASONS)
		return RAMSTER_WIRE_BAD_REASON;
	return RAMSTER_WIRE_OK;
}

static void pack_room(const struct ramster_msg *msg, void *body)
{
	struct ramster_wire_room *wire = body;

	wire->frames = cpu_to_le64(msg->frames);
}

static enum ramster_wire_error unpack_room(const void *body,
					   struct ramster_msg *msg)
{
	const struct ramster_wire_room *wire = body;

	msg->frames = le64_to_cpu(wire->frames);
	return RAMSTER_WIRE_OK;
}

static enum ramster_wire_error check_room(const struct ramster_msg *msg)
{
	return msg->frames < RAMSTER_MAX_FRAMES ? RAMSTER_WIRE_OK :
						  RAMSTER_WIRE_BAD_FRAMES;
}

/* Names, each of which begins with a shorter one; any number is a good one. */

static void pack_pool(const struct ramster_msg *msg, void *body)
{
	struct ramster_wire_pool *wire = body;

	wire->id = cpu_to_le32(msg->handle.pool_id);
	wire->flags = cpu_to_le32(msg->persistent ? RAMSTER_WIRE_PERSISTENT : 0);
}

static enum ramster_wire_error unpack_pool(const void *body,
					   struct ramster_msg *msg)
{
	const struct ramster_wire_pool *wire = body;
	u32 flags = le32_to_cpu(wire->flags);

	if (flags & ~RAMSTER_WIRE_PERSISTENT)
		return RAMSTER_WIRE_BAD_POOL_FLAGS;
	msg->handle.pool_id = le32_to_cpu(wire->id);
	msg->persistent = flags & RAMSTER_WIRE_PERSISTENT;
	return RAMSTER_WIRE_OK;
}

static void pack_object(const struct ramster_msg *msg, void *body)
{
	struct ramster_wire_object *wire = body;
	unsigned int i;

	pack_pool(msg, &wire->pool);
	for (i = 0; i < TMEM_OID_WORDS; i++)
		wire->oid[i] = cpu_to_le64(msg->handle.oid.w[i]);
}

static enum ramster_wire_error unpack_object(const void *body,
					     struct ramster_msg *msg)
{
	const struct ramster_wire_object *wire = body;
	unsigned int i;

	for (i = 0; i < TMEM_OID_WORDS; i++)
		msg->handle.oid.w[i] = le64_to_cpu(wire->oid[i]);
	return unpack_pool(&wire->pool, msg);
}

static void pack_page(const struct ramster_msg *msg, void *body)
{
	struct ramster_wire_page *wire = body;

	pack_object(msg, &wire->object);
	wire->index = cpu_to_le64(msg->handle.index);
}

static enum ramster_wire_error unpack_page(const void *body,
					   struct ramster_msg *msg)
{
	const struct ramster_wire_page *wire = body;

	msg->handle.index = le64_to_cpu(wire->index);
	return unpack_object(&wire->object, msg);
}

/* Pages and replies */

static enum ramster_wire_error check_page(const struct ramster_msg *msg)
{
	u32 len = msg->payload_len;
	bool right;

	switch (msg->kind) {
	case RAMSTER_COMPRESSED:
		right = len && len < PAGE_SIZE;
		break;
	case RAMSTER_RAW:
		right = len == PAGE_SIZE;
		break;
	case RAMSTER_FILLED:
		right = len == RAMSTER_FILLED_SIZE;
		break;
	default:
		return RAMSTER_WIRE_BAD_KIND;
	}
	return right ? RAMSTER_WIRE_OK : RAMSTER_WIRE_BAD_SIZE;
}

static void pack_put(const struct ramster_msg *msg, void *body)
{
	struct ramster_wire_put *wire = body;

	*wire = (struct ramster_wire_put) { .kind = msg->kind };
	pack_page(msg, &wire->page);
}

static enum ramster_wire_error unpack_put(const void *body,
					  struct ramster_msg *msg)
{
	const struct ramster_wire_put *wire = body;

	if (memchr_inv(wire->reserved, 0, sizeof(wire->reserved)))
		return RAMSTER_WIRE_BAD_RESERVED;
	msg->kind = wire->kind;
	return unpack_page(&wire->page, msg);
}

static void pack_ack(const struct ramster_msg *msg, void *body)
{
	struct ramster_wire_ack *wire = body;

	*wire = (struct ramster_wire_ack) { .status = msg->status };
}

static enum ramster_wire_error unpack_ack(const void *body,
					  struct ramster_msg *msg)
{
	const struct ramster_wire_ack *wire = body;

	if (memchr_inv(wire->reserved, 0, sizeof(wire->reserved)))
		return RAMSTER_WIRE_BAD_RESERVED;
	msg->status = wire->status;
	return RAMSTER_WIRE_OK;
}

static enum ramster_wire_error check_ack(const struct ramster_msg *msg)
{
	if (msg->status < RAMSTER_OK || msg->status >= RAMSTER_NR_STATUSES)
		return RAMSTER_WIRE_BAD_STATUS;
	return RAMSTER_WIRE_OK;
}

static void pack_data(const struct ramster_msg *msg, void *body)
{
	struct ramster_wire_data *wire = body;

	*wire = (struct ramster_wire_data) {
		.status = msg->status,
		.kind = msg->kind,
	};
}

static enum ramster_wire_error unpack_data(const void *body,
					   struct ramster_msg *msg)
{
	const struct ramster_wire_data *wire = body;

	if (memchr_inv(wire->reserved, 0, sizeof(wire->reserved)))
		return RAMSTER_WIRE_BAD_RESERVED;
	msg->status = wire->status;
	msg->kind = wire->kind;
	return RAMSTER_WIRE_OK;
}

static enum ramster_wire_error check_data(const struct ramster_msg *msg)
{
	enum ramster_wire_error error = check_ack(msg);

	if (error)
		return error;
	if (msg->status == RAMSTER_OK)
		return check_page(msg);
	if (msg->kind != RAMSTER_NO_PAGE)
		return RAMSTER_WIRE_BAD_KIND;
	return msg->payload_len ? RAMSTER_WIRE_BAD_PAYLOAD_LEN :
				  RAMSTER_WIRE_OK;
}

/* All of them */

static const struct form forms[RAMSTER_NR_TYPES] = {
	[RAMSTER_HELLO] = {
		.name = "hello",
		.body = sizeof(struct ramster_wire_hello),
		.phases = BIT(RAMSTER_AWAITS_HELLO),
		.pack = pack_hello,
		.unpack = unpack_hello,
		.check = check_hello,
	},
	[RAMSTER_HELLO_ACK] = {
		.name = "hello-ack",
		.body = sizeof(struct ramster_wire_hello),
		.phases = BIT(RAMSTER_AWAITS_ACK),
		.pack = pack_hello,
		.unpack = unpack_hello,
		.check = check_hello,
	},
	[RAMSTER_GOODBYE] = {
		.name = "goodbye",
		.body = sizeof(struct ramster_wire_goodbye),
		.phases = BIT(RAMSTER_AWAITS_HELLO) | BIT(RAMSTER_AWAITS_ACK) |
			  BIT(RAMSTER_UP),
		.pack = pack_goodbye,
		.unpack = unpack_goodbye,
		.check = check_goodbye,
	},
	[RAMSTER_KEEPALIVE] = {
		.name = "keepalive",
		.phases = BIT(RAMSTER_UP),
	},
	[RAMSTER_ROOM] = {
		.name = "room",
		.body = sizeof(struct ramster_wire_room),
		.phases = BIT(RAMSTER_UP),
		.pack = pack_room,
		.unpack = unpack_room,
		.check = check_room,
	},
	[RAMSTER_RECALL] = {
		.name = "recall",
		.body = sizeof(struct ramster_wire_room),
		.phases = BIT(RAMSTER_UP),
		.pack = pack_room,
		.unpack = unpack_room,
		.check = check_room,
	},
	[RAMSTER_PUT] = {
		.name = "put",
		.body = sizeof(struct ramster_wire_put),
		.payload = PAYLOAD_ALWAYS,
		.phases = BIT(RAMSTER_UP),
		.reply = RAMSTER_ACK,
		.pack = pack_put,
		.unpack = unpack_put,
		.check = check_page,
	},
	[RAMSTER_GET] = {
		.name = "get",
		.body = sizeof(struct ramster_wire_page),
		.phases = BIT(RAMSTER_UP),
		.reply = RAMSTER_DATA,
		.pack = pack_page,
		.unpack = unpack_page,
	},
	[RAMSTER_GET_AND_FREE] = {
		.name = "get-and-free",
		.body = sizeof(struct ramster_wire_page),
		.phases = BIT(RAMSTER_UP),
		.reply = RAMSTER_DATA,
		.pack = pack_page,
		.unpack = unpack_page,
	},
	[RAMSTER_FLUSH_PAGE] = {
		.name = "flush-page",
		.body = sizeof(struct ramster_wire_page),
		.phases = BIT(RAMSTER_UP),
		.reply = RAMSTER_ACK,
		.pack = pack_page,
		.unpack = unpack_page,
	},
	[RAMSTER_FLUSH_OBJECT] = {
		.name = "flush-object",
		.body = sizeof(struct ramster_wire_object),
		.phases = BIT(RAMSTER_UP),
		.reply = RAMSTER_ACK,
		.pack = pack_object,
		.unpack = unpack_object,
	},
	[RAMSTER_FLUSH_POOL] = {
		.name = "flush-pool",
		.body = sizeof(struct ramster_wire_pool),
		.phases = BIT(RAMSTER_UP),
		.reply = RAMSTER_ACK,
		.pack = pack_pool,
		.unpack = unpack_pool,
	},
	[RAMSTER_ACK] = {
		.name = "ack",
		.body = sizeof(struct ramster_wire_ack),
		.phases = BIT(RAMSTER_UP),
		.is_reply = true,
		.pack = pack_ack,
		.unpack = unpack_ack,
		.check = check_ack,
	},
	[RAMSTER_DATA] = {
		.name = "data",
		.body = sizeof(struct ramster_wire_data),
		.payload = PAYLOAD_MAYBE,
		.phases = BIT(RAMSTER_UP),
		.is_reply = true,
		.pack = pack_data,
		.unpack = unpack_data,
		.check = check_data,
	},
};

/* NULL if there is no such type. */
static const struct form *find_form(enum ramster_type type)
{
	if (type < RAMSTER_HELLO || type >= RAMSTER_NR_TYPES)
		return NULL;
	return &forms[type];
}

static enum ramster_wire_error check_body(const struct form *form,
					  const struct ramster_msg *msg)
{
	return form->check ? form->check(msg) : RAMSTER_WIRE_OK;
}

/* The header */

static enum ramster_wire_error check_id(const struct form *form,
					const struct ramster_msg *msg)
{
	bool has_id = form->reply || form->is_reply;

	if (has_id ? msg->slot >= RAMSTER_MAX_SLOTS : msg->slot)
		return RAMSTER_WIRE_BAD_SLOT;
	if (has_id != !!msg->generation)
		return RAMSTER_WIRE_BAD_GENERATION;
	return RAMSTER_WIRE_OK;
}

static enum ramster_wire_error check_header(const struct ramster_msg *msg)
{
	const struct form *form = find_form(msg->type);
	enum ramster_wire_error error;

	if (!form)
		return RAMSTER_WIRE_BAD_TYPE;
	error = check_id(form, msg);
	if (error)
		return error;
	if (msg->payload_len > PAGE_SIZE ||
	    (msg->payload_len && form->payload == PAYLOAD_NEVER) ||
	    (!msg->payload_len && form->payload == PAYLOAD_ALWAYS))
		return RAMSTER_WIRE_BAD_PAYLOAD_LEN;
	/* With a payload, it is known only when that is there. */
	if (!msg->payload_len && msg->payload_crc)
		return RAMSTER_WIRE_BAD_PAYLOAD_CRC;
	return RAMSTER_WIRE_OK;
}

/**
 * ramster_wire_crc() - what a message says its payload's CRC is
 * @data: the payload
 * @len: bytes of it
 *
 * As everybody else computes it: crc32c() leaves the inversions to us.
 *
 * Context: any but hard interrupt.
 * Return: its CRC32C; 0 if there is none.
 */
u32 ramster_wire_crc(const void *data, size_t len)
{
	return len ? ~crc32c(~0U, data, len) : 0;
}

static u32 head_crc(const struct ramster_wire_header *wire, size_t body)
{
	size_t skip = offsetofend(struct ramster_wire_header, head_crc);

	return ramster_wire_crc((const u8 *)wire + skip, sizeof(*wire) - skip + body);
}

/**
 * ramster_wire_head_size() - how long a message is without its payload
 * @type: its type, a valid one
 *
 * Context: any.
 * Return: bytes of header and body; 0 if there is no such type.
 */
size_t ramster_wire_head_size(enum ramster_type type)
{
	const struct form *form = find_form(type);

	return form ? sizeof(struct ramster_wire_header) + form->body : 0;
}

/**
 * ramster_wire_encode() - write header and body of a message
 * @msg: the message; its payload, if there is one, is to be sent behind the head,
 *	and as it was when @payload_crc was computed
 * @head: where to write
 * @size: bytes of room there; RAMSTER_WIRE_MAX_HEAD are enough for all
 *
 * Context: any but hard interrupt.
 * Return: RAMSTER_WIRE_OK, and ramster_wire_head_size() bytes are written; or
 *	what is wrong with the message, which nobody would accept.
 */
enum ramster_wire_error ramster_wire_encode(const struct ramster_msg *msg,
					    void *head, size_t size)
{
	enum ramster_wire_error error = check_header(msg);
	struct ramster_wire_header *wire = head;
	const struct form *form;

	if (error)
		return error;
	form = find_form(msg->type);
	error = check_body(form, msg);
	if (error)
		return error;
	if (size < sizeof(*wire) + form->body)
		return RAMSTER_WIRE_TRUNCATED;

	*wire = (struct ramster_wire_header) {
		.magic = cpu_to_le32(RAMSTER_WIRE_MAGIC),
		.version = RAMSTER_WIRE_VERSION,
		.type = msg->type,
		.slot = cpu_to_le16(msg->slot),
		.generation = cpu_to_le16(msg->generation),
		.payload_len = cpu_to_le32(msg->payload_len),
		.payload_crc = cpu_to_le32(msg->payload_crc),
	};
	if (form->pack)
		form->pack(msg, wire + 1);
	wire->head_crc = cpu_to_le32(head_crc(wire, form->body));
	return RAMSTER_WIRE_OK;
}

/**
 * ramster_wire_decode_header() - first step: what comes, and how much?
 * @head: what was received
 * @len: bytes of it, at least those of a header; the others are not looked at
 * @msg: set to what the header says, the rest to zero
 *
 * The header's CRC includes the body, so what is told may be damaged still. It
 * is within bounds, though: no more than ramster_wire_head_size() and a page.
 *
 * Context: any.
 * Return: RAMSTER_WIRE_OK, or why the connection is to be closed.
 */
enum ramster_wire_error ramster_wire_decode_header(const void *head, size_t len,
						   struct ramster_msg *msg)
{
	const struct ramster_wire_header *wire = head;

	if (len < sizeof(*wire))
		return RAMSTER_WIRE_TRUNCATED;
	if (wire->magic != cpu_to_le32(RAMSTER_WIRE_MAGIC))
		return RAMSTER_WIRE_BAD_MAGIC;
	if (wire->version != RAMSTER_WIRE_VERSION)
		return RAMSTER_WIRE_BAD_VERSION;
	if (wire->flags)
		return RAMSTER_WIRE_BAD_FLAGS;
	*msg = (struct ramster_msg) {
		.type = wire->type,
		.slot = le16_to_cpu(wire->slot),
		.generation = le16_to_cpu(wire->generation),
		.payload_len = le32_to_cpu(wire->payload_len),
		.payload_crc = le32_to_cpu(wire->payload_crc),
	};
	return check_header(msg);
}

/**
 * ramster_wire_decode_body() - second step: what is it about?
 * @head: header and body, one behind the other
 * @len: bytes of it, at least those of ramster_wire_head_size(); the others are
 *	not looked at
 * @msg: as ramster_wire_decode_header() has set it from the same header;
 *	completed
 *
 * Context: any but hard interrupt.
 * Return: RAMSTER_WIRE_OK, and all of @msg is as it was sent; or why the
 *	connection is to be closed.
 */
enum ramster_wire_error ramster_wire_decode_body(const void *head, size_t len,
						 struct ramster_msg *msg)
{
	const struct ramster_wire_header *wire = head;
	const struct form *form = find_form(msg->type);
	enum ramster_wire_error error;

	if (!form)
		return RAMSTER_WIRE_BAD_TYPE;
	if (len < sizeof(*wire) + form->body)
		return RAMSTER_WIRE_TRUNCATED;
	if (le32_to_cpu(wire->head_crc) != head_crc(wire, form->body))
		return RAMSTER_WIRE_BAD_HEAD_CRC;
	error = form->unpack ? form->unpack(wire + 1, msg) : RAMSTER_WIRE_OK;
	return error ?: check_body(form, msg);
}

/**
 * ramster_wire_check_payload() - third step: is the payload what was sent?
 * @msg: as ramster_wire_decode_body() has left it
 * @payload: what was received behind the body
 * @len: bytes of it, at least the message's @payload_len; the others are not
 *	looked at
 *
 * Context: any but hard interrupt.
 * Return: RAMSTER_WIRE_OK, or why the connection is to be closed.
 */
enum ramster_wire_error
ramster_wire_check_payload(const struct ramster_msg *msg, const void *payload,
			   size_t len)
{
	if (len < msg->payload_len)
		return RAMSTER_WIRE_TRUNCATED;
	if (msg->payload_crc != ramster_wire_crc(payload, msg->payload_len))
		return RAMSTER_WIRE_BAD_PAYLOAD_CRC;
	return RAMSTER_WIRE_OK;
}

/**
 * ramster_wire_check_rules() - may it be said now?
 * @msg: a message with at least its header decoded
 * @rules: what holds on this connection
 *
 * Whether the slot of a reply is in use, and with that generation, is known to
 * the owner of the slots only.
 *
 * Context: any.
 * Return: RAMSTER_WIRE_OK, or why the connection is to be closed.
 */
enum ramster_wire_error ramster_wire_check_rules(const struct ramster_msg *msg,
						 const struct ramster_rules *rules)
{
	const struct form *form = find_form(msg->type);

	if (!form)
		return RAMSTER_WIRE_BAD_TYPE;
	if (!(form->phases & BIT(rules->phase)))
		return RAMSTER_WIRE_NOT_NOW;
	if (form->reply && msg->slot >= rules->granted)
		return RAMSTER_WIRE_NO_CREDIT;
	if (form->is_reply && msg->slot >= rules->own)
		return RAMSTER_WIRE_NOT_ASKED;
	return RAMSTER_WIRE_OK;
}

/**
 * ramster_wire_reply_to() - what a request is answered with
 * @type: the request's type
 *
 * Context: any.
 * Return: the reply's type; 0 if it is no request.
 */
enum ramster_type ramster_wire_reply_to(enum ramster_type type)
{
	const struct form *form = find_form(type);

	return form ? form->reply : 0;
}

/**
 * ramster_wire_refusal() - do two nodes go together?
 * @own: what we say of us to them
 * @theirs: what they have said to us
 *
 * Their compressor may be another one: they get their pages as they put them.
 *
 * Context: any.
 * Return: what to say goodbye with; RAMSTER_NO_REASON if they do.
 */
enum ramster_reason ramster_wire_refusal(const struct ramster_hello *own,
					 const struct ramster_hello *theirs)
{
	if (theirs->version != own->version)
		return RAMSTER_OTHER_VERSION;
	if (!uuid_equal(&theirs->cluster, &own->cluster))
		return RAMSTER_OTHER_CLUSTER;
	if (theirs->to != own->from || theirs->from != own->to)
		return RAMSTER_OTHER_NODE;
	if (theirs->page_size != own->page_size)
		return RAMSTER_OTHER_PAGE_SIZE;
	return RAMSTER_NO_REASON;
}

/* For people */

static const char * const status_names[RAMSTER_NR_STATUSES] = {
	[RAMSTER_OK] = "ok",
	[RAMSTER_NOT_THERE] = "not there",
	[RAMSTER_NO_ROOM] = "no room",
	[RAMSTER_REFUSED] = "refused",
	[RAMSTER_FAILED] = "failed",
};

static const char * const reason_names[RAMSTER_NR_REASONS] = {
	[RAMSTER_NO_REASON] = "no reason",
	[RAMSTER_LEAVING] = "leaving",
	[RAMSTER_OTHER_VERSION] = "another version of the protocol",
	[RAMSTER_OTHER_CLUSTER] = "another cluster",
	[RAMSTER_OTHER_NODE] = "another node was meant",
	[RAMSTER_OTHER_PAGE_SIZE] = "another page size",
	[RAMSTER_UNKNOWN_NODE] = "unknown node",
	[RAMSTER_CONNECTED_ALREADY] = "connected already",
	[RAMSTER_BAD_MESSAGE] = "bad message",
	[RAMSTER_SILENCE] = "silence for too long",
};

static const char * const error_names[RAMSTER_NR_WIRE_ERRORS] = {
	[RAMSTER_WIRE_OK] = "ok",
	[RAMSTER_WIRE_TRUNCATED] = "truncated",
	[RAMSTER_WIRE_BAD_MAGIC] = "bad magic",
	[RAMSTER_WIRE_BAD_VERSION] = "bad version",
	[RAMSTER_WIRE_BAD_TYPE] = "bad type",
	[RAMSTER_WIRE_BAD_FLAGS] = "bad flags",
	[RAMSTER_WIRE_BAD_SLOT] = "bad slot",
	[RAMSTER_WIRE_BAD_GENERATION] = "bad generation",
	[RAMSTER_WIRE_BAD_PAYLOAD_LEN] = "bad payload length",
	[RAMSTER_WIRE_BAD_PAYLOAD_CRC] = "bad payload crc",
	[RAMSTER_WIRE_BAD_HEAD_CRC] = "bad head crc",
	[RAMSTER_WIRE_BAD_RESERVED] = "bad reserved bytes",
	[RAMSTER_WIRE_BAD_CLUSTER] = "bad cluster uuid",
	[RAMSTER_WIRE_BAD_BOOT] = "bad boot id",
	[RAMSTER_WIRE_BAD_COMPRESSOR] = "bad compressor",
	[RAMSTER_WIRE_BAD_PAGE_SIZE] = "bad page size",
	[RAMSTER_WIRE_BAD_PROTOCOL] = "bad protocol version",
	[RAMSTER_WIRE_BAD_GRANT] = "bad grant of slots",
	[RAMSTER_WIRE_BAD_NODE] = "bad node number",
	[RAMSTER_WIRE_BAD_REASON] = "bad reason",
	[RAMSTER_WIRE_BAD_FRAMES] = "bad number of frames",
	[RAMSTER_WIRE_BAD_POOL_FLAGS] = "bad pool flags",
	[RAMSTER_WIRE_BAD_KIND] = "bad kind of page",
	[RAMSTER_WIRE_BAD_SIZE] = "bad size of page",
	[RAMSTER_WIRE_BAD_STATUS] = "bad status",
	[RAMSTER_WIRE_NOT_NOW] = "not now",
	[RAMSTER_WIRE_NO_CREDIT] = "no credit",
	[RAMSTER_WIRE_NOT_ASKED] = "not asked",
};

static const char *find_name(const char * const *names, unsigned int nr,
			     unsigned int i)
{
	return i < nr && names[i] ? names[i] : "unknown";
}

/**
 * ramster_wire_type_name() - what a type of message is called
 * @type: any number
 *
 * Return: one word.
 */
const char *ramster_wire_type_name(enum ramster_type type)
{
	const struct form *form = find_form(type);

	return form ? form->name : "unknown";
}

/**
 * ramster_wire_status_name() - what a status is called
 * @status: any number
 *
 * Return: a word or two.
 */
const char *ramster_wire_status_name(enum ramster_status status)
{
	return find_name(status_names, ARRAY_SIZE(status_names), status);
}

/**
 * ramster_wire_reason_name() - what a reason to say goodbye is called
 * @reason: any number
 *
 * Return: a few words.
 */
const char *ramster_wire_reason_name(enum ramster_reason reason)
{
	return find_name(reason_names, ARRAY_SIZE(reason_names), reason);
}

/**
 * ramster_wire_error_name() - what is wrong with a message
 * @error: any number
 *
 * Return: a few words.
 */
const char *ramster_wire_error_name(enum ramster_wire_error error)
{
	return find_name(error_names, ARRAY_SIZE(error_names), error);
}
