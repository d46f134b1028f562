/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pclnfind.h - where a Go program keeps its table of functions (pclntab), and what it counts from.
 *
 * Names of sections are not asked for: the table is at the beginning of a section (.gopclntab,
 * .data.rel.ro.gopclntab), or, when an outside linker has merged sections or a packer has removed
 * their headers, somewhere in what is loaded, where its header is looked for. A header counts only
 * when everything it says agrees with the file.
 *
 * Facts: runtime/symtab.go and internal/abi/symtab.go of Go 1.15 to 1.27 (struct pcHeader, _func,
 * functab, moduledata).
 */
#ifndef ELF_PCLNFIND_H
#define ELF_PCLNFIND_H

#include "elf/elf_file.h"

#define PCLNTAB_MAX_FUNCTIONS (1U << 24)
#define PCLNTAB_MAX_SCAN      (UINT64_C(512) << 20) /* bytes looked through for a header, each time */

/* By the first release that wrote it. */
enum pclntab_version {
	PCLNTAB_GO_1_2,
	PCLNTAB_GO_1_16,
	PCLNTAB_GO_1_18,
	PCLNTAB_GO_1_20,
};

struct pclntab_place {
	enum pclntab_version version;
	bool is_arm64;	 /* else x86-64 */
	uint64_t offset; /* of the header in the file */
	uint64_t end;	 /* where the segment that holds the table ends in the file */
	uint64_t text;	 /* address that functions count from; 0 before 1.18: they have addresses */
	uint64_t functab; /* file offset of the sorted (function, record) pairs */
	uint64_t records; /* … of what the offsets of records count from */
	uint64_t names;
	uint64_t pcs; /* … of the tables of values by program counter */
	uint32_t
		cnt; /* functions, at least 1; functab has one more entry, where the last one ends */
};

/*
 * 0; -ENOENT when the file has no such table, or one of a kind that is not read: other machines
 * than x86-64 and arm64, position-independent programs of Go before 1.18 whose addresses are in
 * relocations only; -ENOMEM, -errno.
 */
int must_check pclnfind(const struct elf_file *file, struct pclntab_place *ret);

#endif
