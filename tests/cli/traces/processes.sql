-- SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
--
-- processes: three of them: the first forks the second inside a call, which the second inherits open;
-- the second becomes the third by exec. The first is still running, nobody records it any more.
INSERT INTO run VALUES ('state', 'recording'), ('checkpoint_ticks', 4000);
INSERT INTO settings VALUES ('runtime', 'events', 'off');
INSERT INTO clocks VALUES (0, 0, 1700000000000000000, 0), (5000, 5000, 1700000000000005000, 5000);
INSERT INTO processes VALUES
    (1, NULL, 10, 1, 'make -j2', '/usr/bin/make', '/src', 'start', 0, NULL, NULL, NULL, NULL),
    (2, 1, 11, 1, 'make -j2', '/usr/bin/make', '/src', 'fork', 1000, 2000, 'exec', NULL, NULL),
    (3, 2, 11, 1, 'cc -c a.c', '/usr/bin/cc', '/src', 'exec', 2000, 4000, 'exit', 1, NULL);
INSERT INTO threads VALUES
    (1, 1, 10, 'make', NULL, NULL, 0, NULL, 3500, 4, 1, 4, 0, 0, 0, 0, 0, 0, 0, NULL, NULL, NULL),
    (2, 2, 11, 'make', 1, 1, 1000, 2000, 2000, 2, 1, 2, 0, 0, 0, 0, 0, 0, 0, NULL, NULL, NULL),
    (3, 3, 11, 'cc', NULL, NULL, 2000, 4000, 3900, 2, 1, 2, 0, 0, 0, 0, 0, 0, 0, NULL, NULL, NULL);
INSERT INTO functions VALUES (1, NULL, 0, 'main', 'main', 'make.c', 1, 1, NULL, 1), (2, NULL, 1, 'spawn', 'spawn', 'job.c', 2, 1, NULL, 1),
    (3, NULL, 2, 'main', 'main', 'cc.c', 3, 1, NULL, 1), (4, NULL, 3, 'child', 'child', 'job.c', 4, 1, NULL, 1);
INSERT INTO contexts VALUES
    (0, 1, NULL, 0, 0, 0, 0, 0), (1, 1, 0, 0, 1, 1, 0, 0), (2, 1, 1, 0, 2, 2, 0, 0),
    (2097152, 2, NULL, 0, 0, 0, 0, 0), (2097153, 2, 2097152, 0, 1, 1, 0, 0), (2097154, 2, 2097153, 0, 2, 2, 0, 0),
    (2097155, 2, 2097154, 0, 4, 3, 0, 0),
    (4194304, 3, NULL, 0, 0, 0, 0, 0), (4194305, 3, 4194304, 0, 3, 1, 0, 0);
INSERT INTO totals VALUES (1, 1, 1, 0, 0, 1, 0, 0, NULL, NULL, NULL), (1, 2, 1, 1, 0, 0, 500, 500, 500, 500, NULL),
    (2, 2097155, 1, 1, 0, 0, 900, 900, 900, 900, NULL), (3, 4194305, 1, 1, 0, 0, 1800, 1800, 1800, 1800, NULL);
INSERT INTO open_frames VALUES (1, 0, 1, 100, 500, 0, 0), (2, 0, 2097153, 100, 0, 0, 1), (2, 1, 2097154, 900, 900, 0, 1);
INSERT INTO function_totals VALUES
    (0, 1, 1, 0, 0, 1, 0, 0, 0, NULL, NULL, NULL, NULL), (0, 2, 1, 1, 0, 0, 0, 500, 500, 500, 500, 500, 500),
    (0, 3, 1, 1, 0, 0, 0, 1800, 1800, 1800, 1800, 1800, 1800), (0, 4, 1, 1, 0, 0, 0, 900, 900, 900, 900, 900, 900),
    (1, 1, 1, 0, 0, 1, 0, 0, 0, NULL, NULL, NULL, NULL), (1, 2, 1, 1, 0, 0, 0, 500, 500, 500, 500, 500, 500),
    (2, 1, 0, 0, 0, 0, 0, 0, 0, NULL, NULL, NULL, NULL), (2, 2, 0, 0, 0, 0, 0, 0, 0, NULL, NULL, NULL, NULL),
    (2, 4, 1, 1, 0, 0, 0, 900, 900, 900, 900, 900, 900), (3, 3, 1, 1, 0, 0, 0, 1800, 1800, 1800, 1800, 1800, 1800);
