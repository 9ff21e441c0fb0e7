/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The rules of RAMster's messages, each broken once: in the bytes, and in what is
 * to be made bytes of.
 */
#ifndef _WIRE_BREACHES_H
#define _WIRE_BREACHES_H

#include "../../ramster/wire.h"

#define HEADER_SIZE	sizeof(struct ramster_wire_header)

/**
 * struct breach - a rule that is broken by one field, and what becomes of it
 * @type: in which type of message
 * @at: where in its bytes
 * @size: of how many of them, little-endian
 * @value: what is there then
 * @error: what is wrong with that
 */
struct breach {
	enum ramster_type type;
	u16 at;
	u16 size;
	u64 value;
	enum ramster_wire_error error;
};

#define AT(part, field)		offsetof(struct ramster_wire_##part, field)
#define BODY_AT(part, field)	(HEADER_SIZE + AT(part, field))

static const struct breach header_breaches[] = {
	{ RAMSTER_PUT, AT(header, magic), 1, 'r', RAMSTER_WIRE_BAD_MAGIC },
	{ RAMSTER_PUT, AT(header, magic), 4, 0, RAMSTER_WIRE_BAD_MAGIC },
	{ RAMSTER_PUT, AT(header, magic) + 3, 1, '1', RAMSTER_WIRE_BAD_MAGIC },
	{ RAMSTER_PUT, AT(header, version), 1, 0, RAMSTER_WIRE_BAD_VERSION },
	{ RAMSTER_HELLO, AT(header, version), 1, 2, RAMSTER_WIRE_BAD_VERSION },
	{ RAMSTER_PUT, AT(header, type), 1, 0, RAMSTER_WIRE_BAD_TYPE },
	{ RAMSTER_PUT, AT(header, type), 1, RAMSTER_NR_TYPES,
	  RAMSTER_WIRE_BAD_TYPE },
	{ RAMSTER_PUT, AT(header, type), 1, 255, RAMSTER_WIRE_BAD_TYPE },
	{ RAMSTER_PUT, AT(header, flags), 2, 1, RAMSTER_WIRE_BAD_FLAGS },
	{ RAMSTER_PUT, AT(header, flags), 2, 0x8000, RAMSTER_WIRE_BAD_FLAGS },
	{ RAMSTER_PUT, AT(header, slot), 2, RAMSTER_MAX_SLOTS,
	  RAMSTER_WIRE_BAD_SLOT },
	{ RAMSTER_ACK, AT(header, slot), 2, 65535, RAMSTER_WIRE_BAD_SLOT },
	{ RAMSTER_HELLO, AT(header, slot), 2, 1, RAMSTER_WIRE_BAD_SLOT },
	{ RAMSTER_ROOM, AT(header, slot), 2, 0x100, RAMSTER_WIRE_BAD_SLOT },
	{ RAMSTER_GET, AT(header, generation), 2, 0,
	  RAMSTER_WIRE_BAD_GENERATION },
	{ RAMSTER_DATA, AT(header, generation), 2, 0,
	  RAMSTER_WIRE_BAD_GENERATION },
	{ RAMSTER_KEEPALIVE, AT(header, generation), 2, 1,
	  RAMSTER_WIRE_BAD_GENERATION },
	{ RAMSTER_GOODBYE, AT(header, generation), 2, 0x100,
	  RAMSTER_WIRE_BAD_GENERATION },
	{ RAMSTER_PUT, AT(header, payload_len), 4, 0,
	  RAMSTER_WIRE_BAD_PAYLOAD_LEN },
	{ RAMSTER_PUT, AT(header, payload_len), 4, PAGE_SIZE + 1,
	  RAMSTER_WIRE_BAD_PAYLOAD_LEN },
	{ RAMSTER_DATA, AT(header, payload_len), 4, 0xffffffff,
	  RAMSTER_WIRE_BAD_PAYLOAD_LEN },
	{ RAMSTER_DATA, AT(header, payload_len), 4, 0, RAMSTER_WIRE_BAD_SIZE },
	{ RAMSTER_GET, AT(header, payload_len), 4, 1,
	  RAMSTER_WIRE_BAD_PAYLOAD_LEN },
	{ RAMSTER_HELLO, AT(header, payload_len), 4, 0x10000,
	  RAMSTER_WIRE_BAD_PAYLOAD_LEN },
	{ RAMSTER_GET, AT(header, payload_crc), 4, 1,
	  RAMSTER_WIRE_BAD_PAYLOAD_CRC },
};

static const struct breach body_breaches[] = {
	{ RAMSTER_HELLO, BODY_AT(hello, cluster) + 5, 1, 0,
	  RAMSTER_WIRE_BAD_CLUSTER },
	{ RAMSTER_HELLO, BODY_AT(hello, boot) + 10, 1, 0,
	  RAMSTER_WIRE_BAD_BOOT },
	{ RAMSTER_HELLO, BODY_AT(hello, page_size), 4, 0,
	  RAMSTER_WIRE_BAD_PAGE_SIZE },
	{ RAMSTER_HELLO, BODY_AT(hello, page_size), 4, 2048,
	  RAMSTER_WIRE_BAD_PAGE_SIZE },
	{ RAMSTER_HELLO, BODY_AT(hello, page_size), 4, 4097,
	  RAMSTER_WIRE_BAD_PAGE_SIZE },
	{ RAMSTER_HELLO, BODY_AT(hello, page_size), 4, 0x20000,
	  RAMSTER_WIRE_BAD_PAGE_SIZE },
	{ RAMSTER_HELLO, BODY_AT(hello, version), 2, 0,
	  RAMSTER_WIRE_BAD_PROTOCOL },
	{ RAMSTER_HELLO, BODY_AT(hello, slots), 2, 0, RAMSTER_WIRE_BAD_GRANT },
	{ RAMSTER_HELLO, BODY_AT(hello, slots), 2, RAMSTER_MAX_SLOTS + 1,
	  RAMSTER_WIRE_BAD_GRANT },
	{ RAMSTER_HELLO, BODY_AT(hello, from), 1, RAMSTER_MAX_NODES,
	  RAMSTER_WIRE_BAD_NODE },
	{ RAMSTER_HELLO, BODY_AT(hello, to), 1, 255, RAMSTER_WIRE_BAD_NODE },
	{ RAMSTER_HELLO, BODY_AT(hello, to), 1, 64, RAMSTER_WIRE_BAD_NODE },
	{ RAMSTER_HELLO, BODY_AT(hello, to), 1, 3, RAMSTER_WIRE_BAD_NODE },
	{ RAMSTER_HELLO, BODY_AT(hello, reserved), 1, 1,
	  RAMSTER_WIRE_BAD_RESERVED },
	{ RAMSTER_HELLO_ACK, BODY_AT(hello, reserved) + 5, 1, 128,
	  RAMSTER_WIRE_BAD_RESERVED },
	{ RAMSTER_HELLO_ACK, BODY_AT(hello, from), 1, 64,
	  RAMSTER_WIRE_BAD_NODE },
	{ RAMSTER_GOODBYE, BODY_AT(goodbye, reason), 1, RAMSTER_NO_REASON,
	  RAMSTER_WIRE_BAD_REASON },
	{ RAMSTER_GOODBYE, BODY_AT(goodbye, reason), 1, RAMSTER_NR_REASONS,
	  RAMSTER_WIRE_BAD_REASON },
	{ RAMSTER_GOODBYE, BODY_AT(goodbye, reserved), 1, 1,
	  RAMSTER_WIRE_BAD_RESERVED },
	{ RAMSTER_GOODBYE, BODY_AT(goodbye, reserved) + 6, 1, 1,
	  RAMSTER_WIRE_BAD_RESERVED },
	{ RAMSTER_ROOM, BODY_AT(room, frames), 8, RAMSTER_MAX_FRAMES,
	  RAMSTER_WIRE_BAD_FRAMES },
	{ RAMSTER_ROOM, BODY_AT(room, frames), 8, ~0ULL,
	  RAMSTER_WIRE_BAD_FRAMES },
	{ RAMSTER_RECALL, BODY_AT(room, frames), 8, RAMSTER_MAX_FRAMES,
	  RAMSTER_WIRE_BAD_FRAMES },
	{ RAMSTER_PUT, BODY_AT(put, page.object.pool.flags), 4, 2,
	  RAMSTER_WIRE_BAD_POOL_FLAGS },
	{ RAMSTER_GET, BODY_AT(page, object.pool.flags), 4, 0x80000000,
	  RAMSTER_WIRE_BAD_POOL_FLAGS },
	{ RAMSTER_GET_AND_FREE, BODY_AT(page, object.pool.flags), 4, 3,
	  RAMSTER_WIRE_BAD_POOL_FLAGS },
	{ RAMSTER_FLUSH_PAGE, BODY_AT(page, object.pool.flags), 4, 0x100,
	  RAMSTER_WIRE_BAD_POOL_FLAGS },
	{ RAMSTER_FLUSH_OBJECT, BODY_AT(object, pool.flags), 4, 0x10000,
	  RAMSTER_WIRE_BAD_POOL_FLAGS },
	{ RAMSTER_FLUSH_POOL, BODY_AT(pool, flags), 4, 0xffffffff,
	  RAMSTER_WIRE_BAD_POOL_FLAGS },
	{ RAMSTER_PUT, BODY_AT(put, kind), 1, RAMSTER_NO_PAGE,
	  RAMSTER_WIRE_BAD_KIND },
	{ RAMSTER_PUT, BODY_AT(put, kind), 1, RAMSTER_NR_KINDS,
	  RAMSTER_WIRE_BAD_KIND },
	{ RAMSTER_PUT, BODY_AT(put, kind), 1, RAMSTER_RAW,
	  RAMSTER_WIRE_BAD_SIZE },
	{ RAMSTER_PUT, BODY_AT(put, kind), 1, RAMSTER_FILLED,
	  RAMSTER_WIRE_BAD_SIZE },
	{ RAMSTER_PUT, BODY_AT(put, reserved), 1, 1,
	  RAMSTER_WIRE_BAD_RESERVED },
	{ RAMSTER_PUT, BODY_AT(put, reserved) + 6, 1, 1,
	  RAMSTER_WIRE_BAD_RESERVED },
	{ RAMSTER_ACK, BODY_AT(ack, status), 1, 0, RAMSTER_WIRE_BAD_STATUS },
	{ RAMSTER_ACK, BODY_AT(ack, status), 1, RAMSTER_NR_STATUSES,
	  RAMSTER_WIRE_BAD_STATUS },
	{ RAMSTER_ACK, BODY_AT(ack, reserved), 1, 1,
	  RAMSTER_WIRE_BAD_RESERVED },
	{ RAMSTER_ACK, BODY_AT(ack, reserved) + 6, 1, 1,
	  RAMSTER_WIRE_BAD_RESERVED },
	{ RAMSTER_DATA, BODY_AT(data, status), 1, 0, RAMSTER_WIRE_BAD_STATUS },
	{ RAMSTER_DATA, BODY_AT(data, status), 1, 255,
	  RAMSTER_WIRE_BAD_STATUS },
	{ RAMSTER_DATA, BODY_AT(data, status), 1, RAMSTER_NOT_THERE,
	  RAMSTER_WIRE_BAD_KIND },
	{ RAMSTER_DATA, BODY_AT(data, status), 2, RAMSTER_NOT_THERE,
	  RAMSTER_WIRE_BAD_PAYLOAD_LEN },
	{ RAMSTER_DATA, BODY_AT(data, kind), 1, RAMSTER_NO_PAGE,
	  RAMSTER_WIRE_BAD_KIND },
	{ RAMSTER_DATA, BODY_AT(data, kind), 1, 255, RAMSTER_WIRE_BAD_KIND },
	{ RAMSTER_DATA, BODY_AT(data, reserved), 1, 1,
	  RAMSTER_WIRE_BAD_RESERVED },
	{ RAMSTER_DATA, BODY_AT(data, reserved) + 5, 1, 1,
	  RAMSTER_WIRE_BAD_RESERVED },
};

/**
 * struct nonsense - what must not be sent
 * @type: in which type of message
 * @at: where in its decoded form
 * @size: of how many bytes, in the order of the machine
 * @value: what is there then
 * @error: what is wrong with that
 */
struct nonsense {
	enum ramster_type type;
	u16 at;
	u16 size;
	u64 value;
	enum ramster_wire_error error;
};

#define IN(field)	offsetof(struct ramster_msg, field)

static const struct nonsense nonsense[] = {
	{ RAMSTER_PUT, IN(type), 4, 0, RAMSTER_WIRE_BAD_TYPE },
	{ RAMSTER_PUT, IN(type), 4, RAMSTER_NR_TYPES, RAMSTER_WIRE_BAD_TYPE },
	{ RAMSTER_PUT, IN(type), 4, 0xffffffff, RAMSTER_WIRE_BAD_TYPE },
	{ RAMSTER_PUT, IN(type), 4, 0x106, RAMSTER_WIRE_BAD_TYPE },
	{ RAMSTER_PUT, IN(slot), 2, RAMSTER_MAX_SLOTS, RAMSTER_WIRE_BAD_SLOT },
	{ RAMSTER_ROOM, IN(slot), 2, 1, RAMSTER_WIRE_BAD_SLOT },
	{ RAMSTER_PUT, IN(generation), 2, 0, RAMSTER_WIRE_BAD_GENERATION },
	{ RAMSTER_HELLO, IN(generation), 2, 1, RAMSTER_WIRE_BAD_GENERATION },
	{ RAMSTER_PUT, IN(payload_len), 4, 0, RAMSTER_WIRE_BAD_PAYLOAD_LEN },
	{ RAMSTER_PUT, IN(payload_len), 4, PAGE_SIZE + 1,
	  RAMSTER_WIRE_BAD_PAYLOAD_LEN },
	{ RAMSTER_PUT, IN(payload_len), 4, PAGE_SIZE, RAMSTER_WIRE_BAD_SIZE },
	{ RAMSTER_GET, IN(payload_len), 4, 1, RAMSTER_WIRE_BAD_PAYLOAD_LEN },
	{ RAMSTER_GET, IN(payload_crc), 4, 1, RAMSTER_WIRE_BAD_PAYLOAD_CRC },
	{ RAMSTER_HELLO, IN(hello.cluster) + 5, 1, 0, RAMSTER_WIRE_BAD_CLUSTER },
	{ RAMSTER_HELLO, IN(hello.boot) + 10, 1, 0, RAMSTER_WIRE_BAD_BOOT },
	{ RAMSTER_HELLO, IN(hello.compressor), 1, 0,
	  RAMSTER_WIRE_BAD_COMPRESSOR },
	{ RAMSTER_HELLO, IN(hello.page_size), 4, 6000,
	  RAMSTER_WIRE_BAD_PAGE_SIZE },
	{ RAMSTER_HELLO, IN(hello.version), 2, 0, RAMSTER_WIRE_BAD_PROTOCOL },
	{ RAMSTER_HELLO, IN(hello.slots), 2, 0, RAMSTER_WIRE_BAD_GRANT },
	{ RAMSTER_HELLO, IN(hello.from), 1, 64, RAMSTER_WIRE_BAD_NODE },
	{ RAMSTER_HELLO_ACK, IN(hello.to), 1, 64, RAMSTER_WIRE_BAD_NODE },
	{ RAMSTER_GOODBYE, IN(reason), 4, 0, RAMSTER_WIRE_BAD_REASON },
	{ RAMSTER_GOODBYE, IN(reason), 4, 0x101, RAMSTER_WIRE_BAD_REASON },
	{ RAMSTER_ROOM, IN(frames), 8, RAMSTER_MAX_FRAMES,
	  RAMSTER_WIRE_BAD_FRAMES },
	{ RAMSTER_RECALL, IN(frames), 8, RAMSTER_MAX_FRAMES,
	  RAMSTER_WIRE_BAD_FRAMES },
	{ RAMSTER_PUT, IN(kind), 4, 0, RAMSTER_WIRE_BAD_KIND },
	{ RAMSTER_PUT, IN(kind), 4, 0x101, RAMSTER_WIRE_BAD_KIND },
	{ RAMSTER_ACK, IN(status), 4, 0, RAMSTER_WIRE_BAD_STATUS },
	{ RAMSTER_ACK, IN(status), 4, 0x101, RAMSTER_WIRE_BAD_STATUS },
	{ RAMSTER_DATA, IN(status), 4, RAMSTER_FAILED, RAMSTER_WIRE_BAD_KIND },
};

#endif /* _WIRE_BREACHES_H */
