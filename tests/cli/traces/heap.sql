-- SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
--
-- heap: two processes that allocate: short-lived blocks in a recursive parser, a realloc loop with one
-- failure, a table that is never emptied, places without debug information and without a function, and
-- every kind of free that cannot be right. One tick is half a nanosecond. heap_totals add up to heaps,
-- live_blocks to what both say is alive.
INSERT INTO run VALUES ('run_id', '00112233445566778899aabbccddeeff'), ('version', '0.1.0'), ('state', 'complete'),
    ('checkpoint_ticks', 10000000000);
INSERT INTO settings VALUES ('runtime', 'events', 'off');
INSERT INTO clocks VALUES (0, 5000000000000, 1700000000000000000, 10000000000000),
    (10000000000, 5005000000000, 1700000005000000000, 10010000000000);
INSERT INTO processes VALUES
    (1, NULL, 4711, 4026531836, './server --port 80', '/home/me/bin/server', '/home/me', 'start', 0, 10000000000, 'exit', 0, NULL),
    (2, 1, 4715, 4026531836, './server --port 80', '/home/me/bin/server', '/home/me', 'fork', 2000000000, 8000000000, 'exit', 0, NULL);
INSERT INTO threads VALUES
    (1, 1, 4711, 'server', NULL, NULL, 0, 10000000000, 9990000000, 3041100, 9000, 3041100, 0, 0, 0, 0, 0, 0, 0, 4000000000, 50000000, 10000000000),
    (2, 1, 4712, 'worker', NULL, NULL, 10000000, 9000000000, 8990000000, 4000, 8000, 4000, 0, 0, 0, 0, 0, 0, 0, NULL, NULL, NULL),
    (3, 2, 4715, 'server', 1, 100, 2000000000, 8000000000, 7990000000, 322, 700, 322, 0, 0, 0, 0, 0, 0, 0, NULL, NULL, NULL);
INSERT INTO modules VALUES (1, '/home/me/bin/server', 'a94a8fe5ccb19ba61c4c0873d391e987982fbbd3', 20);
INSERT INTO functions VALUES
    (1, 1, 0, 'main', 'main', '/home/me/src/server.cpp', 10, 1, NULL, 1),
    (2, 1, 1, 'serve(Server&)', '_Z5serveR6Server', '/home/me/src/server.cpp', 40, 1, NULL, 1),
    (3, 1, 2, 'parse(char const*, unsigned long)', '_Z5parsePKcm', '/home/me/src/parse.cpp', 20, 1, NULL, 1),
    (4, 1, 3, 'Table::insert(std::string const&, Entry)', '_ZN5Table6insertERKSs5Entry', '/home/me/src/table.cpp', 40, 1, NULL, 1),
    (5, 1, 4, 'cleanup()', '_Z7cleanupv', '/home/me/src/server.cpp', 80, 1, NULL, 1),
    (6, 1, 5, 'child(int)', '_Z5childi', '/home/me/src/child.cpp', 3, 1, NULL, 1);
INSERT INTO contexts VALUES
    (0, 1, NULL, 0, 0, 0, 0, 0), (1, 1, 0, 0, 1, 1, 0, 0), (2, 1, 1, 0, 2, 2, 0, 0), (3, 1, 2, 0, 3, 3, 0, 0),
    (4, 1, 3, 0, 3, 4, 1, 0), (5, 1, 2, 1, 4, 3, 0, 0), (6, 1, 1, 1, 5, 2, 0, 0),
    (2097152, 2, NULL, 0, 0, 0, 0, 0), (2097153, 2, 2097152, 0, 1, 1, 0, 0), (2097154, 2, 2097153, 0, 2, 2, 0, 0),
    (2097155, 2, 2097154, 0, 6, 3, 0, 0), (2097156, 2, 2097155, 0, 3, 4, 0, 0);
INSERT INTO totals VALUES
    (1, 1, 1, 1, 0, 0, 9990000000, 990000000, 9990000000, 9990000000, NULL),
    (1, 2, 1, 1, 0, 0, 8000000000, 2000000000, 8000000000, 8000000000, NULL),
    (1, 3, 1000000, 1000000, 0, 0, 4000000000, 3000000000, 400, 90000, NULL),
    (1, 4, 500000, 500000, 0, 0, 1000000000, 1000000000, 400, 90000, NULL),
    (1, 5, 20000, 20000, 0, 0, 2000000000, 2000000000, 400, 90000, NULL),
    (1, 6, 1, 1, 0, 0, 1000000000, 1000000000, 1000000000, 1000000000, NULL),
    (3, 2097153, 0, 0, 0, 0, 5990000000, 0, NULL, NULL, NULL),
    (3, 2097154, 0, 0, 0, 0, 5990000000, 990000000, NULL, NULL, NULL),
    (3, 2097155, 1, 1, 0, 0, 5000000000, 4900000000, 5000000000, 5000000000, NULL),
    (3, 2097156, 10, 10, 0, 0, 100000000, 100000000, 9000000, 11000000, NULL);
INSERT INTO function_totals VALUES
    (0, 1, 1, 1, 0, 0, 0, 9990000000, 990000000, 9990000000, 9990000000, 9990000000, 9990000000),
    (0, 2, 1, 1, 0, 0, 0, 8000000000, 2000000000, 8000000000, 8000000000, 8000000000, 8000000000),
    (0, 3, 1500010, 1500010, 0, 0, 0, 4100000000, 4100000000, 400, 2000, 9000, 11000000),
    (0, 4, 20000, 20000, 0, 0, 0, 2000000000, 2000000000, 400, 90000, 90000, 90000),
    (0, 5, 1, 1, 0, 0, 0, 1000000000, 1000000000, 1000000000, 1000000000, 1000000000, 1000000000),
    (0, 6, 1, 1, 0, 0, 0, 5000000000, 4900000000, 5000000000, 5000000000, 5000000000, 5000000000),
    (1, 1, 1, 1, 0, 0, 0, 9990000000, 990000000, 9990000000, 9990000000, 9990000000, 9990000000),
    (1, 2, 1, 1, 0, 0, 0, 8000000000, 2000000000, 8000000000, 8000000000, 8000000000, 8000000000),
    (1, 3, 1500000, 1500000, 0, 0, 0, 4000000000, 4000000000, 400, 2000, 9000, 90000),
    (1, 4, 20000, 20000, 0, 0, 0, 2000000000, 2000000000, 400, 90000, 90000, 90000),
    (1, 5, 1, 1, 0, 0, 0, 1000000000, 1000000000, 1000000000, 1000000000, 1000000000, 1000000000),
    (2, 3, 10, 10, 0, 0, 0, 100000000, 100000000, 9000000, 10000000, 11000000, 11000000),
    (2, 6, 1, 1, 0, 0, 0, 5000000000, 4900000000, 5000000000, 5000000000, 5000000000, 5000000000);
INSERT INTO sites VALUES
    (20, 1, 6, 'alloc', 'malloc', 'malloc', 'malloc', '/home/me/src/parse.cpp', 24, 15, 'token'),
    (21, 1, 7, 'alloc', 'new', 'operator new(unsigned long)', '_Znwm', '/home/me/src/table.cpp', 44, 9, 'table::entry<std::string>'),
    (22, 1, 8, 'alloc', 'new[]', 'operator new[](unsigned long)', '_Znam', '/home/me/src/parse.cpp', 30, 12, 'char'),
    (23, 1, 9, 'alloc', 'malloc', 'realloc', 'realloc', '/home/me/src/parse.cpp', 35, 16, 'token *'),
    (24, 1, 10, 'free', 'malloc', 'free', 'free', '/home/me/src/server.cpp', 90, 3, NULL),
    (25, 1, 11, 'free', 'new', 'operator delete(void*)', '_ZdlPv', '/home/me/src/table.cpp', 60, 5, NULL),
    (26, 1, 12, 'alloc', 'malloc', 'calloc', 'calloc', NULL, NULL, NULL, NULL),
    (27, 1, 13, 'alloc', 'malloc', 'strdup', 'strdup', '/home/me/src/server.cpp', 15, NULL, 'char'),
    (28, 1, 14, 'alloc', 'malloc', 'malloc', 'malloc', '/home/me/src/child.cpp', 7, 9, NULL),
    (29, 1, 15, 'alloc', 'pool', 'instr_pool_alloc', 'instr_pool_alloc', '/home/me/src/parse.cpp', 50, 3, NULL),
    (30, 1, 16, 'free', 'pool', 'instr_pool_reset', 'instr_pool_reset', '/home/me/src/parse.cpp', 58, 3, NULL),
    (31, 1, 17, 'alloc', 'mapping', 'mmap', 'mmap', '/home/me/src/table.cpp', 12, 14, NULL);
INSERT INTO heaps VALUES
    (1, 0, 1523007, 108935186, 1518004, 107604096, 1, 2900, 1300000, 1200, 2, 5, 8014, 2851730, 6420000000),
    (1, 1, 700, 44800, 690, 44160, 0, 0, 0, 0, 0, 0, 300, 19200, 5000000000),
    (1, 2, 3, 69206016, 1, 2097152, 0, 1, 0, 0, 0, 0, 2, 67108864, 9000000000),
    (2, 0, 110, 410240, 50, 164480, 0, 0, 10, 0, 0, 3, 60, 245760, 7900000000);
INSERT INTO heap_totals VALUES
    (3, 20, 0, 1000000, 64000000, 1000000, 64000000, 0, 0, 900000, 0, 64000, 10, 640, 2000000000, x'0130c0843d', x'016fa0f73636a08d06', 0, 0, 0, 0, 0, 0),
    (4, 20, 0, 500000, 16000000, 500000, 16000000, 0, 0, 400000, 0, 3200, 0, 0, 500000000, x'0120a0c21e', x'016fa0c21e', 0, 0, 0, 0, 0, 0),
    (3, 22, 0, 4, 4096, 4, 4096, 0, 0, 0, 0, 4096, 0, 0, 8000000, x'017004', x'019e0204', 0, 0, 0, 0, 0, 0),
    (3, 23, 0, 3000, 24000000, 3000, 24000000, 1, 2900, 0, 0, 1000000, 1, 800000, 6000000000, x'018f01e80710e80708e807', x'019e02b817', 0, 0, 100, 2900, 600, 3000000),
    (5, 21, 0, 20000, 4800000, 15000, 3600000, 0, 0, 0, 1200, 2400000, 8000, 1920000, 15000000000000, x'014ea09c01', x'01ad039875', 0, 0, 0, 0, 0, 0),
    (1, 27, 0, 1, 18, 0, 0, 0, 0, 0, 0, 18, 1, 18, 0, x'011201', NULL, 0, 0, 0, 0, 0, 0),
    (0, 26, 0, 2, 131072, 0, 0, 0, 0, 0, 0, 131072, 2, 131072, 0, x'01d00102', NULL, 0, 0, 0, 0, 0, 0),
    (6, 24, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, NULL, NULL, 1503000, 104000000, 0, 0, 0, 0),
    (6, 25, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, NULL, NULL, 15002, 3604000, 0, 0, 0, 0),
    (3, 29, 1, 700, 44800, 690, 44160, 0, 0, 0, 0, 19200, 300, 19200, 2000000, x'013000bc05', NULL, 0, 0, 0, 0, 0, 0),
    (3, 30, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, NULL, NULL, 690, 44160, 0, 0, 0, 0),
    (5, 31, 2, 3, 69206016, 1, 2097152, 0, 1, 0, 0, 67108864, 2, 67108864, 100, NULL, NULL, 1, 2097152, 0, 0, 0, 0),
    (2097155, 28, 0, 100, 409600, 40, 163840, 0, 0, 0, 0, 245760, 60, 245760, 40000, x'01900164', x'016f28', 0, 0, 0, 0, 0, 0),
    (2097156, 20, 0, 10, 640, 10, 640, 0, 0, 10, 0, 64, 0, 0, 1000, x'01300a', x'01390a', 0, 0, 0, 0, 0, 0),
    (2097155, 24, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, NULL, NULL, 50, 164480, 0, 0, 0, 0);
INSERT INTO live_blocks
    WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 4999)
    SELECT 1, 0, 93824992231424 + i * 256, 240, 5, 21, 2, 1000000000 + i * 1600000, 2, NULL, NULL, 0 FROM n;
INSERT INTO live_blocks
    WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 9)
    SELECT 1, 1, 93824992231424 + i * 64, 64, 3, 29, 2, 9000000000 + i * 1000, 5, NULL, 93824992231424, 0 FROM n;
INSERT INTO live_blocks VALUES (1, 2, 140000000000000, 33554432, 5, 31, 2, 100000000, 6, NULL, NULL, 0),
    (1, 2, 140000100000000, 33554432, 5, 31, 2, 5000000000, 6, NULL, NULL, 1);
INSERT INTO live_blocks VALUES (1, 0, 93824990000016, 18, 1, 27, 1, 200000, 1, NULL, NULL, 0),
    (1, 0, 93824990100016, 65536, 0, 26, 1, 100000, 1, NULL, NULL, 0), (1, 0, 93824990200016, 65536, 0, 26, 1, 9999999000, 1, NULL, NULL, 0);
INSERT INTO live_blocks
    WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 59)
    SELECT 2, 0, 93824992231424 + i * 4096, 4096, 2097155, 28, 3, 7000000000 + i * 10000000, 1, NULL, NULL, 0 FROM n;
INSERT INTO heap_samples
    WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 49)
    SELECT 1, i * 200000000, i * 30460, i * 2178703, CASE WHEN i < 32 THEN i * 250 ELSE 8100 - (i - 32) * 180 END,
           CASE WHEN i < 32 THEN i * 60000 ELSE 2700000 - (i - 32) * 80000 END, 0, 0, 8000000 + i * 40000
    FROM n;
INSERT INTO heap_samples VALUES (1, 10000000000, 1523007, 108935186, 5003, 1331090, 640, 67108864, NULL),
    (2, 6000000000, 50, 204800, 30, 122880, 0, 0, NULL), (2, 8000000000, 110, 410240, 60, 245760, 0, 0, 7000000);
INSERT INTO heap_faults VALUES
    (1, 'wrong family', 6, 24, 3, 22, 1, 93824990300016, 9200000000),
    (1, 'freed twice', 6, 25, 6, 24, 3, 93824990400016, 9300000000),
    (2, 'freed twice', 2097155, 25, 2097155, 24, 3, 93824990400016, 9300000000),
    (1, 'unknown', 6, 24, 0, 0, 5, 93824990500016, 9100000000),
    (1, 'lost', 5, 21, 3, 20, 2, 93824990600016, 4000000000);
-- What was alive at earlier moments: the parser's buffer grows and goes, the table comes, two rows stay as they
-- are. Process 2 has one moment, and its end.
INSERT INTO heap_moments VALUES (1, 2000000000), (1, 4000000001), (1, 6000000000), (1, 8000000000), (1, 10000000000),
    (2, 6000000000);
INSERT INTO heap_history VALUES
    (0, 26, 2000000000, 1, 65536), (0, 26, 10000000000, 2, 131072), (1, 27, 2000000000, 1, 18),
    (3, 23, 2000000000, 1, 8000), (3, 23, 6000000000, 1, 800000), (3, 23, 8000000000, 0, 0),
    (3, 20, 2000000000, 4, 256), (3, 20, 4000000001, 900, 57600), (3, 20, 6000000000, 20, 1280), (3, 20, 8000000000, 0, 0),
    (5, 21, 2000000000, 500, 120000), (5, 21, 4000000001, 3000, 720000), (5, 21, 6000000000, 7900, 1896000),
    (5, 21, 8000000000, 6000, 1440000), (5, 21, 10000000000, 5000, 1200000),
    (2097155, 28, 6000000000, 30, 122880);
