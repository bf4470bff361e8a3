/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * recover.c - see recover.h.
 */
#define _GNU_SOURCE
#include "drain/recover.h"

#include "drain/session.h"

#include "base/testpoint.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

int irt_run_is_live(const struct irt_attached *a)
{
	static struct irt_process all[IRT_PROCESS_MAX];
	ssize_t n = pread(a->ring_fd, all, sizeof(all), (off_t)a->facts.processes_offset);
	for (size_t i = 0; n > 0 && i < (size_t)n / sizeof(*all); i++) {
		struct irt_process p = all[i];
		char state = 0;
		if (p.state == IRT_SLOT_LIVE && irt_start_time(p.pid, 0, &state) == p.start_time && state != 'Z' && state != 'X')
			return 1;
	}
	return 0;
}

static int recover_folder(const char *folder, enum irt_session_kind kind, unsigned wait_ms, enum irt_recovery *outcome,
			  char *error, size_t bytes)
{
	struct irt_attached a;
	*outcome = IRT_RECOVERY_NOTHING;
	int r = irt_look(&a, folder, error, bytes);
	if (r == INSTR_ERR_NOT_FOUND)
		return 0;
	if (r == INSTR_ERR_PERMISSION) {
		*outcome = IRT_RECOVERY_UNWRITABLE;
		return 0;
	}
	if (r != 0)
		return r;
	int live = irt_run_is_live(&a);
	if (a.facts.lingering)
		wait_ms = 0; /* it may take as long as a daemon lives, unless the drain has died over it */
	IRT_TESTPOINT(recovery_found);
	int lease = live ? INSTR_ERR_BUSY : irt_take_lease(&a, wait_ms);
	IRT_TESTPOINT(recovery_leased);
	if (lease != 0) {
		irt_detach(&a);
		if (lease == INSTR_ERR_BUSY)
			*outcome = IRT_RECOVERY_LIVE;
		else if (lease == INSTR_ERR_NOT_FOUND) /* who had it has finished and removed it while we waited */
			*outcome = IRT_RECOVERY_WAITED;
		else
			*outcome = IRT_RECOVERY_UNWRITABLE;
		return 0;
	}
	r = irt_drain_dead_run(&a, kind, error, bytes);
	*outcome = r == INSTR_ERR_BUSY ? IRT_RECOVERY_LIVE : IRT_RECOVERY_DONE;
	return r == INSTR_ERR_BUSY ? 0 : r;
}

int irt_recover_trace(const char *path, unsigned wait_ms, enum irt_recovery *outcome, char *error, size_t bytes)
{
	char root[IRT_PATH_BYTES + 40], folder[IRT_PATH_BYTES + 80];
	struct irt_store_config any = {0};
	struct irt_store_info info;
	struct irt_store_error failed;
	*outcome = IRT_RECOVERY_NOTHING;

	char *whole = realpath(path, NULL), *slash = whole ? strrchr(whole, '/') : NULL;
	if (!slash) {
		snprintf(error, bytes, "%s: %s", path, strerror(errno));
		free(whole);
		return INSTR_ERR_NOT_FOUND;
	}
	*slash = 0;
	int fd = open(*whole ? whole : "/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r = fd < 0 ? INSTR_ERR_PERMISSION : irt_store_peek(fd, slash + 1, &any, &info, &failed);
	if (fd >= 0)
		close(fd);
	if (r != 0)
		snprintf(error, bytes, "%s", fd < 0 ? path : failed.text);
	if (r == 0 && irt_is_run_name(info.run_id)) {
		irt_runs_folder(NULL, root, sizeof(root));
		snprintf(folder, sizeof(folder), "%s/%s", root, info.run_id);
		r = recover_folder(folder, IRT_SESSION_DEAD, wait_ms, outcome, error, bytes);
		if (r == 0 && *outcome == IRT_RECOVERY_NOTHING) {
			irt_runs_folder(whole, root, sizeof(root));
			snprintf(folder, sizeof(folder), "%s/%s", root, info.run_id);
			r = recover_folder(folder, IRT_SESSION_DEAD, wait_ms, outcome, error, bytes);
		}
	}
	free(whole);
	return r;
}

unsigned irt_recover_all(void *arg, void (*each)(void *, const char *, enum irt_recovery, int, const char *))
{
	char root[64], folder[IRT_PATH_BYTES], error[600];
	unsigned n = 0;
	irt_runs_folder(NULL, root, sizeof(root));
	DIR *d = opendir(root);
	struct dirent *e;
	while (d && (e = readdir(d))) {
		enum irt_recovery outcome;
		if (!irt_is_run_name(e->d_name))
			continue;
		snprintf(folder, sizeof(folder), "%s/%s", root, e->d_name);
		error[0] = 0;
		int r = recover_folder(folder, IRT_SESSION_DEAD, 0, &outcome, error, sizeof(error));
		each(arg, folder, outcome, r, error);
		n++;
	}
	if (d)
		closedir(d);
	return n;
}

/* ---- what has just begun ---------------------------------------------------------------------------- */

struct awaited {
	struct stat folder; /* of the trace */
	const char *name;
	char found[IRT_PATH_BYTES + 80]; /* the run's folder */
};

/* Among the runs below root: one that is to write this file, and has no drain yet that could. */
static int find_unbegun(const char *root, struct awaited *w)
{
	DIR *d = opendir(root);
	struct dirent *e;
	int found = 0;
	while (d && !found && (e = readdir(d))) {
		struct irt_attached a;
		struct stat st;
		char error[300];
		if (!irt_is_run_name(e->d_name))
			continue;
		snprintf(w->found, sizeof(w->found), "%s/%s", root, e->d_name);
		if (irt_look(&a, w->found, error, sizeof(error)) != 0)
			continue;
		found = !a.facts.drain_pid && !a.facts.heartbeat && !a.facts.failed && !strcmp(a.facts.out_name, w->name) &&
			stat(a.facts.out_directory, &st) == 0 && st.st_dev == w->folder.st_dev && st.st_ino == w->folder.st_ino;
		irt_detach(&a);
	}
	if (d)
		closedir(d);
	return found;
}

void irt_await_begun(const char *path, unsigned wait_ms)
{
	enum { TURN_MS = 2 };
	struct timespec turn = {0, TURN_MS * 1000 * 1000};
	struct awaited w;
	enum irt_recovery outcome;
	char root[2][IRT_PATH_BYTES + 40], error[600];
	const char *slash = strrchr(path, '/');
	char *folder = strndup(slash ? path : ".", slash ? (size_t)(slash - path) + 1 : 1), *whole = folder ? realpath(folder, NULL) : NULL;
	int found = 0;

	w.name = slash ? slash + 1 : path;
	if (whole && stat(whole, &w.folder) == 0) {
		irt_runs_folder(NULL, root[0], sizeof(root[0]));
		irt_runs_folder(strcmp(whole, "/") ? whole : "", root[1], sizeof(root[1]));
		for (unsigned waited = 0; waited <= wait_ms; waited += TURN_MS) {
			found = find_unbegun(root[0], &w) || find_unbegun(root[1], &w);
			if (!found)
				break;
			nanosleep(&turn, NULL);
		}
	}
	if (found)
		recover_folder(w.found, IRT_SESSION_DEAD, 0, &outcome, error, sizeof(error));
	free(folder);
	free(whole);
}

/* ---- what others left ----------------------------------------------------------------------------- */

/* A run that is just being made has no process in it yet. Its folder tells how old it is until it is described,
 * and no longer: whoever sweeps it and dies over it has put a lease into it. */
static int is_young(const struct irt_attached *described, const char *folder)
{
	enum { YOUNG_S = 10 };
	struct stat st;
	if (described)
		return irt_now_ns() - described->facts.start_monotonic_ns < YOUNG_S * UINT64_C(1000000000);
	return lstat(folder, &st) != 0 || time(NULL) - st.st_ctime < YOUNG_S;
}

/* Its maker died over making it; or it is of another version. */
static void remove_undescribed(const char *folder)
{
	uint64_t magic = 0;
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int ring = fd >= 0 ? openat(fd, "ring", O_RDONLY | O_NOFOLLOW | O_CLOEXEC) : -1;
	if (ring >= 0 && pread(ring, &magic, sizeof(magic), 0) >= 0 && magic == 0) { /* also if it is shorter */
		unlinkat(fd, "ring", 0);
		rmdir(folder);
	}
	if (ring >= 0)
		close(ring);
	if (fd >= 0)
		close(fd);
}

/* Nobody's ring: completed into its database, then removed; removed if it has none. Where the database
 * cannot be written it stays. */
static void sweep_run(const char *folder)
{
	struct irt_attached a;
	enum irt_recovery outcome;
	char error[600];
	int r = irt_look(&a, folder, error, sizeof(error));
	int young = is_young(r == 0 ? &a : NULL, folder);

	if (r == 0)
		irt_detach(&a);
	if (young)
		return;
	IRT_TESTPOINT(sweep_met);
	if (r == INSTR_ERR_NOT_FOUND)
		rmdir(folder); /* if it is empty */
	else if (r == INSTR_ERR_VERSION)
		remove_undescribed(folder);
	if (r != 0 || recover_folder(folder, IRT_SESSION_BEGUN, 0, &outcome, error, sizeof(error)) != INSTR_ERR_NOT_FOUND)
		return;
	if (irt_look(&a, folder, error, sizeof(error)) != 0)
		return;
	int live = irt_run_is_live(&a);
	IRT_TESTPOINT(sweep_unfiled);
	irt_unmap(&a);
	if (!live && irt_take_lease(&a, 0) == 0)
		irt_end_run(&a, a.facts.next_process_id);
	irt_detach(&a);
}

void irt_sweep(const char *own_folder)
{
	char root[IRT_PATH_BYTES], folder[IRT_PATH_BYTES + 80];
	snprintf(root, sizeof(root), "%s", own_folder);
	char *own = strrchr(root, '/');
	if (!own)
		return;
	*own++ = 0;
	DIR *d = opendir(root);
	struct dirent *e;
	while (d && (e = readdir(d))) {
		if (!irt_is_run_name(e->d_name) || !strcmp(e->d_name, own))
			continue;
		snprintf(folder, sizeof(folder), "%s/%s", root, e->d_name);
		sweep_run(folder);
	}
	if (d)
		closedir(d);
}
