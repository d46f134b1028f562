/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mountinfo.h - which files are somebody else's to answer for.
 *
 * A file on a network or FUSE file system is as fast as the server or the process behind it, and
 * when that one is gone, whoever opens, stats or reads it hangs, often beyond SIGKILL. A program
 * that must not hang asks first, of the text of /proc/PID/mountinfo (proc(5)), which the kernel
 * writes without asking the file system: statfs(2) would ask.
 *
 * Remote are nfs, cifs, 9p, ceph, afs, fuse and their like. Not virtiofs, which goes with the
 * machine, and not a local file system that lies on a remote one (overlayfs, loop devices). Lines
 * that make no sense are skipped.
 */
#ifndef BASE_MOUNTINFO_H
#define BASE_MOUNTINFO_H

#include "base/compiler.h"

/* Of the file system whose files have this st_dev. False when it is not mounted here. */
bool mountinfo_device_is_remote(struct str text, uint32_t maj, uint32_t min);

/* Of what is mounted over an absolute path without links. */
bool mountinfo_path_is_remote(struct str text, struct str path);

#endif
