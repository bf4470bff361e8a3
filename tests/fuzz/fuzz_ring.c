/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * fuzz_ring.c - see fuzz_ring.h. Each operation is a byte that chooses it, and what it takes.
 */
#define _GNU_SOURCE
#include "fuzz_ring.h"

#include "drain/session.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "instr/hooks.h"

enum { ROWS = 24, SKIPPED = 3, SUBS = 12, OPERATIONS_MAX = 4000, DEAD_PID = 0x7ffffff0 };
#define FIRST_ROW UINT64_C(0x555500000000)
#define START_TICKS (UINT64_C(1) << 40)

struct making {
	struct irt_map map;
	uint64_t log_at;           /* where the next record goes */
	uint32_t sub, unit;        /* where the next unit goes */
	uint64_t now, sp;
};

/* ---- the valid run ----------------------------------------------------------------------------- */

static void add_log(struct making *m, uint32_t kind, uint32_t process_id, uint64_t ticks, uint64_t image,
		    const void *payload, uint32_t bytes)
{
	uint64_t whole = (sizeof(struct irt_log_record) + bytes + 15) / 16 * 16;
	struct irt_log_record r = {
		.claim = whole | (uint64_t)process_id << 32, .kind = kind, .text_bytes = bytes, .ticks = ticks, .image = image};

	if (m->log_at + whole > irt_log_bytes(m->map.ring))
		return;
	memcpy(m->map.log + m->log_at, &r, sizeof(r));
	memcpy(m->map.log + m->log_at + sizeof(r), payload, bytes);
	m->log_at += whole;
	m->map.ring->log_used = m->log_at;
}

/* Rows of functions f0, f1 ..., each third a C++ name; one is a site. */
static uint32_t make_names(unsigned char *to)
{
	struct irt_log_names n = {.rows = ROWS, .skipped = SKIPPED};
	struct instr_row rows[ROWS + SKIPPED] = {{0}};
	char texts[1024];
	uint32_t used = 1;

	texts[0] = 0;
	n.path = used;
	used += (uint32_t)sprintf(texts + used, "/bin/fuzzed") + 1;
	n.build_id = used;
	used += (uint32_t)sprintf(texts + used, "0123") + 1;
	n.options = used;
	used += (uint32_t)sprintf(texts + used, "unwind=on:deny='a::b':x") + 1;
	for (uint32_t i = 0; i < ROWS + SKIPPED; i++) {
		rows[i].name = (int32_t)used;
		used += (uint32_t)sprintf(texts + used, i % 3 ? "f%u" : "_ZN1a1bIiE2f%uEv", i % 10) + 1;
		rows[i].file = (int32_t)used;
		used += (uint32_t)sprintf(texts + used, "f%u.c", i % 5) + 1;
		rows[i].line = i;
		rows[i].flags = i == 5 ? INSTR_ROW_ALLOC_SITE : INSTR_ROW_FUNCTION | (i == 7 ? INSTR_ROW_DYNAMIC_STACK : 0);
	}
	n.texts_bytes = used;
	memcpy(to, &n, sizeof(n));
	memcpy(to + sizeof(n), rows, sizeof(rows));
	memcpy(to + sizeof(n) + sizeof(rows), texts, used);
	return (uint32_t)(sizeof(n) + sizeof(rows) + used);
}

static void make_valid(struct making *m, const struct fuzz_ring *ring)
{
	struct irt_ring *r = m->map.ring;
	static const char command[] = "prog\0it's\0\0/bin/prog\0/home";
	unsigned char names[2048];
	struct irt_log_load load = {.rows_begin = FIRST_ROW, .rows_end = FIRST_ROW + ROWS * sizeof(struct instr_row)};

	for (int i = 0; i < 16; i++)
		sscanf(&FUZZ_RUN_ID[2 * i], "%2hhx", &r->run_id[i]);
	strcpy(r->boot_id, "fuzz");
	r->ring_bytes = 1 << 20;
	r->time_unit_ticks = 1;
	r->start_ticks = START_TICKS;
	r->start_monotonic_ns = r->start_realtime_ns = 1000000000;
	r->flags = IRT_RING_EVENTS;
	r->max_cpus = 1;
	strcpy(r->out_directory, ring->out);
	strcpy(r->out_name, "trace.db");
	r->next_process_id = 3;
	r->next_thread_id = 5;
	r->process_high = 2;
	r->thread_high = 3;
	r->sub_count = SUBS;
	for (uint32_t i = 0; i < 2; i++)
		m->map.processes[i] = (struct irt_process){
			.state = IRT_SLOT_LIVE, .process_id = i + 1, .parent_process_id = i, .pid = DEAD_PID + (int32_t)i,
			.start_time = 77, .join_ticks = START_TICKS + i * 1000, .joined_by = i ? IRT_JOINED_FORK : IRT_JOINED_START};
	for (uint32_t i = 0; i < 3; i++)
		m->map.threads[i] = (struct irt_thread){
			.owner = i + 1, .state = IRT_SLOT_LIVE, .process_id = i / 2 + 1, .tid = DEAD_PID + (int32_t)i,
			.process_slot = i / 2, .join_ticks = START_TICKS, .name = "thread"};
	for (uint32_t i = 0; i < 6; i++)
		m->map.subs[i] = (struct irt_sub){.owner = i % 3 + 1, .sequence = i / 3 + 1};
	add_log(m, IRT_LOG_PROCESS, 1, START_TICKS, 0, command, sizeof(command));
	uint64_t image = m->log_at + 1;
	add_log(m, IRT_LOG_NAMES, 1, START_TICKS, 0, names, make_names(names));
	add_log(m, IRT_LOG_LOAD, 1, START_TICKS, image, &load, sizeof(load));
	m->now = START_TICKS + 100;
	m->sp = UINT64_C(0x7ffc00080000);
}

/* ---- operations --------------------------------------------------------------------------------- */

static void put_unit(struct making *m, uint64_t ticks, uint64_t tag)
{
	if (m->unit >= IRT_SUB_UNITS)
		return;
	irt_sub_units(&m->map, m->sub)[m->unit++] = (struct instr_unit){ticks, tag};
}

/* A record near to a real one: as in walk_fuzz.c. */
static void add_record(struct making *m, struct fuzz_input *in)
{
	uint8_t kind = fuzz_byte(in), a = fuzz_byte(in), b = fuzz_byte(in);
	uint64_t row = FIRST_ROW + a % (ROWS + 4) * 16 + (a > 250 ? UINT64_C(1) << 32 : 0);

	m->now += b < 250 ? b : fuzz_number(in);
	switch (kind % 16) {
	case 0:
	case 1:
	case 9:
	case 10:
	case 11:
		put_unit(m, m->now, instr_tag(INSTR_ENTER, row, m->sp -= 64));
		break;
	case 2:
	case 12:
	case 13:
		put_unit(m, m->now, instr_tag(INSTR_EXIT, row, m->sp));
		m->sp += 64;
		break;
	case INSTR_CYG_ENTER:
	case INSTR_CYG_EXIT:
		put_unit(m, m->now, kind % 16 | row << INSTR_CYG_SHIFT | m->sp << INSTR_CYG_SP_SHIFT);
		break;
	case INSTR_EXT:
		b = fuzz_byte(in);
		put_unit(m, m->now, instr_ext_tag((enum instr_ext)(b % 8), b > 200 ? b : 2, row));
		put_unit(m, b & 1 ? fuzz_number(in) : m->sp, b & 2 ? fuzz_number(in) : 0);
		break;
	case 14: /* anything */
		put_unit(m, fuzz_number(in), fuzz_number(in));
		break;
	case 15: /* reserved, not committed */
		put_unit(m, 0, instr_tag(INSTR_ENTER, row, m->sp));
		break;
	default:
		m->sp += ((uint64_t)fuzz_byte(in) - 128) * 16;
		put_unit(m, m->now, instr_tag((enum instr_kind)(kind % 16), row, m->sp));
	}
}

/* Fields of the header that may change; where the trace goes may not. */
static void change_header(struct making *m, struct fuzz_input *in)
{
#define FIELD(name) {offsetof(struct irt_ring, name), sizeof(((struct irt_ring *)0)->name)}
	static const struct { size_t at, bytes; } fields[] = {
		FIELD(magic), FIELD(version), FIELD(file_bytes), FIELD(data_offset), FIELD(sub_max), FIELD(ring_bytes),
		FIELD(max_db_bytes), FIELD(time_unit_ticks), FIELD(start_ticks), FIELD(start_monotonic_ns),
		FIELD(start_realtime_ns), FIELD(flags), FIELD(next_process_id), FIELD(next_thread_id), FIELD(log_used),
		FIELD(process_high), FIELD(thread_high), FIELD(sub_count), FIELD(heartbeat), FIELD(failed),
		FIELD(lingering), FIELD(taken), FIELD(waiters), FIELD(time_unit_ticks), FIELD(max_db_bytes), FIELD(log_used),
	};
#undef FIELD
	uint8_t which = fuzz_byte(in) % (sizeof(fields) / sizeof(fields[0]) + 2);
	size_t taken;

	if (which < sizeof(fields) / sizeof(fields[0])) {
		uint64_t value = fuzz_number(in);
		memcpy((char *)m->map.ring + fields[which].at, &value, fields[which].bytes < 8 ? 4 : 8);
	} else {
		char *text = which & 1 ? m->map.ring->boot_id : m->map.ring->out_name;
		size_t room = which & 1 ? sizeof(m->map.ring->boot_id) : sizeof(m->map.ring->out_name);
		const uint8_t *bytes = fuzz_bytes(in, fuzz_byte(in) % room, &taken);
		memcpy(text, bytes, taken);
	}
}

static void change_slot(void *slot, size_t bytes, struct fuzz_input *in)
{
	size_t at = fuzz_byte(in) % (bytes / 4) * 4;
	uint64_t value = fuzz_number(in);

	memcpy((char *)slot + at, &value, bytes - at < 8 || at % 8 ? 4 : 8);
}

static void add_any_log(struct making *m, struct fuzz_input *in)
{
	uint8_t kind = fuzz_byte(in);
	uint32_t process_id = (uint32_t)(kind & 8 ? fuzz_number(in) : 1 + (kind >> 4 & 1));
	uint64_t ticks = kind & 32 ? fuzz_number(in) : m->now, image = kind & 64 ? fuzz_number(in) : 81;
	unsigned char payload[4096];
	size_t taken;

	if (kind % 8 == IRT_LOG_LOAD || kind % 8 == IRT_LOG_UNLOAD) {
		struct irt_log_load load = {.rows_begin = FIRST_ROW + fuzz_byte(in) * 16u};
		load.rows_end = load.rows_begin + fuzz_byte(in) * 16u;
		if (kind & 128) {
			load.rows_begin = fuzz_number(in);
			load.rows_end = fuzz_number(in);
		}
		add_log(m, kind % 8, process_id, ticks, image, &load, sizeof(load));
	} else if (kind % 8 == IRT_LOG_NAMES && !(kind & 128)) { /* a valid one, spoiled */
		uint32_t bytes = make_names(payload);
		for (uint8_t n = fuzz_byte(in) % 8; n; n--) {
			size_t at = (fuzz_byte(in) | (size_t)fuzz_byte(in) << 8) % bytes;
			payload[at] = fuzz_byte(in);
		}
		add_log(m, IRT_LOG_NAMES, process_id, ticks, 0, payload, bytes);
	} else {
		const uint8_t *bytes = fuzz_bytes(in, fuzz_byte(in) * 4u, &taken);
		add_log(m, kind % 8, process_id, ticks, image, bytes, (uint32_t)taken);
	}
}

/* Returns 0 for the operation that ends the ring. */
static int operate(struct making *m, struct fuzz_input *in)
{
	uint8_t which = fuzz_byte(in), n;
	uint64_t at;

	switch (which % 16) {
	case 0:
		return which == 0 ? 0 : 1;
	case 1:
		change_header(m, in);
		break;
	case 2:
		change_slot(&m->map.processes[which & 16 ? fuzz_number(in) % IRT_PROCESS_MAX : which >> 5 & 3],
			    sizeof(struct irt_process), in);
		break;
	case 3:
		change_slot(&m->map.threads[which & 16 ? fuzz_number(in) % IRT_THREAD_MAX : which >> 5 & 3],
			    sizeof(struct irt_thread), in);
		break;
	case 4:
		change_slot(&m->map.subs[which >> 4], sizeof(struct irt_sub), in);
		break;
	case 5:
		add_any_log(m, in);
		break;
	case 6: /* the log itself */
		at = fuzz_number(in) % (m->log_at + 64);
		for (n = which >> 4; n; n--, at++)
			m->map.log[at] = fuzz_byte(in);
		break;
	case 7:
		m->sub = (which >> 4) % SUBS;
		m->unit = 0;
		break;
	case 8: /* units left out */
		m->unit += which >> 4;
		break;
	case 9: /* the clock */
		m->now = fuzz_number(in) + (which & 16 ? START_TICKS : 0);
		break;
	case 10: /* the same record many times: full sub-buffers, deep stacks */
		at = fuzz_number(in) % IRT_SUB_UNITS;
		n = fuzz_byte(in);
		for (; at; at--)
			put_unit(m, m->now += n, instr_tag(which & 16 ? INSTR_EXIT : INSTR_ENTER,
						      FIRST_ROW + n % ROWS * 16, m->sp -= which & 16 ? -64 : 64));
		break;
	case 11: /* the next sub-buffer in turn */
		m->sub = (m->sub + 3) % SUBS;
		m->unit = 0;
		break;
	default:
		for (n = 1 + (which >> 4); n; n--)
			add_record(m, in);
	}
	return 1;
}

int fuzz_ring_make(struct fuzz_ring *ring, struct fuzz_input *in)
{
	struct making m = {0};
	char path[sizeof(ring->folder) + 8];

	snprintf(ring->folder, sizeof(ring->folder), "%s/run", fuzz_folder());
	snprintf(ring->out, sizeof(ring->out), "%s/out", fuzz_folder());
	mkdir(ring->out, 0700);
	mkdir(ring->folder, 0700);
	snprintf(path, sizeof(path), "%s/ring", ring->folder);
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	memset(&ring->facts, 0, sizeof(ring->facts));
	irt_ring_layout(&ring->facts, 0);
	size_t file_bytes = ring->facts.file_bytes;
	void *base = fd >= 0 && !ftruncate(fd, (off_t)file_bytes) ?
			     mmap(NULL, file_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) : MAP_FAILED;
	if (base == MAP_FAILED) {
		perror(path);
		exit(2);
	}
	close(fd);
	memcpy(base, &ring->facts, sizeof(ring->facts));
	m.map = irt_ring_map(base, &ring->facts);
	make_valid(&m, ring);
	int more = 1;
	for (int i = 0; more && in->bytes && i < OPERATIONS_MAX; i++)
		more = operate(&m, in);
	memcpy(&ring->facts, base, sizeof(ring->facts));
	munmap(base, file_bytes);
	return !more && in->bytes;
}

void fuzz_ring_remove(const struct fuzz_ring *ring, int trace)
{
	fuzz_empty(ring->folder);
	rmdir(ring->folder);
	if (trace)
		fuzz_empty(ring->out);
}

int fuzz_ring_drain(const char *folder, char *error, size_t bytes)
{
	struct irt_attached a;
	int r = irt_look(&a, folder, error, bytes);
	if (r != 0)
		return r;
	r = irt_take_lease(&a, 0);
	if (r != 0) {
		irt_detach(&a);
		snprintf(error, bytes, "%s: no lease", folder);
		return r;
	}
	return irt_drain_dead_run(&a, IRT_SESSION_DEAD, error, bytes);
}
