/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * RAMster: what goes over the wire.
 *
 * A connection is a stream of messages in each direction. A message is
 *
 *   header	24 bytes, the same for all
 *   body	of a size that the type tells
 *   payload	up to a page, if the type has one; the header tells its size
 *
 * Numbers are little-endian, what is reserved is zero, and nothing can be said
 * in two ways: a message that is accepted and encoded again is the same bytes.
 *
 * A receiver takes a message in three steps, and none of them relies on bytes
 * that are yet to come: ramster_wire_decode_header() tells how much follows,
 * ramster_wire_decode_body() what it is about, ramster_wire_check_payload()
 * whether the payload is what was sent. A message that fails ends the
 * connection, because where the next one begins is not known any more.
 *
 * TCP's checksum has 16 bits, and network cards compute it: it does not say
 * what happened to a page in the card or in memory. So there are two CRC32C.
 * One is of header and body, since a page under a wrong name is worse than a
 * damaged one; it is known to be right before any payload is received. The
 * other is of the payload, and stands in the header.
 *
 * Whoever sends a request names it by a slot, of which the receiver has granted
 * a number in its hello, and by a generation of that slot, so that a reply to
 * what has been given up meanwhile is known. The reply bears the same name.
 */
#ifndef _RAMSTER_WIRE_H
#define _RAMSTER_WIRE_H

#include <linux/bits.h>
#include <linux/build_bug.h>
#include <linux/mm.h>
#include <linux/types.h>
#include <linux/uuid.h>

#include "../tmem.h"

#define RAMSTER_WIRE_MAGIC	0x32534d52	/* "RMS2" */
#define RAMSTER_WIRE_VERSION	1	/* of header, hello and goodbye */
#define RAMSTER_VERSION		1	/* of all the rest; hello tells it */

#define RAMSTER_MAX_NODES	64
#define RAMSTER_MAX_SLOTS	1024
#define RAMSTER_MAX_FRAMES	BIT_ULL(48)	/* so bytes fit into 64 bits */
#define RAMSTER_COMPRESSOR_SIZE	32
#define RAMSTER_FILLED_SIZE	8		/* what a filled page repeats */

/* The values of these enums are on the wire; 0 never is, unless it says so. */

enum ramster_type {
	RAMSTER_HELLO = 1,	/* who the caller is */
	RAMSTER_HELLO_ACK,	/* who the called one is: we understand each other */
	RAMSTER_GOODBYE,	/* the last message, with a reason */
	RAMSTER_KEEPALIVE,	/* nothing else to say */
	RAMSTER_ROOM,		/* page frames that the sender offers now */
	RAMSTER_RECALL,		/* take pages home: so many page frames' worth */
	RAMSTER_PUT,		/* keep a page */
	RAMSTER_GET,		/* send a page, and keep it */
	RAMSTER_GET_AND_FREE,	/* send a page, and forget it */
	RAMSTER_FLUSH_PAGE,	/* forget a page */
	RAMSTER_FLUSH_OBJECT,	/* forget an object's pages */
	RAMSTER_FLUSH_POOL,	/* forget a pool */
	RAMSTER_ACK,		/* reply: what became of it */
	RAMSTER_DATA,		/* reply to a get: the page, or why not */
	RAMSTER_NR_TYPES
};

enum ramster_status {
	RAMSTER_OK = 1,
	RAMSTER_NOT_THERE,	/* no such page, object or pool */
	RAMSTER_NO_ROOM,	/* not now; it may be tried again */
	RAMSTER_REFUSED,	/* the node does not lend memory (any more) */
	RAMSTER_FAILED,		/* it is there, and cannot be had */
	RAMSTER_NR_STATUSES
};

enum ramster_kind {
	RAMSTER_NO_PAGE,	/* on the wire: in DATA without a page */
	RAMSTER_COMPRESSED,	/* by the owner's compressor, smaller than a page */
	RAMSTER_RAW,		/* the page as it is */
	RAMSTER_FILLED,		/* its first RAMSTER_FILLED_SIZE bytes, repeated */
	RAMSTER_NR_KINDS
};

enum ramster_reason {
	RAMSTER_NO_REASON,		/* never on the wire */
	RAMSTER_LEAVING,		/* the sender is shutting down */
	RAMSTER_OTHER_VERSION,
	RAMSTER_OTHER_CLUSTER,
	RAMSTER_OTHER_NODE,		/* the caller meant somebody else */
	RAMSTER_OTHER_PAGE_SIZE,
	RAMSTER_UNKNOWN_NODE,		/* the caller is not in the configuration */
	RAMSTER_CONNECTED_ALREADY,
	RAMSTER_BAD_MESSAGE,		/* what came was not to be understood */
	RAMSTER_SILENCE,		/* nothing was heard for too long */
	RAMSTER_NR_REASONS
};

/* Why a message is not accepted. Not on the wire. */
enum ramster_wire_error {
	RAMSTER_WIRE_OK,
	RAMSTER_WIRE_TRUNCATED,		/* there are less bytes than there must be */
	RAMSTER_WIRE_BAD_MAGIC,
	RAMSTER_WIRE_BAD_VERSION,	/* in the header */
	RAMSTER_WIRE_BAD_TYPE,
	RAMSTER_WIRE_BAD_FLAGS,		/* in the header */
	RAMSTER_WIRE_BAD_SLOT,		/* there is none, or there must be none */
	RAMSTER_WIRE_BAD_GENERATION,	/* 0 in a request or reply, or not 0 */
	RAMSTER_WIRE_BAD_PAYLOAD_LEN,	/* too much, or none, or there must be none */
	RAMSTER_WIRE_BAD_PAYLOAD_CRC,
	RAMSTER_WIRE_BAD_HEAD_CRC,
	RAMSTER_WIRE_BAD_RESERVED,
	RAMSTER_WIRE_BAD_CLUSTER,	/* no uuid */
	RAMSTER_WIRE_BAD_BOOT,		/* no uuid */
	RAMSTER_WIRE_BAD_COMPRESSOR,	/* no name, or not padded with NUL */
	RAMSTER_WIRE_BAD_PAGE_SIZE,	/* no machine has that */
	RAMSTER_WIRE_BAD_PROTOCOL,	/* the version in hello is 0 */
	RAMSTER_WIRE_BAD_GRANT,		/* no slots, or more than there can be */
	RAMSTER_WIRE_BAD_NODE,		/* no such number, or one talks to itself */
	RAMSTER_WIRE_BAD_REASON,
	RAMSTER_WIRE_BAD_FRAMES,	/* more than any machine has */
	RAMSTER_WIRE_BAD_POOL_FLAGS,
	RAMSTER_WIRE_BAD_KIND,
	RAMSTER_WIRE_BAD_SIZE,		/* a page of that kind has another */
	RAMSTER_WIRE_BAD_STATUS,
	RAMSTER_WIRE_NOT_NOW,		/* not in this phase of the connection */
	RAMSTER_WIRE_NO_CREDIT,		/* a request in a slot that was not granted */
	RAMSTER_WIRE_NOT_ASKED,		/* a reply to a slot that does not exist */
	RAMSTER_NR_WIRE_ERRORS
};

/* Whoever waits for what. */
enum ramster_phase {
	RAMSTER_AWAITS_HELLO,	/* has been called */
	RAMSTER_AWAITS_ACK,	/* has called */
	RAMSTER_UP,
	RAMSTER_NR_PHASES
};

/* The bytes. */

/**
 * struct ramster_wire_header - how every message begins
 * @magic: RAMSTER_WIRE_MAGIC
 * @head_crc: CRC32C of all that follows, to the end of the body
 * @version: RAMSTER_WIRE_VERSION; whatever the version, it is here
 * @type: enum ramster_type
 * @flags: none yet, 0
 * @slot: of a request or reply; else 0
 * @generation: of the slot, never 0; else 0
 * @payload_len: bytes of payload
 * @payload_crc: CRC32C of the payload, 0 if there is none
 */
struct ramster_wire_header {
	__le32 magic;
	__le32 head_crc;
	u8 version;
	u8 type;
	__le16 flags;
	__le16 slot;
	__le16 generation;
	__le32 payload_len;
	__le32 payload_crc;
} __packed;
static_assert(sizeof(struct ramster_wire_header) == 24);

/* HELLO, HELLO_ACK: see struct ramster_hello */
struct ramster_wire_hello {
	u8 cluster[UUID_SIZE];
	u8 boot[UUID_SIZE];
	u8 compressor[RAMSTER_COMPRESSOR_SIZE];
	__le32 page_size;
	__le16 version;
	__le16 slots;
	u8 from;
	u8 to;
	u8 reserved[6];
} __packed;
static_assert(sizeof(struct ramster_wire_hello) == 80);

/* GOODBYE */
struct ramster_wire_goodbye {
	u8 reason;
	u8 reserved[7];
} __packed;
static_assert(sizeof(struct ramster_wire_goodbye) == 8);

/* ROOM, RECALL */
struct ramster_wire_room {
	__le64 frames;
} __packed;
static_assert(sizeof(struct ramster_wire_room) == 8);

#define RAMSTER_WIRE_PERSISTENT	BIT(0)	/* in a pool's flags; ephemeral without */

/* FLUSH_POOL: a pool of the sender's */
struct ramster_wire_pool {
	__le32 id;
	__le32 flags;
} __packed;
static_assert(sizeof(struct ramster_wire_pool) == 8);

/* FLUSH_OBJECT */
struct ramster_wire_object {
	struct ramster_wire_pool pool;
	__le64 oid[TMEM_OID_WORDS];
} __packed;
static_assert(sizeof(struct ramster_wire_object) == 32);

/* GET, GET_AND_FREE, FLUSH_PAGE */
struct ramster_wire_page {
	struct ramster_wire_object object;
	__le64 index;
} __packed;
static_assert(sizeof(struct ramster_wire_page) == 40);

/* PUT: the size is that of the payload */
struct ramster_wire_put {
	struct ramster_wire_page page;
	u8 kind;
	u8 reserved[7];
} __packed;
static_assert(sizeof(struct ramster_wire_put) == 48);

/* ACK */
struct ramster_wire_ack {
	u8 status;
	u8 reserved[7];
} __packed;
static_assert(sizeof(struct ramster_wire_ack) == 8);

/* DATA: with a payload if the status is RAMSTER_OK */
struct ramster_wire_data {
	u8 status;
	u8 kind;
	u8 reserved[6];
} __packed;
static_assert(sizeof(struct ramster_wire_data) == 8);

/* Header and body of any message, at the most. */
#define RAMSTER_WIRE_MAX_HEAD \
	(sizeof(struct ramster_wire_header) + sizeof(struct ramster_wire_hello))

/* What they mean, in the machine's own order. */

/**
 * struct ramster_hello - who somebody is
 * @cluster: which cluster it belongs to
 * @boot: made up at random when it started; it has forgotten what it kept
 *	under another one
 * @compressor: what it compresses its pages with, padded with NUL. Whoever keeps
 *	them need not have it
 * @page_size: bytes of its pages
 * @version: RAMSTER_VERSION that it speaks
 * @slots: requests that it takes at a time
 * @from: its node number
 * @to: the node number that it thinks it speaks to
 */
struct ramster_hello {
	uuid_t cluster;
	uuid_t boot;
	char compressor[RAMSTER_COMPRESSOR_SIZE];
	u32 page_size;
	u16 version;
	u16 slots;
	u8 from;
	u8 to;
};

/**
 * struct ramster_msg - a message
 * @type: what it is
 * @slot: of requests and replies: which; else 0
 * @generation: of the slot, never 0; else 0
 * @payload_len: bytes that follow
 * @payload_crc: their CRC32C, 0 if there are none; who sends them sets it
 * @hello: of HELLO, HELLO_ACK
 * @reason: of GOODBYE
 * @frames: of ROOM, RECALL: page frames
 * @handle: of PUT, GET, GET_AND_FREE, FLUSH: the name in the pools of who asks;
 *	of FLUSH_OBJECT without the index, of FLUSH_POOL without the object. No
 *	address may be in it: where an oid is one, its owner sends another name
 * @persistent: of the same: which kind of pool
 * @kind: of PUT, DATA: what the payload is
 * @status: of ACK, DATA
 */
struct ramster_msg {
	enum ramster_type type;
	u16 slot;
	u16 generation;
	u32 payload_len;
	u32 payload_crc;
	struct ramster_hello hello;
	enum ramster_reason reason;
	u64 frames;
	struct tmem_handle handle;
	bool persistent;
	enum ramster_kind kind;
	enum ramster_status status;
};

/**
 * struct ramster_rules - what a message must comply with, besides its form
 * @phase: what the receiver waits for
 * @granted: slots that the receiver has granted to the sender
 * @own: slots that the sender has granted to the receiver
 */
struct ramster_rules {
	enum ramster_phase phase;
	u16 granted;
	u16 own;
};

size_t ramster_wire_head_size(enum ramster_type type);
u32 ramster_wire_crc(const void *data, size_t len);
enum ramster_wire_error ramster_wire_encode(const struct ramster_msg *msg,
					    void *head, size_t size);

enum ramster_wire_error ramster_wire_decode_header(const void *head, size_t len,
						   struct ramster_msg *msg);
enum ramster_wire_error ramster_wire_decode_body(const void *head, size_t len,
						 struct ramster_msg *msg);
enum ramster_wire_error
ramster_wire_check_payload(const struct ramster_msg *msg, const void *payload,
			   size_t len);

enum ramster_wire_error ramster_wire_check_rules(const struct ramster_msg *msg,
						 const struct ramster_rules *rules);
enum ramster_type ramster_wire_reply_to(enum ramster_type type);
enum ramster_reason ramster_wire_refusal(const struct ramster_hello *own,
					 const struct ramster_hello *theirs);

const char *ramster_wire_type_name(enum ramster_type type);
const char *ramster_wire_status_name(enum ramster_status status);
const char *ramster_wire_reason_name(enum ramster_reason reason);
const char *ramster_wire_error_name(enum ramster_wire_error error);

#endif /* _RAMSTER_WIRE_H */
