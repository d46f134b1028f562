// SPDX-License-Identifier: Apache-2.0
/*
 * assembly MODE [SECONDS] - main > asm_MODE > assembly_spin, asm_MODE in assembly (assembly.S):
 *
 *	plain       good rules, an own frame
 *	rbp_data    good rules, and the frame pointer is used for data
 *	rbx         the frame's base is rbx
 *	expression  the base lies in memory: the rule is an expression, as OpenSSL's are
 *	odd         an expression that nobody writes, in a function that keeps a frame pointer
 *	no_rules    no rules, but a frame pointer
 *	nothing     neither: nobody can know
 */
#include "hop.h"

typedef uint64_t (*asm_fn)(uint64_t);
uint64_t asm_plain(uint64_t), asm_rbp_data(uint64_t), asm_rbx(uint64_t), asm_expression(uint64_t),
	asm_odd(uint64_t), asm_no_rules(uint64_t), asm_nothing(uint64_t);

hop uint64_t assembly_spin(uint64_t seed)
{
	return hop_busy(seed);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		asm_fn fn;
	} modes[] = {
		{"plain", asm_plain},	  {"rbp_data", asm_rbp_data},
		{"rbx", asm_rbx},	  {"expression", asm_expression},
		{"odd", asm_odd},	  {"no_rules", asm_no_rules},
		{"nothing", asm_nothing},
	};

	target_init(target_number(argc, argv, 2, 10));
	for (size_t i = 0; i < sizeof(modes) / sizeof(*modes); i++)
		if (argc > 1 && !strcmp(argv[1], modes[i].name)) {
			HOP_AFTER(modes[i].fn((uint64_t)argc));
			return 0;
		}
	return 2;
}
