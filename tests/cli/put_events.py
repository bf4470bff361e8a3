# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# put_events.py - events for a stored trace, encoded as docs/format.md says and not by our code.
#
#     put_events.py FILE <PLAN
#
# A plan has a line for each event, in the order of time within a thread; "#" begins a comment:
#
#     THREAD TICKS enter FUNCTION_ID | exit | unwind | pop N | wait TICKS | block SITE TICKS BYTES
#                  | waiting SITE ADDRESS | waited SITE ADDRESS | alloc SITE ADDRESS BYTES | free SITE ADDRESS
#     THREAD chunk            what comes next is of another chunk
#     THREAD lost N           N events are missing here
#
# Contexts have to be there already. The threads' old chunks go.
import sqlite3
import sys

sys.dont_write_bytecode = True
from empty_trace import varint  # noqa: E402

CODES = {"pop": 4, "wait": 7, "alloc": 17, "free": 18, "block": 24, "waiting": 33, "waited": 34, "unwind": 2}


def signed(n):
    return varint(2 * n if n >= 0 else -2 * n - 1)


class Thread:
    def __init__(self, db, thread_id):
        self.db, self.id, self.stack, self.events, self.position = db, thread_id, [], 0, 0
        self.process = db.execute("SELECT process_id FROM threads WHERE thread_id = ?", (thread_id,)).fetchone()[0]
        db.execute("DELETE FROM chunks WHERE thread_id = ?", (thread_id,))
        self.begin()

    def begin(self):
        self.side, self.closed, self.times, self.functions = bytearray(), [], [], set()
        self.operations, self.first, self.start_stack, self.began = 3, None, list(self.stack), []
        self.least, self.address = len(self.stack), 0

    def context(self):
        return self.stack[-1][0] if self.stack else (self.process - 1) << 21

    def function(self, context):
        return self.db.execute("SELECT function_id FROM contexts WHERE context_id = ?", (context,)).fetchone()[0]

    def end_call(self):
        context, enter = self.stack.pop()
        if self.began:
            self.began.pop()
        else:
            self.closed.append(enter)
            self.functions.add(self.function(context))
            self.least = min(self.least, len(self.stack))

    def heap_address(self, address):
        turned = (address >> 4 | address << 60) & (1 << 64) - 1
        distance = (turned - self.address + (1 << 63)) % (1 << 64) - (1 << 63)
        self.address = turned
        return signed(distance)

    def event(self, ticks, name, arguments):
        if self.first is None:
            self.first = self.last = ticks
        steps, self.last = ticks - self.last, ticks
        if name == "enter":
            ordinal, context = self.db.execute("SELECT ordinal, context_id FROM contexts WHERE parent_id = ? AND function_id = ?",
                                               (self.context(), arguments[0])).fetchone()
            self.stack.append((context, ticks))
            self.began.append(context)
            self.functions.add(arguments[0])
            self.side += varint(2 * ordinal + 3)
        elif name == "exit":
            self.end_call()
            self.side += varint(0)
        else:
            self.operations |= 1 << CODES[name]
            self.side += varint(1) + varint(CODES[name])
            operands = b""
            if name == "unwind":
                self.end_call()
            elif name in ("pop", "wait"):
                operands = varint(arguments[0])
                for _ in range(arguments[0] if name == "pop" else 0):
                    self.end_call()
            elif name == "block":
                operands = varint(arguments[0]) + varint(0) + signed(arguments[1]) + varint(arguments[2])
            else:
                operands = varint(arguments[0] << 3 | 1) + self.heap_address(arguments[1])
                operands += b"" if name == "free" else varint(arguments[2] if name == "alloc" else int(name == "waiting"))
            self.side += (varint(len(operands)) if CODES[name] >= 16 else b"") + operands
        if steps > 14:
            self.side += varint(steps - 15)
        self.times.append(min(steps, 15))

    def end(self):
        count = len(self.times)
        if not count:
            return
        closed, before = b"", self.first
        for enter in self.closed:
            closed += signed(before - enter) + varint(0)
            before = enter
        tokens = bytearray((count + 3) // 4)
        times = bytearray((count + 1) // 2)
        for i, steps in enumerate(self.times):
            tokens[i // 4] |= 3 << 2 * (i % 4)
            times[i // 2] |= steps << 4 * (i % 2)
        side = closed + bytes(self.side)
        start = self.start_stack[-1][0] if self.start_stack else (self.process - 1) << 21
        data = bytes([1, 0]) + varint(count) + varint(1) + signed(self.first) + varint(start % (1 << 21)) + varint(len(self.start_stack))
        data += varint(len(self.closed)) + varint(len(closed)) + varint(len(self.side)) + varint(len(tokens)) + varint(len(times))
        data += varint(len(side)) + bytes(tokens) + bytes(times) + side
        functions, before = b"\0", 0
        for function in sorted(self.functions):
            functions += varint(function - before)
            before = function
        self.db.execute("INSERT INTO chunks (thread_id, start_pos, end_pos, first_event, events, start_ticks, end_ticks, start_context_id,"
                        " start_depth, min_depth, operations, functions, codec, time_unit_ticks, data) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 1, ?)",
                        (self.id, self.position, self.position + count, self.events, count, self.first, self.last, start,
                         len(self.start_stack), self.least, self.operations, functions, data))
        self.events += count
        self.position += count
        self.begin()


def main():
    db = sqlite3.connect(sys.argv[1])
    threads = {}
    for line in sys.stdin:
        words = line.split("#")[0].split()
        if not words:
            continue
        thread = threads.setdefault(words[0], None) or Thread(db, int(words[0]))
        threads[words[0]] = thread
        if words[1] == "chunk":
            thread.end()
        elif words[1] == "lost":
            thread.end()
            thread.events += int(words[2])
        else:
            thread.event(int(words[1]), words[2], [int(word, 0) for word in words[3:]])
    for thread in threads.values():
        thread.end()
        db.execute("UPDATE threads SET events = ?, totals_events = ? WHERE thread_id = ?", (thread.events, thread.events, thread.id))
    db.commit()


main()
