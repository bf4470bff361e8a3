-- SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
--
-- schema.sql - the tables of trace.db. Written by runtime/store alone; read by tools/libtrace and by
-- anything that opens SQLite files. docs/schema.md is made from the comments here.
--
-- Base tables hold ticks of the timestamp counter since the run's first anchor (clocks.ticks = 0);
-- the views of views.sql show integer nanoseconds. "Position" is a place in a thread's stream of
-- 16-byte units: sub-buffer sequence number x units per sub-buffer + offset. An interval that has
-- not ended has a NULL end. Columns are added in later versions (user_version), never changed.

-- One row per fact about the run as a whole.
CREATE TABLE run (
    key   TEXT PRIMARY KEY, -- run_id, boot_id, version, abi, clock, clock_step_ticks, time_unit_ticks, hook_cost_ticks (what both hooks of a call cost), unit_bytes, sub_buffer_units, state (recording|complete|recovered), events_from_ticks (events after it are kept; absent: all are), checkpoint_ticks (time of the last checkpoint)
    value ANY               -- the value; text or integer as fits the key
) STRICT, WITHOUT ROWID;

-- Settings in force, of the runtime and of each instrumented module's compilation.
CREATE TABLE settings (
    side  TEXT NOT NULL, -- 'runtime', or the module's path for settings of the compiler plugin
    key   TEXT NOT NULL, -- name of the setting, as in docs/options.md
    value TEXT NOT NULL, -- its value as text
    PRIMARY KEY (side, key)
) STRICT, WITHOUT ROWID;

-- Anchors between the timestamp counter and the system's clocks, taken at the start, every 10 s, at the end.
CREATE TABLE clocks (
    ticks        INTEGER PRIMARY KEY, -- timestamp counter, ticks since the first anchor (whose value is 0)
    monotonic_ns INTEGER NOT NULL,    -- CLOCK_MONOTONIC at that moment, ns
    realtime_ns  INTEGER NOT NULL,    -- CLOCK_REALTIME at that moment, ns since 1970
    counter      INTEGER NOT NULL     -- the raw timestamp counter at that moment, ticks since reset
) STRICT;

-- Processes of the run: the first instrumented one and all its instrumented descendants.
CREATE TABLE processes (
    process_id        INTEGER PRIMARY KEY, -- ours, from 1, in order of joining
    parent_process_id INTEGER REFERENCES processes, -- the process that forked it, or the nearest instrumented ancestor; NULL for the first
    pid               INTEGER NOT NULL, -- process id in its own pid namespace
    pid_namespace     INTEGER NOT NULL, -- inode number of that namespace
    command           TEXT, -- command line, arguments separated by blanks, quoted as a shell would need; NULL if not known
    executable        TEXT, -- path of the executable
    working_directory TEXT, -- working directory when it joined
    joined_by         TEXT NOT NULL, -- 'start' (began the run), 'fork', 'exec'
    start_ticks       INTEGER NOT NULL, -- when it joined the run
    end_ticks         INTEGER, -- when it ended; NULL while it runs
    end_reason        TEXT, -- 'exit' (through exit() or return from main), 'exec', 'death' (_exit, a signal, or not known); NULL while it runs
    exit_code         INTEGER, -- what it returned, where known
    exit_signal       INTEGER  -- the signal that ended it, where known
) STRICT;

-- Threads that recorded something. Beyond 1,000 threads of a process that have ended, the oldest are
-- merged into one row "ended threads": sums stay exact. Rows with flags < 32 add up to the run.
CREATE TABLE threads (
    thread_id        INTEGER PRIMARY KEY, -- ours, from 1, in order of first event
    process_id       INTEGER NOT NULL REFERENCES processes, -- the process it belongs to
    tid              INTEGER NOT NULL, -- kernel thread id
    name             TEXT, -- the name last seen (comm); NULL if never seen
    parent_thread_id INTEGER, -- after fork: the thread that forked; NULL otherwise
    parent_position  INTEGER, -- after fork: how far that thread's stream had come; NULL otherwise
    start_ticks      INTEGER NOT NULL, -- its first contact with the runtime
    end_ticks        INTEGER, -- when it was found ended: its last event, or the process's end; NULL while it runs
    last_ticks       INTEGER NOT NULL, -- time of its last event folded so far
    events           INTEGER NOT NULL, -- events folded so far (enters, exits and operations)
    totals_pos       INTEGER NOT NULL, -- position up to which totals, open_frames and this row hold; chunks behind it are still to be folded
    totals_events    INTEGER NOT NULL, -- number of events before totals_pos; chunks.first_event counts from the same origin
    lost_events      INTEGER NOT NULL, -- events that this thread dropped (see losses)
    wait_ticks       INTEGER NOT NULL, -- time spent waiting for the drain because the ring was full, ticks
    waits            INTEGER NOT NULL, -- number of such waits
    orphans          INTEGER NOT NULL, -- exits whose call was not on the stack; they change nothing
    skipped_units    INTEGER NOT NULL, -- units of record kinds this version does not know
    flags            INTEGER NOT NULL, -- 1 several stacks seen, 2 stream has holes, 4 context tree folded (depth or size bound), 8 of a fork child: not all calls that it began in are known, 16 "ended threads": stands for all of its process that are merged, 32 is merged: its totals and counts are in that row, which has thread_id -process_id; this row stays as long as its chunks do
    merged           INTEGER NOT NULL, -- how many threads are merged into this row; 0 for a thread
    cpu_ns           INTEGER, -- processor time since the thread began, user and system, as the kernel counts it, ns; NULL if it was never read
    ready_ns         INTEGER, -- time that it was ready to run and had no processor, read at the same moment, ns; NULL if it was never read
    cpu_ticks        INTEGER  -- when these two were read last: at its process's exit, or some time before the thread's end; NULL if never, and for merged ones
) STRICT;
-- Threads that are not merged, and the rows that these were merged into: what adds up to the run.
CREATE INDEX threads_apart ON threads (process_id) WHERE flags < 32;

-- Calls that were open at each thread's totals_pos, outermost first. At the end of a run: calls that never returned.
CREATE TABLE open_frames (
    thread_id   INTEGER NOT NULL REFERENCES threads, -- whose stack
    depth       INTEGER NOT NULL, -- 0 = outermost
    context_id  INTEGER NOT NULL REFERENCES contexts, -- calling context of the open call
    enter_ticks INTEGER NOT NULL, -- when it was entered (inherited: when the process joined), moved later by waits for the drain since
    child_ticks INTEGER NOT NULL, -- time of its finished callees so far
    tag         INTEGER NOT NULL, -- word 2 of its enter record: row and stack-pointer bits, for matching the exit after recovery
    flags       INTEGER NOT NULL, -- 1 inherited over fork (its calls are counted in the parent), 2 entered through a folded edge, 4 begins what seems to be another stack; from bit 8 on: bits 20 and up of the full stack pointer, plus 1, or 0 = not known
    PRIMARY KEY (thread_id, depth)
) STRICT, WITHOUT ROWID;

-- Calls that may block and had not returned at each thread's totals_pos; a thread is in several only in signal handlers. At the
-- end of a run: what its threads were blocked in.
CREATE TABLE open_blocks (
    process_id  INTEGER NOT NULL REFERENCES processes, -- the process
    thread_id   INTEGER NOT NULL REFERENCES threads, -- the thread
    depth       INTEGER NOT NULL, -- of the call that made it, as in open_frames; -1: none was open
    context_id  INTEGER NOT NULL REFERENCES contexts, -- calling context of that
    site_id     INTEGER NOT NULL REFERENCES sites, -- where in the source
    start_ticks INTEGER NOT NULL, -- since when
    PRIMARY KEY (thread_id, depth)
) STRICT, WITHOUT ROWID;

-- Instrumented program images (executables and shared objects), one row per build; a second one for what an image has of other
-- compilers' code (-finstrument-functions).
CREATE TABLE modules (
    module_id INTEGER PRIMARY KEY, -- ours, from 1
    path      TEXT NOT NULL, -- path it was loaded from
    build_id  TEXT, -- GNU build id, hexadecimal; NULL if it has none
    rows      INTEGER NOT NULL -- number of descriptor rows; 0: code of other compilers
) STRICT;

-- When and where an image was mapped in a process.
CREATE TABLE module_loads (
    load_id     INTEGER PRIMARY KEY, -- ours, from 1
    process_id  INTEGER NOT NULL REFERENCES processes, -- the process
    module_id   INTEGER NOT NULL REFERENCES modules, -- the image
    rows_start  INTEGER NOT NULL, -- address of its first descriptor row
    rows_end    INTEGER NOT NULL, -- address behind its last descriptor row
    start_ticks INTEGER NOT NULL, -- registered at; events before it belong to it too, unless an earlier load of the same range owns them
    end_ticks   INTEGER -- unregistered at (dlclose); NULL = until the process ended
) STRICT;

-- Functions: instrumented ones that the run saw registered, and those that carry no hooks, with the reason.
CREATE TABLE functions (
    function_id  INTEGER PRIMARY KEY, -- ours, from 1; 0 is "(unknown)"
    module_id    INTEGER REFERENCES modules, -- image; NULL for "(unknown)", "(other)" and code that lies in no file
    row          INTEGER, -- index of its descriptor row in the module; NULL if it has none
    name         TEXT NOT NULL, -- demangled name
    linkage_name TEXT NOT NULL, -- name as the linker sees it
    file         TEXT, -- source file; NULL if not known
    line         INTEGER, -- line of its definition; NULL if not known (compiled without -g)
    instrumented INTEGER NOT NULL, -- 1 = carries hooks that are on, 0 = does not
    reason       TEXT, -- why it carries no hooks, or that they are off; NULL if they are on
    flags        INTEGER NOT NULL -- flags of its descriptor row
) STRICT;
-- Counts functions without hooks; empty in a program that is instrumented throughout.
CREATE INDEX functions_not_instrumented ON functions (function_id) WHERE instrumented = 0;

-- Where functions of other compilers' code are (-finstrument-functions), as far as that is known: readers find file and line by it.
CREATE TABLE function_addresses (
    function_id INTEGER PRIMARY KEY REFERENCES functions, -- the function; its module is the image
    address     INTEGER NOT NULL -- of its first byte in the image, as the linker counts
) STRICT;

-- The context tree: one row per distinct call path of a process. Append-only.
CREATE TABLE contexts (
    context_id  INTEGER PRIMARY KEY, -- (process_id - 1) * 2^21 + index in the process; index 0 is the root, which is no call
    process_id  INTEGER NOT NULL REFERENCES processes, -- the process
    parent_id   INTEGER REFERENCES contexts, -- the caller's context; NULL for the root
    ordinal     INTEGER NOT NULL, -- this is the parent's nth child, from 0, in order of first appearance
    function_id INTEGER NOT NULL REFERENCES functions, -- the function called; 0 for the root
    depth       INTEGER NOT NULL, -- number of callers; 0 for the root, 1 for outermost calls
    recursive   INTEGER NOT NULL, -- 1 = the function already occurs above: leave it out when adding up total times of a function
    flags       INTEGER NOT NULL  -- 1 = stands for deeper calls too (recursion folded), 2 = "(other)": the tree was full
) STRICT;

-- Exact totals per context and thread, as of the thread's totals_pos.
CREATE TABLE totals (
    thread_id   INTEGER NOT NULL REFERENCES threads, -- the thread
    context_id  INTEGER NOT NULL REFERENCES contexts, -- the calling context
    calls       INTEGER NOT NULL, -- calls entered
    returns     INTEGER NOT NULL, -- calls that returned
    unwound     INTEGER NOT NULL, -- calls ended by an exception, longjmp, pthread_exit or the like
    open        INTEGER NOT NULL, -- calls not finished; calls = returns + unwound + open
    total_ticks INTEGER NOT NULL, -- time of finished calls, callees included
    self_ticks  INTEGER NOT NULL, -- the same without instrumented callees
    min_ticks   INTEGER, -- shortest finished call; NULL if none finished
    max_ticks   INTEGER, -- longest finished call; NULL if none finished
    histogram   BLOB, -- finished calls by duration, sparse log-linear: docs/format.md; NULL if none finished
    PRIMARY KEY (thread_id, context_id)
) STRICT, WITHOUT ROWID;

-- Exact totals per function: one row per process, and one with process_id 0 for the whole run.
CREATE TABLE function_totals (
    process_id  INTEGER NOT NULL, -- the process; 0 = all processes of the run
    function_id INTEGER NOT NULL REFERENCES functions, -- the function
    calls       INTEGER NOT NULL, -- calls entered
    returns     INTEGER NOT NULL, -- calls that returned
    unwound     INTEGER NOT NULL, -- calls ended by an exception, longjmp, pthread_exit or the like
    open        INTEGER NOT NULL, -- calls not finished
    orphans     INTEGER NOT NULL, -- exits of it whose call was not on the stack
    total_ticks INTEGER NOT NULL, -- time of finished calls, callees included, recursion counted once
    self_ticks  INTEGER NOT NULL, -- time of finished calls without instrumented callees
    min_ticks   INTEGER, -- shortest finished call; NULL if none finished
    p50_ticks   INTEGER, -- median of finished calls, from the histogram (error below 3.2 %)
    p99_ticks   INTEGER, -- 99th percentile of finished calls, from the histogram (error below 3.2 %)
    max_ticks   INTEGER, -- longest finished call; NULL if none finished
    PRIMARY KEY (process_id, function_id)
) STRICT, WITHOUT ROWID;
-- The orders in which a profile of the whole run is printed.
CREATE INDEX function_totals_by_self ON function_totals (self_ticks) WHERE process_id = 0;
CREATE INDEX function_totals_by_total ON function_totals (total_ticks) WHERE process_id = 0;
CREATE INDEX function_totals_by_calls ON function_totals (calls) WHERE process_id = 0;

-- Events of one thread, compressed; decodable with the contexts table and nothing else (docs/format.md).
CREATE TABLE chunks (
    chunk_id         INTEGER PRIMARY KEY, -- ours; rows of a thread are in stream order
    thread_id        INTEGER NOT NULL REFERENCES threads, -- the thread
    start_pos        INTEGER NOT NULL, -- position of its first unit
    end_pos          INTEGER NOT NULL, -- position behind its last unit
    first_event      INTEGER NOT NULL, -- number of events of this thread before it
    events           INTEGER NOT NULL, -- number of events in it
    start_ticks      INTEGER NOT NULL, -- time of its first event
    end_ticks        INTEGER NOT NULL, -- time of its last event
    start_context_id INTEGER NOT NULL REFERENCES contexts, -- context in which it begins (the innermost open call)
    start_depth      INTEGER NOT NULL, -- number of calls open when it begins
    min_depth        INTEGER NOT NULL, -- the fewest calls open at any moment in it
    operations       INTEGER NOT NULL, -- bit n set: operation code n occurs (unwind, gap, mark, payload ...)
    functions        BLOB NOT NULL, -- which functions occur: a set for skipping, docs/format.md
    codec            INTEGER NOT NULL, -- compression of the streams: 0 none, 2 zstd
    time_unit_ticks  INTEGER NOT NULL, -- ticks per stored step of time
    data             BLOB NOT NULL, -- the events
    UNIQUE (thread_id, start_pos)
) STRICT;
-- Finds chunks by time, and adds up events, without reading pages of data.
CREATE INDEX chunks_by_time ON chunks (start_ticks, end_ticks, thread_id, events);

-- Events that are not in the trace, by cause. Shown before any result.
CREATE TABLE losses (
    loss_id     INTEGER PRIMARY KEY, -- ours; 0 is the row of chunks deleted for max_db_bytes
    process_id  INTEGER REFERENCES processes, -- the process; NULL if not known
    thread_id   INTEGER REFERENCES threads, -- the thread; NULL if it is not about one thread
    cause       TEXT NOT NULL, -- 'ring full', 'no drain', 'disk full', 'io error', 'no memory', 'reader' (one kept the -wal from shrinking), 'abandoned', 'chunks deleted', 'damaged'
    events      INTEGER, -- how many; NULL if not known
    start_ticks INTEGER, -- first moment; NULL if not known
    end_ticks   INTEGER, -- last moment; NULL if not known
    totals_kept INTEGER NOT NULL -- 1 = counts and times include them, only their event chunks are gone
) STRICT;

-- Units that the walk had to pass while they were reserved but not written (an interrupted hook).
CREATE TABLE holes (
    thread_id INTEGER NOT NULL REFERENCES threads, -- the thread
    position  INTEGER NOT NULL, -- position of the first unit
    units     INTEGER NOT NULL, -- how many
    PRIMARY KEY (thread_id, position)
) STRICT, WITHOUT ROWID;

-- Calls that allocate or free memory, do something to locks, or may block, as places in the source.
CREATE TABLE sites (
    site_id      INTEGER PRIMARY KEY, -- ours; from the same numbers as function_id
    module_id    INTEGER NOT NULL REFERENCES modules, -- image
    row          INTEGER NOT NULL, -- index of its descriptor row in the module
    kind         TEXT NOT NULL, -- 'alloc' (a realloc is one, too), 'free', 'block', 'lock', 'thread'
    family       TEXT NOT NULL, -- who frees what was allocated: 'malloc', 'new', 'new[]', 'own' (an allocator of the program's own); of a lock: 'mutex', 'rwlock', 'spin', 'mtx', 'own'; of 'block', what the call is for: 'read', 'write', 'open', 'sync', 'connect', 'accept', 'poll', 'sleep', 'signal', 'child', 'join', 'condition', 'semaphore', 'barrier', 'once', 'futex', 'filelock'; of 'thread', 'thread'
    name         TEXT NOT NULL, -- the function called there, demangled
    linkage_name TEXT NOT NULL, -- its name as the linker sees it
    file         TEXT, -- source file; NULL if not known
    line         INTEGER, -- line; NULL if not known (compiled without -g)
    column       INTEGER, -- column; NULL if not known
    type         TEXT -- type of what is allocated there; of a lock, or of what a call waits for: the variable it is in, 'table.shards[].lock'; NULL if not known
) STRICT;

-- The heap of each process that allocated: exact sums as of the last checkpoint. A realloc is the end
-- of one block and the beginning of another, as valgrind counts it. What the program says of pools of its own,
-- and what it maps, are kinds apart: the memory may be the same.
CREATE TABLE heaps (
    process_id    INTEGER NOT NULL REFERENCES processes, -- the process
    kind          INTEGER NOT NULL, -- 0 heap, 1 pools, 2 mappings
    allocs        INTEGER NOT NULL, -- blocks allocated
    bytes         INTEGER NOT NULL, -- their bytes, as asked for
    frees         INTEGER NOT NULL, -- blocks of them that were freed
    freed_bytes   INTEGER NOT NULL, -- their bytes
    failed        INTEGER NOT NULL, -- allocations that failed
    resized       INTEGER NOT NULL, -- blocks that realloc made of others, among allocs
    temporary     INTEGER NOT NULL, -- blocks freed before their thread allocated again, realloc left out
    crossed       INTEGER NOT NULL, -- blocks freed by another thread
    lost          INTEGER NOT NULL, -- blocks whose free was not seen: another one was allocated in their place; among frees
    unknown_frees INTEGER NOT NULL, -- frees of blocks whose allocation was not seen
    peak_blocks   INTEGER NOT NULL, -- blocks alive at the peak
    peak_bytes    INTEGER NOT NULL, -- most bytes that were alive at one moment
    peak_ticks    INTEGER, -- that moment, the first of them; NULL: nothing was ever alive
    PRIMARY KEY (process_id, kind)
) STRICT, WITHOUT ROWID;

-- The same by calling context and site. Those of a context are what its function itself did.
CREATE TABLE heap_totals (
    context_id     INTEGER NOT NULL REFERENCES contexts, -- innermost call that has hooks (0 of a process: none was open)
    site_id        INTEGER NOT NULL REFERENCES sites, -- where; a site that frees has only released and released_bytes
    kind           INTEGER NOT NULL, -- 0 heap, 1 pools, 2 mappings
    allocs         INTEGER NOT NULL, -- blocks allocated here
    bytes          INTEGER NOT NULL, -- their bytes
    frees          INTEGER NOT NULL, -- those of them that were freed, wherever
    freed_bytes    INTEGER NOT NULL, -- their bytes
    failed         INTEGER NOT NULL, -- allocations that failed
    resized        INTEGER NOT NULL, -- blocks that realloc made of others, among allocs
    temporary      INTEGER NOT NULL, -- blocks freed before their thread allocated again, realloc left out
    crossed        INTEGER NOT NULL, -- blocks freed by another thread
    max_bytes      INTEGER NOT NULL, -- most bytes of this row that were alive at one moment
    peak_blocks    INTEGER NOT NULL, -- blocks of this row alive at the peak of the process (of this kind)
    peak_bytes     INTEGER NOT NULL, -- their bytes
    life_ticks     INTEGER NOT NULL, -- lifetimes of freed blocks, added up; 2^63 - 1: that much or more
    sizes          BLOB, -- blocks by bytes, sparse log-linear: docs/format.md; NULL if there are none
    lifetimes      BLOB, -- freed blocks by lifetime in ticks, the same; NULL if there are none
    released       INTEGER NOT NULL, -- blocks freed here, wherever they came from
    released_bytes INTEGER NOT NULL, -- their bytes
    chains         INTEGER NOT NULL, -- of resized: those made of a block that no realloc had made
    grown          INTEGER NOT NULL, -- of resized: those larger than the block before
    moved          INTEGER NOT NULL, -- of resized: those at another address
    moved_bytes    INTEGER NOT NULL, -- bytes copied by that
    PRIMARY KEY (context_id, site_id)
) STRICT, WITHOUT ROWID;

-- Blocks that were alive at the last checkpoint; at the end of a run: what was never freed.
CREATE TABLE live_blocks (
    process_id  INTEGER NOT NULL REFERENCES processes, -- the process
    kind        INTEGER NOT NULL, -- 0 heap, 1 pools, 2 mappings
    address     INTEGER NOT NULL, -- its address
    bytes       INTEGER NOT NULL, -- its size as asked for
    context_id  INTEGER NOT NULL REFERENCES contexts, -- the calling context that allocated it
    site_id     INTEGER NOT NULL REFERENCES sites, -- where in the source
    thread_id   INTEGER NOT NULL REFERENCES threads, -- the thread that allocated it
    start_ticks INTEGER NOT NULL, -- when
    family      INTEGER NOT NULL, -- 1 malloc, 2 new, 3 new[], 4 own, 5 pool, 6 mapping
    resizer     INTEGER, -- the thread that has it in realloc just now; NULL: none
    pool        INTEGER, -- address of the pool it is of; NULL: none
    resized     INTEGER NOT NULL, -- 1: a realloc made it
    PRIMARY KEY (process_id, kind, address)
) STRICT, WITHOUT ROWID;

-- The heap over time: a row at each checkpoint (about every second).
CREATE TABLE heap_samples (
    process_id  INTEGER NOT NULL REFERENCES processes, -- the process
    ticks       INTEGER NOT NULL, -- when
    allocs      INTEGER NOT NULL, -- blocks allocated until then
    bytes       INTEGER NOT NULL, -- their bytes
    live_blocks INTEGER NOT NULL, -- blocks alive then
    live_bytes  INTEGER NOT NULL, -- their bytes
    pool_bytes  INTEGER NOT NULL, -- bytes alive in pools then
    mapped_bytes INTEGER NOT NULL, -- bytes mapped then
    rss_bytes   INTEGER, -- memory of the process that was resident; NULL if not known
    PRIMARY KEY (process_id, ticks)
) STRICT, WITHOUT ROWID;

-- What was alive at earlier moments: at each moment of heap_moments the rows of heap_totals whose live blocks
-- had changed since the moment before. What was alive at a time is the last row of each up to it.
CREATE TABLE heap_history (
    context_id  INTEGER NOT NULL REFERENCES contexts, -- calling context
    site_id     INTEGER NOT NULL REFERENCES sites, -- where in the source
    ticks       INTEGER NOT NULL, -- the moment
    live_blocks INTEGER NOT NULL, -- blocks of this row alive then
    live_bytes  INTEGER NOT NULL, -- their bytes
    PRIMARY KEY (context_id, site_id, ticks)
) STRICT, WITHOUT ROWID;

-- The moments of heap_history: checkpoints, every second at first, less often the more rows there are. All events of the
-- process up to it are in what is kept of it, and none behind it: what was alive later follows from the events behind it.
-- (A moment that an event came too late for is not here, although heap_history has rows of it.)
CREATE TABLE heap_moments (
    process_id INTEGER NOT NULL REFERENCES processes, -- the process
    ticks      INTEGER NOT NULL, -- when
    PRIMARY KEY (process_id, ticks)
) STRICT, WITHOUT ROWID;

-- Frees that cannot be right, by both places.
CREATE TABLE heap_faults (
    process_id       INTEGER NOT NULL REFERENCES processes, -- the process
    kind             TEXT NOT NULL, -- 'wrong family' (new[] and free ...), 'freed twice', 'unknown' (its allocation was not seen), 'lost' (its free was not seen)
    context_id       INTEGER NOT NULL REFERENCES contexts, -- calling context of the free; 'lost': of the block that came in its place
    site_id          INTEGER NOT NULL REFERENCES sites, -- site of that
    block_context_id INTEGER NOT NULL, -- where the block was allocated; 'freed twice': where it was freed first; 'unknown': 0
    block_site_id    INTEGER NOT NULL, -- site of that; 'unknown': 0
    count            INTEGER NOT NULL, -- how often
    address          INTEGER NOT NULL, -- of the first one
    first_ticks      INTEGER NOT NULL, -- when that was
    PRIMARY KEY (process_id, kind, context_id, site_id, block_context_id, block_site_id)
) STRICT, WITHOUT ROWID;

-- What of the heap is not in the other tables yet, as of the last checkpoint: events that wait for those of other
-- threads, and blocks that were not there at the checkpoint before (docs/format.md). At the end of a run: nothing.
CREATE TABLE heap_pending (
    process_id INTEGER NOT NULL REFERENCES processes, -- the process
    part       INTEGER NOT NULL, -- from 0
    events     BLOB NOT NULL, -- this part of the bytes
    PRIMARY KEY (process_id, part)
) STRICT, WITHOUT ROWID;

-- Calls that may block, by calling context, site, what the descriptor is of, and whether the thread had a lock: exact sums as of the last checkpoint.
-- Each counts when it has returned.
CREATE TABLE block_totals (
    context_id  INTEGER NOT NULL REFERENCES contexts, -- innermost call that has hooks (0 of a process: none was open)
    site_id     INTEGER NOT NULL REFERENCES sites, -- where, and what is called there
    descriptor  INTEGER NOT NULL, -- what its descriptor is of: 0 it has none or several, 1 not known, 2 file, 3 directory, 4 pipe, 5 socket, 6 terminal, 7 other device, 8 message queue, 9 eventfd and its like
    with_lock   INTEGER NOT NULL, -- 1: the thread had a lock all the while, besides that of a condition that it waited for; 0: it had none
    calls       INTEGER NOT NULL, -- calls that have returned
    failed      INTEGER NOT NULL, -- those of them that failed, were interrupted or would have blocked
    bytes       INTEGER NOT NULL, -- bytes that the others have read or written
    total_ticks INTEGER NOT NULL, -- how long they took, added up
    max_ticks   INTEGER NOT NULL, -- how long the longest took
    times       BLOB NOT NULL, -- calls by how long they took in ticks, sparse log-linear: docs/format.md
    PRIMARY KEY (context_id, site_id, descriptor, with_lock)
) STRICT, WITHOUT ROWID;

-- Locks: an address from its init, or its first use, to its destroy.
CREATE TABLE locks (
    lock_id           INTEGER PRIMARY KEY, -- (process_id - 1) * 131072 + 1 + number in the order of first use
    process_id        INTEGER NOT NULL REFERENCES processes, -- the process
    kind              INTEGER NOT NULL, -- 1 mutex, 2 read-write lock, 4 spin lock, 5 C11 mutex, 6 one of the program's own; 0: all locks of the process beyond the first 65536
    address           INTEGER NOT NULL, -- its address, of one of the program's own plus 2^59 (another may be there, which it is made of); 0: many
    context_id        INTEGER NOT NULL REFERENCES contexts, -- calling context of its first use
    site_id           INTEGER NOT NULL REFERENCES sites, -- place of its first use
    start_ticks       INTEGER NOT NULL, -- time of its first use
    end_ticks         INTEGER, -- when it was destroyed, or another one was made at its address; NULL: it was not
    holder_context_id INTEGER, -- context in which it had been taken by who has given it back last; NULL: nobody has
    holder_thread_id  INTEGER, -- which thread that was; NULL: nobody has
    lost              INTEGER NOT NULL, -- holds whose end was not seen: they count until another thread took it
    unknown           INTEGER NOT NULL -- releases by a thread that was not seen to have it
) STRICT;

-- What was done to each lock, by calling context and site of who took it.
CREATE TABLE lock_totals (
    lock_id        INTEGER NOT NULL REFERENCES locks, -- the lock
    context_id     INTEGER NOT NULL REFERENCES contexts, -- innermost call that has hooks (0 of a process: none was open)
    site_id        INTEGER NOT NULL REFERENCES sites, -- where in the source
    mode           INTEGER NOT NULL, -- 1 mutex, 2 written (read-write lock), 3 read, 4 spin lock, 5 C11 mutex, 6 one of the program's own, 7 read, of those
    acquisitions   INTEGER NOT NULL, -- how often it was taken, again by its owner included
    contended      INTEGER NOT NULL, -- waits for it: begun while somebody else had it; not all of them got it
    failed         INTEGER NOT NULL, -- calls that did not get it: busy, timed out, would deadlock ...
    wait_ticks     INTEGER NOT NULL, -- time waited; of a wait that is under way up to the last change of owners
    max_wait_ticks INTEGER NOT NULL, -- longest wait that has ended
    waits          BLOB, -- waits that have ended by their ticks, sparse log-linear: docs/format.md; NULL if there are none
    holds          INTEGER NOT NULL, -- how often it was held, until it was given back; taken again by its owner is the same hold
    hold_ticks     INTEGER NOT NULL, -- how long, of all holds
    max_hold_ticks INTEGER NOT NULL, -- the longest
    hold_times     BLOB, -- holds by their ticks, the same; NULL if there are none
    allocs         INTEGER NOT NULL, -- blocks of the heap that a thread allocated while it had the lock from here on, counted as heap_totals.allocs; of several locks each has them; holds that have not ended included
    alloc_bytes    INTEGER NOT NULL, -- their bytes
    PRIMARY KEY (lock_id, context_id, site_id, mode)
) STRICT, WITHOUT ROWID;

-- Who waited for whom: each moment of a wait is charged to who had the lock then, or had it last, and to what he did
-- meanwhile. The sums of a lock are those of contended and wait_ticks in lock_totals.
CREATE TABLE lock_waits (
    wait_id           INTEGER PRIMARY KEY, -- (process_id - 1) * 4294967296 + 1 + number in the order of coming
    lock_id           INTEGER NOT NULL REFERENCES locks, -- the lock
    context_id        INTEGER NOT NULL REFERENCES contexts, -- calling context of the waiter
    holder_context_id INTEGER NOT NULL, -- calling context in which the holder had taken it; -1: not known
    holder_wait_id    INTEGER REFERENCES lock_waits, -- the holder waited for a lock itself: which wait; NULL: for none
    call_context_id   INTEGER, -- the holder was in a call that may block: its context; NULL: in none
    call_site_id      INTEGER, -- and its place; NULL: in none
    waits             INTEGER NOT NULL, -- waits that began so
    ticks             INTEGER NOT NULL -- time waited so
) STRICT;
CREATE INDEX lock_waits_by_lock ON lock_waits (lock_id, holder_context_id, ticks);

-- The same by threads.
CREATE TABLE lock_threads (
    lock_id          INTEGER NOT NULL REFERENCES locks, -- the lock
    thread_id        INTEGER NOT NULL, -- thread that waited; 0, as its holder: all beyond 262144 rows
    holder_thread_id INTEGER NOT NULL, -- thread that had the lock, or had it last; 0: not known
    waits            INTEGER NOT NULL, -- waits that began so
    ticks            INTEGER NOT NULL, -- time waited so
    PRIMARY KEY (lock_id, thread_id, holder_thread_id)
) STRICT, WITHOUT ROWID;

-- Locks that were taken by who had another lock already, by where it had taken that and where it took this.
CREATE TABLE lock_orders (
    lock_id       INTEGER NOT NULL REFERENCES locks, -- the lock that it had
    context_id    INTEGER NOT NULL REFERENCES contexts, -- calling context in which it had taken that
    site_id       INTEGER NOT NULL REFERENCES sites, -- place of that
    mode          INTEGER NOT NULL, -- as in lock_totals
    to_lock_id    INTEGER NOT NULL, -- the lock that it took; 0: all beyond 262144 rows, the other columns are 0 then
    to_context_id INTEGER NOT NULL, -- calling context in which it took that
    to_site_id    INTEGER NOT NULL, -- place
    to_mode       INTEGER NOT NULL, -- as in lock_totals
    thread_id     INTEGER, -- the thread that alone has done so; NULL: several
    count         INTEGER NOT NULL, -- how often
    contended     INTEGER NOT NULL, -- after a wait for it
    wait_ticks    INTEGER NOT NULL, -- how long those waits took
    gates         TEXT NOT NULL, -- locks that it had as well each time, and alone, at most four: JSON, '[3,7]'
    PRIMARY KEY (lock_id, context_id, site_id, mode, to_lock_id, to_context_id, to_site_id, to_mode)
) STRICT, WITHOUT ROWID;

-- Calls that may block, made by who had a lock, by where it had taken that and where it made the call.
CREATE TABLE lock_calls (
    lock_id         INTEGER NOT NULL REFERENCES locks, -- the lock
    context_id      INTEGER NOT NULL REFERENCES contexts, -- calling context in which it had taken that
    site_id         INTEGER NOT NULL REFERENCES sites, -- place of that
    mode            INTEGER NOT NULL, -- as in lock_totals
    call_context_id INTEGER NOT NULL, -- calling context of the call
    call_site_id    INTEGER NOT NULL, -- place of the call; 0: all beyond 262144 rows
    calls           INTEGER NOT NULL, -- how many
    ticks           INTEGER NOT NULL, -- how long they took, added up
    max_ticks       INTEGER NOT NULL, -- how long the longest took
    PRIMARY KEY (lock_id, context_id, site_id, mode, call_context_id, call_site_id)
) STRICT, WITHOUT ROWID;

-- Who had which lock, and who waited for which, at the last checkpoint.
CREATE TABLE lock_users (
    process_id  INTEGER NOT NULL REFERENCES processes, -- the process
    lock_id     INTEGER NOT NULL REFERENCES locks, -- the lock
    thread_id   INTEGER NOT NULL REFERENCES threads, -- the thread
    depth       INTEGER NOT NULL, -- how often it has it; 0: it waits
    context_id  INTEGER NOT NULL REFERENCES contexts, -- calling context in which it has taken it, or waits
    site_id     INTEGER NOT NULL REFERENCES sites, -- where in the source
    mode        INTEGER NOT NULL, -- as in lock_totals
    start_ticks INTEGER NOT NULL, -- since when
    PRIMARY KEY (process_id, lock_id, thread_id, depth)
) STRICT, WITHOUT ROWID;

-- What of the locks is not in the other tables, as of the last checkpoint: events that wait for those of other threads, and
-- who has which lock (docs/format.md).
CREATE TABLE lock_pending (
    process_id INTEGER NOT NULL REFERENCES processes, -- the process
    part       INTEGER NOT NULL, -- from 0
    state      BLOB NOT NULL, -- this part of the bytes
    PRIMARY KEY (process_id, part)
) STRICT, WITHOUT ROWID;

-- Who has created which thread, where that is known. Of those that are merged: how many, by who has created them.
CREATE TABLE thread_creators (
    thread_id         INTEGER NOT NULL REFERENCES threads, -- the thread, or its process's "ended threads"
    context_id        INTEGER NOT NULL REFERENCES contexts, -- calling context of the call that has created it
    site_id           INTEGER NOT NULL REFERENCES sites, -- where in the source that call is
    creator_thread_id INTEGER, -- the thread that has; it may be merged by now. NULL for merged ones
    threads           INTEGER NOT NULL, -- how many threads: 1, but for merged ones
    PRIMARY KEY (thread_id, context_id, site_id)
) STRICT, WITHOUT ROWID;

-- Calls that have created threads which were not seen: no code with hooks runs in them, or not yet. The last 4,096 of a
-- process at most.
CREATE TABLE thread_creations (
    process_id  INTEGER NOT NULL REFERENCES processes, -- the process
    number      INTEGER NOT NULL, -- of this process, from 1
    key         INTEGER NOT NULL, -- what the new thread is found by: 2^58 + a number of its own, or (std::thread) the address of its control block
    context_id  INTEGER NOT NULL REFERENCES contexts, -- calling context of the call
    site_id     INTEGER NOT NULL REFERENCES sites, -- where in the source it is
    thread_id   INTEGER NOT NULL REFERENCES threads, -- the thread that called
    start_ticks INTEGER NOT NULL, -- when
    end_ticks   INTEGER NOT NULL, -- when the call had returned
    PRIMARY KEY (process_id, number)
) STRICT, WITHOUT ROWID;

-- What recording had to say, in order.
CREATE TABLE messages (
    message_id INTEGER PRIMARY KEY, -- ours
    ticks      INTEGER, -- when; NULL if not known
    process_id INTEGER REFERENCES processes, -- which process it is about; NULL for the run
    severity   TEXT NOT NULL, -- 'note', 'warning', 'error'
    text       TEXT NOT NULL -- a whole sentence
) STRICT;

-- The function of each process's root context, and of calls whose function is not known.
INSERT INTO functions (function_id, name, linkage_name, instrumented, flags)
VALUES (0, '(unknown)', '(unknown)', 1, 0);

-- How a large trace looks, for SQLite's planner: it is not run over each file (ANALYZE would read all
-- of it), and without it the planner takes a process for ten rows and does not use the orders above.
ANALYZE sqlite_schema;
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('function_totals', 'function_totals', '200000 100000 1'),
    ('function_totals', 'function_totals_by_self', '100000 1 1'),
    ('function_totals', 'function_totals_by_total', '100000 1 1'),
    ('function_totals', 'function_totals_by_calls', '100000 1 1'),
    ('threads', 'threads_apart', '2000 1000');
