// SPDX-License-Identifier: GPL-2.0-only
/* Tests of what may be said of a cluster and its nodes. */
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/slab.h>

#include "../../ramster/node.h"
#include "test_util.h"

/**
 * struct draft_rig - a cluster of two nodes that can run, to be spoiled
 * @draft: the cluster
 * @nodes: its nodes, and room for more than there can be
 * @why: what is said of it
 */
struct draft_rig {
	struct ramster_draft draft;
	struct ramster_node_draft nodes[RAMSTER_MAX_NODES + 1];
	char why[RAMSTER_WHY_SIZE];
};

static void set_address(struct ramster_node_draft *node, const char *text)
{
	WARN_ON_ONCE(ramster_parse_address(text, &node->addr));
}

static int node_init(struct kunit *test)
{
	struct draft_rig *rig = kunit_kzalloc(test, sizeof(*rig), GFP_KERNEL);

	if (!rig)
		return -ENOMEM;
	rig->nodes[0] = (struct ramster_node_draft) {
		.name = "ant", .num = 0, .port = 7777, .local = true };
	rig->nodes[1] = (struct ramster_node_draft) {
		.name = "bee", .num = 63, .port = 7777 };
	set_address(&rig->nodes[0], "10.0.0.1");
	set_address(&rig->nodes[1], "fd00::2");
	rig->draft = (struct ramster_draft) {
		.name = "meadow",
		.uuid = UUID_INIT(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11),
		.times = { RAMSTER_CONNECT_MS, RAMSTER_REQUEST_MS,
			   RAMSTER_KEEPALIVE_MS, RAMSTER_DEAD_MS },
		.nr_nodes = 2,
		.nodes = rig->nodes,
	};
	test->priv = rig;
	return 0;
}

/* The draft is refused with @err, and @why tells of it. */
static void expect_refusal(struct kunit *test, int err, const char *why)
{
	struct draft_rig *rig = test->priv;

	KUNIT_EXPECT_EQ(test, ramster_draft_check(&rig->draft, rig->why,
						  sizeof(rig->why)), err);
	KUNIT_EXPECT_STREQ(test, rig->why, why);
}

static void expect_good(struct kunit *test)
{
	expect_refusal(test, 0, "");
}

static void good_is_good(struct kunit *test)
{
	struct draft_rig *rig = test->priv;

	expect_good(test);
	rig->draft.nr_nodes = 1;	/* others may come later */
	expect_good(test);
}

static void needs_uuid(struct kunit *test)
{
	struct draft_rig *rig = test->priv;

	rig->draft.uuid = uuid_null;
	expect_refusal(test, -EINVAL, "it has no uuid");
}

static void speaks_before_it_is_dead(struct kunit *test)
{
	struct draft_rig *rig = test->priv;

	rig->draft.times.keepalive_ms = RAMSTER_DEAD_MS - 1;
	expect_good(test);
	rig->draft.times.keepalive_ms = RAMSTER_DEAD_MS;
	expect_refusal(test, -EINVAL,
		       "keepalive_ms, 10000, must be less than dead_ms, 10000");
}

static void needs_num(struct kunit *test)
{
	struct draft_rig *rig = test->priv;

	rig->nodes[1].num = -1;
	expect_refusal(test, -EINVAL, "node bee has no num");
}

static void needs_address(struct kunit *test)
{
	struct draft_rig *rig = test->priv;

	rig->nodes[1].addr.ss_family = AF_UNSPEC;
	expect_refusal(test, -EINVAL, "node bee (number 63) has no address");
}

static void needs_port(struct kunit *test)
{
	struct draft_rig *rig = test->priv;

	rig->nodes[0].port = 0;
	expect_refusal(test, -EINVAL, "node ant (number 0) has no port");
}

static void needs_local(struct kunit *test)
{
	struct draft_rig *rig = test->priv;

	rig->nodes[0].local = false;
	expect_refusal(test, -EINVAL, "no node is local");
	rig->draft.nr_nodes = 0;
	rig->why[0] = '\0';
	expect_refusal(test, -EINVAL, "no node is local");
}

static void one_is_local(struct kunit *test)
{
	struct draft_rig *rig = test->priv;

	rig->nodes[1].local = true;
	expect_refusal(test, -EINVAL,
		       "nodes ant (number 0) and bee (number 63) are both local");
}

static void numbers_differ(struct kunit *test)
{
	struct draft_rig *rig = test->priv;

	rig->nodes[1].num = 0;
	expect_refusal(test, -ENOTUNIQ,
		       "nodes ant and bee have the same number 0");
}

static void addresses_differ(struct kunit *test)
{
	static const char * const same[] = {
		"10.0.0.1", "fd00::1", "fe80::1%7",
	};
	struct draft_rig *rig = test->priv;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(same); i++) {
		set_address(&rig->nodes[0], same[i]);
		set_address(&rig->nodes[1], same[i]);
		expect_refusal(test, -EADDRINUSE,
			       "nodes ant (number 0) and bee (number 63) have the same address and port");
		rig->nodes[1].port = 7778;	/* that will do */
		rig->why[0] = '\0';
		expect_good(test);
		rig->nodes[1].port = 7777;
	}
	set_address(&rig->nodes[1], "fe80::1%8");
	expect_good(test);
	set_address(&rig->nodes[1], "fe80::2%7");
	expect_good(test);
}

/* As many as there can be, and one more. */
static void not_too_many(struct kunit *test)
{
	struct draft_rig *rig = test->priv;
	unsigned int i;

	for (i = 0; i <= RAMSTER_MAX_NODES; i++) {
		rig->nodes[i] = rig->nodes[0];
		rig->nodes[i].num = i;
		rig->nodes[i].port = 1000 + i;
		rig->nodes[i].local = i == 5;
	}
	rig->draft.nr_nodes = RAMSTER_MAX_NODES;
	expect_good(test);
	rig->draft.nr_nodes++;
	expect_refusal(test, -E2BIG, "it has more than 64 nodes");
}

/* The longest names, and all is said. */
static void says_all(struct kunit *test)
{
	char longest[RAMSTER_NAME_SIZE];
	struct draft_rig *rig = test->priv;

	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	rig->nodes[0].name = longest;
	rig->nodes[1].name = longest;
	rig->nodes[1].addr = rig->nodes[0].addr;
	KUNIT_EXPECT_EQ(test, ramster_draft_check(&rig->draft, rig->why,
						  sizeof(rig->why)),
			-EADDRINUSE);
	KUNIT_EXPECT_NOT_NULL(test, strstr(rig->why, "same address and port"));
}

static void config_is_draft(struct kunit *test)
{
	struct draft_rig *rig = test->priv;
	struct ramster_config *config;
	const struct sockaddr_in *sin;
	const struct sockaddr_in6 *sin6;

	rig->nodes[0].local = false;
	rig->nodes[1].local = true;
	config = ramster_config_create(&rig->draft);
	KUNIT_ASSERT_NOT_NULL(test, config);
	KUNIT_EXPECT_STREQ(test, config->cluster, "meadow");
	KUNIT_EXPECT_TRUE(test, uuid_equal(&config->uuid, &rig->draft.uuid));
	KUNIT_EXPECT_EQ(test, config->self, 63);
	KUNIT_EXPECT_EQ(test, config->slots, RAMSTER_SLOTS);
	KUNIT_EXPECT_EQ(test, config->nr_nodes, 2);
	KUNIT_EXPECT_MEMEQ(test, &config->times, &rig->draft.times,
			   sizeof(config->times));
	KUNIT_EXPECT_EQ(test, config->nodes[0].num, 0);
	KUNIT_EXPECT_EQ(test, config->nodes[1].num, 63);
	sin = (const struct sockaddr_in *)&config->nodes[0].addr;
	KUNIT_EXPECT_EQ(test, sin->sin_family, AF_INET);
	KUNIT_EXPECT_EQ(test, ntohs(sin->sin_port), 7777);
	KUNIT_EXPECT_EQ(test, ntohl(sin->sin_addr.s_addr), 0x0a000001);
	sin6 = (const struct sockaddr_in6 *)&config->nodes[1].addr;
	KUNIT_EXPECT_EQ(test, sin6->sin6_family, AF_INET6);
	KUNIT_EXPECT_EQ(test, ntohs(sin6->sin6_port), 7777);
	KUNIT_EXPECT_EQ(test, sin6->sin6_addr.s6_addr[0], 0xfd);
	KUNIT_EXPECT_EQ(test, sin6->sin6_addr.s6_addr[15], 2);
	ramster_config_free(config);
	ramster_config_free(NULL);
}

static void numbers_are_strict(struct kunit *test)
{
	static const struct {
		const char *text;
		int err;
		unsigned int value;
	} tries[] = {
		{ "5", 0, 5 }, { "20", 0, 20 }, { "20\n", 0, 20 },
		{ "010", 0, 10 },
		{ "4", -ERANGE }, { "21", -ERANGE }, { "4294967301", -ERANGE },
		{ "", -EINVAL }, { "\n", -EINVAL }, { " 7", -EINVAL },
		{ "7 ", -EINVAL }, { "7x", -EINVAL }, { "0x7", -EINVAL },
		{ "-7", -EINVAL }, { "7\n\n", -EINVAL }, { "seven", -EINVAL },
	};
	struct ramster_range range = { 5, 20 };
	unsigned int i, value;

	for (i = 0; i < ARRAY_SIZE(tries); i++) {
		value = 99;
		KUNIT_EXPECT_EQ_MSG(test, tries[i].err,
				    ramster_parse_number(tries[i].text, range,
							 &value),
				    "\"%s\"", tries[i].text);
		KUNIT_EXPECT_EQ_MSG(test, value,
				    tries[i].err ? 99 : tries[i].value,
				    "\"%s\"", tries[i].text);
	}
}

static void uuids_are_strict(struct kunit *test)
{
	static const char * const bad[] = {
		"", "\n", "00000000-0000-0000-0000-000000000000",
		"01020304-0506-0708-090a-0b0c0d0e0f1",
		"01020304-0506-0708-090a-0b0c0d0e0f100",
		"01020304-0506-0708-090a-0b0c0d0e0f10\n\n",
		"01020304-0506-0708-090a-0b0c0d0e0f10 x",
		"0102030405060708090a0b0c0d0e0f10",
		"{1020304-0506-0708-090a-0b0c0d0e0f1}",
		"g1020304-0506-0708-090a-0b0c0d0e0f10",
	};
	uuid_t good = UUID_INIT(0x01020304, 0x0506, 0x0708, 0x09, 0x0a, 0x0b,
				0x0c, 0x0d, 0x0e, 0x0f, 0x10);
	uuid_t uuid = uuid_null;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++)
		KUNIT_EXPECT_EQ_MSG(test, -EINVAL,
				    ramster_parse_uuid(bad[i], &uuid),
				    "\"%s\"", bad[i]);
	KUNIT_EXPECT_TRUE(test, uuid_is_null(&uuid));
	KUNIT_EXPECT_EQ(test, 0, ramster_parse_uuid("01020304-0506-0708-090A-0b0c0d0e0f10\n",
						    &uuid));
	KUNIT_EXPECT_TRUE(test, uuid_equal(&uuid, &good));
}

static void addresses_are_strict(struct kunit *test)
{
	static const char * const good[] = {
		"10.0.0.1", "127.0.0.1\n", "255.255.255.254", "fd00::1",
		"2001:db8:0:0:0:0:0:1\n", "::1", "fe80::1%1", "fe80::1%77\n",
	};
	static const char * const bad[] = {
		"", "\n", "10.0.0", "10.0.0.", "10.0.0.256", "10.0.0.1.2",
		"10.0.0.1:7777", "10.0.0.1/8", "10.0.0.1\n2", " 10.0.0.1",
		"10.0.0.1 ", "host", "0.0.0.0", "255.255.255.255",
		"224.0.0.1", "::", "ff02::1", "::ffff:10.0.0.1", "fd00::1::2",
		"fd00", "[fd00::1]", "fd00::12345", "fe80::1", "fe80::1%",
		"fe80::1%0", "fe80::1%nosuch", "fd00::1%1", "fd00::1%nosuch",
		"1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa",
		"1111:2222:3333:4444:5555:6666:7777:8888%averylongname",
	};
	struct sockaddr_storage addr;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(good); i++)
		KUNIT_EXPECT_EQ_MSG(test, 0,
				    ramster_parse_address(good[i], &addr),
				    "\"%s\"", good[i]);
	memset(&addr, 0, sizeof(addr));
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		KUNIT_EXPECT_EQ_MSG(test, -EINVAL,
				    ramster_parse_address(bad[i], &addr),
				    "\"%s\"", bad[i]);
	KUNIT_EXPECT_EQ(test, addr.ss_family, AF_UNSPEC);
}

static void names_are_plain(struct kunit *test)
{
	char longest[RAMSTER_NAME_SIZE + 1];

	KUNIT_EXPECT_TRUE(test, ramster_name_ok("a"));
	KUNIT_EXPECT_TRUE(test, ramster_name_ok("Node-7_b.example.org"));
	KUNIT_EXPECT_FALSE(test, ramster_name_ok(""));
	KUNIT_EXPECT_FALSE(test, ramster_name_ok("a b"));
	KUNIT_EXPECT_FALSE(test, ramster_name_ok("a\nb"));
	KUNIT_EXPECT_FALSE(test, ramster_name_ok("\"a\""));
	KUNIT_EXPECT_FALSE(test, ramster_name_ok("na\xc3\xafve"));
	memset(longest, 'x', RAMSTER_NAME_SIZE);
	longest[RAMSTER_NAME_SIZE] = '\0';
	KUNIT_EXPECT_FALSE(test, ramster_name_ok(longest));
	longest[RAMSTER_NAME_SIZE - 1] = '\0';
	KUNIT_EXPECT_TRUE(test, ramster_name_ok(longest));
}

static struct kunit_case node_cases[] = {
	KUNIT_CASE(good_is_good),
	KUNIT_CASE(needs_uuid),
	KUNIT_CASE(speaks_before_it_is_dead),
	KUNIT_CASE(needs_num),
	KUNIT_CASE(needs_address),
	KUNIT_CASE(needs_port),
	KUNIT_CASE(needs_local),
	KUNIT_CASE(one_is_local),
	KUNIT_CASE(numbers_differ),
	KUNIT_CASE(addresses_differ),
	KUNIT_CASE(not_too_many),
	KUNIT_CASE(says_all),
	KUNIT_CASE(config_is_draft),
	KUNIT_CASE(numbers_are_strict),
	KUNIT_CASE(uuids_are_strict),
	KUNIT_CASE(addresses_are_strict),
	KUNIT_CASE(names_are_plain),
	{}
};

static struct kunit_suite node_suite = {
	.name = "ramster_node",
	.init = node_init,
	.test_cases = node_cases,
};

kunit_test_suites(&node_suite);
