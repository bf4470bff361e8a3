/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * symbols.c - see symbols.h. The log's bytes are checked before use: lengths against the record,
 * text offsets against the texts, which must end in NUL.
 */
#define _GNU_SOURCE
#include "drain/symbols_internal.h"

#include "base/atomic.h"
#include "drain/demangle.h"

#include <stdio.h>

enum { PENDING_MAX = 1024 };

struct scan {
	uint64_t start_ticks;
	int (*unmapped)(void *arg, uint32_t process_id, uint64_t ticks);
	int (*is_dead)(void *arg, uint32_t process_id);
	void *arg;
};

struct irt_symbols *irt_symbols_create(struct irt_attached *a)
{
	struct irt_symbols *s = calloc(1, sizeof(*s));
	if (s) {
		s->at = a;
		s->next_function = FIRST_FUNCTION;
		s->next_module = 1;
		s->next_load = 1;
		s->addresses = irt_addresses_create();
		if (!s->addresses) {
			free(s);
			return NULL;
		}
	}
	return s;
}

static void free_image(struct image *m)
{
	free(m->flags);
	free(m->path);
	free(m->build_id);
	free(m->options);
	free(m->copies);
	free(m->texts);
}

void irt_symbols_destroy(struct irt_symbols *s)
{
	if (!s)
		return;
	for (uint32_t i = 0; i < s->image_count; i++)
		free_image(&s->images[i]);
	for (uint32_t i = 0; i < s->raw_count; i++) {
		free(s->raws[i].name);
		free(s->raws[i].linkage_name);
	}
	for (uint32_t i = 0; i < s->raw_module_count; i++) {
		free(s->raw_modules[i].path);
		free(s->raw_modules[i].build_id);
	}
	free(s->raw_modules);
	free(s->placed);
	irt_addresses_destroy(s->addresses);
	for (uint32_t i = 0; i < s->named_count; i++)
		free_names(&s->named[i].names);
	for (uint32_t i = 0; i < s->known_count; i++) {
		free(s->known[i].path);
		free(s->known[i].build_id);
	}
	free(s->known);
	free(s->known_loads);
	free(s->images);
	free(s->loads);
	free(s->pending);
	free(s->raws);
	free(s->raw_table);
	free(s->named);
	free(s);
}

uint32_t irt_symbols_other(const struct irt_symbols *s)
{
	(void)s;
	return OTHER_FUNCTION;
}

uint32_t irt_symbols_function_count(const struct irt_symbols *s) { return s->next_function; }

/* ---- the names log -------------------------------------------------------------------------- */

static const char *text_at(const char *texts, uint32_t bytes, uint32_t at) { return at < bytes ? texts + at : ""; }

/* Taking a record returns 0 if there is no memory: it is to be taken again. */
static int take_process(struct irt_symbols *s, uint32_t process_id, const char *text, size_t bytes)
{
	if (process_id == 0)
		return 1;
	struct irt_process_names *n = names_of(s, process_id);
	if (!n)
		return 0;
	if (n->command)
		return 1;
	/* Arguments, each ended by NUL, then an empty one; quoted as a shell would need them. */
	char *command = malloc(bytes * 4 + 3);
	if (!command)
		return 0;
	size_t at = 0, used = 0;
	while (at < bytes && text[at]) {
		size_t length = strnlen(text + at, bytes - at);
		int plain = strspn(text + at, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789%+,-./:=@_^") == length;
		if (used)
			command[used++] = ' ';
		if (!plain)
			command[used++] = '\'';
		for (size_t i = 0; i < length; i++) {
			if (text[at + i] == '\'') {
				memcpy(command + used, "'\\''", 4);
				used += 4;
			} else {
				command[used++] = text[at + i];
			}
		}
		if (!plain)
			command[used++] = '\'';
		at += length + 1;
	}
	command[used] = 0;
	n->command = command;
	at++;
	if (at < bytes) {
		n->executable = strndup(text + at, bytes - at);
		at += strnlen(text + at, bytes - at) + 1;
	}
	if (at < bytes)
		n->working_directory = strndup(text + at, bytes - at);
	return 1;
}

static int take_image(struct irt_symbols *s, uint64_t at, const unsigned char *payload, size_t bytes)
{
	struct irt_log_names n;
	if (bytes < sizeof(n))
		return 1;
	memcpy(&n, payload, sizeof(n));
	uint64_t rows = (uint64_t)n.rows + n.skipped;
	if (rows > ROWS_MAX || sizeof(n) + rows * 16 + n.texts_bytes > bytes)
		return 1;
	if (!grow(&s->images, s->image_count, sizeof(*s->images)))
		return 0;
	struct image m = {.log_at = at + 1, .rows = n.rows, .skipped = n.skipped};
	m.copies = malloc(rows * 16 + 1);
	m.texts = malloc((size_t)n.texts_bytes + 1);
	m.flags = malloc(((size_t)n.rows + 1) * sizeof(*m.flags));
	if (!m.copies || !m.texts || !m.flags) {
		free_image(&m);
		return 0;
	}
	memcpy(m.copies, payload + sizeof(n), rows * 16);
	memcpy(m.texts, payload + sizeof(n) + rows * 16, n.texts_bytes);
	m.texts[n.texts_bytes] = 0;
	for (uint32_t i = 0; i < n.rows; i++)
		m.flags[i] = m.copies[i].flags;
	m.path = strdup(text_at(m.texts, n.texts_bytes, n.path));
	m.build_id = strdup(text_at(m.texts, n.texts_bytes, n.build_id));
	m.options = strdup(text_at(m.texts, n.texts_bytes, n.options));
	if (!m.path || !m.build_id || !m.options) {
		free_image(&m);
		return 0;
	}
	for (uint32_t i = 0; i < rows; i++) { /* offsets stay as indexes into texts, made safe */
		if ((uint32_t)m.copies[i].name >= n.texts_bytes)
			m.copies[i].name = (int32_t)n.texts_bytes;
		if ((uint32_t)m.copies[i].file >= n.texts_bytes)
			m.copies[i].file = (int32_t)n.texts_bytes;
	}
	for (uint32_t i = 0; i < s->known_count; i++) {
		struct known *k = &s->known[i];
		if (k->module_id && k->rows == m.rows && !strcmp(k->path, m.path) && !strcmp(k->build_id, m.build_id)) {
			m.module_id = k->module_id;
			m.first_function = k->first_function;
			m.in_store = 1;
			k->module_id = 0; /* taken */
			break;
		}
	}
	if (!m.module_id) {
		m.module_id = s->next_module++;
		m.first_function = s->next_function;
		s->next_function += (uint32_t)rows;
	}
	s->images[s->image_count++] = m;
	return 1;
}

static int64_t end_of(const struct load *l) { return l->end_ticks == IRT_STORE_NULL ? INT64_MAX : l->end_ticks; }

/* The id of a load that an earlier drain has put, or a new one. */
static uint32_t load_id(struct irt_symbols *s, uint32_t process_id, uint64_t rows_begin, int64_t start_ticks)
{
	for (uint32_t i = 0; i < s->known_load_count; i++) {
		uint32_t at = (s->known_load_at + i) % s->known_load_count;
		struct known_load *k = &s->known_loads[at];
		if (k->process_id == process_id && k->rows_begin == rows_begin && k->start_ticks == start_ticks) {
			k->process_id = 0;
			s->known_load_at = at + 1;
			return k->load_id;
		}
	}
	return s->next_load++;
}

static int take_load(struct irt_symbols *s, const struct scan *scan, uint32_t process_id, const struct irt_log_load *l,
		     uint64_t image_at, int64_t ticks)
{
	int overlaps = 0;
	if (l->rows_begin > l->rows_end)
		return 1;
	for (uint32_t i = 0; i < s->load_count && !overlaps; i++)
		overlaps = s->loads[i].process_id == process_id && s->loads[i].rows_begin < l->rows_end &&
			   l->rows_begin < s->loads[i].rows_end;
	if (!grow_loads(s) || (overlaps && !scan->unmapped(scan->arg, process_id, (uint64_t)ticks + scan->start_ticks)))
		return 0;
	struct load n = {.process_id = process_id, .load_id = load_id(s, process_id, l->rows_begin, ticks), .rows_begin = l->rows_begin,
			 .rows_end = l->rows_end, .start_ticks = ticks, .end_ticks = IRT_STORE_NULL, .changed = 1};
	for (uint32_t i = 0; i < s->image_count; i++)
		if (s->images[i].log_at == image_at)
			n.image = i + 1;
	for (uint32_t i = 0; i < s->load_count; i++) {
		struct load *o = &s->loads[i];
		if (o->process_id == process_id && o->end_ticks == IRT_STORE_NULL && o->rows_begin < n.rows_end &&
		    n.rows_begin < o->rows_end) { /* its end was not seen */
			o->end_ticks = ticks;
			o->changed = 1;
		}
	}
	s->loads[s->load_count++] = n;
	return 1;
}

static void take_unload(struct irt_symbols *s, uint32_t process_id, const struct irt_log_load *l, int64_t ticks)
{
	for (uint32_t i = s->load_count; i-- > 0;) {
		struct load *o = &s->loads[i];
		if (o->process_id == process_id && o->rows_begin == l->rows_begin && o->rows_end == l->rows_end &&
		    o->end_ticks == IRT_STORE_NULL) {
			o->end_ticks = ticks;
			o->changed = 1;
			return;
		}
	}
}

/* bytes: of the record, within the log. Returns 0: it is not written yet, or there is no memory (starved). */
static unsigned take_record(struct irt_symbols *s, const struct scan *scan, uint64_t at, uint64_t bytes)
{
	const struct irt_log_record *r = (const struct irt_log_record *)(s->at->map.log + at);
	uint32_t kind = irt_load_acquire(&r->kind), process_id = (uint32_t)(irt_load_relaxed(&r->claim) >> 32); /* A5 */
	if (kind == IRT_LOG_UNWRITTEN)
		return 0;
	uint32_t text_bytes = irt_load_relaxed(&r->text_bytes);
	int64_t ticks = (int64_t)(r->ticks - scan->start_ticks);
	const unsigned char *payload = (const unsigned char *)(r + 1);
	struct irt_log_load l;
	int taken = 1;
	if (text_bytes > bytes - sizeof(*r))
		return 1;
	if (kind == IRT_LOG_PROCESS) {
		char *copy = malloc((size_t)text_bytes + 1);
		if (copy) {
			memcpy(copy, payload, text_bytes);
			copy[text_bytes] = 0;
			taken = take_process(s, process_id, copy, text_bytes);
		} else {
			taken = 0;
		}
		free(copy);
	} else if (kind == IRT_LOG_NAMES) {
		taken = take_image(s, at, payload, text_bytes);
	} else if ((kind == IRT_LOG_LOAD || kind == IRT_LOG_UNLOAD) && text_bytes >= sizeof(l)) {
		memcpy(&l, payload, sizeof(l));
		if (kind == IRT_LOG_LOAD)
			taken = take_load(s, scan, process_id, &l, r->image, ticks);
		else if ((taken = scan->unmapped(scan->arg, process_id, r->ticks)))
			take_unload(s, process_id, &l, ticks);
	}
	s->starved |= !taken;
	return (unsigned)taken;
}

/* Records that were claimed and not written when they were met. One whose writer is dead never will be. */
static unsigned take_pending(struct irt_symbols *s, const struct scan *scan)
{
	unsigned taken = 0, kept = 0;
	for (uint32_t i = 0; i < s->pending_count; i++) {
		struct pending p = s->pending[i];
		int dead = scan->is_dead(scan->arg, p.process_id); /* before the last look: the dead write no more */
		if (!s->starved && take_record(s, scan, p.at, p.bytes))
			taken++;
		else if (!dead || s->starved)
			s->pending[kept++] = p;
	}
	s->pending_count = kept;
	return taken;
}

unsigned irt_symbols_scan(struct irt_symbols *s, uint64_t start_ticks,
			  int (*unmapped)(void *arg, uint32_t process_id, uint64_t ticks),
			  int (*is_dead)(void *arg, uint32_t process_id), void *arg)
{
	const struct scan scan = {start_ticks, unmapped, is_dead, arg};
	uint64_t limit = irt_log_bytes(&s->at->facts), used = irt_load_acquire(&s->at->map.ring->log_used); /* A15 */
	s->starved = 0;
	unsigned taken = take_pending(s, &scan);

	if (used > limit)
		used = limit;
	while (!s->starved && s->scanned + sizeof(struct irt_log_record) <= used) {
		const struct irt_log_record *r = (const struct irt_log_record *)(s->at->map.log + s->scanned);
		uint64_t claim = irt_load_acquire(&r->claim), bytes = claim & UINT32_MAX; /* A15 */
		if (bytes < sizeof(*r) || bytes % 16 || bytes > used - s->scanned)
			break;
		int written = irt_load_acquire(&r->kind) != IRT_LOG_UNWRITTEN; /* A5 */
		/* What this one relies on (the names of its image) was written before it: taken before it. */
		if (written && s->pending_count)
			taken += take_pending(s, &scan);
		if (s->starved)
			break; /* the next look tries again */
		if (written) {
			taken += take_record(s, &scan, s->scanned, bytes);
			if (s->starved)
				break;
		} else { /* being written, or its writer has died: the others' names do not wait for it */
			if (s->pending_count >= PENDING_MAX)
				break;
			if (!grow(&s->pending, s->pending_count, sizeof(*s->pending))) {
				s->starved = 1;
				break;
			}
			s->pending[s->pending_count++] = (struct pending){s->scanned, bytes, (uint32_t)(claim >> 32)};
		}
		s->scanned += bytes;
	}
	return taken;
}

int irt_symbols_changes_since(const struct irt_symbols *s, uint32_t process_id, int64_t ticks,
			      int (*each)(void *arg, int64_t ticks), void *arg)
{
	for (uint32_t i = 0; i < s->load_count; i++) {
		const struct load *l = &s->loads[i];
		if (l->process_id != process_id)
			continue;
		/* its begin too: until then rows were those of the last one there, although that had ended */
		if (l->start_ticks >= ticks && !each(arg, l->start_ticks))
			return 0;
		if (l->end_ticks != IRT_STORE_NULL && l->end_ticks >= ticks && !each(arg, l->end_ticks))
			return 0;
	}
	return 1;
}

int irt_symbols_starved(const struct irt_symbols *s) { return s->starved; }

int irt_symbols_inherit(struct irt_symbols *s, uint32_t child, uint32_t parent, int64_t ticks)
{
	uint32_t count = s->load_count, more = 0;
	struct irt_process_names *heir = names_of(s, child);
	const struct irt_process_names *names = irt_symbols_process(s, parent);
	if (!heir || !copy_names(heir, names->command, names->executable, names->working_directory) ||
	    !irt_addresses_inherit(s->addresses, child, parent))
		return 0;
	for (uint32_t i = 0; i < count; i++)
		more += s->loads[i].process_id == parent;
	while (s->load_room < count + more) /* all or none: an id that is given is not given again */
		if (!room_for(&s->loads, &s->load_room, s->load_room, sizeof(*s->loads)))
			return 0;
	for (uint32_t i = 0; i < count; i++) {
		struct load n = s->loads[i];
		if (n.process_id != parent || n.start_ticks > ticks)
			continue;
		/* One that is gone was there at the fork, perhaps (the child may come long after its parent's
		 * end), unless another one has come in its place. */
		int replaced = 0;
		for (uint32_t k = i + 1; k < count && n.end_ticks != IRT_STORE_NULL && !replaced; k++)
			replaced = s->loads[k].process_id == parent && s->loads[k].start_ticks <= ticks &&
				   s->loads[k].rows_begin < n.rows_end && n.rows_begin < s->loads[k].rows_end;
		if (replaced)
			continue;
		n.process_id = child;
		n.load_id = load_id(s, child, n.rows_begin, ticks);
		n.start_ticks = ticks;
		n.end_ticks = IRT_STORE_NULL;
		n.changed = 1;
		/* What the child has loaded in its place is known already if that came soon. */
		for (uint32_t k = 0; k < count; k++) {
			const struct load *own = &s->loads[k];
			if (own->process_id == child && own->start_ticks < end_of(&n) && own->rows_begin < n.rows_end &&
			    n.rows_begin < own->rows_end)
				n.end_ticks = own->start_ticks;
		}
		s->loads[s->load_count++] = n;
	}
	return 1;
}

/* ---- finding -------------------------------------------------------------------------------- */

static const struct raw *find_raw(const struct irt_symbols *s, uint64_t scope, uint64_t address)
{
	uint32_t index = s->raw_table_size ? s->raw_table[raw_slot(s, scope, address)] : 0;
	return index ? &s->raws[index - 1] : NULL;
}

/* Takes the names over, also when it fails. */
static int add_raw(struct irt_symbols *s, struct raw raw)
{
	if (s->raw_count * 2 >= s->raw_table_size) {
		uint32_t size = s->raw_table_size ? s->raw_table_size * 2 : 64;
		uint32_t *table = calloc(size, sizeof(*table));
		if (!table)
			goto fail;
		free(s->raw_table);
		s->raw_table = table;
		s->raw_table_size = size;
		for (uint32_t i = 0; i < s->raw_count; i++)
			table[raw_slot(s, s->raws[i].scope, s->raws[i].address)] = i + 1;
	}
	if (!room_for(&s->raws, &s->raw_room, s->raw_count, sizeof(*s->raws)))
		goto fail;
	s->raw_table[raw_slot(s, raw.scope, raw.address)] = s->raw_count + 1;
	s->raws[s->raw_count++] = raw;
	return 1;
fail:
	free(raw.name);
	free(raw.linkage_name);
	return 0;
}

/* From the symbol, which may carry a version ("f@@V1"); without one "file+0xoffset", or the address. */
static void name_raw(struct raw *raw, const struct irt_place *place, uint64_t address)
{
	if (place->symbol) {
		raw->linkage_name = strndup(place->symbol, strcspn(place->symbol, "@"));
		raw->name = raw->linkage_name ? irt_demangle(raw->linkage_name) : NULL;
	} else if (place->file) {
		if (asprintf(&raw->linkage_name, "%s+0x%llx", place->base, (unsigned long long)place->offset) < 0)
			raw->linkage_name = NULL;
	} else if (asprintf(&raw->linkage_name, "0x%llx", (unsigned long long)address) < 0) {
		raw->linkage_name = NULL;
	}
}

/* The module that a file's functions are of; 0: no memory, the function is done without one. */
static uint32_t raw_module(struct irt_symbols *s, const struct irt_place *place)
{
	for (uint32_t i = 0; i < s->raw_module_count; i++)
		if (s->raw_modules[i].file == place->file)
			return s->raw_modules[i].module_id;
	if (!grow(&s->raw_modules, s->raw_module_count, sizeof(*s->raw_modules)))
		return 0;
	struct raw_module m = {.file = place->file, .path = strdup(place->path),
			       .build_id = place->build_id ? strdup(place->build_id) : NULL};
	if (!m.path || (place->build_id && !m.build_id)) {
		free(m.path);
		free(m.build_id);
		return 0;
	}
	for (uint32_t i = 0; i < s->known_count && !m.in_store; i++) {
		const struct known *k = &s->known[i];
		if (k->module_id && !k->rows && !strcmp(k->path, m.path) && !strcmp(k->build_id, m.build_id ? m.build_id : "")) {
			m.module_id = k->module_id;
			m.in_store = 1;
		}
	}
	if (!m.module_id)
		m.module_id = s->next_module++;
	s->raw_modules[s->raw_module_count++] = m;
	return m.module_id;
}

/* What an earlier drain has called the function there, or 0. */
static uint32_t placed_function(const struct irt_symbols *s, uint32_t module_id, uint64_t address)
{
	uint32_t low = 0, high = address ? s->placed_count : 0;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		const struct placed *p = &s->placed[middle];
		if (p->module_id < module_id || (p->module_id == module_id && p->address < address))
			low = middle + 1;
		else
			high = middle;
	}
	const struct placed *p = address && low < s->placed_count ? &s->placed[low] : NULL;
	return p && p->module_id == module_id && p->address == address ? p->function_id : 0;
}

static uint32_t raw_function(struct irt_symbols *s, uint32_t process_id, int pid, uint64_t start_time, uint64_t address)
{
	const struct raw *known = find_raw(s, process_id, address);
	if (known)
		return known->function_id;
	struct irt_place place = irt_addresses_find(s->addresses, process_id, pid, start_time, address);
	struct raw raw = {.scope = place.file ? RAW_IN_FILE | place.file : process_id,
			  .address = place.file ? place.offset : address};
	known = place.file ? find_raw(s, raw.scope, raw.address) : NULL;
	if (known) {
		raw.function_id = known->function_id;
	} else {
		raw.module_id = place.file ? raw_module(s, &place) : 0;
		raw.in_module = place.address;
		raw.function_id = placed_function(s, raw.module_id, raw.in_module);
		raw.in_store = raw.function_id != 0;
		if (!raw.in_store) {
			raw.function_id = s->next_function;
			name_raw(&raw, &place, address);
		}
		if (!add_raw(s, raw))
			return 0;
		s->next_function += !raw.in_store;
	}
	if (place.file) /* if this fails it is asked again */
		add_raw(s, (struct raw){.scope = process_id, .address = address, .function_id = raw.function_id, .in_store = 1});
	return raw.function_id;
}

/* The owner of an address at a time: of the loads that had not ended by then the earliest; for records
 * later than every end (destructors that run after their module took leave) the last one. */
static const struct load *owner_of(const struct irt_symbols *s, uint32_t process_id, uint64_t row, int64_t ticks)
{
	const struct load *owner = NULL, *last = NULL;
	for (uint32_t i = 0; i < s->load_count; i++) {
		const struct load *l = &s->loads[i];
		if (l->process_id != process_id || row < l->rows_begin || row >= l->rows_end)
			continue;
		if (ticks < end_of(l) && (!owner || l->start_ticks < owner->start_ticks))
			owner = l;
		if (!last || end_of(l) >= end_of(last))
			last = l;
	}
	return owner ? owner : last;
}

/* The row of an image that is at an address at a time. */
static int find_row(const struct irt_symbols *s, uint32_t process_id, uint64_t row, int64_t ticks, uint32_t *id,
		    uint32_t *flags)
{
	const struct load *owner = owner_of(s, process_id, row, ticks);
	if (!owner || !owner->image)
		return 0;
	const struct image *m = &s->images[owner->image - 1];
	uint64_t index = (row - owner->rows_begin) / sizeof(struct instr_row);
	if (index >= m->rows)
		return 0;
	*id = m->first_function + (uint32_t)index;
	*flags = m->flags[index];
	return 1;
}

int irt_symbols_find(struct irt_symbols *s, uint32_t process_id, int pid, uint64_t start_time, uint64_t tag,
		     int64_t ticks, int final, uint32_t *function_id, uint32_t *row_flags)
{
	unsigned kind = instr_tag_kind(tag);
	*row_flags = 0;
	if (kind == INSTR_CYG_ENTER || kind == INSTR_CYG_EXIT) {
		*function_id = raw_function(s, process_id, pid, start_time, instr_tag_cyg_address(tag));
		return 0;
	}
	uint64_t row = instr_tag_row(tag);
	/* A site is no function: a record that says it was entered is nonsense. */
	if (find_row(s, process_id, row, ticks, function_id, row_flags) && (*row_flags & INSTR_ROW_KIND_MASK) == INSTR_ROW_FUNCTION)
		return 0;
	*row_flags = 0;
	if (!final)
		return INSTR_ERR_AGAIN;
	*function_id = raw_function(s, process_id, pid, start_time, row);
	return 0;
}

int irt_symbols_find_site(struct irt_symbols *s, uint32_t process_id, uint64_t tag, int64_t ticks, int final,
			  uint32_t *site_id)
{
	uint64_t row = instr_tag_row(tag);
	uint32_t flags;
	int found = row && find_row(s, process_id, row, ticks, site_id, &flags);
	if (found && is_site(flags))
		return 0;
	*site_id = 0;
	return final || !row || found ? 0 : INSTR_ERR_AGAIN;
}

const struct irt_process_names *irt_symbols_process(const struct irt_symbols *s, uint32_t process_id)
{
	static const struct irt_process_names nothing;
	uint32_t at = named_at(s, process_id);
	return at < s->named_count && s->named[at].process_id == process_id ? &s->named[at].names : &nothing;
}
