# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# Locks: the list of them in every order, one of them with who waited for whom, and who has it at the end.
# traces: locks main
t instr-report locks.db --locks
say by every order
for sort in hold acquisitions contended; do
	t body locks.db --locks --sort $sort --limit 2
done
say one of them
t body locks.db --locks --lock 1
t body locks.db --locks --lock 2 --sort hold
t body locks.db --locks --lock 3
say for programs
t instr-report locks.db --locks --format csv
t instr-report locks.db --locks --lock 1 --format json
s 'instr-report locks.db --locks --lock 2 --show-sql | sqlite3 locks.db'
say none
t body main.db --locks
s 'instr-report main.db --locks --format csv'
say not what was meant
t instr-report locks.db --locks --lock 7
t instr-report locks.db --lock 1
t instr-report locks.db --locks --thread 1
t instr-report locks.db --locks --sort self
s 'sqlite3 locks.db "SELECT thread_id, what, function, name, age_ns FROM lock_user_list"'
