/* SPDX-License-Identifier: Apache-2.0 */
/*
 * listening.h - an address as text to a socket that listens there: "127.0.0.1:7070", "[::1]:7070",
 * ":7070" (all addresses), "unix:PATH". A socket of a path is for its owner only; one that a crash
 * left is replaced.
 */
#ifndef SERVE_LISTENING_H
#define SERVE_LISTENING_H

#include "base/compiler.h"
#include "base/err.h"

#define LISTENING_BACKLOG 32

struct listening {
	int fd;		 /* -1: none, or it was given away */
	char *address;	 /* as it became, a port of 0 chosen by the system; for people */
	char *unix_path; /* NULL: it is none */
	bool is_loopback;
};

/* -EINVAL, -EADDRINUSE, … with a line in err; listening_release() afterwards, also after a failure. */
int must_check listening_open(const char *text, struct listening *ret, struct err *err);

/* Closes the socket and takes the path away. One of zeros has a descriptor 0: set fd to -1. */
void listening_release(struct listening *l);

#endif
