# SPDX-License-Identifier: Apache-2.0
#
# One makefile, not recursive. All that is built goes to .output/ (or O=DIR):
#   culprit          the program              libculprit.a   everything in user/, for the program and the tests
#   gen/             generated sources        obj/           objects and their .d files
#   bpf/             BPF objects, skeleton    san/ …         the same tree again, built with sanitizers
#
# Switches: V=1 shows the commands, DEBUG=1 builds -O0, SANITIZE=address,undefined builds with sanitizers,
# CC=clang takes another compiler, WERROR= lets warnings pass, FUZZER=1 (with clang) builds for libFuzzer.

O       ?= .output
V       ?= 0
DEBUG   ?= 0
WERROR  ?= -Werror
PREFIX  ?= /usr/local
CC      ?= gcc
CLANG   ?= clang
BPFTOOL ?= $(firstword $(wildcard /usr/sbin/bpftool) bpftool)
PROTOC_C ?= protoc-c

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules

ifeq ($(V),1)
Q :=
msg =
else
Q := @
msg = @printf '  %-8s %s\n' "$(1)" "$(2)";
endif

ARCH := $(shell uname -m | sed 's/x86_64/x86/; s/aarch64/arm64/')

# ---- flags -------------------------------------------------------------------------------------------------------

CPPFLAGS_ALL := -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -Iuser -Iinclude -I$(O)/gen -I$(O)/bpf $(CPPFLAGS)
WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition -Wpointer-arith \
        -Wundef -Wvla -Wwrite-strings -Wno-unused-parameter $(WERROR)
ifeq ($(DEBUG),1)
OPT := -O0
else
OPT := -O2
endif
SAN := $(if $(SANITIZE),-fsanitize=$(SANITIZE) -fno-sanitize-recover=all,)
ifeq ($(FUZZER),1)
SAN += -fsanitize=fuzzer-no-link
FUZZ_MAIN := -fsanitize=fuzzer
else
FUZZ_MAIN := tests/fuzz/driver.c
endif
CFLAGS_ALL := -std=gnu11 -g $(OPT) -fno-omit-frame-pointer $(if $(SAN),,-fstack-protector-strong) $(WARN) $(SAN) $(CFLAGS)
LDFLAGS_ALL := $(SAN) -Wl,-z,relro,-z,now $(LDFLAGS)

# Each library is included by one folder only: -lz, -lzstd and -lseccomp by base/, -lbpf by collect/, -liberty, -llzma and
# -ldw by elf/, -lsqlite3 by store/, -lprotobuf-c and -ljansson by format/, -lcurl by ship/, -lmicrohttpd and -lgnutls by serve/; -lelf is libbpf's and libdw's. jemalloc is linked into the
# program only, and not together with a sanitizer (both replace malloc).
LIBS := -lbpf -lcurl -lmicrohttpd -lgnutls -ldw -lelf -lsqlite3 -lprotobuf-c -ljansson -lzstd -lz -llzma -liberty -lseccomp -lm -lpthread
JEMALLOC := $(if $(SAN),,-ljemalloc)

# ---- sources -----------------------------------------------------------------------------------------------------

LIB_SRC  := $(sort $(wildcard user/*/*.c))
ifeq ($(FUZZER),1) # what takes bytes apart, and what that needs; nothing of it needs BPF
LIB_SRC  := $(filter-out user/base/sandbox%,$(filter $(addprefix user/,base/% model/% elf/% unwind/walk.c proc/% sym/% format/% store/encode.c store/moments.c \
              collect/taskrecord.c serve/words.c ship/answer.c ship/target.c),$(LIB_SRC)))
BPF_SRC  :=
else
BPF_SRC  := $(sort $(wildcard bpf/*.bpf.c))
endif
TOOL_SRC := $(sort $(wildcard tools/*.c))
UNIT_SRC := $(sort $(wildcard tests/unit/test_*.c))
FUZZ_SRC := $(filter-out %/driver.c,$(sort $(wildcard tests/fuzz/*.c)))
TARGET_SRC := $(sort $(filter-out %.so.c,$(wildcard tests/targets/*.c)))
TARGET_LIB := $(sort $(wildcard tests/targets/*.so.c))
BENCH_SRC := $(sort $(wildcard tests/bench/*.c))
DEMO_SRC := $(sort $(wildcard tests/demo/*.c))
INJECT_SRC := $(sort $(wildcard tests/accuracy/programs/*.c))

GEN_SRC  := $(O)/gen/profile.pb-c.c $(O)/gen/push.pb-c.c $(O)/gen/query.pb-c.c
GEN_HDR  := $(addprefix $(O)/gen/,flame.js.h page.js.h page.css.h heat.js.h heat.css.h verdict.css.h)
LIB_OBJ  := $(LIB_SRC:%.c=$(O)/obj/%.o) $(GEN_SRC:$(O)/gen/%.c=$(O)/obj/gen/%.o)
TOOL_OBJ := $(TOOL_SRC:%.c=$(O)/obj/%.o)
UNIT_BIN := $(UNIT_SRC:tests/unit/%.c=$(O)/tests/unit/%)
FUZZ_BIN := $(FUZZ_SRC:tests/fuzz/%.c=$(O)/tests/fuzz/%)
TARGET_BIN := $(TARGET_SRC:tests/targets/%.c=$(O)/tests/targets/%)
BENCH_BIN := $(BENCH_SRC:tests/bench/%.c=$(O)/tests/bench/%)
DEMO_BIN := $(DEMO_SRC:tests/demo/%.c=$(O)/demo/%)
GRID_BIN := $(O)/tests/accuracy/grid
CAUSES_BIN := $(O)/tests/accuracy/causes
INJECT_BIN := $(INJECT_SRC:tests/accuracy/programs/%.c=$(O)/accuracy/%)
SKEL     := $(if $(BPF_SRC),$(O)/bpf/culprit.skel.h)

# Made on the way from a .proto to an object, and kept for those who read them.
.SECONDARY: $(GEN_SRC)

# ---- goals -------------------------------------------------------------------------------------------------------

.PHONY: help all lib units fuzzers targets demo-programs inject-programs demo test fuzz test-kernels bench accuracy lint format install clean deps force
help: ## this list
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

all: $(O)/culprit ## build .output/culprit

demo: ## install what is missing, build, record a recurring incident on this machine and name its process
	$(Q)scripts/deps.sh
	$(Q)$(MAKE) all demo-programs
	$(Q)scripts/demo.sh

test: ## install what is missing, build, run every test that this machine can run
	$(Q)scripts/deps.sh --test
	$(Q)$(MAKE) all targets
	$(Q)scripts/test.sh

# ARCH=arm64 builds into a folder of its own, with the libraries of unpacked packages.
VM_UNITS = $(addprefix $(VM_O)/tests/unit/,test_collector test_collector_filters test_collect_probe)
ifeq ($(ARCH)$(shell uname -m),arm64x86_64)
VM_O := $(O)/arm64
VM_KERNELS := 6.12
VM_SYSROOT := $(abspath $(O))/vm/sysroot-arm64
VM_TOOLS := CC="aarch64-linux-gnu-gcc --sysroot=$(VM_SYSROOT)" AR=aarch64-linux-gnu-ar
else
VM_O := $(O)
endif
test-kernels: ## culprit and its tests on other kernels, in virtual machines (KERNELS="5.10 newest" TESTS=jit ARCH=arm64)
	$(Q)scripts/deps.sh --vm $(if $(VM_SYSROOT),--arm64)
	$(if $(VM_SYSROOT),$(Q)scripts/vm/sysroot.sh $(ARCH) $(VM_SYSROOT))
	$(Q)$(MAKE) -s O=$(VM_O) $(VM_TOOLS) all targets $(VM_UNITS)
	$(Q)KERNELS="$(or $(KERNELS),$(VM_KERNELS))" TESTS="$(TESTS)" O=$(VM_O) \
		$(if $(VM_SYSROOT),VM_ARCH=$(ARCH) VM_SYSROOT=$(VM_SYSROOT)) scripts/vm/test.sh

bench: ## measure cost and speed beside named peers (BENCH="bpf_cost symbols" for these alone)
	$(Q)scripts/deps.sh --bench
	$(Q)$(MAKE) all targets $(BENCH_BIN)
	$(Q)tests/bench/run.sh $(BENCH)

fuzz: ## look for inputs that break a parser: FUZZ_SECONDS=20 each, TARGET=name for one
	$(Q)scripts/deps.sh --test
	$(Q)tests/fuzz/run.sh $(TARGET)

accuracy: ## measure how often blame is right: simulated worlds and real incidents (SEEDS=3 takes three times as long)
	$(Q)scripts/deps.sh
	$(Q)$(MAKE) all inject-programs $(GRID_BIN) $(CAUSES_BIN)
	$(Q)tests/accuracy/run.sh $(ACCURACY)

lint: ## ranks, headers, format, banned functions, sizes, shell scripts
	$(Q)scripts/deps.sh --test
	$(Q)scripts/lint.sh

format: ## clang-format over all C files
	$(Q)git ls-files '*.c' '*.h' | grep -v '^vmlinux/' | xargs clang-format -i

install: all ## DESTDIR= PREFIX=
	$(Q)install -D -m 0755 $(O)/culprit $(DESTDIR)$(PREFIX)/bin/culprit

clean: ## remove .output/
	$(Q)rm -rf $(O)

deps: ## install what building and running needs
	$(Q)scripts/deps.sh

lib: $(O)/libculprit.a
units: $(UNIT_BIN)
fuzzers: $(FUZZ_BIN)
# A sanitizer leaves the sandbox without its filter, so that one test is there without a sanitizer too.
targets: $(O)/tests/unit/test_base_sandbox $(O)/tests/unit/test_elf_linecache $(GRID_BIN) $(O)/demo/nightly-report $(TARGET_BIN) $(TARGET_LIB:tests/targets/%.c=$(O)/tests/targets/%)
demo-programs: $(DEMO_BIN)
inject-programs: $(DEMO_BIN) $(INJECT_BIN) $(O)/tests/targets/fork_storm

# ---- C -----------------------------------------------------------------------------------------------------------

$(O)/obj/%.o: %.c | $(GEN_SRC) $(GEN_HDR) $(SKEL)
	$(call msg,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) -MMD -MP -c -o $@ $<

$(O)/obj/gen/%.o: $(O)/gen/%.c
	$(call msg,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS_ALL) -std=gnu11 -g $(OPT) -fno-omit-frame-pointer $(SAN) -MMD -MP -c -o $@ $<

$(O)/libculprit.a: $(LIB_OBJ)
	$(call msg,AR,$@)
	$(Q)rm -f $@
	$(Q)$(AR) rcs $@ $(LIB_OBJ)

$(O)/culprit: $(TOOL_OBJ) $(O)/libculprit.a
	$(call msg,LINK,$@)
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $(TOOL_OBJ) $(O)/libculprit.a $(JEMALLOC) $(LIBS)

$(O)/tests/unit/%: tests/unit/%.c $(O)/libculprit.a
	$(call msg,UNIT,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS_ALL) -Itests $(CFLAGS_ALL) -MMD -MP -MF $(O)/tests/unit/$*.d $(LDFLAGS_ALL) -o $@ $< $(O)/libculprit.a $(LIBS)

# A fuzz target: with libFuzzer's main(), or with ours that runs the inputs which are kept.
$(O)/tests/fuzz/%: tests/fuzz/%.c tests/fuzz/driver.c $(O)/libculprit.a
	$(call msg,FUZZ,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS_ALL) -Itests $(CFLAGS_ALL) -MMD -MP -MF $(O)/tests/fuzz/$*.d $(LDFLAGS_ALL) -o $@ $< $(FUZZ_MAIN) $(O)/libculprit.a $(LIBS)

# Programs to be profiled: frame pointers, no inlining of what tests look for, flags of their own in a first-line comment.
define target_build
	@mkdir -p $(@D)
	$(Q)$(CC) -D_GNU_SOURCE -std=gnu11 -g -O1 -fno-omit-frame-pointer -fno-optimize-sibling-calls \
		-Wall -Wextra $(WERROR) -Iinclude \
		-o $@ $< $$(sed -n '1,3s|.*BUILD: *\(.*\) \*/$$|\1|p' $<) -lpthread -ldl -lm
endef

$(O)/tests/targets/%: tests/targets/%.c $(wildcard tests/targets/*.h)
	$(call msg,TARGET,$<)
	$(target_build)

# Programs whose stacks are hard to unwind, and the judge of how they are unwound; adds to targets.
include tests/unwind/rules.mk

# What `make demo` runs: the same kind of program.
$(O)/demo/%: tests/demo/%.c tests/targets/target.h
	$(call msg,DEMO,$<)
	$(target_build)

# What tests/accuracy/inject.sh runs.
$(O)/accuracy/%: tests/accuracy/programs/%.c tests/accuracy/programs/crew.h tests/targets/target.h
	$(call msg,INJECT,$<)
	$(target_build)

$(GRID_BIN): tests/accuracy/grid.c tests/accuracy/rivals.c $(O)/libculprit.a
	$(call msg,GRID,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS_ALL) -Itests $(CFLAGS_ALL) -MMD -MP -MF $@.d $(LDFLAGS_ALL) -o $@ $(filter %.c %.a,$^) $(LIBS)

$(CAUSES_BIN): tests/accuracy/causes.c $(O)/libculprit.a
	$(call msg,GRID,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS_ALL) -Itests $(CFLAGS_ALL) -MMD -MP -MF $@.d $(LDFLAGS_ALL) -o $@ $(filter %.c %.a,$^) $(LIBS)

$(O)/tests/bench/%: tests/bench/%.c $(O)/libculprit.a
	$(call msg,BENCH,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS_ALL) -Itests $(CFLAGS_ALL) -MMD -MP -MF $(O)/tests/bench/$*.d $(LDFLAGS_ALL) -o $@ $< $(O)/libculprit.a $(LIBS)

# ---- generated ---------------------------------------------------------------------------------------------------

$(O)/gen/%.pb-c.c: user/format/%.proto
	$(call msg,PROTOC,$<)
	@mkdir -p $(@D)
	$(Q)$(PROTOC_C) --proto_path=user/format --c_out=$(@D) $<

# A script or style sheet that pages carry inside: its files one after the other, without indentation and lines of comment, as
# a C array, and the hash by which a page's content security policy admits it.
PAGE_JS := $(addprefix user/render/page/,core.js value.js data.js tree.js derive.js colour.js layout.js search.js tip.js draw.js \
	view.js aria.js tables.js state.js panel.js main.js)
$(O)/gen/flame.js.h: user/render/flame.js
$(O)/gen/page.js.h: $(PAGE_JS)
$(O)/gen/page.css.h: user/render/page/page.css
$(O)/gen/heat.js.h: $(addprefix user/render/page/,heat_data.js heat_draw.js heat.js)
$(O)/gen/heat.css.h: user/render/page/heat.css
$(O)/gen/verdict.css.h: user/render/page/verdict.css
$(GEN_HDR): $(O)/gen/%.h: Makefile
	$(call msg,EMBED,$*)
	@mkdir -p $(@D)
	$(Q)sed '/^[[:blank:]]*\/\//d; /^[[:blank:]]*\/\*.*\*\/$$/d; /^[[:blank:]]*\/\*/,/\*\//d; s/^[[:blank:]]*//; /^$$/d' $(filter-out Makefile,$^) >$(O)/gen/$*
	$(Q){ echo 'static const unsigned char $(subst .,_,$*)[] = {'; \
		od -An -v -tu1 $(O)/gen/$* | sed 's/  */,/g; s/^,//; s/$$/,/'; echo '};'; \
		printf '#define %s_SHA256 "%s"\n' $$(echo $* | tr a-z. A-Z_) \
			$$(sha256sum $(O)/gen/$* | cut -c 1-64 | tr a-f A-F | basenc -d --base16 | base64 -w 0); } > $@

# ---- BPF ---------------------------------------------------------------------------------------------------------

BPF_CFLAGS := -g -O2 -target bpf -D__TARGET_ARCH_$(ARCH) -Wall -Wextra -Wno-unused-parameter $(WERROR) -mcpu=v3 -Iinclude -Ivmlinux
BPF_OBJ := $(BPF_SRC:bpf/%.bpf.c=$(O)/bpf/%.bpf.o)

$(O)/bpf/%.bpf.o: bpf/%.bpf.c
	$(call msg,BPF,$<)
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_CFLAGS) -MMD -MP -MF $(@:.o=.d) -c -o $@ $<

$(O)/bpf/culprit.bpf.o: $(BPF_OBJ)
	$(call msg,GENOBJ,$@)
	$(Q)$(BPFTOOL) gen object $@ $(BPF_OBJ)

$(O)/bpf/culprit.skel.h: $(O)/bpf/culprit.bpf.o
	$(call msg,SKEL,$@)
	$(Q)$(BPFTOOL) gen skeleton $< name culprit_bpf > $@

-include $(LIB_OBJ:.o=.d) $(TOOL_OBJ:.o=.d) $(BPF_OBJ:.o=.d) $(UNIT_BIN:%=%.d) $(FUZZ_BIN:%=%.d) $(BENCH_BIN:%=%.d) $(GRID_BIN).d $(CAUSES_BIN).d
