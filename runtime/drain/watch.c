/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * watch.c - see watch.h. The pidfd is opened while the process lives, so its exit status can be
 * read from it even after its parent has reaped it (PIDFD_GET_INFO, Linux 6.15); before that only
 * while it is a zombie, from its stat.
 */
#define _GNU_SOURCE
#include "drain/watch.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

struct exit_info { /* struct pidfd_info, first version, of linux/pidfd.h */
	uint64_t mask, cgroup_id;
	uint32_t ids[11];
	int32_t exit_code;
};
#define GET_INFO _IOWR(0xFF, 11, struct exit_info)
#define INFO_EXIT (1u << 3)

enum { RETRY_US = 100000, LOOK_MS = 1000 /* should a poke not come through */ };

struct watched {
	int fd, pid; /* fd -1 = free */
	struct irt_death death;
};

struct irt_watch {
	pthread_mutex_t lock;
	pthread_t thread;
	struct watched *all;
	int count, event_fd, stop, has_thread;
	uint32_t *wake;
};

static uint64_t namespace_of(const char *pid)
{
	char name[64];
	struct stat st;
	snprintf(name, sizeof(name), "/proc/%.20s/ns/pid", pid);
	return stat(name, &st) == 0 ? (uint64_t)st.st_ino : 0;
}

static int innermost_pid(const char *pid)
{
	char name[64], line[512];
	int inner = 0;
	snprintf(name, sizeof(name), "/proc/%.20s/status", pid);
	FILE *f = fopen(name, "re");
	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, "NSpid:", 6))
			inner = atoi(strrchr(line, '\t') ? strrchr(line, '\t') + 1 : "0");
	if (f)
		fclose(f);
	return inner;
}

/* The number by which /proc knows the process that calls itself pid in that namespace; 0 = it does not. Of
 * several, as in nested namespaces that begin at 1 again, there is one for each namespace. */
static int find_in_proc(int pid, uint64_t pid_namespace)
{
	int found = 0;
	DIR *d = opendir("/proc");
	for (struct dirent *e; d && !found && (e = readdir(d));)
		if (e->d_name[0] >= '1' && e->d_name[0] <= '9' && namespace_of(e->d_name) == pid_namespace &&
		    innermost_pid(e->d_name) == pid)
			found = atoi(e->d_name);
	if (d)
		closedir(d);
	return found;
}

int irt_number_in_proc(int pid)
{
	char self[32] = "";
	if (readlink("/proc/self", self, sizeof(self) - 1) <= 0 || atoi(self) == getpid())
		return pid;
	return find_in_proc(pid, namespace_of("self"));
}

long irt_read_proc(char *text, size_t bytes, const char *format, ...)
{
	char name[64] = "/proc/";
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(name + 6, sizeof(name) - 6, format, arguments);
	va_end(arguments);
	int fd = open(name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	ssize_t n = read(fd, text, bytes - 1);
	close(fd);
	if (n <= 0)
		return -1;
	text[n] = 0;
	return n;
}

enum { STAT_BYTES = 1024 };

/* What /proc says of a process, or of one of its threads, behind its name (which may hold anything); NULL =
 * it does not say. */
static const char *read_stat(int pid, int tid, char text[STAT_BYTES])
{
	long n = tid ? irt_read_proc(text, STAT_BYTES, "%d/task/%d/stat", pid, tid) : irt_read_proc(text, STAT_BYTES, "%d/stat", pid);
	if (n < 0)
		return NULL;
	const char *p = strrchr(text, ')');
	return p ? p + 1 : NULL;
}

uint64_t irt_start_time(int pid, int tid, char *state)
{
	char text[STAT_BYTES];
	const char *p = read_stat(irt_number_in_proc(pid), tid, text);
	unsigned long long start = 0;
	long threads = 0;
	char s = 0;
	if (!p || sscanf(p, " %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %ld %*d %llu", &s,
			 &threads, &start) != 3)
		return 0;
	if (state) /* main has left by pthread_exit, other threads go on */
		*state = s == 'Z' && threads > 1 ? 'S' : s;
	return start;
}

/* Of the kernel (sched.h): PF_EXITING, PF_POSTCOREDUMP, PF_DUMPCORE, PF_SIGNALED. Who ends a process gives
 * SIGKILL to each thread first, so one of these or that shows from then on. */
enum { ENDING_FLAGS = 0x4 | 0x8 | 0x200 | 0x400 };

int irt_goes_on(int pid, int tid, int *left)
{
	char text[STAT_BYTES], state = 0;
	unsigned flags = 0;
	long threads = 0;
	unsigned long pending = 0;
	const char *p = pid && tid ? read_stat(pid, tid, text) : NULL;
	if (!p || sscanf(p, " %c %*d %*d %*d %*d %*d %u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %ld %*d %*u %*u %*d %*u %*u %*u"
				" %*u %*u %*u %lu", &state, &flags, &threads, &pending) != 4)
		return 0;
	if (left)
		*left = tid == pid && state == 'Z' && threads > 1;
	return state != 'Z' && state != 'X' && !(flags & ENDING_FLAGS) && !(pending & 1ul << (SIGKILL - 1));
}

int irt_is_foreign(uint64_t pid_namespace)
{
	return pid_namespace && namespace_of("self") != pid_namespace;
}

int irt_find_process(int pid, uint64_t pid_namespace, uint64_t start_time)
{
	if (!irt_is_foreign(pid_namespace))
		return pid;
	int found = find_in_proc(pid, pid_namespace);
	return found && irt_start_time(found, 0, NULL) == start_time ? found : 0;
}

static int zombie_status(int pid, int *status)
{
	char text[STAT_BYTES];
	const char *p = read_stat(irt_number_in_proc(pid), 0, text), *last = p ? strrchr(p, ' ') : NULL;
	if (!p || p[0] != ' ' || p[1] != 'Z' || !last)
		return 0;
	*status = atoi(last + 1); /* field 52; 0 also when it may not be seen */
	return 1;
}

static void set_status(struct irt_death *d, int status)
{
	d->known = 1;
	if (WIFSIGNALED(status))
		d->signal = WTERMSIG(status);
	else
		d->code = WEXITSTATUS(status);
}

static void note_death(struct watched *w)
{
	int status = 0;
	w->death.dead = 1;
	/* The pidfd tells once the process has been reaped, its stat until then: asked in between, both
	 * may have nothing to say, so the pidfd is asked again. */
	for (int turn = 0; turn < 2 && !w->death.known; turn++) {
		struct exit_info info;
		memset(&info, 0, sizeof(info));
		info.mask = INFO_EXIT;
		if (ioctl(w->fd, GET_INFO, &info) == 0 && info.mask & INFO_EXIT)
			set_status(&w->death, info.exit_code);
		else if (zombie_status(w->pid, &status))
			set_status(&w->death, status);
	}
}

static void wake(uint32_t *word)
{
	__atomic_fetch_add(word, 1, __ATOMIC_ACQ_REL);
	syscall(SYS_futex, word, FUTEX_WAKE, 1, NULL, NULL, 0);
}

static void *run(void *arg)
{
	struct irt_watch *w = arg;
	struct pollfd *polls = NULL;
	int *index = NULL, room = 0;

	for (;;) {
		pthread_mutex_lock(&w->lock);
		if (w->stop) {
			pthread_mutex_unlock(&w->lock);
			break;
		}
		if (room < w->count + 1) {
			int want = w->count + 16;
			struct pollfd *more = realloc(polls, (size_t)want * sizeof(*more));
			polls = more ? more : polls;
			int *more_index = more ? realloc(index, (size_t)want * sizeof(*more_index)) : NULL;
			index = more_index ? more_index : index;
			if (!more_index) {
				pthread_mutex_unlock(&w->lock);
				usleep(RETRY_US);
				continue;
			}
			room = want;
		}
		int n = 1;
		polls[0] = (struct pollfd){w->event_fd, POLLIN, 0};
		for (int i = 0; i < w->count; i++) {
			if (w->all[i].fd < 0 || w->all[i].death.dead)
				continue;
			polls[n] = (struct pollfd){w->all[i].fd, POLLIN, 0};
			index[n++] = i;
		}
		pthread_mutex_unlock(&w->lock);
		uint64_t sink;
		if (poll(polls, (nfds_t)n, LOOK_MS) < 0) {
			usleep(RETRY_US); /* no memory */
			continue;
		}
		if (polls[0].revents && read(w->event_fd, &sink, sizeof(sink)) < 0 && errno != EAGAIN)
			usleep(RETRY_US);
		int deaths = 0;
		pthread_mutex_lock(&w->lock);
		for (int i = 1; i < n; i++) {
			struct watched *one = &w->all[index[i]];
			if (polls[i].revents && one->fd == polls[i].fd) {
				note_death(one);
				deaths++;
			}
		}
		pthread_mutex_unlock(&w->lock);
		if (deaths)
			wake(w->wake);
	}
	free(polls);
	free(index);
	return NULL;
}

struct irt_watch *irt_watch_create(uint32_t *wake_word)
{
	struct irt_watch *w = calloc(1, sizeof(*w));
	if (!w)
		return NULL;
	pthread_mutex_init(&w->lock, NULL);
	w->wake = wake_word;
	w->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (w->event_fd < 0) {
		free(w);
		return NULL;
	}
	pthread_attr_t attr;
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 64 << 10);
	w->has_thread = w->event_fd >= 0 && pthread_create(&w->thread, &attr, run, w) == 0;
	pthread_attr_destroy(&attr);
	return w;
}

static void poke(struct irt_watch *w)
{
	uint64_t one = 1;
	if (write(w->event_fd, &one, sizeof(one)) < 0)
		return; /* full: the thread is about to look anyway */
}

void irt_watch_destroy(struct irt_watch *w)
{
	if (!w)
		return;
	if (w->has_thread) {
		pthread_mutex_lock(&w->lock);
		w->stop = 1;
		pthread_mutex_unlock(&w->lock);
		poke(w);
		pthread_join(w->thread, NULL);
	}
	for (int i = 0; i < w->count; i++)
		if (w->all[i].fd >= 0)
			close(w->all[i].fd);
	if (w->event_fd >= 0)
		close(w->event_fd);
	free(w->all);
	free(w);
}

int irt_watch_add(struct irt_watch *w, int pid, uint64_t start_time)
{
	char state = 0;
	int fd = w->has_thread ? (int)syscall(SYS_pidfd_open, pid, 0) : -1;
	if (fd < 0 || irt_start_time(pid, 0, &state) != start_time) {
		if (fd >= 0)
			close(fd);
		return -1;
	}
	pthread_mutex_lock(&w->lock);
	int i = 0;
	while (i < w->count && w->all[i].fd >= 0)
		i++;
	if (i == w->count) {
		struct watched *all = realloc(w->all, ((size_t)w->count + 16) * sizeof(*all));
		if (!all) {
			pthread_mutex_unlock(&w->lock);
			close(fd);
			return -1;
		}
		w->all = all;
		for (int k = w->count; k < w->count + 16; k++)
			w->all[k].fd = -1;
		w->count += 16;
	}
	w->all[i] = (struct watched){.fd = fd, .pid = pid};
	pthread_mutex_unlock(&w->lock);
	poke(w);
	return i;
}

struct irt_death irt_watch_look(struct irt_watch *w, int handle)
{
	pthread_mutex_lock(&w->lock);
	struct irt_death d = w->all[handle].death;
	pthread_mutex_unlock(&w->lock);
	return d;
}

void irt_watch_remove(struct irt_watch *w, int handle)
{
	pthread_mutex_lock(&w->lock);
	close(w->all[handle].fd);
	w->all[handle] = (struct watched){.fd = -1};
	pthread_mutex_unlock(&w->lock);
	poke(w);
}
