# SPDX-License-Identifier: GPL-2.0-only
obj-$(CONFIG_ZCACHE2)	+= zcache.o

zcache-y		:= zcache-main.o
zcache-y		+= zcache-zpage.o
zcache-y		+= zcache-frame.o
zcache-y		+= zcache-admit.o
zcache-y		+= zcache-reuse.o
zcache-y		+= zcache-cost.o
zcache-y		+= zcache-desc.o
zcache-y		+= zcache-comp.o
zcache-y		+= tmem.o
zcache-y		+= zbud.o
zcache-y		+= zbud-group.o
zcache-$(CONFIG_DEBUG_FS) += zcache-debugfs.o
zcache-$(CONFIG_RAMSTER) += ramster/wire.o

zcache-$(CONFIG_ZCACHE2_KUNIT_TEST) += tests/kunit/tmem_test.o
zcache-$(CONFIG_ZCACHE2_KUNIT_TEST) += tests/kunit/admit_test.o
zcache-$(CONFIG_ZCACHE2_KUNIT_TEST) += tests/kunit/zcache_test.o
zcache-$(CONFIG_ZCACHE2_KUNIT_TEST) += tests/kunit/tmem_random_test.o
zcache-$(CONFIG_ZCACHE2_KUNIT_TEST) += tests/kunit/zbud_test.o
zcache-$(CONFIG_ZCACHE2_KUNIT_TEST) += tests/kunit/zbud_random_test.o
zcache-$(CONFIG_ZCACHE2_KUNIT_TEST) += tests/kunit/cleancache_test.o
zcache-$(CONFIG_ZCACHE2_KUNIT_TEST) += tests/kunit/frontswap_test.o
zcache-$(CONFIG_RAMSTER_KUNIT_TEST) += tests/kunit/wire_test.o
