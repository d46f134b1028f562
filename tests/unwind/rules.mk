# SPDX-License-Identifier: Apache-2.0
#
# Programs whose stacks are to be unwound, each with flags of its own: $(O)/tests/targets/unwind/NAME. Unlike the other
# targets they have no frame pointers unless their name says so. What a machine has no compiler for is left out; the
# tests skip what is not there. And compare, which holds a second opinion against each sample.

UNWIND_DIR := $(O)/tests/targets/unwind
UNWIND_SRC := tests/targets/unwind
UNWIND_BIN :=
comma := ,
UNWIND_FLAGS := -D_GNU_SOURCE -std=gnu11 -Wall -Wextra $(WERROR) -Iinclude -fomit-frame-pointer

# unwind_target NAME, SOURCES, COMPILER AND FLAGS, LIBRARIES
define unwind_target
UNWIND_BIN += $$(UNWIND_DIR)/$(1)
$$(UNWIND_DIR)/$(1): $$(addprefix $$(UNWIND_SRC)/,$(2)) $$(UNWIND_SRC)/hop.h tests/targets/target.h tests/unwind/rules.mk
	$$(call msg,TARGET,$(1))
	@mkdir -p $$(@D)
	$$(Q)$(3) -o $$@ $$(addprefix $$(UNWIND_SRC)/,$(2)) $(4)
endef
unwind = $(eval $(call unwind_target,$(1),$(2),$(3),$(4)))

have = $(shell command -v $(1))
UNWIND_NO_TABLES := -fno-asynchronous-unwind-tables -fno-unwind-tables

# The chain, at each level of optimization.
$(foreach level,0 1 2 3 s,$(call unwind,chain-gcc-O$(level),chain.c,gcc $(UNWIND_FLAGS) -g -O$(level)))
ifneq ($(call have,clang),)
$(foreach level,0 1 2 3 s,$(call unwind,chain-clang-O$(level),chain.c,clang $(UNWIND_FLAGS) -g -O$(level)))
endif

# The chain, with other tables than the usual: in .debug_frame only; without an index; frame pointers instead; none.
$(call unwind,chain-debug-frame,chain.c,gcc $(UNWIND_FLAGS) -g -O2 $(UNWIND_NO_TABLES))
$(call unwind,chain-no-index,chain.c,gcc $(UNWIND_FLAGS) -g -O2 -Wl$(comma)--no-eh-frame-hdr)
$(call unwind,chain-frame-pointer,chain.c,gcc $(UNWIND_FLAGS) -g0 -O1 $(UNWIND_NO_TABLES) -fno-omit-frame-pointer \
	-fno-optimize-sibling-calls -DHOP_KEEP_FRAME)
$(call unwind,chain-nothing,chain.c,gcc $(UNWIND_FLAGS) -g0 -O2 $(UNWIND_NO_TABLES))

# The chain, linked in other ways.
$(call unwind,chain-stripped,chain.c,gcc $(UNWIND_FLAGS) -O2 -s)
$(call unwind,chain-no-pie,chain.c,gcc $(UNWIND_FLAGS) -g -O2 -fno-pie -no-pie)
$(call unwind,chain-static,chain.c,gcc $(UNWIND_FLAGS) -g -O2 -static)
$(call unwind,chain-static-pie,chain.c,gcc $(UNWIND_FLAGS) -g -O2 -static-pie -fPIE)
ifneq ($(call have,musl-gcc),)
$(call unwind,chain-musl,chain.c,musl-gcc $(UNWIND_FLAGS) -g -O2)
$(call unwind,chain-musl-static,chain.c,musl-gcc $(UNWIND_FLAGS) -g -O2 -static)
$(call unwind,chain-musl-stripped,chain.c,musl-gcc $(UNWIND_FLAGS) -O2 -s)
endif

# Frames of unusual shape, and control flow that leaves the usual way.
$(call unwind,frames,frames.c,gcc $(UNWIND_FLAGS) -g -O2)
ifneq ($(call have,clang),)
$(call unwind,frames-clang,frames.c,clang $(UNWIND_FLAGS) -g -O2)
endif
$(call unwind,signals,signals.c,gcc $(UNWIND_FLAGS) -g -O2)
$(call unwind,odd,odd.c,gcc $(UNWIND_FLAGS) -g -O2 -fno-stack-protector,-lpthread)
$(call unwind,jit_frames,jit_frames.c,gcc $(UNWIND_FLAGS) -g -O2)
$(call unwind,plugin_host,plugin_host.c,gcc $(UNWIND_FLAGS) -g -O2,-ldl)
$(call unwind,plugin.so,plugin.so.c,gcc $(UNWIND_FLAGS) -g -O2 -fPIC -shared)
ifeq ($(ARCH),x86)
$(call unwind,frames-realign,frames.c,gcc $(UNWIND_FLAGS) -g -O2 -mstackrealign)
$(call unwind,assembly,assembly.c assembly.S,gcc $(UNWIND_FLAGS) -g -O2)
endif

ifneq ($(call have,g++),)
$(call unwind,throwing,throwing.cc,g++ -D_GNU_SOURCE -Wall -Wextra $(WERROR) -fomit-frame-pointer -g -O2)
endif

# Go: with symbols and without. Its compiler wants a home for its cache.
ifneq ($(call have,go),)
UNWIND_GO := env GOFLAGS= CGO_ENABLED=0 GOCACHE=$${GOCACHE:-$(abspath $(O))/go-cache} go build
$(call unwind,goroutines,goroutines.go,$(UNWIND_GO))
$(call unwind,goroutines-stripped,goroutines.go,$(UNWIND_GO) -ldflags '-s -w')
endif

# The only user of libdw among the tests.
UNWIND_COMPARE_SRC := $(sort $(wildcard tests/unwind/*.c))
$(O)/tests/unwind/compare: $(UNWIND_COMPARE_SRC) $(wildcard tests/unwind/*.h) $(O)/libculprit.a
	$(call msg,TEST,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS_ALL) -I. $(CFLAGS_ALL) $(LDFLAGS_ALL) -o $@ $(UNWIND_COMPARE_SRC) $(O)/libculprit.a -ldw $(LIBS)

.PHONY: unwind-targets unwind-table
unwind-targets: $(UNWIND_BIN) $(O)/tests/unwind/compare
targets: unwind-targets

unwind-table: ## how well programs of the distribution are unwound, judged by libdw and perf
	$(Q)scripts/deps.sh --unwind
	$(Q)$(MAKE) all unwind-targets
	$(Q)tests/unwind/table.sh --perf
	$(Q)tests/unwind/short_lived.sh
