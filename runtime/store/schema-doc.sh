#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# schema-doc.sh - makes docs/schema.md from the comments of schema.sql and views.sql.
#
#     schema-doc.sh                  writes it to standard output
#     schema-doc.sh --check FILE     exit status 1 if FILE differs or a column has no comment
#
# A table or view is described by the comment above its CREATE, a column by the comment on its line.
# A column of a view is a line "... AS name, -- comment".
set -eu
folder=$(cd "$(dirname "$0")" && pwd)

generate() {
	cat <<'HEAD'
<!-- Made by runtime/store/schema-doc.sh from schema.sql and views.sql. Change those. -->
# Tables and views of trace.db

`trace.db` is a plain SQLite file; `sqlite3 trace.db 'SELECT * FROM top LIMIT 10'` works. Query the
**views**: they have names, and times in nanoseconds (columns `_ns`). The **tables** below them are what
is recorded: they hold ticks of the timestamp counter since the start of the run (columns `_ticks`);
view `rate` has nanoseconds per tick. A row that has not ended has NULL as its end.

HEAD
	printf '## Views\n'
	describe views "$folder/views.sql"
	printf '\n## Tables\n'
	describe tables "$folder/schema.sql"
}

describe() {
	awk -v kind="$1" -v file="$2" '
	function flush_about() { about = "" }
	function cell(text) { gsub(/\|/, "\\|", text); return text }
	function start(name) {
		if (about == "") { print file ": " name " has no comment above it" > "/dev/stderr"; bad = 1 }
		printf "\n### %s\n\n%s\n\n", name, about
		owner = name; header = 0
	}
	function column(name, type, comment) {
		if (comment == "") { print file ": column " owner "." name " has no comment" > "/dev/stderr"; bad = 1 }
		if (!header) {
			if (kind == "tables") printf "| column | type | |\n|---|---|---|\n"
			else printf "| column | |\n|---|---|\n"
			header = 1
		}
		if (kind == "tables") printf "| `%s` | %s | %s |\n", name, type, cell(comment)
		else printf "| `%s` | %s |\n", name, cell(comment)
	}
	/^-- / && !owner { about = about (about == "" ? "" : " ") substr($0, 4); next }
	/^--$/ || /^$/   { if (!owner) flush_about(); next }
	kind == "tables" && /^CREATE TABLE /  { sub(/\(.*/, ""); start($3); next }
	kind == "tables" && owner && /^\)/     { owner = ""; flush_about(); next }
	kind == "tables" && /^CREATE (UNIQUE )?INDEX / { printf "\nIndex `%s`: %s\n", $3, about; flush_about(); next }
	kind == "tables" && owner {
		line = $0; comment = ""
		if (match(line, /-- /)) { comment = substr(line, RSTART + 3); line = substr(line, 1, RSTART - 1) }
		if (line ~ /^ *(PRIMARY KEY|UNIQUE|FOREIGN KEY|CHECK) *\(/) {
			gsub(/^ +| *,? *$/, "", line)
			printf "\n%s\n", "`" line "`"
			next
		}
		n = split(line, words, " ")
		type = words[2]; sub(/,$/, "", type)
		if (line ~ /PRIMARY KEY/) type = type ", key"
		if (line !~ /NOT NULL|PRIMARY KEY/) type = type " or NULL"
		if (match(line, /REFERENCES [a-z_]+/)) type = type " → `" substr(line, RSTART + 11, RLENGTH - 11) "`"
		column(words[1], type, comment)
		next
	}
	kind == "views" && /^CREATE VIEW /     { start($3); next }
	kind == "views" && owner {
		# Only columns of the outermost SELECT have comments (tests/unit/store_views_test.c checks
		# that each has).
		if (match($0, / AS [a-z0-9_]+[,;]? -- /)) {
			name = substr($0, RSTART + 4, RLENGTH - 4)
			comment = substr($0, RSTART + RLENGTH)
			sub(/[,;]? -- $/, "", name)
			column(name, "", comment)
		}
		if ($0 ~ /;( *--.*)?$/) { owner = ""; flush_about() }
		next
	}
	{ flush_about() }
	END { exit bad }' "$2"
}

case ${1:-} in
"") generate ;;
--check)
	made=$(mktemp)
	trap 'rm -f "$made"' EXIT
	generate >"$made"
	if ! diff -u "$2" "$made"; then
		echo "schema-doc.sh: $2 is not up to date: run runtime/store/schema-doc.sh > docs/schema.md" >&2
		exit 1
	fi
	;;
*)
	echo "usage: schema-doc.sh [--check FILE]" >&2
	exit 2
	;;
esac
