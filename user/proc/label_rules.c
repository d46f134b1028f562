// SPDX-License-Identifier: Apache-2.0
#include "proc/label_rules.h"

#include "base/text.h"

static const struct label_rule rules[] = {
	{"python", "c", "WX", "", "", "--check-hash-based-pycs", "", LABEL_RULE_CLUSTER},
	{"pypy", "c", "WX", "", "", "", "", LABEL_RULE_CLUSTER},
	{"perl", "eE", "I", "CDFMVimx", "", "", "", LABEL_RULE_CLUSTER},
	{"ruby", "e", "CEIr", "FKTWix", "", "--encoding", "", LABEL_RULE_CLUSTER},
	{"node", "ep", "Cr", "", "--eval --print",
	 "--require --import --loader --experimental-loader --conditions --env-file --title "
	 "--input-type",
	 "inspect", 0},
	{"bun", "ep", "r", "", "--eval --print", "--preload --cwd --config --env-file", "run", 0},
	{"deno", "", "c", "", "", "--config --import-map --lock", "run task serve eval", 0},
	{"php", "rBR", "Scdtz", "", "--run --process-begin --process-code",
	 "--define --php-ini --server --docroot", "", 0},
	{"R", "e", "g", "", "", "--gui --encoding", "", 0},
	{"Rscript", "e", "", "", "", "", "", 0},
	{"lua", "e", "l", "", "", "", "", 0},
	{"luajit", "e", "bjl", "O", "", "", "", 0},
	{"tclsh", "", "", "", "", "-encoding", "", 0},
	{"wish", "", "", "", "", "-encoding", "", 0},
	{"guile", "c", "Lelx", "", "", "", "", 0},
	{"mono", "", "", "", "", "--config --runtime", "", 0},
	{"dotnet", "", "", "", "",
	 "--runtimeconfig --depsfile --fx-version --additionalprobingpath --additional-deps "
	 "--roll-forward",
	 "exec", 0},
	{"java", "", "", "", "",
	 "-cp -classpath --class-path -p --module-path --upgrade-module-path --add-modules "
	 "--add-opens --add-exports "
	 "--add-reads --patch-module --limit-modules --enable-native-access --source -d",
	 "", LABEL_RULE_CLASS},
	{"sh", "", "oO", "", "", "--rcfile --init-file", "", LABEL_RULE_CLUSTER | LABEL_RULE_SHELL},
	{"bash", "", "oO", "", "", "--rcfile --init-file", "",
	 LABEL_RULE_CLUSTER | LABEL_RULE_SHELL},
	{"rbash", "", "oO", "", "", "--rcfile --init-file", "",
	 LABEL_RULE_CLUSTER | LABEL_RULE_SHELL},
	{"dash", "", "o", "", "", "", "", LABEL_RULE_CLUSTER | LABEL_RULE_SHELL},
	{"ash", "", "o", "", "", "", "", LABEL_RULE_CLUSTER | LABEL_RULE_SHELL},
	{"hush", "", "", "", "", "", "", LABEL_RULE_CLUSTER | LABEL_RULE_SHELL},
	{"ksh", "", "oAR", "", "", "", "", LABEL_RULE_CLUSTER | LABEL_RULE_SHELL},
	{"mksh", "", "oA", "", "", "", "", LABEL_RULE_CLUSTER | LABEL_RULE_SHELL},
	{"zsh", "", "o", "", "", "", "", LABEL_RULE_CLUSTER | LABEL_RULE_SHELL},
	{"fish", "", "Cdo", "", "", "--init-command --debug --features", "",
	 LABEL_RULE_CLUSTER | LABEL_RULE_SHELL},
};

const struct label_rule *label_rule_of(struct str name)
{
	while (name.len && name.p[name.len - 1] >= '0' && name.p[name.len - 1] <= '9')
		name.len--;
	if (str_eq(name, STR_LIT("nodejs")))
		name.len = 4;
	for (size_t i = 0; i < ARRAY_SIZE(rules); i++)
		if (str_eq(name, str_of(rules[i].name)))
			return &rules[i];
	return NULL;
}
