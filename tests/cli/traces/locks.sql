-- SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
--
-- locks: three locks of a run that hung: one that two threads want, a read-write lock, and one that has no name. A tick is
-- a nanosecond.
INSERT INTO run VALUES ('state', 'complete');
INSERT INTO clocks VALUES (0, 0, 1700000000000000000, 0), (9000000, 9000000, 1700000000009000000, 9000000);
INSERT INTO processes VALUES (1, NULL, 1, 1, './hangs', '/x', '/', 'start', 0, 9000000, 'killed', 9, NULL);
INSERT INTO threads VALUES (1, 1, 1, 'main', NULL, NULL, 0, 9000000, 9000000, 60, 0, 60, 0, 0, 0, 0, 0, 0, 0, NULL, NULL, NULL),
    (2, 1, 2, 'worker', NULL, NULL, 0, 9000000, 9000000, 60, 0, 60, 0, 0, 0, 0, 0, 0, 0, NULL, NULL, NULL);
INSERT INTO functions SELECT column1, NULL, NULL, column2, column2, '/src/cache.c', column3, 1, NULL, 1 FROM
    (VALUES (1, 'main', 10), (2, 'look_up', 20), (3, 'rebuild', 30), (4, 'std::vector<int>::grow()', 40));
INSERT INTO contexts VALUES (0, 1, NULL, 0, 0, 0, 0, 0), (1, 1, 0, 1, 1, 1, 0, 0), (2, 1, 1, 1, 2, 2, 0, 0), (3, 1, 1, 2, 3, 2, 0, 0),
    (4, 1, 2, 1, 4, 3, 0, 0);
INSERT INTO sites (site_id, module_id, row, kind, family, name, linkage_name, file, line, column, type) VALUES
    (11, 1, 0, 'lock', 'mutex', 'pthread_mutex_lock', 'pthread_mutex_lock', '/src/cache.c', 22, 5, 'cache.shards[].lock'),
    (12, 1, 1, 'lock', 'mutex', 'pthread_mutex_lock', 'pthread_mutex_lock', '/src/cache.c', 32, 5, 'cache.shards[].lock'),
    (13, 1, 2, 'lock', 'rwlock', 'pthread_rwlock_rdlock', 'pthread_rwlock_rdlock', '/src/cache.c', 41, 9, 'table'),
    (14, 1, 3, 'lock', 'rwlock', 'pthread_rwlock_wrlock', 'pthread_rwlock_wrlock', '/src/cache.c', 42, 9, NULL),
    (15, 1, 4, 'lock', 'spin', 'pthread_spin_lock', 'pthread_spin_lock', NULL, NULL, NULL, NULL);
INSERT INTO locks VALUES (1, 1, 1, 4096, 2, 11, 1000, NULL, 3, 2, 0, 0), (2, 1, 2, 8192, 4, 14, 2000, 8000, 4, 1, 1, 2),
    (3, 1, 4, 12288, 4, 15, 3000, NULL, NULL, NULL, 0, 0);
INSERT INTO lock_totals VALUES
    (1, 2, 11, 1, 1000, 40, 3, 2500000, 900000, NULL, 1000, 30000, 900, NULL, 1204, 3250585),
    (1, 3, 12, 1, 5, 1, 0, 100, 100, NULL, 4, 3000000, 1000000, NULL, 0, 0),
    (2, 4, 13, 3, 70, 0, 0, 0, 0, NULL, 70, 700, 10, NULL, 16, 512),
    (2, 4, 14, 2, 2, 2, 0, 600, 400, NULL, 2, 5000, 4000, NULL, 0, 0),
    (3, 4, 15, 4, 1, 0, 0, 0, 0, NULL, 0, 0, 0, NULL, 0, 0);
INSERT INTO sites (site_id, module_id, row, kind, family, name, linkage_name, file, line, column, type) VALUES
    (16, 1, 5, 'block', 'sync', 'fsync', 'fsync', '/src/cache.c', 34, 5, NULL);
INSERT INTO lock_waits VALUES (1, 2, 4, 4, NULL, NULL, NULL, 0, 200), (2, 2, 4, 4, NULL, 3, 16, 1, 300), (3, 2, 4, -1, NULL, NULL, NULL, 1, 100),
    (4, 1, 2, 3, 2, NULL, NULL, 30, 1400000), (5, 1, 2, 3, NULL, 3, 16, 8, 800000), (6, 1, 2, 3, 1, NULL, NULL, 0, 200000),
    (7, 1, 2, 2, NULL, NULL, NULL, 2, 100000), (8, 1, 3, 2, NULL, NULL, NULL, 1, 100);
INSERT INTO lock_threads VALUES (1, 1, 2, 38, 2400000), (1, 2, 1, 3, 100100), (2, 1, 2, 1, 500), (2, 2, 0, 1, 100);
INSERT INTO lock_orders VALUES (1, 3, 12, 1, 2, 4, 14, 2, NULL, 7, 2, 600, '[]'), (2, 4, 14, 2, 1, 2, 11, 1, 2, 3, 0, 0, '[]'),
    (1, 2, 11, 1, 3, 4, 15, 4, 1, 1, 0, 0, '[2]'), (3, 4, 15, 4, 1, 2, 11, 1, 1, 1, 0, 0, '[2]');
INSERT INTO lock_calls VALUES (1, 3, 12, 1, 3, 16, 4, 2500000, 900000);
INSERT INTO lock_users VALUES (1, 1, 2, 1, 3, 12, 1, 6000000), (1, 1, 1, 0, 2, 11, 1, 7000000), (1, 3, 1, 1, 4, 15, 4, 5000000);
