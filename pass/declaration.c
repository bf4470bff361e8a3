/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * declaration.c - what is said of an allocator or a lock of a program's own: "my_alloc(size=0)" of a setting,
 * "alloc(size=0)" of an annotation. declared.c finds the functions.
 */
#define _GNU_SOURCE
#include "pass.h"

#include "instr/options.h"

#include <stdlib.h>
#include <string.h>

static const struct {
	const char *word, *values; /* "a|b": by their positions; NULL: the number of a parameter */
} words[DECLARED_WORDS] = {
	[DECLARED_SIZE] = {"size", NULL}, [DECLARED_COUNT] = {"count", NULL}, [DECLARED_PTR] = {"ptr", NULL},
	[DECLARED_LOCK] = {"lock", NULL}, [DECLARED_SUCCESS] = {"success", "nonzero|zero"}, [DECLARED_MODE] = {"mode", "write|read"},
};

static const struct {
	const char *name;
	unsigned needs, takes; /* bits: enum declared_word */
	const char *wanted;
} kinds[DECLARED_KINDS] = {
#define B(word) (1u << DECLARED_##word)
	[DECLARED_ALLOC] = {"alloc", B(SIZE), B(COUNT),
			    "a function with the numbers of its parameters, as in my_alloc(size=0) or my_calloc(count=0,size=1)"},
	[DECLARED_FREE] = {"free", B(PTR), 0, "a function with the number of its parameter, as in my_free(ptr=0)"},
	[DECLARED_REALLOC] = {"realloc", B(PTR) | B(SIZE), B(COUNT),
			      "a function with the numbers of its parameters, as in my_realloc(ptr=0,size=1)"},
	[DECLARED_ACQUIRE] = {"acquire", B(LOCK), B(SUCCESS) | B(MODE),
			      "a function with the number of its parameter, as in my_lock(lock=0) or my_read_lock(lock=0,mode=read)"},
	[DECLARED_TRY] = {"try_acquire", B(LOCK) | B(SUCCESS), B(MODE),
			  "a function with the number of its parameter and the result that says that it has the lock, as in "
			  "my_try_lock(lock=0,success=nonzero)"},
	[DECLARED_RELEASE] = {"release", B(LOCK), B(MODE), "a function with the number of its parameter, as in my_unlock(lock=0)"},
#undef B
};

const char *declaration_wanted(enum declared_kind kind) { return kinds[kind].wanted; }

const char *declaration_key(enum declared_kind kind) { return kinds[kind].name; }

static bool parse_value(int word, const char *text, size_t bytes, int *value)
{
	uint64_t number;

	if (words[word].values)
		return !instr_parse_choice(text, bytes, words[word].values, value);
	if (instr_parse_number(text, bytes, 0, &number) || number > 255)
		return false;
	*value = (int)number;
	return true;
}

/* "size=0,count=1" up to the parenthesis. */
static bool parse_parameters(struct pass_declaration *d, const char *text, const char *end)
{
	while (text < end) {
		const char *comma = memchr(text, ',', (size_t)(end - text)), *stop = comma ? comma : end;
		const char *equals = memchr(text, '=', (size_t)(stop - text));
		int word = 0;
		while (equals && word < DECLARED_WORDS && !instr_word_is(text, (size_t)(equals - text), words[word].word))
			word++;
		if (!equals || word == DECLARED_WORDS || d->parameter[word] >= 0 ||
		    !parse_value(word, equals + 1, (size_t)(stop - equals - 1), &d->parameter[word]))
			return false;
		text = stop + (comma != NULL);
		if (comma && text == end)
			return false;
	}
	return true;
}

static bool has_its_words(const struct pass_declaration *d)
{
	unsigned has = 0;

	for (int word = 0; word < DECLARED_WORDS; word++)
		has |= (unsigned)(d->parameter[word] >= 0) << word;
	return (has & kinds[d->kind].needs) == kinds[d->kind].needs && !(has & ~(kinds[d->kind].needs | kinds[d->kind].takes));
}

bool declaration_parse(struct pass_declaration *d, enum declared_kind kind, const char *text, size_t bytes)
{
	const char *end = text + bytes, *open = memrchr(text, '(', bytes);

	*d = (struct pass_declaration){.kind = kind};
	for (int word = 0; word < DECLARED_WORDS; word++)
		d->parameter[word] = -1;
	if (!open || open == text || end[-1] != ')' || !parse_parameters(d, open + 1, end - 1) || !has_its_words(d))
		return false;
	d->text = strndup(text, bytes);
	d->name = strndup(text, (size_t)(open - text));
	if (!d->text || !d->name)
		abort();
	return true;
}

void declaration_fini(struct pass_declaration *d)
{
	free(d->text);
	free(d->name);
}
