-- SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
--
-- blocks: two processes that read, write and wait: sockets and files, waits for work, a terminal, a child and a thread,
-- failures, a place without debug information, one without a function; two calls have not returned. One tick is half a nanosecond.
INSERT INTO run VALUES ('run_id', '00112233445566778899aabbccddeeff'), ('version', '0.1.0'), ('state', 'complete'),
    ('checkpoint_ticks', 10000000000);
INSERT INTO clocks VALUES (0, 5000000000000, 1700000000000000000, 10000000000000),
    (10000000000, 5005000000000, 1700000005000000000, 10010000000000);
INSERT INTO processes VALUES
    (1, NULL, 4711, 4026531836, './server --port 80', '/home/me/bin/server', '/home/me', 'start', 0, 10000000000, 'exit', 0, NULL),
    (2, 1, 4715, 4026531836, './server --port 80', '/home/me/bin/server', '/home/me', 'fork', 2000000000, 8000000000, 'exit', 0, NULL);
INSERT INTO threads VALUES
    (1, 1, 4711, 'server', NULL, NULL, 0, 10000000000, 9990000000, 3010, 9000, 3010, 0, 0, 0, 0, 0, 0, 0, NULL, NULL, NULL),
    (2, 2, 4715, 'server', 1, 100, 2000000000, 8000000000, 7990000000, 322, 700, 322, 0, 0, 0, 0, 0, 0, 0, NULL, NULL, NULL);
INSERT INTO modules VALUES (1, '/home/me/bin/server', 'a94a8fe5ccb19ba61c4c0873d391e987982fbbd3', 20);
INSERT INTO functions VALUES
    (1, 1, 0, 'main', 'main', '/home/me/src/server.cpp', 10, 1, NULL, 1),
    (2, 1, 1, 'serve(Server&)', '_Z5serveR6Server', '/home/me/src/server.cpp', 40, 1, NULL, 1),
    (3, 1, 2, 'Connection::receive(std::vector<char, std::allocator<char> >&)', '_ZN10Connection7receiveERSt6vectorIcSaIcEE',
     '/home/me/src/connection.cpp', 20, 1, NULL, 1),
    (4, 1, 3, 'log(char const*)', '_Z3logPKc', '/home/me/src/log.cpp', 7, 1, NULL, 1);
INSERT INTO contexts VALUES
    (0, 1, NULL, 0, 0, 0, 0, 0), (1, 1, 0, 0, 1, 1, 0, 0), (2, 1, 1, 0, 2, 2, 0, 0), (3, 1, 2, 0, 3, 3, 0, 0),
    (4, 1, 3, 0, 4, 4, 0, 0), (5, 1, 2, 1, 4, 3, 0, 0),
    (2097152, 2, NULL, 0, 0, 0, 0, 0), (2097153, 2, 2097152, 0, 1, 1, 0, 0), (2097154, 2, 2097153, 0, 4, 2, 0, 0);
INSERT INTO function_totals VALUES
    (0, 1, 1, 1, 0, 0, 0, 9990000000, 990000000, 9990000000, 9990000000, 9990000000, 9990000000);
INSERT INTO sites VALUES
    (20, 1, 6, 'block', 'accept', 'accept4', 'accept4', '/home/me/src/server.cpp', 44, 15, NULL),
    (21, 1, 7, 'block', 'read', 'recv', 'recv', '/home/me/src/connection.cpp', 24, 9, NULL),
    (22, 1, 8, 'block', 'write', 'write', 'write', '/home/me/src/log.cpp', 9, 2, NULL),
    (23, 1, 9, 'block', 'sync', 'fsync', 'fsync', '/home/me/src/log.cpp', 10, 2, NULL),
    (24, 1, 10, 'block', 'poll', 'epoll_wait', 'epoll_wait', '/home/me/src/server.cpp', 43, 11, NULL),
    (25, 1, 11, 'block', 'read', 'read', 'read', '/home/me/src/server.cpp', 60, 13, NULL),
    (26, 1, 12, 'block', 'child', 'waitpid', 'waitpid', NULL, NULL, NULL, NULL),
    (27, 1, 13, 'block', 'join', 'std::thread::join()', '_ZNSt6thread4joinEv', '/home/me/src/server.cpp', 90, 5, NULL),
    (28, 1, 14, 'block', 'sleep', 'nanosleep', 'nanosleep', '/home/me/src/log.cpp', 12, 3, NULL);
INSERT INTO block_totals VALUES
    (2, 20, 5, 0, 3000, 100, 0, 4000000000, 900000000, x'010501'),
    (3, 21, 5, 0, 150000, 20, 73400320, 2500000000, 40000000, x'010501'),
    (4, 22, 2, 0, 150000, 0, 9437184, 300000000, 9000000, x'010501'),
    (5, 22, 2, 0, 3000, 0, 188743, 6000000, 20000, x'010501'),
    (5, 22, 4, 0, 3000, 3000, 0, 3000000, 2000, x'010501'),
    (5, 23, 2, 0, 30, 0, 0, 1200000000, 90000000, x'010501'),
    (2, 24, 0, 0, 4000, 3, 0, 3000000000, 2000000000, x'010501'),
    (1, 25, 6, 0, 5, 0, 55, 700000000, 500000000, x'010501'),
    (1, 25, 2, 0, 2, 0, 400, 4000, 3000, x'010501'),
    (1, 26, 0, 0, 1, 0, 0, 500000000, 500000000, x'010501'),
    (1, 27, 0, 0, 4, 0, 0, 80000000, 40000000, x'010501'),
    (0, 28, 0, 0, 1, 1, 0, 2000, 2000, x'010501'),
    (2097154, 22, 3, 0, 1, 1, 0, 500, 500, x'010501'),
    (2097154, 23, 1, 0, 2, 2, 0, 900, 500, x'010501');
INSERT INTO open_blocks VALUES (1, 1, 0, 1, 27, 9000000000), (2, 2, -1, 2097152, 28, 7990000000);
