# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# A trace that is being written: what was committed is read, from the -wal too; nothing is left behind.
# traces: main
say a writer has it open, with a commit in the -wal and a transaction under way
"$PYTHON" "$TESTS/hold.py" live trace.db instr-report --limit 2 2>&1
say the writer was killed: its -wal is read
cp main.db trace.db
"$PYTHON" "$TESTS/hold.py" killed trace.db instr-report --limit 2 2>&1
say the same, where nothing may be written
mkdir readonly
cp trace.db readonly/trace.db
cp trace.db-wal readonly/trace.db-wal
chmod 555 readonly
t unprivileged instr-report readonly/trace.db --limit 1
chmod 755 readonly
say a file in WAL mode without a -wal, where nothing may be written
mkdir alone
cp main.db alone/trace.db
"$PYTHON" "$TESTS/hold.py" wal alone/trace.db true
chmod 444 alone/trace.db
chmod 555 alone
t unprivileged instr-report alone/trace.db --limit 1
t ls alone
chmod 755 alone
say a newer trace of another run beside it
touch -d '2020-01-01' main.db
for name in main.4711.db main.4712.db main.x.db main.1.db.old other.1.db; do cp main.db $name; done
touch -d '2020-01-02' main.4711.db main.4712.db
touch -d '2021-01-01' main.4712.db
s 'instr-report main.db --limit 1 | head -4'
s 'instr-report ./main.db --limit 1 --format csv'
touch -d '2019-01-01' main.4711.db main.4712.db
s 'instr-report main.db --limit 1 | head -4'
