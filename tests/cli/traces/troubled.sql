-- SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
--
-- troubled: everything that a reader must be told at once: events lost for several causes, chunks
-- deleted, a process killed, one that ended by _exit, calls that never returned, complaints, guesses.
INSERT INTO run VALUES ('state', 'recovered'), ('events_from_ticks', 4000000000), ('hook_cost_ticks', 20),
    ('checkpoint_ticks', 9000000000);
INSERT INTO settings VALUES ('runtime', 'events', 'on');
INSERT INTO clocks VALUES (0, 0, 1700000000000000000, 0), (10000000000, 5000000000, 1700000005000000000, 10000000000);
INSERT INTO processes VALUES
    (1, NULL, 100, 1, 'server', '/bin/server', '/', 'start', 0, 9500000000, 'death', NULL, 9),
    (2, 1, 101, 1, 'server', '/bin/server', '/', 'fork', 100, 8000000000, 'death', NULL, NULL),
    (3, 1, 102, 1, 'server', '/bin/server', '/', 'fork', 100, 8000000000, 'death', NULL, 11),
    (4, 1, 103, 1, 'server', '/bin/server', '/', 'fork', 100, 8000000000, 'death', NULL, 34),
    (5, 1, 104, 1, 'server', '/bin/server', '/', 'fork', 100, 8000000000, 'death', 1, NULL);
INSERT INTO threads VALUES
    (1, 1, 100, 'server', NULL, NULL, 0, 9500000000, 9400000000, 1000, 1, 1000, 77, 0, 0, 2, 0, 1, 0, 8000000000, 1000000, 9490000000),
    (2, 1, 105, 'pool', NULL, NULL, 0, 9500000000, 9000000000, 2000, 1, 2000, 0, 5000000, 9, 0, 3, 4, 0, NULL, NULL, NULL),
    (-1, 1, 0, 'ended threads', NULL, NULL, 0, 9000000000, 9000000000, 500000, 0, 500000, 0, 0, 0, 0, 0, 16, 25000, 77000000000, 9000000000, NULL);
INSERT INTO functions VALUES
    (1, NULL, 0, 'main', 'main', 'server.c', 10, 1, NULL, 1),
    (2, NULL, 1, 'serve', 'serve', 'server.c', 50, 1, NULL, 1),
    (3, NULL, 2, 'poll_once', 'poll_once', 'server.c', 70, 1, NULL, 1);
INSERT INTO contexts VALUES (0, 1, NULL, 0, 0, 0, 0, 0), (1, 1, 0, 0, 1, 1, 0, 0), (2, 1, 1, 0, 2, 2, 0, 0), (3, 1, 2, 0, 3, 3, 0, 1);
INSERT INTO open_frames VALUES (1, 0, 1, 1000000000, 0, 0, 0), (1, 1, 2, 2000000000, 3000000000, 0, 0), (2, 0, 2, 3000000000, 0, 0, 0);
INSERT INTO totals VALUES
    (1, 1, 1, 0, 0, 1, 0, 0, NULL, NULL, NULL), (1, 2, 1, 0, 0, 1, 0, 0, NULL, NULL, NULL),
    (1, 3, 248, 248, 0, 0, 3000000000, 3000000000, 10, 90000000, x'0114f801'), (2, 2, 1, 0, 0, 1, 0, 0, NULL, NULL, NULL);
INSERT INTO function_totals VALUES
    (0, 1, 1, 0, 0, 1, 0, 0, 0, NULL, NULL, NULL, NULL), (0, 2, 2, 0, 0, 2, 2, 0, 0, NULL, NULL, NULL, NULL),
    (0, 3, 248, 248, 0, 0, 0, 3000000000, 3000000000, 10, 20, 90000000, 90000000);
INSERT INTO losses VALUES
    (0, NULL, NULL, 'chunks deleted', 400000, 0, 4000000000, 1), (1, 1, 1, 'ring full', 40, 1000000000, 2000000000, 0),
    (2, 1, 1, 'ring full', 37, 3000000000, 3500000000, 0), (3, 1, 2, 'damaged', NULL, NULL, NULL, 0);
INSERT INTO messages VALUES
    (1, 10, 1, 'note', 'recording into trace.db'),
    (2, 5000000000, 1, 'error', 'The disk was full from 2.5 s on.'),
    (3, 6000000000, NULL, 'warning', 'A module was mapped above 2^47 and is not recorded.'),
    (4, NULL, NULL, 'warning', 'Third.'), (5, NULL, NULL, 'warning', 'Fourth.'), (6, NULL, NULL, 'warning', 'Fifth.');
