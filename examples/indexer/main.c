/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * main.c - indexer: indexes text files on several threads and answers ranked queries.
 *
 *     indexer [--threads N] [--repeat N|auto] [--query TEXT]... PATH...
 *
 * stdout depends on the files and queries alone: not on the threads, their timing, or the number
 * of repetitions.
 */
#define _GNU_SOURCE
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "query.h"

enum { EXIT_DIFFERS = 1, EXIT_USAGE = 2, EXIT_INPUT = 3 };
enum { THREADS_MAX = 64, REPEAT_MAX = 100000, QUERIES_MAX = 64, EXAMPLES = 3, WIDESPREAD = 8 };

/* --repeat auto: enough work for about a second. */
#define AUTO_TEXT_BYTES (48u << 20)
#define AUTO_REPEAT_MAX 200u

struct settings {
	unsigned threads, repeat; /* repeat 0: auto */
	const char *queries[QUERIES_MAX];
	size_t query_count;
};

static const char usage[] =
	"usage: indexer [--threads N] [--repeat N|auto] [--query TEXT]... PATH...\n"
	"\n"
	"Indexes the text files at PATHs (folders with all below them) and answers ranked queries.\n"
	"\n"
	"  --threads N    threads that read and query, 1 to 64 (default: one per CPU, at most 8)\n"
	"  --repeat N     build the index and answer everything N times, to have more to measure;\n"
	"                 auto: as often as it takes about a second (default: 1)\n"
	"  --query TEXT   a query; may be given several times. Without one: what is like the longest\n"
	"                 documents\n"
	"\n"
	"exit status: 0 done, 1 two repetitions differ, 2 wrong usage, 3 nothing could be read\n";

static unsigned parse_number(const char *option, const char *text, unsigned most)
{
	char *end;
	unsigned long number = text ? strtoul(text, &end, 10) : 0;
	if (!text || *text < '0' || *text > '9' || *end || !number || number > most) {
		fprintf(stderr, "indexer: %s takes a number from 1 to %u\n", option, most);
		exit(EXIT_USAGE);
	}
	return (unsigned)number;
}

static unsigned default_threads(void)
{
	cpu_set_t set;
	int cpus = sched_getaffinity(0, sizeof set, &set) ? 1 : CPU_COUNT(&set);
	return cpus < 1 ? 1 : cpus > 8 ? 8 : (unsigned)cpus;
}

/* Returns the index of the first path. */
static int parse_arguments(int argc, char **argv, struct settings *settings)
{
	int i = 1;
	for (; i < argc && argv[i][0] == '-' && argv[i][1]; i++) {
		const char *option = argv[i];
		if (!strcmp(option, "--")) {
			i++;
			break;
		}
		if (!strcmp(option, "--help")) {
			fputs(usage, stdout);
			exit(fflush(stdout) ? EXIT_INPUT : 0);
		} else if (!strcmp(option, "--threads")) {
			settings->threads = parse_number(option, argv[++i], THREADS_MAX);
		} else if (!strcmp(option, "--repeat")) {
			const char *value = argv[++i];
			settings->repeat = value && !strcmp(value, "auto") ? 0 : parse_number(option, value, REPEAT_MAX);
		} else if (!strcmp(option, "--query")) {
			if (!argv[++i] || settings->query_count == QUERIES_MAX) {
				fprintf(stderr, "indexer: --query takes a text, and %d queries at most\n", QUERIES_MAX);
				exit(EXIT_USAGE);
			}
			settings->queries[settings->query_count++] = argv[i];
		} else {
			fprintf(stderr, "indexer: %s is no option; see --help\n", option);
			exit(EXIT_USAGE);
		}
	}
	if (i >= argc) {
		fputs(usage, stderr);
		exit(EXIT_USAGE);
	}
	return i;
}

/* File names hold anything but NUL and '/': a line of output must stay one line. */
static void print_text(const char *text)
{
	for (const unsigned char *c = (const unsigned char *)text; *c; c++)
		putchar(*c < ' ' || *c == 127 ? '?' : *c);
}

static void print_summary(const struct index *index)
{
	size_t results[4] = {0}, bytes = 0, words = 0;
	for (size_t i = 0; i < index->files->count; i++) {
		const struct document *document = &index->documents[i];
		results[document->result]++;
		if (document->result == TEXT_OK) {
			bytes += document->text_bytes;
			words += document->words;
		}
	}
	printf("documents  %zu with %zu words in %zu bytes\n", results[TEXT_OK], words, bytes);
	printf("skipped    %zu binary, %zu larger than %d MiB, %zu unreadable\n", results[TEXT_BINARY],
	       results[TEXT_TOO_LARGE], FILE_MAX_BYTES >> 20, results[TEXT_UNREADABLE] + index->files->unreadable);
	printf("terms      %zu", index->vocabulary_count);
	for (size_t i = 0; i < WIDESPREAD && i < index->vocabulary_count; i++)
		printf("%s%s", i ? ", " : ", most widespread: ", index->vocabulary[i]->text);
	printf("\nchecksum   %016" PRIx64 "\n", index_checksum(index));
}

static void print_answer(const struct index *index, const struct answer *answer)
{
	printf(": %zu match%s\n", answer->matches, answer->matches == 1 ? "" : "es");
	for (int i = 0; i < answer->count; i++) {
		printf("  %7.3f  ", answer->hits[i].score);
		print_text(index->files->paths[answer->hits[i].document]);
		putchar('\n');
	}
}

static void print_related(const struct index *index, const struct answer *answers)
{
	size_t longest[EXAMPLES];
	int count = 0;
	for (size_t i = 0; i < index->files->count; i++) {
		int at = count < EXAMPLES ? count++ : EXAMPLES;
		if (at == EXAMPLES && index->documents[i].words <= index->documents[longest[--at]].words)
			continue;
		for (; at && index->documents[longest[at - 1]].words < index->documents[i].words; at--)
			longest[at] = longest[at - 1];
		longest[at] = i;
	}
	for (int i = 0; i < count; i++) {
		const struct document *document = &index->documents[longest[i]];
		if (document->result != TEXT_OK)
			continue;
		printf("\nlike ");
		print_text(index->files->paths[longest[i]]);
		for (int k = 0; k < KEYWORDS && document->keywords[k]; k++)
			printf("%s%s", k ? ", " : " (", document->keywords[k]->text);
		printf(document->keywords[0] ? ")" : "");
		print_answer(index, &answers[longest[i]]);
	}
}

static void print_queries(const struct index *index, const struct settings *settings)
{
	for (size_t i = 0; i < settings->query_count; i++) {
		struct answer answer;
		printf("\n");
		print_text(settings->queries[i]);
		query_text(index, settings->queries[i], &answer);
		print_answer(index, &answer);
	}
}

/* A number for everything that the queries found. */
static uint64_t answers_checksum(const struct answer *answers, size_t count)
{
	uint64_t sum = 0;
	for (size_t i = 0; i < count; i++)
		for (int h = 0; h < answers[i].count; h++) {
			uint64_t bits;
			memcpy(&bits, &answers[i].hits[h].score, sizeof bits);
			sum = (sum ^ bits ^ answers[i].hits[h].document) * UINT64_C(0x100000001b3);
		}
	return sum;
}

static size_t text_bytes(const struct index *index)
{
	size_t bytes = 0;
	for (size_t i = 0; i < index->files->count; i++)
		bytes += index->documents[i].text_bytes;
	return bytes;
}

static int run(const struct file_list *files, struct settings *settings)
{
	struct answer *answers = memory_get(files->count * sizeof *answers);
	uint64_t first = 0;
	int result = 0;
	for (unsigned round = 0; round == 0 || round < settings->repeat; round++) {
		struct index index;
		index_build(&index, files, settings->threads);
		query_all_related(&index, settings->threads, answers);
		uint64_t sum = index_checksum(&index) ^ answers_checksum(answers, files->count);
		if (round == 0) {
			first = sum;
			print_summary(&index);
			if (settings->query_count)
				print_queries(&index, settings);
			else
				print_related(&index, answers);
			if (!settings->repeat) {
				size_t times = AUTO_TEXT_BYTES / (text_bytes(&index) + 1);
				settings->repeat = times > AUTO_REPEAT_MAX ? AUTO_REPEAT_MAX : (unsigned)times;
			}
			if (!index.indexed)
				result = EXIT_INPUT;
		} else if (sum != first) {
			fprintf(stderr, "indexer: repetition %u differs from the first; did a file change?\n", round + 1);
			result = EXIT_DIFFERS;
		}
		index_free(&index);
		if (result)
			break;
	}
	free(answers);
	return result;
}

int main(int argc, char **argv)
{
	struct settings settings = {.threads = default_threads(), .repeat = 1};
	struct file_list files = {0};
	int added = 0;

	for (int i = parse_arguments(argc, argv, &settings); i < argc; i++)
		if (files_add(&files, argv[i]))
			files.unreadable++;
		else
			added++;
	if (!added)
		return EXIT_INPUT;
	files_sort(&files);
	if (!files.count)
		fputs("indexer: there are no files there\n", stderr);
	int result = files.count ? run(&files, &settings) : EXIT_INPUT;
	files_free(&files);
	if (fflush(stdout) || ferror(stdout)) {
		fputs("indexer: the output could not be written\n", stderr);
		return EXIT_INPUT;
	}
	return result;
}
