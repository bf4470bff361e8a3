/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * instr-clang.c - instr-clang and instr-clang++: clang with the plugin where code is compiled and
 * with the runtime where it is linked; otherwise clang and nothing else.
 *
 *     where                 what is added
 *     source is read        -Xclang -idirafter -Xclang INCLUDE, for <instr/instr.h>
 *     compile               -fplugin= -fpass-plugin=LIB/libinstr.so, and the settings that change
 *                           code as -Xclang -mllvm -Xclang -instr=...
 *     link                  LIB/libinstr_rt.so, kept although nothing calls it yet, with a run path
 *     link, -static(-pie)   LIB/libinstr_rt.a
 *     link with heap=all    LIB/libinstr_heap.so in front of all libraries; a static program gets what heap=wrap gives
 *     link with heap=wrap   --wrap for each of instr/fronted.def, and LIB/libinstr_heap.a
 *
 * LIB and INCLUDE are found from this program's own place, so the whole may be moved. libinstr.so
 * picks the plugin for whichever clang loads it. Settings reach clang only by its command line, where
 * compiler caches see them: those of INSTR_CONFIG and INSTR_OPTIONS are put there too.
 *
 * -Xclang carries them past the driver, which would hand a plain -mllvm also to the assembler and
 * to the LTO linker, and both reject it; and would warn of a search path that some input, such as
 * LLVM IR, has no use for. -idirafter: what is the user's is found first. -fplugin beside -fpass-plugin: before LLVM 22 the latter
 * is loaded too late for the option to be known.
 *
 * A cache in front (ccache instr-clang) takes this file as the compiler: it is linked anew whenever
 * a plugin changes (plugins.h holds their checksum), so old objects are not reused. To a cache
 * behind (INSTR_CLANG="ccache clang") the plugins are named in CCACHE_EXTRAFILES.
 */
#define _GNU_SOURCE
#include "cmdline.h"
#include "instr/hooks.h"
#include "instr/options.h"
#include "instr/version.h"
#include "plugins.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { EXIT_USAGE = 2, EXIT_INPUT = 3, ADDED_MAX = 256, CLANG_WORDS_MAX = 16 };

static const char *program = "instr-clang";

static void __attribute__((format(printf, 2, 3), noreturn)) die(int status, const char *format, ...)
{
	va_list arguments;

	fprintf(stderr, "%s: ", program);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	exit(status);
}

static char *__attribute__((format(printf, 1, 2))) text_of(const char *format, ...)
{
	va_list arguments;
	char *text = NULL;

	va_start(arguments, format);
	if (vasprintf(&text, format, arguments) < 0)
		die(EXIT_INPUT, "out of memory");
	va_end(arguments);
	return text;
}

/* The folder that this program lies in. */
static void find_self(char self[PATH_MAX])
{
	ssize_t bytes = readlink("/proc/self/exe", self, PATH_MAX - 1);

	if (bytes <= 0)
		die(EXIT_INPUT, "cannot find my own place: %s", strerror(errno));
	self[bytes] = 0;
	*strrchr(self, '/') = 0;
}

/* The folder that holds FILE: in the build tree beside bin/, else where the installation put it; NULL
 * if it is in neither. */
static char *find_folder(const char *beside, const char *installed, const char *file)
{
	const char *const places[] = {beside, installed};
	char self[PATH_MAX], folder[PATH_MAX];

	find_self(self);
	for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
		char *place = text_of("%s/%s", self, places[i]);
		char *path = text_of("%s/%s", place, file);
		bool found = !access(path, R_OK) && realpath(place, folder);

		free(path);
		free(place);
		if (found)
			return text_of("%s", folder);
	}
	return NULL;
}

static char *find_lib_folder(void)
{
	char *lib = find_folder("../lib", INSTR_LIB_FROM_BIN, "libinstr.so"), self[PATH_MAX];

	if (lib)
		return lib;
	find_self(self);
	die(EXIT_INPUT, "libinstr.so is not in %s/%s; is the installation complete?", self, INSTR_LIB_FROM_BIN);
}

/* Settings ------------------------------------------------------------------------------------- */

struct settings {
	char *text; /* what goes onto clang's command line; empty if nothing */
	size_t bytes;
	bool lto_post, heap_all, heap_wrap;
};

static void append_setting(struct settings *settings, const struct instr_setting *found)
{
	bool quote = found->value && instr_value_needs_quotes(found->value, found->value_bytes);
	char *more = text_of("%.*s%s%.*s=%s%.*s%s", (int)settings->bytes, settings->text ? settings->text : "",
			     settings->bytes ? ":" : "", (int)found->key_bytes, found->key, quote ? "'" : "",
			     (int)found->value_bytes, found->value ? found->value : "", quote ? "'" : "");

	free(settings->text);
	settings->text = more;
	settings->bytes = strlen(more);
}

/* Takes over the settings that change code. From the command line come also the others that the
 * plugin reads (verbose), and one for the traced program is a mistake there; elsewhere it has its place. */
static void take_settings(struct settings *settings, const char *origin, const char *text, size_t bytes,
			  bool from_command_line)
{
	struct instr_setting found;

	while (instr_next_setting(&text, &bytes, &found)) {
		int id = instr_find_option(found.key, found.key_bytes);
		if (id < 0)
			die(EXIT_USAGE, "%s: unknown setting '%.*s'; did you mean '%s'?", origin,
			    (int)found.key_bytes, found.key,
			    instr_options[instr_nearest_option(found.key, found.key_bytes)].key);
		int side = instr_options[id].side;
		if (from_command_line && side == INSTR_SIDE_RUNTIME)
			die(EXIT_USAGE, "%s: setting '%s' is read by the traced program when it starts; put it "
			    "into INSTR_OPTIONS there", origin, instr_options[id].key);
		if (id == INSTR_OPT_lto)
			settings->lto_post = instr_word_is(found.value, found.value_bytes, "post");
		if (id == INSTR_OPT_heap) {
			settings->heap_all = instr_word_is(found.value, found.value_bytes, "all");
			settings->heap_wrap = instr_word_is(found.value, found.value_bytes, "wrap");
		}
		if (side == INSTR_SIDE_PASS || id == INSTR_OPT_heap || (from_command_line && side == INSTR_SIDE_BOTH))
			append_setting(settings, &found);
	}
}

static void take_config(struct settings *settings, const char *path)
{
	char *text = NULL;
	size_t capacity = 0;
	FILE *file = fopen(path, "re");

	if (!file)
		die(EXIT_INPUT, "INSTR_CONFIG: cannot read %s: %s", path, strerror(errno));
	ssize_t bytes = getdelim(&text, &capacity, 0, file);
	if (bytes < 0 && ferror(file))
		die(EXIT_INPUT, "INSTR_CONFIG: cannot read %s: %s", path, strerror(errno));
	fclose(file);
	if (bytes > 0)
		take_settings(settings, path, text, (size_t)bytes, false);
	free(text);
}

/* A cache in front has chosen its key before it called us: what only the environment says is not in
 * it. We see it on a miss; refused, ccache compiles once more without itself and stores nothing. */
static void refuse_hidden_settings(const struct settings *settings)
{
	char *path = text_of("/proc/%d/comm", (int)getppid()), name[64] = "";
	FILE *file = settings->bytes ? fopen(path, "re") : NULL;

	free(path);
	if (!file)
		return;
	if (fgets(name, sizeof name, file) && (!strcmp(name, "ccache\n") || !strcmp(name, "sccache\n")))
		die(EXIT_USAGE, "under %.*s, settings that change code must be given as --instr=%s, not by "
		    "INSTR_OPTIONS or INSTR_CONFIG, or old objects would be reused",
		    (int)strcspn(name, "\n"), name, settings->text);
	fclose(file);
}

/* Removes --instr=... from argv and gathers all settings that change code. */
static int collect_settings(struct settings *settings, int argc, char **argv)
{
	const char *text;
	int kept = 1;

	if ((text = getenv("INSTR_CONFIG")) && *text)
		take_config(settings, text);
	if ((text = getenv("INSTR_OPTIONS")))
		take_settings(settings, "INSTR_OPTIONS", text, strlen(text), false);
	refuse_hidden_settings(settings);
	for (int i = 1; i < argc; i++)
		if (strncmp(argv[i], "--instr=", 8))
			argv[kept++] = argv[i];
		else
			take_settings(settings, "--instr", argv[i] + 8, strlen(argv[i] + 8), true);
	argv[kept] = NULL;
	return kept;
}

/* Which clang ---------------------------------------------------------------------------------- */

static bool is_on_path(const char *name)
{
	const char *path = getenv("PATH");
	bool found = false;

	for (const char *p = path ? path : ""; *p && !found;) {
		size_t bytes = strcspn(p, ":");
		char *file = text_of("%.*s/%s", bytes ? (int)bytes : 1, bytes ? p : ".", name);
		found = !access(file, X_OK);
		free(file);
		p += bytes + (p[bytes] == ':');
	}
	return found;
}

/* INSTR_CLANG may hold more than a name: "ccache clang-22". */
static int find_clang(char **words)
{
	static const int majors[] = INSTR_PLUGIN_MAJORS;
	const char *wanted = getenv("INSTR_CLANG");
	int count = 0;

	if (wanted && *wanted) {
		for (char *word = strtok(text_of("%s", wanted), " \t"); word; word = strtok(NULL, " \t"))
			if (count < CLANG_WORDS_MAX)
				words[count++] = word;
		if (count)
			return count;
	}
	words[0] = text_of("clang");
	for (size_t i = 0; !is_on_path(words[0]); i++) {
		if (i == sizeof majors / sizeof *majors)
			die(EXIT_INPUT, "there is no clang on PATH; install it or set INSTR_CLANG");
		free(words[0]);
		words[0] = text_of("clang-%d", majors[i]);
	}
	return 1;
}

/* exec keeps the process: whoever comes here twice in one has been sent in a circle. */
static void refuse_circle(const char *clang)
{
	char *self = text_of("%d", (int)getpid());
	const char *last = getenv("INSTR_CLANG_PROCESS");

	if (last && !strcmp(last, self))
		die(EXIT_USAGE, "'%s' leads back to %s; set INSTR_CLANG to the real clang", clang, program);
	setenv("INSTR_CLANG_PROCESS", self, 1);
	free(self);
}

/* Main ----------------------------------------------------------------------------------------- */

struct arguments {
	char **word;
	int count;
};

static void add(struct arguments *arguments, const char *word)
{
	arguments->word[arguments->count++] = (char *)word;
}

static void add_for_linker(struct arguments *arguments, const char *word)
{
	/* Not -Wl: a path may hold a comma. Nor plain: -x would make it a source. */
	add(arguments, "-Xlinker");
	add(arguments, word);
}

static void add_runtime(struct arguments *arguments, const struct cmdline *line, const char *lib)
{
	if (line->is_static && !line->is_shared) {
		add_for_linker(arguments, "-u");
		add_for_linker(arguments, INSTR_LINK_SYMBOL);
		/* The runtime learns the exit status by it, and refers to it weakly: not every libc has it. */
		add_for_linker(arguments, "-u");
		add_for_linker(arguments, "on_exit");
		add_for_linker(arguments, text_of("%s/libinstr_rt.a", lib));
		return;
	}
	add_for_linker(arguments, "--push-state");
	add_for_linker(arguments, "--no-as-needed");
	add_for_linker(arguments, text_of("%s/libinstr_rt.so", lib));
	add_for_linker(arguments, "--pop-state");
	add_for_linker(arguments, "-rpath");
	add_for_linker(arguments, lib);
	add_for_linker(arguments, "-rpath");
	add_for_linker(arguments, "$ORIGIN");
}

/* heap=all: in front of all libraries whose allocators it stands for. */
static void add_heap_library(struct arguments *arguments, const char *lib)
{
	add_for_linker(arguments, "--push-state");
	add_for_linker(arguments, "--no-as-needed");
	add_for_linker(arguments, text_of("%s/libinstr_heap.so", lib));
	add_for_linker(arguments, "--pop-state");
}

/* heap=wrap: in front of the runtime, which it calls. A linker that has replaced a name does not look for it in archives any
 * more: it is told to, for what must be there. The rest comes along with that, or with nothing at all. */
static void add_heap_wraps(struct arguments *arguments, const struct cmdline *line, bool cxx, const char *lib)
{
	enum { CORE, C, CXX, MADE };
	static const struct {
		const char *name;
		int library;
	} fronted[] = {
#define INSTR_FRONTED(name, library) {#name, library},
#include "instr/fronted.def"
#undef INSTR_FRONTED
	};
	bool has_cxx = line->has_libcxx || (cxx && line->has_libc);

	for (size_t i = 0; i < sizeof fronted / sizeof *fronted; i++) {
		if (fronted[i].library == MADE && line->is_static)
			continue;
		add_for_linker(arguments, text_of("--wrap=%s", fronted[i].name));
		if (fronted[i].library == CORE || (fronted[i].library == CXX && has_cxx))
			add_for_linker(arguments, text_of("--undefined=%s", fronted[i].name));
	}
	add_for_linker(arguments, "--undefined=__wrap_malloc"); /* also of a program that allocates nothing itself */
	add_for_linker(arguments, text_of("%s/libinstr_heap.a", lib));
}

/* Without the header, as in a package that has it elsewhere, clang may still find it by itself. */
static void add_include_folder(struct arguments *arguments)
{
	char *include = find_folder("../include", INSTR_INCLUDE_FROM_BIN, "instr/instr.h");

	if (!include)
		return;
	add(arguments, "-Xclang");
	add(arguments, "-idirafter");
	add(arguments, "-Xclang");
	add(arguments, include);
}

static void name_plugins_to_ccache(const char *lib)
{
	const char *others = getenv("CCACHE_EXTRAFILES");
	char *files = text_of("%s", others ? others : "");
	DIR *folder = opendir(lib);
	struct dirent *entry;

	while (folder && (entry = readdir(folder))) {
		size_t bytes = strlen(entry->d_name);
		if (strncmp(entry->d_name, "libinstr-", 9) || strcmp(entry->d_name + bytes - 3, ".so"))
			continue;
		char *more = text_of("%s%s%s/%s", files, *files ? ":" : "", lib, entry->d_name);
		free(files);
		files = more;
	}
	if (folder)
		closedir(folder);
	setenv("CCACHE_EXTRAFILES", files, 1);
	free(files);
}

static void add_plugin(struct arguments *arguments, const struct settings *settings, const char *lib)
{
	add(arguments, text_of("-fplugin=%s/libinstr.so", lib));
	add(arguments, text_of("-fpass-plugin=%s/libinstr.so", lib));
	if (settings->bytes) {
		add(arguments, "-Xclang");
		add(arguments, "-mllvm");
		add(arguments, "-Xclang");
		add(arguments, text_of("-instr=%s", settings->text));
	}
	name_plugins_to_ccache(lib);
}

static void print_help(void)
{
	printf("Usage: %s [--instr=KEY=VALUE:...] CLANG-ARGUMENTS\n\n"
	       "clang that builds traced programs: adds the plugin where code is compiled and the runtime\n"
	       "where it is linked. Everything else, --help and --version included, is clang's.\n\n"
	       "  --instr=SETTINGS   settings that change code; may be given several times\n"
	       "  --instr-help       this text\n"
	       "  --instr-version    version, contract, and which clang runs\n\n"
	       "Environment:\n"
	       "  INSTR_CLANG        the clang to run, such as clang-22 or \"ccache clang\" (default: clang)\n"
	       "  INSTR_OPTIONS      more settings: KEY=VALUE:KEY=VALUE\n"
	       "  INSTR_CONFIG       a file of settings\n\n"
	       "Settings:\n", program);
	for (int i = 0; i < INSTR_OPTION_COUNT_ALL; i++)
		if (instr_options[i].side & INSTR_SIDE_PASS)
			printf("  %-8s %-10s %s\n", instr_options[i].key, instr_options[i].fallback,
			       instr_options[i].help);
}

static int answer(const char *question, const char *lib, char *const *clang, int words)
{
	if (!strcmp(question, "--instr-help"))
		print_help();
	else if (!strcmp(question, "--instr-version")) {
		printf("%s %s\ncontract: %d\nplugins: %s (%s)\nclang:", program, INSTR_VERSION, INSTR_ABI, lib,
		       INSTR_PLUGINS_CHECKSUM);
		for (int i = 0; i < words; i++)
			printf(" %s", clang[i]);
		putchar('\n');
	} else
		die(EXIT_USAGE, "unknown option '%s'; there are --instr=, --instr-help and --instr-version",
		    question);
	return fflush(stdout) || ferror(stdout) ? EXIT_INPUT : 0;
}

int main(int argc, char **argv)
{
	static char *clang[CLANG_WORDS_MAX], *lib; /* static: as long as the process, not a leak */
	struct settings settings = {0};
	struct cmdline line;

	if (argc < 1)
		return EXIT_USAGE;
	program = strrchr(argv[0], '/') ? strrchr(argv[0], '/') + 1 : argv[0];
	bool cxx = strstr(program, "++") != NULL;
	lib = find_lib_folder();
	int words = find_clang(clang);
	for (int i = 1; i < argc; i++)
		if (!strncmp(argv[i], "--instr-", 8))
			return answer(argv[i], lib, clang, words);

	argc = collect_settings(&settings, argc, argv);
	cmdline_read(&line, argc, argv);
	bool post = settings.lto_post && line.uses_lto && line.links;
	if (post && !line.uses_lld)
		die(EXIT_USAGE, "lto=post needs lld 16 or newer, which can load the plugin: add -fuse-ld=lld");

	struct arguments arguments = {calloc((size_t)argc + CLANG_WORDS_MAX + ADDED_MAX, sizeof(char *)), 0};
	if (!arguments.word)
		die(EXIT_INPUT, "out of memory");
	for (int i = 0; i < words; i++)
		add(&arguments, clang[i]);
	add(&arguments, cxx ? "--driver-mode=g++" : "--driver-mode=gcc");
	if (line.reads_source)
		add_include_folder(&arguments);
	if (line.compiles)
		add_plugin(&arguments, &settings, lib);
	bool wraps = line.links && !line.is_shared && (settings.heap_wrap || (settings.heap_all && line.is_static));
	if (line.links && !line.is_shared && settings.heap_all && !wraps)
		add_heap_library(&arguments, lib);
	for (int i = 1; i < line.first_literal; i++)
		add(&arguments, argv[i]);
	if (wraps)
		add_heap_wraps(&arguments, &line, cxx, lib);
	if (line.links)
		add_runtime(&arguments, &line, lib);
	if (post)
		add_for_linker(&arguments, text_of("--load-pass-plugin=%s/libinstr.so", lib));
	for (int i = line.first_literal; i < argc; i++)
		add(&arguments, argv[i]);

	refuse_circle(clang[0]);
	execvp(arguments.word[0], arguments.word);
	die(EXIT_INPUT, "cannot run '%s': %s", clang[0], strerror(errno));
}
