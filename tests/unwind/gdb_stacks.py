# SPDX-License-Identifier: Apache-2.0
#
# gdb_stacks.py - for PIDS='…' gdb -batch -x gdb_stacks.py: the stack of each thread of these processes as gdb unwinds it,
# one line a thread: STACK PID, then the functions, root first, joined by ';', '?' for one without a name. Inlined
# functions and tail calls are no frames of the stack and are left out.
import os

import gdb

gdb.execute("set backtrace past-main on")
gdb.execute("set backtrace past-entry on")
gdb.execute("set backtrace limit 400")


def name_of(frame):
	if frame.type() == gdb.SIGTRAMP_FRAME:
		return "?"
	return frame.name() or "?"


def stack():
	names = []
	frame = gdb.newest_frame()
	while frame is not None:
		if frame.type() not in (gdb.INLINE_FRAME, gdb.TAILCALL_FRAME):
			names.insert(0, name_of(frame))
		try:
			frame = frame.older()
		except gdb.error:
			break
	return ";".join(names)


for pid in os.environ["PIDS"].split():
	try:
		gdb.execute("attach " + pid, to_string=True)
		for thread in gdb.selected_inferior().threads():
			thread.switch()
			print("STACK %s %s" % (pid, stack()), flush=True)
		gdb.execute("detach", to_string=True)
		gdb.execute("file", to_string=True)  # or the next one is taken for the same program
	except gdb.error as e:
		print("ERROR %s %s" % (pid, e), flush=True)
