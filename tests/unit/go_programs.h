/* SPDX-License-Identifier: Apache-2.0 */
/*
 * go_programs.h - builds a small Go program, in the test's directory, with the go that is there.
 *
 * CULPRIT_TEST_GO names another go than that of PATH. The program needs nothing but Go's runtime.
 */
#ifndef TESTS_GO_PROGRAMS_H
#define TESTS_GO_PROGRAMS_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit/tmpdir.h"

static const char go_source[] =
	"package main\n"
	"type box struct{ v []int }\n"
	"//go:noinline\n"
	"func (b *box) add(n int) int {\n"
	"	defer func() { recover() }()\n"
	"	b.v = append(b.v, n)\n"
	"	return leaf(n) + len(mapped(b.v, leaf))\n"
	"}\n"
	"//go:noinline\n"
	"func leaf(n int) int { return n*n + 1 }\n"
	"//go:noinline\n"
	"func mapped[T any](v []T, f func(T) T) []T {\n"
	"	var out []T\n"
	"	for _, x := range v {\n"
	"		out = append(out, f(x))\n"
	"	}\n"
	"	return out\n"
	"}\n"
	"//go:noinline\n"
	"func large(n int) int { // of a frame that no 16-bit number of words reaches across\n"
	"	var a [40000]int\n"
	"	for i := 0; i < 9; i++ {\n"
	"		a[i*n%40000] = i\n"
	"	}\n"
	"	return a[n%40000] + func(k int) int { return deep(k, n) }(n)\n"
	"}\n"
	"//go:noinline\n"
	"func deep(n, m int) int {\n"
	"	if n <= 0 {\n"
	"		return m\n"
	"	}\n"
	"	return deep(n-1, m+leaf(n)) + 1\n"
	"}\n"
	"func main() {\n"
	"	b := &box{}\n"
	"	ch := make(chan int)\n"
	"	go func() { ch <- b.add(3) }()\n"
	"	println(<-ch, large(7))\n"
	"}\n";

/* `go BUILD-LIKE COMMAND` in the test's directory; what it writes goes to stderr. */
static inline bool go_run(const char *env, const char *command)
{
	static char line[2048];

	snprintf(line, sizeof(line),
		 "cd %s && env GOPROXY=off GOFLAGS=-mod=mod GOTOOLCHAIN=local GOWORK=off %s"
		 " \"${CULPRIT_TEST_GO:-go}\" %s 1>&2",
		 tmpdir, env, command);
	return system(line) == 0;
}

/*
 * The path of the program NAME, built with `flags` (environment variables first, NAME=value); it
 * stays valid for eight more. NULL when it cannot be built.
 */
static inline const char *go_build(const char *env, const char *flags, const char *name)
{
	static const char module[] = "module example.com/prog\n\ngo 1.18\n";
	char command[512];

	close(tmpdir_open("main.go", go_source, sizeof(go_source) - 1));
	close(tmpdir_open("go.mod", module, sizeof(module) - 1));
	snprintf(command, sizeof(command), "build -p 1 %s -o %s .", flags, name);
	return go_run(env, command) ? tmpdir_at(name) : NULL;
}

#endif
