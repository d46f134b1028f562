/* SPDX-License-Identifier: Apache-2.0 */
/*
 * names.h - what of a name is not its identity: the parts that differ from run to run or from
 * compilation to compilation although the code is the same.
 *
 * strip_hex	addresses: each run of hexadecimal digits after 0x becomes "0x..", and a name that is
 *		nothing but hexadecimal digits (8 or more, a digit among them) "0x..".
 * merge_lambdas numbers of functions without a name:
 *			Outer$$Lambda$12/0x0000800c	Outer$$Lambda		JVM; also /1503869208
 *			Outer$$Lambda/0x0000800c.run	Outer$$Lambda.run	JVM 21 and later
 *			Outer$$Lambda.0x00007f2a.run	Outer$$Lambda.run	JVM, as perf maps have it
 *			Outer.lambda$main$3		Outer.lambda$main	javac
 *			LambdaForm$MH/0x0000800c	LambdaForm$MH		hidden classes
 *			GeneratedMethodAccessor17	GeneratedMethodAccessor	reflection
 *			$Proxy42.run			$Proxy.run		dynamic proxies
 *			f(int)::{lambda(int)#3}		f(int)::{lambda(int)}	GCC
 *			f()::'lambda0'()		f()::'lambda'()		Clang
 *			f()::$_12			f()::$_			Clang
 *			f::{{closure}}#2, {closure#2}	f::{{closure}}, {closure}	Rust
 *			main.f.func1.2			main.f.func		Go
 *			main.f.gowrap1, .deferwrap2	main.f.gowrap, .deferwrap	Go
 *			f.llvm.4711, f.constprop.0, f.isra.1, f.part.2, f.cold	f
 *			f~4, f*, ~f, *f, ^f		f			V8's tiers (the marks)
 *			f_1a2b3c4d5e..., 40 hex digits	f			GraalVM native image
 * strip_ids	process and thread numbers: java-1234/1240 and java-1234 are java (labels only);
 *		[main tid=1240], [tid=1240] are [main], [thread].
 *
 * by_line	on the contrary: a frame that is at a known line of source is another one than the same
 *		function's at another line, and called "function file:line".
 *
 * names.c has them as one table. All rules are off unless asked for: merging hides differences, and
 * lines change with each edit of a file.
 */
#ifndef DIFF_NAMES_H
#define DIFF_NAMES_H

#include "base/buf.h"
#include "base/compiler.h"

struct profile;

struct names_rules {
	bool strip_hex, merge_lambdas, strip_ids, by_line;
};

struct names {
	struct names_rules rules;
	struct buf scratch[2]; /* private */
};

void names_init(struct names *n, const struct names_rules *rules);
void names_release(struct names *n);
bool names_any(const struct names_rules *rules);

/* What `s` is called, but for its line. Borrows from s, or is valid until the next call. */
struct str names_apply(struct names *n, struct str s, bool is_label);

/* The same profile with the rules applied to frames and to the labels process, comm, thread. 0,
 * -ENOSPC, -ENOMEM. */
int must_check names_rename(const struct profile *p, const struct names_rules *rules,
			    struct profile **ret);

/* What stands for a label that a series has not: "[no key]"; as model/tree.h writes it. */
struct str names_no_label(struct str key, char none[128]);

#endif
