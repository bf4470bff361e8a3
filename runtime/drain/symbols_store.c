/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * symbols_store.c - see symbols.h: between the symbols and the file.
 */
#define _GNU_SOURCE
#include "drain/symbols_internal.h"

#include "drain/demangle.h"

/* ---- continuing a run ---------------------------------------------------------------------- */

static int load_module(void *arg, const struct irt_store_module *row)
{
	struct irt_symbols *s = arg;
	if (!grow(&s->known, s->known_count, sizeof(*s->known)))
		return INSTR_ERR_MEMORY;
	struct known *k = &s->known[s->known_count++];
	k->module_id = (uint32_t)row->module_id;
	k->first_function = 0;
	k->rows = row->rows;
	k->path = strdup(row->path ? row->path : "");
	k->build_id = strdup(row->build_id ? row->build_id : "");
	if (!k->path || !k->build_id)
		return INSTR_ERR_MEMORY;
	if (k->module_id >= s->next_module)
		s->next_module = k->module_id + 1;
	return 0;
}

/* A function or site: row 0 of its module has the id that is less by its row. */
static int load_row(struct irt_symbols *s, int64_t id, int64_t module_id, int64_t row)
{
	if (id < 0 || id > s->greatest_function)
		return INSTR_ERR_FORMAT;
	if (id >= s->next_function)
		s->next_function = (uint32_t)id + 1;
	if (module_id == IRT_STORE_NULL || row < 0 || row > id)
		return 0;
	for (uint32_t i = 0; i < s->known_count; i++)
		if (s->known[i].module_id == module_id)
			s->known[i].first_function = (uint32_t)(id - row);
	return 0;
}

static int load_function(void *arg, const struct irt_store_function *row)
{
	struct irt_symbols *s = arg;
	int r = load_row(s, row->function_id, row->module_id, row->row);
	if (r || row->address <= 0 || row->module_id <= 0 || row->module_id > UINT32_MAX)
		return r;
	if (!room_for(&s->placed, &s->placed_room, s->placed_count, sizeof(*s->placed)))
		return INSTR_ERR_MEMORY;
	s->placed[s->placed_count++] = (struct placed){(uint32_t)row->module_id, (uint32_t)row->function_id, (uint64_t)row->address};
	return 0;
}

static int by_place(const void *a, const void *b)
{
	const struct placed *p = a, *q = b;
	if (p->module_id != q->module_id)
		return p->module_id < q->module_id ? -1 : 1;
	if (p->address != q->address)
		return p->address < q->address ? -1 : 1;
	return p->function_id < q->function_id ? -1 : p->function_id > q->function_id;
}

static int load_site(void *arg, const struct irt_store_site *row)
{
	return load_row(arg, row->site_id, row->module_id, row->row);
}

static int load_load(void *arg, const struct irt_store_load *row)
{
	struct irt_symbols *s = arg;
	if (row->load_id >= s->next_load)
		s->next_load = (uint32_t)row->load_id + 1;
	if (!grow(&s->known_loads, s->known_load_count, sizeof(*s->known_loads)))
		return INSTR_ERR_MEMORY;
	s->known_loads[s->known_load_count++] = (struct known_load){(uint32_t)row->process_id, (uint32_t)row->load_id,
		(uint64_t)row->rows_start, row->start_ticks};
	return 0;
}

int irt_symbols_load(struct irt_symbols *s, struct irt_store *store, uint32_t greatest)
{
	s->greatest_function = greatest;
	int r = irt_store_read_modules(store, s, load_module);
	if (!r)
		r = irt_store_read_functions(store, s, load_function);
	if (!r && s->placed_count)
		qsort(s->placed, s->placed_count, sizeof(*s->placed), by_place);
	if (!r)
		r = irt_store_read_sites(store, s, load_site);
	if (!r)
		r = irt_store_read_loads(store, s, load_load);
	return r;
}

/* ---- processes that are over ----------------------------------------------------------------- */

static int is_among(const uint32_t *ids, uint32_t count, uint32_t id)
{
	uint32_t low = 0, high = count;
	while (low < high) {
		uint32_t middle = (low + high) / 2;
		if (ids[middle] < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low < count && ids[low] == id;
}

static void forget_raws(struct irt_symbols *s, const uint32_t *process_ids, uint32_t count)
{
	uint32_t kept = 0;
	for (uint32_t i = 0; i < s->raw_count; i++) {
		struct raw *r = &s->raws[i];
		if (!(r->scope & RAW_IN_FILE) && r->in_store && is_among(process_ids, count, (uint32_t)r->scope))
			continue; /* its names went when it was stored */
		s->raws[kept++] = *r;
	}
	if (kept == s->raw_count)
		return;
	s->raw_count = kept;
	memset(s->raw_table, 0, s->raw_table_size * sizeof(*s->raw_table));
	for (uint32_t i = 0; i < kept; i++)
		s->raw_table[raw_slot(s, s->raws[i].scope, s->raws[i].address)] = i + 1;
}

void irt_symbols_forget(struct irt_symbols *s, const uint32_t *process_ids, uint32_t count)
{
	uint32_t kept = 0;
	for (uint32_t i = 0; i < s->load_count; i++)
		if (s->loads[i].changed || !is_among(process_ids, count, s->loads[i].process_id))
			s->loads[kept++] = s->loads[i];
	s->load_count = kept;
	for (uint32_t i = 0; i < count; i++)
		irt_addresses_forget(s->addresses, process_ids[i]);
	kept = 0;
	for (uint32_t i = 0; i < s->named_count; i++) {
		if (is_among(process_ids, count, s->named[i].process_id))
			free_names(&s->named[i].names);
		else
			s->named[kept++] = s->named[i];
	}
	s->named_count = kept;
	forget_raws(s, process_ids, count);
}

struct recall {
	struct irt_symbols *s;
	int64_t process_id;
};

static int recall_load(void *arg, const struct irt_store_load *row)
{
	struct recall *r = arg;
	struct irt_symbols *s = r->s;
	if (row->process_id != r->process_id)
		return 0;
	if (!grow_loads(s))
		return INSTR_ERR_MEMORY;
	struct load l = {.process_id = (uint32_t)row->process_id, .load_id = (uint32_t)row->load_id,
			 .rows_begin = (uint64_t)row->rows_start, .rows_end = (uint64_t)row->rows_end,
			 .start_ticks = row->start_ticks, .end_ticks = row->end_ticks};
	for (uint32_t i = 0; i < s->image_count; i++)
		if (s->images[i].module_id == row->module_id)
			l.image = i + 1;
	s->loads[s->load_count++] = l;
	return 0;
}

static int recall_names(void *arg, const struct irt_store_process *row)
{
	struct recall *r = arg;
	struct irt_process_names *n = row->process_id == r->process_id ? names_of(r->s, (uint32_t)row->process_id) : NULL;
	if (row->process_id != r->process_id)
		return 0;
	return n && copy_names(n, row->command, row->executable, row->working_directory) ? 0 : INSTR_ERR_MEMORY;
}

int irt_symbols_recall(struct irt_symbols *s, struct irt_store *store, uint32_t process_id)
{
	struct recall r = {s, process_id};
	uint32_t count = s->load_count;
	for (uint32_t i = 0; i < count; i++)
		if (s->loads[i].process_id == process_id)
			return 1; /* it has not been forgotten */
	if (irt_store_read_processes(store, &r, recall_names) != INSTR_ERR_MEMORY &&
	    irt_store_read_loads(store, &r, recall_load) != INSTR_ERR_MEMORY)
		return 1; /* what the file does not tell another time either is done without */
	s->load_count = count;
	return 0;
}

/* ---- to the store --------------------------------------------------------------------------- */

static const char *reason_text(uint32_t reason)
{
	switch (reason) {
	case INSTR_REASON_NAKED: return "naked function";
	case INSTR_REASON_COROUTINE: return "coroutine that was not split yet";
	case INSTR_REASON_ALWAYS_INLINE: return "always_inline: every call is inlined";
	case INSTR_REASON_IFUNC_RESOLVER: return "ifunc resolver: runs before relocations";
	case INSTR_REASON_SOURCE: return "INSTR_SKIP in the source";
	case INSTR_REASON_ATTRIBUTE: return "attribute that forbids instrumentation";
	case INSTR_REASON_FILTER: return "filter (allow=, deny=)";
	case INSTR_REASON_RUNTIME: return "belongs to the runtime";
	case INSTR_REASON_AVAILABLE_EXTERNALLY: return "copy of a function defined elsewhere";
	default: return "not known";
	}
}

static void put_functions(const struct image *m, struct irt_store *store)
{
	for (uint32_t i = 0; i < m->rows + m->skipped; i++) {
		const struct instr_row *row = &m->copies[i];
		const char *linkage = m->texts + row->name, *file = m->texts + row->file;
		const int has_row = i < m->rows, is_off = (row->flags & INSTR_ROW_OFF) != 0;
		if (has_row && (row->flags & INSTR_ROW_KIND_MASK) != INSTR_ROW_FUNCTION)
			continue;
		char *demangled = irt_demangle(linkage);
		struct irt_store_function f = {
			.function_id = m->first_function + i,
			.module_id = m->module_id,
			.row = has_row ? (int64_t)i : IRT_STORE_NULL,
			.name = demangled ? demangled : *linkage ? linkage : "(no name)",
			.linkage_name = linkage,
			.file = *file ? file : NULL,
			.line = row->line ? (int64_t)row->line : IRT_STORE_NULL,
			.instrumented = has_row && !is_off,
			.reason = has_row ? is_off ? "switched off when it ran (off=)" : NULL : reason_text(row->flags >> INSTR_ROW_REASON_SHIFT & 255),
			.flags = row->flags,
		};
		irt_store_put_function(store, &f);
		free(demangled);
	}
}

/* In the name of a site the type of what it allocates, or the name of the lock or of what it waits for, stands behind a
 * mark. */
static void put_site(const struct image *m, uint32_t i, struct irt_store *store)
{
	static const char *const families[] = {"not known", "malloc", "new", "new[]", "own", "pool", "mapping"};
	static const char *const classes[] = {"not known", "read", "write", "open", "sync", "connect", "accept", "poll", "sleep",
					      "signal", "child", "join", "condition", "semaphore", "barrier", "once", "futex",
					      "filelock"}; /* enum instr_block_class */
	static const char *const locks[] = {"not known", "mutex", "rwlock", "rwlock", "spin", "mtx", "own", "own"};
	const struct instr_row *row = &m->copies[i];
	const char *name = m->texts + row->name, *file = m->texts + row->file, *mark = strchr(name, INSTR_ROW_TYPE_MARK);
	const unsigned kind = row->flags & INSTR_ROW_KIND_MASK;
	static const char *const threads[] = {"thread"};
	const char *const *words = kind == INSTR_ROW_BLOCK_SITE ? classes : kind == INSTR_ROW_LOCK_SITE ? locks :
				   kind == INSTR_ROW_THREAD_SITE ? threads : families;
	const size_t count = kind == INSTR_ROW_BLOCK_SITE ? sizeof(classes) / sizeof(*classes) :
			     kind == INSTR_ROW_LOCK_SITE ? sizeof(locks) / sizeof(*locks) :
			     kind == INSTR_ROW_THREAD_SITE ? sizeof(threads) / sizeof(*threads) : sizeof(families) / sizeof(*families);
	uint32_t family = row->flags >> INSTR_ROW_FAMILY_SHIFT & 255, column = row->flags >> INSTR_ROW_COLUMN_SHIFT;
	char *copy = mark ? strndup(name, (size_t)(mark - name)) : NULL;
	const char *linkage = !mark ? name : copy ? copy : "(no memory for its name)";
	char *demangled = irt_demangle(linkage);

	irt_store_put_site(store, &(struct irt_store_site){
		.site_id = m->first_function + i, .module_id = m->module_id, .row = i,
		.kind = kind == INSTR_ROW_FREE_SITE ? "free" : kind == INSTR_ROW_BLOCK_SITE ? "block" : kind == INSTR_ROW_LOCK_SITE ? "lock" :
			kind == INSTR_ROW_THREAD_SITE ? "thread" : "alloc",
		.family = words[family < count ? family : 0], .name = demangled ? demangled : linkage,
		.linkage_name = linkage, .file = *file ? file : NULL,
		.line = row->line ? (int64_t)row->line : IRT_STORE_NULL,
		.column = column ? (int64_t)column : IRT_STORE_NULL,
		.type = mark && mark[1] ? mark + 1 : NULL});
	free(demangled);
	free(copy);
}

static void put_sites(const struct image *m, struct irt_store *store)
{
	for (uint32_t i = 0; i < m->rows; i++)
		if (is_site(m->copies[i].flags))
			put_site(m, i, store);
}

static void put_options(const struct image *m, struct irt_store *store)
{
	const char *text = m->options;
	while (text && *text) {
		size_t n = strcspn(text, ":");
		while (text[n] == ':' && text[n + 1] == ':')
			n += 2 + strcspn(text + n + 2, ":");
		char *copy = strndup(text, n), *value = copy ? strchr(copy, '=') : NULL;
		if (value) {
			*value++ = 0;
			irt_store_put_setting(store, &(struct irt_store_setting){m->path, copy, value});
		}
		free(copy);
		text += n + (text[n] == ':');
	}
}

/* 0: no name was registered for an address. 1: calls beyond the bounds of the context tree. */
static void put_fixed(struct irt_store *store)
{
	static const char *const names[] = {"(unknown)", "(other)"};
	for (int i = 0; i < 2; i++)
		irt_store_put_function(store, &(struct irt_store_function){
			.function_id = i, .module_id = IRT_STORE_NULL, .row = IRT_STORE_NULL, .name = names[i],
			.linkage_name = names[i], .line = IRT_STORE_NULL, .instrumented = 1});
}

void irt_symbols_put(struct irt_symbols *s, struct irt_store *store)
{
	if (!s->fixed_in_store)
		put_fixed(store);
	for (uint32_t i = 0; i < s->image_count; i++) {
		struct image *m = &s->images[i];
		if (m->in_store)
			continue;
		irt_store_put_module(store, &(struct irt_store_module){m->module_id, m->path ? m->path : "",
			m->build_id && *m->build_id ? m->build_id : NULL, m->rows});
		put_functions(m, store);
		put_sites(m, store);
		put_options(m, store);
	}
	for (uint32_t i = 0; i < s->load_count; i++) {
		struct load *l = &s->loads[i];
		if (!l->changed || !l->image)
			continue;
		irt_store_put_load(store, &(struct irt_store_load){l->load_id, l->process_id, s->images[l->image - 1].module_id,
			(int64_t)l->rows_begin, (int64_t)l->rows_end, l->start_ticks, l->end_ticks});
	}
	for (uint32_t i = 0; i < s->raw_module_count; i++) {
		const struct raw_module *m = &s->raw_modules[i];
		if (!m->in_store)
			irt_store_put_module(store, &(struct irt_store_module){m->module_id, m->path, m->build_id, 0});
	}
	for (uint32_t i = 0; i < s->raw_count; i++) {
		struct raw *r = &s->raws[i];
		if (r->in_store)
			continue;
		const char *linkage = r->linkage_name ? r->linkage_name : "(no memory for its name)";
		irt_store_put_function(store, &(struct irt_store_function){
			.function_id = r->function_id, .module_id = r->module_id ? (int64_t)r->module_id : IRT_STORE_NULL,
			.row = IRT_STORE_NULL, .name = r->name ? r->name : linkage, .linkage_name = linkage, .line = IRT_STORE_NULL,
			.instrumented = 1, .address = r->module_id && r->in_module <= INT64_MAX ? (int64_t)r->in_module : 0});
	}
}

void irt_symbols_committed(struct irt_symbols *s)
{
	s->fixed_in_store = 1;
	for (uint32_t i = 0; i < s->image_count; i++) {
		struct image *m = &s->images[i];
		m->in_store = 1;
		free(m->copies);
		free(m->texts);
		m->copies = NULL;
		m->texts = NULL;
	}
	for (uint32_t i = 0; i < s->load_count; i++)
		s->loads[i].changed = 0;
	for (uint32_t i = 0; i < s->raw_module_count; i++) {
		s->raw_modules[i].in_store = 1;
		free(s->raw_modules[i].path);
		free(s->raw_modules[i].build_id);
		s->raw_modules[i].path = s->raw_modules[i].build_id = NULL;
	}
	for (uint32_t i = 0; i < s->raw_count; i++) {
		struct raw *r = &s->raws[i];
		r->in_store = 1;
		free(r->name);
		free(r->linkage_name);
		r->name = r->linkage_name = NULL;
	}
}
