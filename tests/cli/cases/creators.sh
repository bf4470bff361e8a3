# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# Who has created which thread: in --threads, and --threads --by creator.
# traces: creators main hostile
COLUMNS=160 t body creators.db --threads
say narrow
COLUMNS=100 t body creators.db --threads --thread worker
say where it is known of none, there is no such column
COLUMNS=160 t body main.db --threads
say by who has created them
t body creators.db --threads --by creator
t body creators.db --threads --by creator --limit 1
COLUMNS=50 t body creators.db --threads --by creator
t body main.db --threads --by creator
t instr-report creators.db --threads --by creator --process 2
say rows for programs
t instr-report creators.db --threads --format csv --limit 3
t instr-report creators.db --threads --by creator --format csv
t instr-report creators.db --threads --by creator --format json --limit 1
s 'instr-report creators.db --threads --by creator --show-sql | stock_sqlite creators.db'
say figures that cannot be
t body hostile.db --threads
t body hostile.db --threads --by creator
say what does not go together
t instr-report creators.db --threads --by site
t instr-report creators.db --allocs --by creator
t instr-report creators.db --top --by creator
t instr-report creators.db --threads --by creator --sort cpu
t instr-report creators.db --threads --by creator --thread worker
