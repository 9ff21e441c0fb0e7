// SPDX-License-Identifier: GPL-2.0-only
/*
 * RAMster: where the requests to a peer are.
 *
 * A request waits in one of two queues until the peer has a slot free: gets in
 * one that goes first, all others in order. Then it flies, until the reply is
 * there or the connection is gone. Whoever takes it off its list, with the
 * peer's lock, owns it, and nobody else touches it again: so done() is called
 * once. A slot is in use for longer than its request, if that was given up: the
 * peer will still reply.
 *
 * All of this is called with the peer's lock.
 */
#include <linux/bitmap.h>
#include <linux/jiffies.h>
#include <linux/list.h>
#include <linux/lockdep.h>

#include "peer.h"

/**
 * ramster_slot_wait() - let a request wait for a slot
 * @peer: the peer
 * @req: the request; is on no list
 * @urgent: before all that are not
 *
 * Context: with @peer->lock.
 */
void ramster_slot_wait(struct ramster_peer *peer, struct ramster_request *req,
		       bool urgent)
{
	lockdep_assert_held(&peer->lock);

	list_add_tail(&req->list, urgent ? &peer->urgent : &peer->queue);
	peer->nr_waiting++;
}

/**
 * ramster_slot_next() - which request is sent next?
 * @peer: the peer
 *
 * Context: with @peer->lock.
 * Return: that which ramster_slot_fill() is for; NULL if none waits, or no slot is free.
 */
struct ramster_request *ramster_slot_next(struct ramster_peer *peer)
{
	struct list_head *list = list_empty(&peer->urgent) ? &peer->queue :
							     &peer->urgent;

	lockdep_assert_held(&peer->lock);
	if (peer->nr_busy >= peer->own)
		return NULL;
	return list_first_entry_or_null(list, struct ramster_request, list);
}

/**
 * ramster_slot_fill() - give a request its slot
 * @peer: the peer
 * @req: what ramster_slot_next() has returned; flies from now on
 *
 * Context: with @peer->lock.
 * Return: the slot; @req->msg names it.
 */
struct ramster_slot *ramster_slot_fill(struct ramster_peer *peer,
				       struct ramster_request *req)
{
	unsigned int i = find_first_zero_bit(peer->slots_busy, peer->own);
	struct ramster_slot *slot = &peer->slots[i];

	lockdep_assert_held(&peer->lock);
	__set_bit(i, peer->slots_busy);
	if (!peer->nr_busy++)
		peer->answered = jiffies;
	slot->req = req;
	slot->reply = ramster_wire_reply_to(req->msg.type);
	if (!++slot->generation)	/* 0 is none */
		slot->generation = 1;
	slot->said = false;
	req->msg.slot = i;
	req->msg.generation = slot->generation;
	list_move_tail(&req->list, &peer->flying);
	peer->nr_waiting--;
	return slot;
}

/**
 * ramster_slot_leave() - take a request off its list
 * @peer: the peer
 * @req: the request, which waits or flies; the caller's from now on. Its slot, if it
 *	has one, is not free by that
 *
 * Context: with @peer->lock.
 */
void ramster_slot_leave(struct ramster_peer *peer, struct ramster_request *req)
{
	lockdep_assert_held(&peer->lock);

	list_del_init(&req->list);
	if (req->msg.generation)	/* only a request in a slot has one */
		peer->slots[req->msg.slot].req = NULL;
	else
		peer->nr_waiting--;
}

/**
 * ramster_slot_empty() - nothing more will come for a slot
 * @peer: the peer
 * @i: number of the slot, which is in use
 *
 * Context: with @peer->lock.
 * Return: the request it was for, which is the caller's from now on; NULL if that was
 * given up.
 */
struct ramster_request *ramster_slot_empty(struct ramster_peer *peer, unsigned int i)
{
	struct ramster_request *req = peer->slots[i].req;

	lockdep_assert_held(&peer->lock);
	WARN_ON_ONCE(!test_bit(i, peer->slots_busy));
	if (req)
		ramster_slot_leave(peer, req);
	__clear_bit(i, peer->slots_busy);
	peer->nr_busy--;
	return req;
}

/**
 * ramster_slot_check() - does a reply answer anything?
 * @peer: the peer
 * @msg: the reply; its slot is one that there is
 *
 * Context: with @peer->lock.
 * Return: RAMSTER_WIRE_OK: that in the slot; or what is wrong with the reply.
 */
enum ramster_wire_error ramster_slot_check(const struct ramster_peer *peer,
					   const struct ramster_msg *msg)
{
	const struct ramster_slot *slot = &peer->slots[msg->slot];

	lockdep_assert_held(&peer->lock);
	if (!test_bit(msg->slot, peer->slots_busy) || !slot->said ||
	    slot->generation != msg->generation)
		return RAMSTER_WIRE_NOT_ASKED;
	if (slot->reply != msg->type)
		return RAMSTER_WIRE_BAD_TYPE;
	return RAMSTER_WIRE_OK;
}

/**
 * ramster_slot_first() - which request has been there for longest?
 * @peer: the peer
 *
 * Context: with @peer->lock.
 * Return: one that flies if there is any, then a get, then any other; or NULL.
 */
struct ramster_request *ramster_slot_first(struct ramster_peer *peer)
{
	lockdep_assert_held(&peer->lock);
	return list_first_entry_or_null(&peer->flying, struct ramster_request, list) ?:
	       list_first_entry_or_null(&peer->urgent, struct ramster_request, list) ?:
	       list_first_entry_or_null(&peer->queue, struct ramster_request, list);
}

/**
 * ramster_slots_forget() - the connection is gone: no slot is in use
 * @peer: the peer; there is no request any more
 *
 * Context: with @peer->lock.
 */
void ramster_slots_forget(struct ramster_peer *peer)
{
	lockdep_assert_held(&peer->lock);
	WARN_ON_ONCE(ramster_slot_first(peer));

	bitmap_zero(peer->slots_busy, RAMSTER_MAX_SLOTS);
	peer->nr_busy = 0;
}
