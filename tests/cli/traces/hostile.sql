-- SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
--
-- hostile: right in form, wrong in everything else: own views under the names of ours, a table that
-- hides a view, triggers, statistics that mislead the planner, contexts in a circle, references to
-- nothing.
DROP VIEW top;
CREATE VIEW top AS SELECT load_extension('evil') AS function, 'evil' AS file, 1 AS line, 1 AS calls, 1 AS self_ns, 1 AS total_ns,
    1 AS min_ns, 1 AS p50_ns, 1 AS p99_ns, 1 AS max_ns;
DROP VIEW rate;
CREATE TABLE rate (ns_per_tick);
INSERT INTO rate VALUES ('evil');
DROP VIEW summary;
CREATE VIEW summary AS WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) AS functions FROM n;
CREATE TRIGGER evil INSTEAD OF INSERT ON top BEGIN SELECT load_extension('evil'); END;
CREATE TRIGGER evil2 AFTER INSERT ON run BEGIN DELETE FROM functions; END;
INSERT INTO sqlite_stat1 VALUES ('threads', NULL, '1'), ('totals', 'totals', '1 1 1'), ('contexts', NULL, '99999999999');
INSERT INTO clocks VALUES (0, 5, 5, 0), (1000000, 1000005, 1000005, 5);
INSERT INTO processes VALUES (1, 1, -1, 1, NULL, NULL, NULL, 'nonsense', 900, 5, 'nonsense', -9, 999),
    (-7, NULL, 1, 1, '', '', '', '', 0, NULL, 'death', NULL, -3);
INSERT INTO threads VALUES (1, 99, 1, NULL, NULL, NULL, 5, -5, 100, 100, 0, 0, 0, 0, 0, 7, 0, -1, 0, -5, 7, 9223372036854775807);
INSERT INTO functions VALUES (1, 77, NULL, 'round', 'round', NULL, -5, 7, 'none', 1);
INSERT INTO contexts VALUES (1, 1, 3, 0, 1, 1, 0, 0), (2, 1, 1, 0, 1, 2, 5, 0), (3, 1, 2, 0, 1, 3, -1, 0), (4, 1, 4, 0, 1, -9, 0, 0),
    (5, 1, NULL, 0, 1, 0, 0, 0), (6, 2, 5, 0, 555, 1, 0, 0), (7, 2, 5, 0, 1, 1, 0, 0);
INSERT INTO totals VALUES (1, 1, -1, 0, 0, 0, 900, -700, 5, 3, x'01'), (1, 7, 3, 0, 0, 0, 800, 700, 5, 3, NULL),
    (2, 6, 1, 0, 0, 0, 1, 1, 5, 3, NULL);
INSERT INTO open_frames VALUES (1, -5, 1, 0, 900, 0, 3), (1, 9223372036854775807, 2, -7, -5, 0, 0), (8, 0, 888, 0, 0, 0, 0);
INSERT INTO function_totals VALUES (0, 1, 7, 0, 0, 0, 0, 800, 700, -1, -1, -1, -1), (0, 2, -5, 0, 0, 0, 0, -100, -100, NULL, NULL, NULL, NULL);
INSERT INTO losses VALUES (1, NULL, NULL, char(27) || '[2Jcleared', -5, 5, NULL, 3);
INSERT INTO messages VALUES (1, NULL, NULL, 'loud', 'x'), (2, -1, NULL, 'error', char(27) || '[2J' || char(13) || 'overwritten');
INSERT INTO heaps VALUES (1, 0, -5, -100, 7, 9, -1, -1, -1, -1, -1, -3, -5, -9, -7), (77, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, NULL);
INSERT INTO sites VALUES (5, 77, -1, 'nonsense', '', '', '', '', -5, -5, ''), (6, 1, 0, 'alloc', 'new', char(27) || '[2J', 'x', 'a' || char(10) || 'b/', 9, 99999999, 'struct' || char(10) || char(27) || '[2J<<((');
INSERT INTO heap_totals VALUES (1, 5, 0, -1, -1, 1, 1, 0, 0, 0, 0, -1, -1, -1, -1, x'ff', x'01', -1, -1, 0, 0, 0, 0), (4, 6, 0, 5, 50, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, NULL, NULL, 1, 1, 0, 0, 0, 0),
    (6, 55, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0, NULL, NULL, 0, 0, 0, 0, 0, 0), (999, 5, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, NULL, NULL, 1, 1, 0, 0, 0, 0);
INSERT INTO live_blocks VALUES (1, 0, -1, -1, 1, 5, 1, -5, 99, 7, NULL, 0), (1, 0, 0, 0, 4, 6, 1, 9999999, 1, NULL, NULL, 0), (55, 0, 1, 1, 999, 999, 999, 1, 1, NULL, NULL, 0);
INSERT INTO heap_samples VALUES (1, -5, -1, -1, -1, -1, 0, 0, -1);
INSERT INTO heap_faults VALUES (1, 'freed twice', 3, 5, 99, 99, -1, -1, -1), (1, char(27) || '[2J', 1, 6, 2, 6, 1, 1, 1), (9, 'wrong family', 4, 6, 4, 6, 5, 5, 5);
INSERT INTO block_totals VALUES (1, 999, 77, 0, -1, 5, -9223372036854775808, 9223372036854775807, 9223372036854775807, x''),
    (7, 1, -3, 0, 9223372036854775807, -1, 5, -5, 7, x'ffff'), (888, 1, 6, 0, 1, 1, 1, 1, 1, x'01');
INSERT INTO open_blocks VALUES (77, 1, -5, 999, 66, -9223372036854775808), (1, 1, 0, 1, 0, 9223372036854775807), (1, 1, 9223372036854775807, -4, -3, 0), (9, 44, 0, 1, 12, 5);
INSERT INTO thread_creators VALUES (1, 1, 6, 1, -9223372036854775808), (1, 4, 5, 99, 9223372036854775807), (-99, 888, 999, NULL, 9223372036854775807),
    (77, 2, 6, -1, 1);
INSERT INTO thread_creations VALUES (1, -1, -1, 888, 999, 77, 9223372036854775807, -9223372036854775808);
