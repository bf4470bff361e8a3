/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * rules_fuzz.c - any text as rules of --gate: it is read, or what is wrong is said with a place that lies in it; each rule that is
 * read is read the same from its own text. For libFuzzer; without it fuzz_main.c makes the inputs.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "report/figures.h"
#include "report/rules.h"

/* Bytes from 0x80 on stand for what rules are made of. */
static const char *const words[] = {
	" calls of ", " self time of ", "total time", "mean", "min", "max", "p99", "p99.9", "no ", "allocations", " bytes in ", "locks", "lock ", "waits ",
	"wait time", "slowdown", " of ", " in ", " under ", "f", "ns::f(int, char const*)", "'a b'", "*", "<= ", "<", "=", " >= ", "\xE2\x89\xA4", "+",
	"-", "5", "0.5", "%", " ms", " \xC2\xB5s", " MiB", " if there", "; ", "\n", "# ", "\"", "(",
};
enum { WORDS = sizeof(words) / sizeof(*words) };

static void check_again(const struct rule *rule)
{
	struct cli_buffer error = {0};
	struct rules again;
	int line, column;

	FUZZ_CHECK(rules_read(&again, rule->text, &error, &line, &column) == 0 && again.count == 1);
	FUZZ_CHECK(again.items->what == rule->what && again.items->limit == rule->limit && again.items->value == rule->value);
	FUZZ_CHECK(again.items->under == rule->under && again.items->if_there == rule->if_there && !strcmp(again.items->function, rule->function));
	rules_free(&again);
	cli_buffer_fini(&error);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct cli_buffer text = {0}, error = {0};
	struct rules rules;
	int line = 0, column = 0, lines = 1;

	for (size_t i = 0; i < bytes && data[i]; i++) {
		if (data[i] < 0x80)
			cli_add(&text, (const char *)&data[i], 1);
		else
			cli_add_text(&text, words[data[i] % WORDS]);
	}
	for (const char *p = cli_text_of(&text); *p; p++)
		lines += *p == '\n';
	if (rules_read(&rules, cli_text_of(&text), &error, &line, &column)) {
		FUZZ_CHECK(error.bytes && line >= 1 && line <= lines && column >= 1 && (size_t)column <= text.bytes + 1);
		FUZZ_CHECK(!rules.count);
	} else {
		FUZZ_CHECK(rules.count && !error.bytes);
	}
	for (size_t i = 0; i < rules.count; i++) {
		const struct rule *r = &rules.items[i];
		FUZZ_CHECK(*r->function && *r->text && r->line >= 1 && r->line <= lines && r->what <= RULE_EXTRA + WAIT_TIME);
		FUZZ_CHECK(rules_match("*", r->function));
		rules_match(r->function, cli_text_of(&text));
		check_again(r);
	}
	rules_free(&rules);
	cli_buffer_fini(&text);
	cli_buffer_fini(&error);
	return 0;
}
