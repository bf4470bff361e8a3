-- SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
--
-- main: a run that went well: one process, three threads, two of them called worker, recursion, an
-- exception, functions without hooks. One tick is half a nanosecond.
INSERT INTO run VALUES ('run_id', '00112233445566778899aabbccddeeff'), ('version', '0.1.0'), ('abi', 1), ('clock', 'tsc'),
    ('clock_step_ticks', 2), ('time_unit_ticks', 2), ('hook_cost_ticks', 20), ('state', 'complete'),
    ('checkpoint_ticks', 16420000000);
INSERT INTO settings VALUES ('runtime', 'events', 'on'), ('runtime', 'out', 'trace.db'), ('runtime', 'overflow', 'wait'),
    ('/home/me/bin/indexer', 'unwind', 'on');
INSERT INTO clocks VALUES (0, 5000000000000, 1700000000000000000, 10000000000000),
    (16420000000, 5008210000000, 1700000008210000000, 10016420000000);
INSERT INTO processes VALUES (1, NULL, 4711, 4026531836, './indexer --threads 2 ''my docs'' src', '/home/me/bin/indexer',
    '/home/me/src', 'start', 0, 16420000000, 'exit', 0, NULL);
INSERT INTO threads VALUES
    (1, 1, 4711, 'indexer', NULL, NULL, 0, 16420000000, 16400000000, 2013, 9000, 2013, 0, 0, 0, 0, 0, 0, 0, 2500000000, 120000000, 16420000000),
    (2, 1, 4712, 'worker', NULL, NULL, 20000000, 16000000000, 15990000000, 6000000, 8000, 6000000, 0, 24000000, 3, 0, 0, 0, 0, 7200000000, 310000000, 15990000000),
    (3, 1, 4713, 'worker', NULL, NULL, 21000000, 16100000000, 16090000000, 4000406, 7000, 4000406, 0, 200000, 1, 0, 0, 0, 0, 7600000000, 95000000, 16100000000);
INSERT INTO modules VALUES (1, '/home/me/bin/indexer', 'a94a8fe5ccb19ba61c4c0873d391e987982fbbd3', 8);
INSERT INTO module_loads VALUES (1, 1, 1, 4194304, 4194432, 0, NULL);
INSERT INTO functions VALUES
    (1, 1, 0, 'main', 'main', '/home/me/src/main.cpp', 12, 1, NULL, 1),
    (2, 1, 1, 'worker(Queue&)', '_Z6workerR5Queue', '/home/me/src/worker.cpp', 40, 1, NULL, 1),
    (3, 1, 2, 'tokenize(char const*, unsigned long)', '_Z8tokenizePKcm', '/home/me/src/tokenize.cpp', 7, 1, NULL, 1),
    (4, 1, 3, 'Table::insert(std::string const&, Posting)', '_ZN5Table6insertERKSs7Posting', '/home/me/src/table.cpp', 88, 1, NULL, 1),
    (5, 1, 4, 'visit(Folder const&)', '_Z5visitRK6Folder', '/home/me/src/visit.cpp', 19, 1, NULL, 1),
    (6, 1, 5, 'hash(char const*)', '_Z4hashPKc', '/home/me/src/hash.h', 5, 1, NULL, 1),
    (7, 1, NULL, 'report_all()', '_Z10report_allv', '/home/me/src/main.cpp', 99, 1, NULL, 1),
    (8, 1, NULL, 'fast_path(int)', '_Z9fast_pathi', '/home/me/src/fast.cpp', 3, 0, 'source', 5),
    (9, 1, NULL, 'memcpy_ifunc', 'memcpy_ifunc', NULL, NULL, 0, 'ifunc resolver', 4),
    (10, 1, NULL, 'another(int)', '_Z7anotheri', '/home/me/src/fast.cpp', 13, 0, 'source', 5);
INSERT INTO contexts VALUES
    (0, 1, NULL, 0, 0, 0, 0, 0),
    (1, 1, 0, 0, 1, 1, 0, 0),
    (2, 1, 1, 0, 5, 2, 0, 0),
    (3, 1, 2, 0, 5, 3, 1, 0),
    (4, 1, 0, 1, 2, 1, 0, 0),
    (5, 1, 4, 0, 3, 2, 0, 0),
    (6, 1, 5, 0, 6, 3, 0, 0),
    (7, 1, 4, 1, 4, 2, 0, 0);
INSERT INTO totals VALUES
    (1, 1, 1, 1, 0, 0, 16400000000, 14400000000, 16400000000, 16400000000, x'01b90401'),
    (1, 2, 5, 5, 0, 0, 2000000000, 400000000, 100000000, 1000000000, x'01f50305'),
    (1, 3, 1000, 999, 1, 0, 1600000000, 1600000000, 200, 9000000, x'018902e807'),
    (2, 4, 1, 1, 0, 0, 15900000000, 900000000, 15900000000, 15900000000, x'01b80401'),
    (2, 5, 1000000, 1000000, 0, 0, 9000000000, 8970000000, 4000, 24000000, x'01c901c0843d'),
    (2, 6, 1500000, 1500000, 0, 0, 30000000, 30000000, 18, 90, x'0114e0c65b'),
    (2, 7, 500000, 500000, 0, 0, 6000000000, 6000000000, 6000, 60000000, x'01d901a0c21e'),
    (3, 4, 1, 1, 0, 0, 15800000000, 800000000, 15800000000, 15800000000, x'01b80401'),
    (3, 5, 800000, 800000, 0, 0, 8000000000, 7976000000, 4200, 22000000, x'01c90180ea30'),
    (3, 6, 1200000, 1200000, 0, 0, 24000000, 24000000, 18, 80, x'0114809f49'),
    (3, 7, 200, 199, 1, 0, 7000000000, 7000000000, 6000, 70000000, x'01d901c801');
INSERT INTO function_totals VALUES
    (0, 1, 1, 1, 0, 0, 0, 16400000000, 14400000000, 16400000000, 16400000000, 16400000000, 16400000000),
    (0, 2, 2, 2, 0, 0, 0, 31700000000, 1700000000, 15800000000, 15800000000, 15900000000, 15900000000),
    (0, 3, 1800000, 1800000, 0, 0, 0, 17000000000, 16946000000, 4000, 9400, 21000, 24000000),
    (0, 4, 500200, 500199, 1, 0, 0, 13000000000, 13000000000, 6000, 12100, 900000, 70000000),
    (0, 5, 1005, 1004, 1, 0, 0, 2000000000, 2000000000, 200, 640000, 8000000, 1000000000),
    (0, 6, 2700000, 2700000, 0, 0, 0, 54000000, 54000000, 18, 20, 22, 90);
INSERT INTO function_totals SELECT 1, function_id, calls, returns, unwound, open, orphans, total_ticks, self_ticks, min_ticks,
    p50_ticks, p99_ticks, max_ticks FROM function_totals WHERE process_id = 0;
INSERT INTO chunks VALUES
    (1, 1, 0, 9000, 0, 2013, 10, 16400000000, 0, 0, 0, 0, x'', 1, 2, x'00'),
    (2, 2, 0, 8000, 0, 6000000, 20000000, 15990000000, 0, 0, 0, 0, x'', 1, 2, x'00'),
    (3, 3, 0, 7000, 0, 4000406, 21000000, 16090000000, 0, 0, 0, 0, x'', 1, 2, x'00');
INSERT INTO messages VALUES (1, 100, 1, 'note', 'recording into trace.db');
