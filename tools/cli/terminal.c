/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * terminal.c - the screen, colour, pager and the last check of stdout.
 */
#include "cli/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <locale.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

static struct cli_screen screen;
static const char *program = "";
static pid_t pager;
static int filled[3];   /* descriptors that were closed when the program started */
static int write_error; /* errno of the first write to stdout that failed */

static size_t number_in(const char *variable)
{
	const char *text = getenv(variable);
	char *end;
	if (!text || *text < '1' || *text > '9')
		return 0;
	unsigned long n = strtoul(text, &end, 10);
	return *end || n > 100000 ? 0 : n;
}

void cli_start(const char *name)
{
	struct winsize size = {0};
	const char *term = getenv("TERM"), *no_color = getenv("NO_COLOR");

	program = name;
	/* A closed stdout becomes a descriptor that cannot be written: the check at the end finds it. */
	for (int fd = 0; fd < 3; fd++) {
		filled[fd] = fcntl(fd, F_GETFD) < 0 && errno == EBADF;
		if (filled[fd] && open("/dev/null", fd == STDOUT_FILENO ? O_RDONLY : O_RDWR) != fd)
			_exit(CLI_TROUBLE);
	}
	setlocale(LC_CTYPE, "");
	screen.utf8 = !strcmp(nl_langinfo(CODESET), "UTF-8");
	screen.terminal = isatty(STDOUT_FILENO);
	screen.width = number_in("COLUMNS");
	if (screen.terminal && !ioctl(STDOUT_FILENO, TIOCGWINSZ, &size)) {
		screen.lines = size.ws_row;
		if (size.ws_col)
			screen.width = size.ws_col;
	}
	if (screen.terminal && !screen.width)
		screen.width = 80;
	if (screen.width && screen.width < 40)
		screen.width = 40;
	screen.colour = screen.terminal && !(no_color && *no_color) && term && strcmp(term, "dumb");
}

void cli_give_back_descriptors(void)
{
	fflush(NULL);
	for (int fd = 0; fd < 3; fd++)
		if (filled[fd])
			close(fd);
}

const struct cli_screen *cli_screen(void)
{
	return &screen;
}

void cli_set_colour(enum cli_when when)
{
	if (when != CLI_AUTO)
		screen.colour = when == CLI_ALWAYS;
}

const char *cli_name(void)
{
	return program;
}

void cli_error(const char *format, ...)
{
	va_list arguments;
	cli_has_worked();
	fflush(stdout);
	fprintf(stderr, "%s: ", program);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
}

const char *cli_style_on(enum cli_style style)
{
	static const char *const on[] = {"", "\033[1m", "\033[2m", "\033[1;31m", "\033[33m", "\033[1;31m"};
	return screen.colour ? on[style] : "";
}

const char *cli_style_off(enum cli_style style)
{
	return screen.colour && style != CLI_PLAIN ? "\033[0m" : "";
}

static int is_on_path(const char *command)
{
	const char *path = getenv("PATH");
	char file[4096];

	for (size_t bytes; path && *path; path += bytes + (path[bytes] == ':')) {
		bytes = strcspn(path, ":");
		int n = snprintf(file, sizeof(file), "%.*s/%s", (int)bytes, path, command);
		if (n > 0 && (size_t)n < sizeof(file) && !access(file, X_OK))
			return 1;
	}
	return 0;
}

void cli_start_pager(size_t lines)
{
	const char *command = getenv("INSTR_PAGER");
	int ends[2];

	cli_has_worked();
	if (!screen.terminal || !screen.lines || lines < screen.lines || pager)
		return;
	if (!command)
		command = getenv("PAGER");
	if (!command)
		command = is_on_path("less") ? "less" : "";
	if (!*command || !strcmp(command, "cat") || pipe(ends))
		return;
	fflush(NULL);
	pager = fork();
	if (!pager) {
		dup2(ends[0], STDIN_FILENO);
		close(ends[0]);
		close(ends[1]);
		/* Colours pass, a short text does not stay in the pager, the screen is not cleared. */
		setenv("LESS", "FRX", 0);
		execl("/bin/sh", "sh", "-c", command, (char *)NULL);
		_exit(127);
	}
	close(ends[0]);
	if (pager < 0) {
		pager = 0;
		close(ends[1]);
		return;
	}
	dup2(ends[1], STDOUT_FILENO);
	close(ends[1]);
	signal(SIGPIPE, SIG_IGN); /* leaving the pager early is no error */
	signal(SIGINT, SIG_IGN);  /* the pager's business, until it has ended */
}

void cli_out(const char *text, size_t bytes)
{
	cli_has_worked();
	if (write_error || !bytes)
		return;
	errno = 0;
	if (fwrite(text, 1, bytes, stdout) != bytes)
		write_error = errno ? errno : EIO;
}

void cli_out_text(const char *text)
{
	cli_out(text, strlen(text));
}

int cli_finish(int status)
{
	errno = 0;
	if (fflush(stdout) && !write_error)
		write_error = errno ? errno : EIO;
	/* File systems with quotas, and remote ones, say it only here. Where stdout was closed from
	 * the start and nothing was written, there is nothing to say. */
	if (close(STDOUT_FILENO) && !write_error && errno != EBADF)
		write_error = errno;
	if (pager) {
		while (waitpid(pager, NULL, 0) < 0 && errno == EINTR)
			;
		return status;
	}
	if (write_error) {
		cli_error("the output could not be written: %s", strerror(write_error));
		return CLI_TROUBLE;
	}
	return status;
}
