# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# Every query of docs/queries.md runs on a trace, by an SQLite that knows nothing of traces.
# traces: main troubled heap waiting
"$PYTHON" "$TESTS/page_queries.py" "$SOURCE/docs/queries.md" main.db troubled.db heap.db waiting.db
