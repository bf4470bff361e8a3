/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * run.c - which run this process belongs to, and making a new one.
 *
 * A run is the first instrumented process and all its descendants. It is found without touching the
 * environment: by this process's own entry in a run's registry (it has called exec), else by the
 * nearest ancestor that has one. Runs lie in /dev/shm/instr-UID/RUN/, or in OUT/.instr-UID/ where
 * /dev/shm cannot be used; RUN is 32 hexadecimal digits of random bits.
 */
#include "control/control.h"

#include "base/clock.h"
#include "base/testpoint.h"
#include "instr/errors.h"

enum { LINEAGE_MAX = 128, TMPFS_LEAST_BYTES = 4 << 20, FIRST_SUBS = 32, DRAIN_DESCRIPTORS = 24 };

char irt_ring_folder[IRT_PATH_BYTES];

struct ancestor {
	int32_t pid;
	uint64_t start_time;
};

static struct ancestor lineage[LINEAGE_MAX];
static struct irt_ring header;
static struct irt_process processes[IRT_PROCESS_MAX];
static char path[IRT_PATH_BYTES + 64];

/* ---- /proc -------------------------------------------------------------------------------- */

long irt_read_file(const char *name, char *buffer, size_t bytes)
{
	int fd = (int)irt_sys_open(name, IRT_O_RDONLY | IRT_O_CLOEXEC, 0);
	size_t used = 0;
	long n = 0;
	if (fd < 0)
		return fd;
	while (used < bytes - 1 && (n = irt_sys_read(fd, buffer + used, bytes - 1 - used)) > 0)
		used += (size_t)n;
	irt_sys_close(fd);
	if (n < 0)
		return n;
	buffer[used] = 0;
	return (long)used;
}

uint64_t irt_read_stat(int32_t pid, int32_t *parent_pid)
{
	static char text[1024]; /* see irt_identify */
	char name[32];
	struct irt_text t = irt_text_in(name, sizeof(name));
	irt_text_add(&t, "/proc/");
	if (pid)
		irt_text_number(&t, (uint64_t)pid);
	else /* /proc may be of an outer pid namespace, where our own pid is somebody else's */
		irt_text_add(&t, "self");
	irt_text_add(&t, "/stat");
	long n = irt_read_file(name, text, sizeof(text));
	if (n <= 0)
		return 0;
	long i = n; /* the command in parentheses may hold anything, so look from the end */
	while (i > 0 && text[i - 1] != ')')
		i--;
	uint64_t value = 0, start_time = 0;
	int field = 2;
	for (; i < n; i++) {
		if (text[i] == ' ') {
			if (field == 4 && parent_pid)
				*parent_pid = (int32_t)value;
			if (field == 22)
				start_time = value;
			field++;
			value = 0;
		} else if (text[i] >= '0' && text[i] <= '9') {
			value = value * 10 + (uint64_t)(text[i] - '0');
		}
	}
	return start_time;
}

/* On little stack: a fork child comes here in its first hook. One thread joins at a time. */
int irt_identify(struct irt_identity *me)
{
	static uint64_t st[18];
	irt_zero(me, sizeof(*me));
	me->pid = (int32_t)irt_sys_getpid();
	me->start_time = irt_read_stat(0, &me->parent_pid);
	if (irt_sys4(__NR_newfstatat, IRT_AT_FDCWD, (long)"/proc/self/ns/pid", (long)st, 0) == 0)
		me->pid_namespace = st[1];
	long n = irt_read_file("/proc/sys/kernel/random/boot_id", me->boot_id, sizeof(me->boot_id));
	if (n > 0 && me->boot_id[n - 1] == '\n')
		me->boot_id[n - 1] = 0;
	return me->start_time && me->pid > 0 ? 0 : INSTR_ERR_IO;
}

/* ---- mapping ------------------------------------------------------------------------------ */

/* Maps the ring file so that its data part is aligned to the stride of sub-buffers. */
static void *map_ring(int fd, uint64_t bytes)
{
	uint64_t room = bytes + IRT_SUB_STRIDE;
	long at = irt_sys_mmap(NULL, room, IRT_PROT_NONE,
			       IRT_MAP_PRIVATE | IRT_MAP_ANONYMOUS | IRT_MAP_NORESERVE, -1, 0);
	if (irt_failed(at))
		return NULL;
	uint64_t base = ((uint64_t)at + IRT_SUB_STRIDE - 1) & ~(uint64_t)(IRT_SUB_STRIDE - 1);
	long r = irt_sys_mmap((void *)base, bytes, IRT_PROT_RW, IRT_MAP_SHARED | IRT_MAP_FIXED, fd, 0);
	uint64_t before = base - (uint64_t)at, after = room - before - bytes;
	if (before)
		irt_sys_munmap((void *)at, before);
	if (after)
		irt_sys_munmap((void *)(base + bytes), after);
	if (irt_failed(r)) {
		irt_sys_munmap((void *)base, bytes);
		return NULL;
	}
	irt_sys_madvise((void *)base, bytes, IRT_MADV_DONTDUMP);
	return (void *)base;
}

/* ---- finding ------------------------------------------------------------------------------ */

static size_t read_lineage(const struct irt_identity *me)
{
	size_t n = 0;
	int32_t pid = me->pid;
	while (n < LINEAGE_MAX && pid > 0) {
		int32_t parent = 0;
		lineage[n].start_time = irt_read_stat(pid, &parent);
		if (!lineage[n].start_time)
			break;
		lineage[n++].pid = pid;
		pid = parent;
	}
	return n;
}

/* How far up the lineage a process of this run stands: 0 = this process itself, -1 = none does. */
static long nearest_member(const struct irt_identity *me, size_t generations, uint32_t *process_id)
{
	for (size_t g = 0; g < generations; g++) {
		for (uint32_t i = 0; i < IRT_PROCESS_MAX; i++) {
			const struct irt_process *p = &processes[i];
			if (p->state == IRT_SLOT_LIVE && p->pid == lineage[g].pid &&
			    p->start_time == lineage[g].start_time && p->pid_namespace == me->pid_namespace) {
				*process_id = p->process_id;
				return (long)g;
			}
		}
	}
	return -1;
}

static int open_ring(const char *root, const char *name, int flags)
{
	struct irt_text t = irt_text_in(path, sizeof(path));
	irt_text_add(&t, root);
	irt_text_add(&t, "/");
	irt_text_add(&t, name);
	irt_text_add(&t, "/ring");
	return (int)irt_sys_open(path, flags | IRT_O_NOFOLLOW | IRT_O_CLOEXEC, 0);
}

/* Opens the ring to join the run. Who has it open or mapped keeps the run; whoever is about to remove it holds
 * a file lease meanwhile (irt_end_run), and then it is gone. */
static int open_to_join(const char *root, const char *name)
{
	static const uint32_t nothing = 0;
	uint64_t st[18];
	long ring = -IRT_EAGAIN;
	for (int turn = 0; ring == -IRT_EAGAIN && turn < 1000; turn++) {
		if (turn)
			irt_sys_futex_wait(&nothing, 0, 1000000);
		ring = open_ring(root, name, IRT_O_RDWR | IRT_O_NONBLOCK);
	}
	if (ring >= 0 && (irt_sys3(__NR_fstat, ring, (long)st, 0) != 0 || !st[2] /* no link */)) {
		irt_sys_close((int)ring);
		return -1;
	}
	return (int)ring;
}

static int read_facts(int fd, const struct irt_identity *me)
{
	uint64_t st[18];
	if (irt_sys4(__NR_pread64, fd, (long)&header, sizeof(header), 0) != (long)sizeof(header) ||
	    irt_sys3(__NR_fstat, fd, (long)st, 0) != 0)
		return 0;
	return irt_ring_is_valid(&header, st[6]) && irt_same(header.boot_id, me->boot_id, sizeof(me->boot_id)) &&
	       irt_sys4(__NR_pread64, fd, (long)processes, sizeof(processes), (long)header.processes_offset) ==
		       (long)sizeof(processes);
}

static int is_run_name(const char *name)
{
	size_t n = 0;
	while ((name[n] >= '0' && name[n] <= '9') || (name[n] >= 'a' && name[n] <= 'f'))
		n++;
	return n == 32 && !name[n];
}

static int folder_is_ours(int fd)
{
	uint32_t st[36];
	return irt_sys3(__NR_fstat, fd, (long)st, 0) == 0 && st[7] == (uint32_t)irt_sys3(__NR_geteuid, 0, 0, 0) &&
	       (st[6] & 077) == 0;
}

/* Does this process have a file of that run mapped? Its name is random enough to be looked for as text. */
static int is_mapped_here(const char *name)
{
	static char block[4096];
	size_t used = 0, bytes = irt_length(name);
	int found = 0, fd = (int)irt_sys_open("/proc/self/maps", IRT_O_RDONLY | IRT_O_CLOEXEC, 0);
	long n;
	if (fd < 0)
		return 0;
	while (!found && (n = irt_sys_read(fd, block + used, sizeof(block) - used)) > 0) {
		used += (size_t)n;
		for (size_t i = 0; i + bytes <= used && !found; i++)
			found = irt_same(block + i, name, bytes);
		size_t keep = used < bytes ? used : bytes - 1;
		for (size_t i = 0; i < keep; i++)
			block[i] = block[used - keep + i];
		used = keep;
	}
	irt_sys_close(fd);
	return found;
}

static int find_below(const char *root, const struct irt_identity *me, uint32_t *process_id, int *same_pid)
{
	static char entries[4096];
	size_t generations = 0;
	char best[40] = "";
	long best_distance = -1, n;
	int fd = (int)irt_sys_open(root, IRT_O_RDONLY | IRT_O_DIRECTORY | IRT_O_NOFOLLOW | IRT_O_CLOEXEC, 0);

	if (fd < 0)
		return INSTR_ERR_NOT_FOUND;
	if (!folder_is_ours(fd)) {
		irt_sys_close(fd);
		return INSTR_ERR_PERMISSION;
	}
	while ((n = irt_sys3(__NR_getdents64, fd, (long)entries, sizeof(entries))) > 0) {
		for (long at = 0; at < n;) {
			const char *e = entries + at;
			uint16_t bytes;
			irt_copy(&bytes, e + 16, 2);
			at += bytes;
			if (!is_run_name(e + 19))
				continue;
			int ring = open_ring(root, e + 19, IRT_O_RDONLY);
			if (ring < 0)
				continue;
			if (!generations)
				generations = read_lineage(me);
			uint32_t id = 0;
			long distance = read_facts(ring, me) ? nearest_member(me, generations, &id) : -1;
			irt_sys_close(ring);
			if (distance >= 0 && (best_distance < 0 || distance < best_distance)) {
				best_distance = distance;
				*process_id = id;
				irt_copy(best, e + 19, 33);
			}
		}
	}
	irt_sys_close(fd);
	if (best_distance < 0)
		return INSTR_ERR_NOT_FOUND;
	if (best_distance == 0 && is_mapped_here(best))
		return INSTR_ERR_BUSY;

	int ring = open_to_join(root, best);
	void *base = ring >= 0 && read_facts(ring, me) ? map_ring(ring, header.file_bytes) : NULL;
	if (ring >= 0)
		irt_sys_close(ring);
	if (!base)
		return INSTR_ERR_NOT_FOUND;
	irt_map = irt_ring_map(base, &header);
	*same_pid = best_distance == 0;
	struct irt_text t = irt_text_in(irt_ring_folder, sizeof(irt_ring_folder));
	irt_text_add(&t, root);
	irt_text_add(&t, "/");
	irt_text_add(&t, best);
	return 0;
}

static void shm_root(char *buffer, size_t bytes)
{
	struct irt_text t = irt_text_in(buffer, bytes);
	irt_text_add(&t, "/dev/shm/instr-");
	irt_text_number(&t, (uint64_t)irt_sys3(__NR_geteuid, 0, 0, 0));
}

static void out_root(char *buffer, size_t bytes, const struct irt_config *c)
{
	struct irt_text t = irt_text_in(buffer, bytes);
	irt_text_add(&t, c->out_directory);
	irt_text_add(&t, "/.instr-");
	irt_text_number(&t, (uint64_t)irt_sys3(__NR_geteuid, 0, 0, 0));
}

int irt_run_find(const struct irt_identity *me, uint32_t *process_id, int *same_pid)
{
	static char root[IRT_PATH_BYTES];
	shm_root(root, sizeof(root));
	return find_below(root, me, process_id, same_pid);
}

/* ---- making ------------------------------------------------------------------------------- */

static void remove_files(void)
{
	struct irt_text t = irt_text_in(path, sizeof(path));
	irt_text_add(&t, irt_ring_folder);
	irt_text_add(&t, "/ring");
	irt_sys3(__NR_unlink, (long)path, 0, 0);
	irt_sys3(__NR_rmdir, (long)irt_ring_folder, 0, 0);
}

void irt_run_abandon(void)
{
	remove_files();
	irt_sys_munmap(irt_map.ring, header.file_bytes);
	irt_map.ring = NULL;
}

static int make_file(const char *root, uint64_t file_bytes)
{
	long r = irt_sys3(__NR_mkdir, (long)root, 0700, 0);
	if (r != 0 && r != -IRT_EEXIST)
		return (int)r;
	int fd = (int)irt_sys_open(root, IRT_O_RDONLY | IRT_O_DIRECTORY | IRT_O_NOFOLLOW | IRT_O_CLOEXEC, 0);
	if (fd < 0)
		return fd;
	uint64_t fs[16];
	irt_zero(fs, sizeof(fs));
	int good = folder_is_ours(fd) && irt_sys3(__NR_fstatfs, fd, (long)fs, 0) == 0 &&
		   (!fs[2] || fs[4] * fs[1] >= TMPFS_LEAST_BYTES); /* blocks 0: tmpfs without limit */
	irt_sys_close(fd);
	if (!good)
		return INSTR_ERR_PERMISSION;

	uint8_t random[16];
	if (irt_sys3(__NR_getrandom, (long)random, sizeof(random), 0) != (long)sizeof(random))
		return INSTR_ERR_IO;
	struct irt_text t = irt_text_in(irt_ring_folder, sizeof(irt_ring_folder));
	irt_text_add(&t, root);
	irt_text_add(&t, "/");
	for (int i = 0; i < 16; i++) {
		static const char hex[] = "0123456789abcdef";
		irt_text_bytes(&t, &hex[random[i] >> 4], 1);
		irt_text_bytes(&t, &hex[random[i] & 15], 1);
	}
	if (t.used + 16 >= sizeof(irt_ring_folder) || irt_sys3(__NR_mkdir, (long)irt_ring_folder, 0700, 0) != 0)
		return INSTR_ERR_IO;
	IRT_TESTPOINT(run_folder_made);
	irt_copy(header.run_id, random, sizeof(random));
	t = irt_text_in(path, sizeof(path));
	irt_text_add(&t, irt_ring_folder);
	irt_text_add(&t, "/ring");
	fd = (int)irt_sys_open(path, IRT_O_RDWR | IRT_O_CREAT | IRT_O_EXCL | IRT_O_NOFOLLOW | IRT_O_CLOEXEC, 0600);
	if (fd < 0) {
		remove_files();
		return fd;
	}
	if (irt_sys3(__NR_ftruncate, fd, (long)file_bytes, 0) != 0) {
		irt_sys_close(fd);
		remove_files();
		return INSTR_ERR_FULL;
	}
	return fd;
}

static uint64_t limit(int resource, int hard)
{
	uint64_t both[2] = {UINT64_MAX, UINT64_MAX};
	irt_sys4(__NR_prlimit64, 0, resource, 0, (long)both);
	return both[hard];
}

static uint32_t count_cpus(void)
{
	uint64_t mask[16];
	uint32_t n = 0;
	long bytes = irt_sys3(__NR_sched_getaffinity, 0, sizeof(mask), (long)mask);
	for (long i = 0; i < bytes / 8; i++)
		for (uint64_t m = mask[i]; m; m &= m - 1)
			n++;
	return n ? n : 1;
}

int irt_run_create(const struct irt_config *c, const struct irt_identity *me)
{
	static char root[IRT_PATH_BYTES];
	uint64_t max = c->ring_max_bytes, space = limit(IRT_RLIMIT_AS, 0), file = limit(IRT_RLIMIT_FSIZE, 0);

	irt_zero(&header, sizeof(header));
	if (space != UINT64_MAX && max > space / 32)
		max = space / 32; /* the mapping takes about three times as much address space */
	irt_ring_layout(&header, max);
	while (header.file_bytes > file && max > (1u << 20)) {
		max /= 2; /* a larger file would be answered by SIGXFSZ, which kills */
		irt_ring_layout(&header, max);
	}
	if (header.file_bytes > file) {
		irt_say("cannot record: the limit on file sizes (ulimit -f) is too small for the ring", "", "");
		return INSTR_ERR_FULL;
	}
	if (limit(IRT_RLIMIT_NOFILE, 1) < DRAIN_DESCRIPTORS) { /* it takes the hard limit for its own */
		irt_say("cannot record: the hard limit on open files (ulimit -Hn) is too small for the drain", "", "");
		return INSTR_ERR_FULL;
	}
	shm_root(root, sizeof(root));
	int fd = make_file(root, header.file_bytes);
	if (fd < 0) {
		out_root(root, sizeof(root), c);
		fd = make_file(root, header.file_bytes);
		if (fd < 0) /* the drain of a run before may just have removed the folder */
			fd = make_file(root, header.file_bytes);
	}
	if (fd < 0) {
		irt_say("cannot record: no place for the ring, neither in /dev/shm nor in ", c->out_directory, "");
		return INSTR_ERR_FULL;
	}
	IRT_TESTPOINT(run_file_made);
	void *base = map_ring(fd, header.file_bytes);
	/* The first sub-buffers come from here, so that the program need not wait for the drain to
	 * start; all others from the drain, ahead of demand. */
	uint32_t first = 0;
	if (irt_sys4(__NR_fallocate, fd, 0, (long)header.threads_offset, IRT_PAGE) == 0)
		header.thread_room = IRT_PAGE / sizeof(struct irt_thread);
	if (irt_sys4(__NR_fallocate, fd, 0, (long)header.subs_offset, IRT_PAGE) == 0)
		while (first < FIRST_SUBS && irt_sys4(__NR_fallocate, fd, 0, (long)(header.data_offset + first * (uint64_t)IRT_SUB_STRIDE),
						      IRT_SUB_BYTES) == 0)
			first++;
	irt_sys_close(fd);
	if (!base) {
		remove_files();
		irt_say("cannot record: the ring cannot be mapped (address space limit?)", "", "");
		return INSTR_ERR_MEMORY;
	}
	if (!irt_populate(base, IRT_PAGE)) {
		remove_files();
		irt_sys_munmap(base, header.file_bytes);
		irt_say("cannot record: no memory for the ring in ", root, "");
		return INSTR_ERR_MEMORY;
	}
	const struct irt_moment start = irt_read_moment();
	header.start_ticks = start.ticks;
	header.start_monotonic_ns = start.monotonic_ns;
	header.start_realtime_ns = start.realtime_ns;
	if (!header.start_monotonic_ns || !header.start_realtime_ns) {
		remove_files();
		irt_sys_munmap(base, header.file_bytes);
		irt_say("cannot record: the system call clock_gettime is refused", "", "");
		return INSTR_ERR_IO;
	}
	header.sub_count = first;
	header.wake_at = FIRST_SUBS / 4;
	header.ring_bytes = c->ring_bytes;
	header.max_db_bytes = c->max_db_bytes;
	header.time_unit_ticks = c->time_unit;
	header.flags = (c->events ? IRT_RING_EVENTS : 0u) | (c->drop ? IRT_RING_OVERFLOW_DROP : 0u) |
		       (c->verbose ? IRT_RING_VERBOSE : 0u) | (c->sandbox ? IRT_RING_SANDBOX : 0u);
	header.max_cpus = count_cpus();
	irt_copy(header.boot_id, me->boot_id, sizeof(header.boot_id));
	irt_copy(header.out_directory, c->out_directory, irt_length(c->out_directory) + 1);
	irt_copy(header.out_name, c->out_name, irt_length(c->out_name) + 1);
	uint64_t magic = header.magic;
	header.magic = 0;
	irt_copy(base, &header, sizeof(header));
	header.magic = magic;
	irt_map = irt_ring_map(base, &header);
	IRT_TESTPOINT(run_described);
	irt_store_release(&irt_map.ring->magic, magic); /* R19: others may read the facts now */
	IRT_TESTPOINT(run_made);
	return 0;
}
