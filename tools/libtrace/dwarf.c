/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * dwarf.c - see code.h. A function is where a DW_TAG_subprogram begins. Only units that have one of the addresses are gone
 * through. Split DWARF: the unit's own file (.dwo), or the package (.dwp); where neither is there, file and line are those
 * of the first byte in the line table, which is never split off.
 *
 * That libdwarf says "error" is no news here: what it cannot read is left out. What is given back is only what keeps it
 * from beginning.
 */
#define _GNU_SOURCE
#include "libtrace/code.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <dwarf.h>
#include <libdwarf.h>

#include "fold/array.h"

enum { DEPTH_MAX = 256, ORIGINS_MAX = 8, RANGES_MAX = 1 << 16 };

/* Until 2021 an archive of libdwarf has a way of opening through libelf, which nobody takes here. */
#define WITHOUT_LIBELF(function) \
	void *function(void); \
	__attribute__((weak)) void *function(void) { return NULL; }
WITHOUT_LIBELF(elf_begin)
WITHOUT_LIBELF(elf_end)
WITHOUT_LIBELF(elf_getdata)
WITHOUT_LIBELF(elf_getident)
WITHOUT_LIBELF(elf_getscn)
WITHOUT_LIBELF(elf_strptr)
WITHOUT_LIBELF(elf_version)
WITHOUT_LIBELF(elf32_getehdr)
WITHOUT_LIBELF(elf32_getshdr)
WITHOUT_LIBELF(elf64_getehdr)
WITHOUT_LIBELF(elf64_getshdr)

struct dwarf {
	const struct tr_image *image;
	const struct tr_elf *elf;
	tr_told *each;
	void *arg;
	char *named;   /* by place: a subprogram was there */
	char *lined;   /* by place: its file and line are known */
	uint64_t *lines; /* by place: a line that no file is known of yet */
	int package_read;
	Dwarf_Debug debug; /* that is gone through now */
};

/* Errors are of the debug information that is being read, and belong to it. */
static int open_debug(int fd, Dwarf_Debug *debug)
{
	Dwarf_Error error = NULL;
#ifdef DW_LIBDWARF_VERSION
	return dwarf_init_b(fd, DW_GROUPNUMBER_ANY, NULL, NULL, debug, &error);
#else
	return dwarf_init_b(fd, 0 /* for reading */, DW_GROUPNUMBER_ANY, NULL, NULL, debug, &error);
#endif
}

static int get_number(Dwarf_Die die, Dwarf_Half what, Dwarf_Unsigned *number)
{
	Dwarf_Attribute attribute;
	Dwarf_Error error = NULL;
	Dwarf_Signed with_sign;

	if (dwarf_attr(die, what, &attribute, &error) != DW_DLV_OK)
		return 0;
	int got = dwarf_formudata(attribute, number, &error) == DW_DLV_OK;
	if (!got && dwarf_formsdata(attribute, &with_sign, &error) == DW_DLV_OK && with_sign >= 0) {
		*number = (Dwarf_Unsigned)with_sign;
		got = 1;
	}
	dwarf_dealloc_attribute(attribute);
	return got;
}

static const char *get_text(Dwarf_Die die, Dwarf_Half what)
{
	char *text;
	Dwarf_Error error = NULL;
	return dwarf_die_text(die, what, &text, &error) == DW_DLV_OK && text && *text ? text : NULL;
}

/* The die that another one refers to, or NULL. */
static Dwarf_Die follow(struct dwarf *d, Dwarf_Die die, Dwarf_Half what)
{
	Dwarf_Attribute attribute;
	Dwarf_Error error = NULL;
	Dwarf_Off offset;
	Dwarf_Die other = NULL;

	if (dwarf_attr(die, what, &attribute, &error) != DW_DLV_OK)
		return NULL;
	if (dwarf_global_formref(attribute, &offset, &error) != DW_DLV_OK ||
	    dwarf_offdie_b(d->debug, offset, 1, &other, &error) != DW_DLV_OK)
		other = NULL;
	dwarf_dealloc_attribute(attribute);
	return other;
}

/* ---- which addresses a die has ---- */

typedef int take_range(void *arg, uint64_t low, uint64_t high); /* 1: enough */

static int ranges_of_4(struct dwarf *d, Dwarf_Die die, Dwarf_Unsigned offset, uint64_t base, take_range *take, void *arg)
{
	Dwarf_Error error = NULL;
	Dwarf_Ranges *ranges;
	Dwarf_Signed count;
	Dwarf_Unsigned bytes;
	Dwarf_Off real;

	if (dwarf_get_ranges_b(d->debug, offset, die, &real, &ranges, &count, &bytes, &error) != DW_DLV_OK)
		return 0;
	for (Dwarf_Signed i = 0, done = 0; i < count && i < RANGES_MAX && !done; i++) {
		if (ranges[i].dwr_type == DW_RANGES_ADDRESS_SELECTION)
			base = ranges[i].dwr_addr2;
		else if (ranges[i].dwr_type == DW_RANGES_ENTRY)
			done = take(arg, base + ranges[i].dwr_addr1, base + ranges[i].dwr_addr2);
	}
#ifdef DW_LIBDWARF_VERSION
	dwarf_dealloc_ranges(d->debug, ranges, count);
#else
	dwarf_ranges_dealloc(d->debug, ranges, count);
#endif
	return 1;
}

static int ranges_of_5(Dwarf_Attribute attribute, Dwarf_Half form, Dwarf_Unsigned value, take_range *take, void *arg)
{
	Dwarf_Error error = NULL;
	Dwarf_Rnglists_Head head;
	Dwarf_Unsigned count, where, raw[2], low, high;
	unsigned bytes, code;

	if (dwarf_rnglists_get_rle_head(attribute, form, value, &head, &count, &where, &error) != DW_DLV_OK)
		return 0;
	for (Dwarf_Unsigned i = 0; i < count && i < RANGES_MAX; i++) {
#ifdef DW_LIBDWARF_VERSION
		Dwarf_Bool unavailable = 0;
		if (dwarf_get_rnglists_entry_fields_a(head, i, &bytes, &code, &raw[0], &raw[1], &unavailable, &low, &high, &error) != DW_DLV_OK)
			break;
		if (unavailable)
			continue;
#else
		if (dwarf_get_rnglists_entry_fields(head, i, &bytes, &code, &raw[0], &raw[1], &low, &high, &error) != DW_DLV_OK)
			break;
#endif
		if (code == DW_RLE_end_of_list)
			break;
		if (code == DW_RLE_base_address || code == DW_RLE_base_addressx)
			continue;
		if (take(arg, low, high))
			break;
	}
	dwarf_dealloc_rnglists_head(head);
	return 1;
}

/* 0: it does not say. base: where the ranges of its unit count from. */
static int each_range(struct dwarf *d, Dwarf_Die die, Dwarf_Half version, uint64_t base, take_range *take, void *arg)
{
	Dwarf_Error error = NULL;
	Dwarf_Attribute attribute;
	Dwarf_Half form;
	Dwarf_Addr low, high;
	enum Dwarf_Form_Class kind;
	Dwarf_Unsigned value;
	int said = 0;

	if (dwarf_attr(die, DW_AT_ranges, &attribute, &error) == DW_DLV_OK) {
		if (dwarf_whatform(attribute, &form, &error) == DW_DLV_OK) {
			Dwarf_Off offset;
			if (form == DW_FORM_rnglistx ? dwarf_formudata(attribute, &value, &error) == DW_DLV_OK
						     : dwarf_global_formref(attribute, &offset, &error) == DW_DLV_OK) {
				if (form != DW_FORM_rnglistx)
					value = offset;
				said = version >= 5 ? ranges_of_5(attribute, form, value, take, arg)
						    : ranges_of_4(d, die, value, base, take, arg);
			}
		}
		dwarf_dealloc_attribute(attribute);
		return said;
	}
	if (dwarf_lowpc(die, &low, &error) != DW_DLV_OK || dwarf_highpc_b(die, &high, &form, &kind, &error) != DW_DLV_OK)
		return 0;
	take(arg, low, kind == DW_FORM_CLASS_CONSTANT ? low + high : high);
	return 1;
}

struct has_place {
	const struct tr_image *image;
	int has;
};

static int look_for_place(void *arg, uint64_t low, uint64_t high)
{
	struct has_place *h = arg;
	size_t at = tr_place_from(h->image, low);
	h->has |= at < h->image->count && h->image->places[at].address < high;
	return h->has;
}

static int take_first(void *arg, uint64_t low, uint64_t high)
{
	(void)high;
	*(uint64_t *)arg = low;
	return 1;
}

/* ---- a function ---- */

struct unit {
	Dwarf_Die die;
	Dwarf_Half version;
	uint64_t base;
	char **files; /* read when the first is asked for */
	Dwarf_Signed file_count;
	int files_read;
};

static const char *file_of(struct unit *u, Dwarf_Unsigned number)
{
	Dwarf_Error error = NULL;

	if (!u->files_read) {
		u->files_read = 1;
		if (dwarf_srcfiles(u->die, &u->files, &u->file_count, &error) != DW_DLV_OK)
			u->file_count = 0;
	}
	/* Up to version 4 files count from 1. */
	if (u->version < 5 && !number--)
		return NULL;
	return number < (Dwarf_Unsigned)u->file_count ? u->files[number] : NULL;
}

static Dwarf_Off unit_offset(Dwarf_Die die)
{
	Dwarf_Off offset;
	Dwarf_Error error = NULL;
	return dwarf_CU_dieoffset_given_die(die, &offset, &error) == DW_DLV_OK ? offset : 0;
}

/* A file of another unit than the one that is gone through (LTO). */
static char *file_elsewhere(struct dwarf *d, Dwarf_Die die, Dwarf_Unsigned number)
{
	Dwarf_Error error = NULL;
	struct unit u = {0};
	Dwarf_Half offset_bytes;
	char *copy = NULL;

	if (dwarf_offdie_b(d->debug, unit_offset(die), 1, &u.die, &error) != DW_DLV_OK)
		return NULL;
	if (dwarf_get_version_of_die(u.die, &u.version, &offset_bytes) == DW_DLV_OK) {
		const char *file = file_of(&u, number);
		copy = file ? strdup(file) : NULL;
	}
	dwarf_dealloc_die(u.die);
	return copy;
}

/* Of all places with that address. */
static void tell_all(struct dwarf *d, size_t index, const char *name, const char *linkage, const char *file, Dwarf_Unsigned line)
{
	const uint64_t address = d->image->places[index].address;
	for (; index < d->image->count && d->image->places[index].address == address; index++) {
		d->named[index] |= name || linkage;
		d->lined[index] |= file && line;
		d->lines[index] = line;
		d->each(d->arg, index, name, linkage, line ? file : NULL, file ? line : 0);
	}
}

/* What a subprogram says, and what it is an instance or a definition of. */
static void tell(struct dwarf *d, struct unit *u, Dwarf_Die die, size_t index)
{
	const char *name = NULL, *linkage = NULL, *file = NULL;
	Dwarf_Unsigned line = 0, number = 0;
	char *elsewhere = NULL;
	int numbered = 0;
	Dwarf_Die at = die, chain[ORIGINS_MAX];
	size_t depth = 0;

	while (at) {
		Dwarf_Unsigned got;
		if (!linkage && !(linkage = get_text(at, DW_AT_linkage_name)))
			linkage = get_text(at, DW_AT_MIPS_linkage_name);
		if (!name)
			name = get_text(at, DW_AT_name);
		if (!line && get_number(at, DW_AT_decl_line, &got))
			line = got;
		if (!numbered && get_number(at, DW_AT_decl_file, &number)) {
			numbered = 1;
			if (unit_offset(at) == unit_offset(u->die))
				file = file_of(u, number);
			else
				file = elsewhere = file_elsewhere(d, at, number);
		}
		Dwarf_Die next = depth < ORIGINS_MAX ? follow(d, at, DW_AT_abstract_origin) : NULL;
		if (!next && depth < ORIGINS_MAX)
			next = follow(d, at, DW_AT_specification);
		if (next)
			chain[depth++] = next;
		at = next;
	}
	tell_all(d, index, name, linkage, file, line);
	while (depth)
		dwarf_dealloc_die(chain[--depth]);
	free(elsewhere);
}

static void look_at(struct dwarf *d, struct unit *u, Dwarf_Die die)
{
	Dwarf_Error error = NULL;
	Dwarf_Half tag;
	Dwarf_Addr low;
	uint64_t first;

	if (dwarf_tag(die, &tag, &error) != DW_DLV_OK || tag != DW_TAG_subprogram)
		return;
	if (dwarf_lowpc(die, &low, &error) == DW_DLV_OK)
		first = low;
	else if (first = UINT64_MAX, !each_range(d, die, u->version, u->base, take_first, &first))
		return;
	size_t index = tr_place_from(d->image, first);
	if (index < d->image->count && d->image->places[index].address == first && !d->named[index])
		tell(d, u, die, index);
}

/* All dies below one, without recursion. */
static void walk(struct dwarf *d, struct unit *u, Dwarf_Die top)
{
	Dwarf_Die stack[DEPTH_MAX];
	Dwarf_Error error = NULL;
	size_t depth = 0;

	if (dwarf_child(top, &stack[0], &error) != DW_DLV_OK)
		return;
	depth = 1;
	while (depth) {
		Dwarf_Die die = stack[depth - 1], next;
		look_at(d, u, die);
		if (depth < DEPTH_MAX && dwarf_child(die, &next, &error) == DW_DLV_OK) {
			stack[depth++] = next;
			continue;
		}
		while (depth) {
			die = stack[depth - 1];
			int more = dwarf_siblingof_b(d->debug, die, 1, &next, &error) == DW_DLV_OK;
			dwarf_dealloc_die(die);
			if (more) {
				stack[depth - 1] = next;
				break;
			}
			depth--;
		}
	}
}

/* ---- a unit ---- */

/* Of places of which no file is known: where the line table begins them. libdwarf does not find the files of what is split
 * off, so the file is from here, too, if the line is known. */
static void read_lines(struct dwarf *d, Dwarf_Die unit)
{
	Dwarf_Error error = NULL;
	Dwarf_Unsigned version, line;
	Dwarf_Small tables;
	Dwarf_Line_Context context;
	Dwarf_Line *lines;
	Dwarf_Signed count;
	Dwarf_Addr address;
	char *file;

	if (dwarf_srclines_b(unit, &version, &tables, &context, &error) != DW_DLV_OK)
		return;
	if (dwarf_srclines_from_linecontext(context, &lines, &count, &error) == DW_DLV_OK) {
		for (Dwarf_Signed i = 0; i < count; i++) {
			Dwarf_Bool is_end = 1;
			if (dwarf_lineaddr(lines[i], &address, &error) != DW_DLV_OK)
				continue;
			size_t index = tr_place_from(d->image, address);
			if (index >= d->image->count || d->image->places[index].address != address || d->lined[index] ||
			    dwarf_lineendsequence(lines[i], &is_end, &error) != DW_DLV_OK || is_end)
				continue;
			if (dwarf_lineno(lines[i], &line, &error) == DW_DLV_OK && line &&
			    dwarf_linesrc(lines[i], &file, &error) == DW_DLV_OK) {
				tell_all(d, index, NULL, NULL, file, d->lines[index] ? d->lines[index] : line);
				dwarf_dealloc(d->debug, file, DW_DLA_STRING);
			}
		}
	}
	dwarf_srclines_dealloc_b(context);
}

static int open_quietly(const char *path)
{
	return open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
}

static void walk_units(struct dwarf *d, int is_split);

/* The rest of a unit that is in a file of its own, or in the package beside the program. */
static void walk_split(struct dwarf *d, Dwarf_Die unit, const char *name)
{
	const char *folder = get_text(unit, DW_AT_comp_dir);
	char path[2 * PATH_MAX];
	Dwarf_Debug split = NULL, whole = d->debug;
	Dwarf_Error error = NULL;

	snprintf(path, sizeof(path), "%s%s%s", *name != '/' && folder ? folder : "", *name != '/' && folder ? "/" : "", name);
	int fd = open_quietly(path);
	if (fd < 0 && !d->package_read) {
		d->package_read = 1; /* it has all units */
		snprintf(path, sizeof(path), "%s.dwp", d->elf->path);
		fd = open_quietly(path);
	}
	if (fd < 0)
		return;
	if (open_debug(fd, &split) == DW_DLV_OK && dwarf_set_tied_dbg(split, whole, &error) == DW_DLV_OK) {
		d->debug = split;
		walk_units(d, 1);
		d->debug = whole;
	}
	close(fd);
}

static void take_unit(struct dwarf *d, Dwarf_Die die, Dwarf_Half version, int is_split)
{
	struct unit u = {.die = die, .version = version};
	struct has_place has = {d->image, 0};
	Dwarf_Error error = NULL;
	Dwarf_Addr low;

	if (dwarf_lowpc(die, &low, &error) == DW_DLV_OK)
		u.base = low;
	if (!is_split && each_range(d, die, version, u.base, look_for_place, &has) && !has.has)
		return;
	walk(d, &u, die);
	if (is_split)
		return;
	const char *split = get_text(die, version >= 5 ? DW_AT_dwo_name : DW_AT_GNU_dwo_name);
	if (split)
		walk_split(d, die, split);
	read_lines(d, die);
}

/* They are listed first: looking into what is split off moves the place that libdwarf goes on from. */
static void walk_units(struct dwarf *d, int is_split)
{
	Dwarf_Unsigned length, type_offset, next;
	Dwarf_Half version, address_bytes, length_bytes, extension_bytes, kind;
	Dwarf_Off abbreviations, *units = NULL;
	Dwarf_Sig8 signature;
	Dwarf_Error error = NULL;
	Dwarf_Die die;
	size_t count = 0, room = 0;

	while (dwarf_next_cu_header_d(d->debug, 1, &length, &version, &abbreviations, &address_bytes, &length_bytes, &extension_bytes,
				      &signature, &type_offset, &next, &kind, &error) == DW_DLV_OK) {
		Dwarf_Off offset;
		if (kind == DW_UT_type || kind == DW_UT_split_type || dwarf_siblingof_b(d->debug, NULL, 1, &die, &error) != DW_DLV_OK)
			continue;
		int known = dwarf_dieoffset(die, &offset, &error) == DW_DLV_OK;
		dwarf_dealloc_die(die);
		if (!known || (count && offset <= units[count - 1]))
			break;
		if (!irt_grow(&units, &room, count + 1, sizeof(*units)))
			break;
		units[count++] = offset;
	}
	for (size_t i = 0; i < count; i++) {
		if (dwarf_offdie_b(d->debug, units[i], 1, &die, &error) != DW_DLV_OK)
			continue;
		if (dwarf_get_version_of_die(die, &version, &length_bytes) == DW_DLV_OK)
			take_unit(d, die, version, is_split);
		dwarf_dealloc_die(die);
	}
	free(units);
}

const char *tr_read_dwarf(struct tr_elf *elf, const struct tr_image *image, tr_told *each, void *arg)
{
	struct dwarf d = {.image = image, .elf = elf, .each = each, .arg = arg};

	d.named = calloc(image->count, 1);
	d.lined = calloc(image->count, 1);
	d.lines = calloc(image->count, sizeof(*d.lines));
	if (!d.named || !d.lined || !d.lines)
		return "there is not enough memory to read its debug information";
	if (!tr_elf_expand(elf))
		return "its debug information is compressed, and damaged";
	if (open_debug(elf->fd, &d.debug) != DW_DLV_OK)
		return "its debug information is damaged";
	walk_units(&d, 0);
	return NULL; /* nothing is given back: the process ends */
}
