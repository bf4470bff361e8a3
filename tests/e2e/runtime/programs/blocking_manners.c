/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * blocking_manners.c - what a program may rely on around calls that block: results, errno, interruption, points of
 * cancellation, arguments that vary in number. Says what it sees; with and without instr that is the same.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>

static int ends[2];
static volatile int handled;
static sigjmp_buf back;

static void say(const char *what, long result)
{
	printf("%s: %ld, %s\n", what, result, result < 0 ? strerror(errno) : "done");
	fflush(stdout);
}

static void handle(int signal)
{
	char byte;
	handled++;
	if (signal == SIGALRM && read(ends[0], &byte, 1) != -1) /* non-blocking by then, or empty */
		handled += 100;
}

static void jump(int signal)
{
	(void)signal;
	siglongjmp(back, 1);
}

static void cleanup(void *arg) { *(int *)arg = 1; }

static int never_ends[2], cleaned;

static void *read_until_cancelled(void *arg)
{
	char byte;
	pthread_cleanup_push(cleanup, &cleaned);
	errno = ERANGE;
	say("a read that is cancelled", read(never_ends[0], &byte, 1));
	pthread_cleanup_pop(0);
	return arg;
}

static void *end_soon(void *arg)
{
	struct timespec t = {0, 20000000};
	say("nanosleep", nanosleep(&t, NULL));
	return arg;
}

static int thrd_end(void *arg) { return *(int *)arg; }

static void descriptors(void)
{
	char bytes[16] = "";
	struct stat s;
	umask(022);
	say("open of what is not there", open("/nowhere/at/all", O_RDONLY));
	int file = open("manners.kept", O_RDWR | O_CREAT | O_TRUNC, 0640);
	say("fstat", fstat(file, &s));
	say("the mode it was made with", s.st_mode & 07777);
	say("write", write(file, "1234567", 7));
	say("pread of a part", pread(file, bytes, 16, 4));
	say("fsync", fsync(file));
	say("read of what is closed", read(999, bytes, 1));
	/* The same number is of another kind at once. */
	int pair[2];
	say("socketpair", socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	for (int i = 0; i < 3; i++)
		say("write to a socket", write(pair[0], "abc", 3));
	dup2(file, pair[0]);
	say("read of three times three", read(pair[1], bytes, 16));
	fcntl(pair[1], F_SETFL, O_NONBLOCK);
	say("recv of nothing", recv(pair[1], bytes, 16, 0)); /* the other end is closed */
	struct pollfd f = {pair[1], POLLIN, 0};
	say("poll", poll(&f, 1, 1000));
	struct timeval t = {0, 30000};
	say("select of nothing", select(0, NULL, NULL, NULL, &t));
}

static void connections(void)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX, .sun_path = "socket"};
	char bytes[4];
	unlink(a.sun_path);
	int listening = socket(AF_UNIX, SOCK_STREAM, 0), to = socket(AF_UNIX, SOCK_STREAM, 0);
	say("bind", bind(listening, (struct sockaddr *)&a, sizeof(a)));
	say("listen", listen(listening, 1));
	say("connect", connect(to, (struct sockaddr *)&a, sizeof(a)));
	int from = accept(listening, NULL, NULL);
	say("accept", from > 2);
	say("write", write(to, "hi", 2));
	say("read", read(from, bytes, 4));
	fcntl(listening, F_SETFL, O_NONBLOCK);
	say("accept of nobody", accept(listening, NULL, NULL));
}

static void signals(void)
{
	struct sigaction a = {.sa_handler = handle};
	char byte;
	if (pipe(ends) || pipe2(never_ends, 0))
		exit(1);
	sigaction(SIGALRM, &a, NULL);
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	ualarm(20000, 0);
	say("a read that is interrupted", read(never_ends[0], &byte, 1));
	say("handlers that ran", handled);
	ualarm(20000, 0);
	say("pause", pause());
	a.sa_handler = jump;
	sigaction(SIGALRM, &a, NULL);
	if (!sigsetjmp(back, 1)) {
		ualarm(20000, 0);
		read(never_ends[0], &byte, 1);
		say("a read came back", 0);
	}
	sigset_t set;
	int signal = 0;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	kill(getpid(), SIGUSR1);
	say("sigwait", sigwait(&set, &signal));
	say("its signal", signal == SIGUSR1);
}

static void threads_and_children(void)
{
	pthread_t id;
	void *result;
	thrd_t c11;
	int value = 7, status = 0;
	pthread_create(&id, NULL, read_until_cancelled, NULL);
	usleep(20000);
	pthread_cancel(id);
	say("pthread_join", pthread_join(id, &result));
	say("it was cancelled", result == PTHREAD_CANCELED);
	say("and has cleaned up", cleaned);
	pthread_create(&id, NULL, end_soon, &id);
	say("pthread_join", pthread_join(id, &result));
	say("it has returned", result == &id);
	thrd_create(&c11, thrd_end, &value);
	say("thrd_join", thrd_join(c11, &status));
	say("with", status);
	int child = fork();
	if (!child) {
		usleep(10000);
		_exit(3);
	}
	say("waitpid", waitpid(child, &status, 0) == child);
	say("it ended with", WEXITSTATUS(status));
	say("wait for nobody", wait(&status));
	say("system", system("exit 4") >> 8);
}

int main(void)
{
	descriptors();
	connections();
	signals();
	threads_and_children();
	errno = EDOM;
	usleep(1000);
	say("errno after what succeeds", errno == EDOM);
	return 0;
}
