-- SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
--
-- long: two functions with names of 300,000 bytes that call each other 3,000 deep. Each context names one
-- of them: what a report copies of it, it copies 3,000 times.
INSERT INTO run VALUES ('state', 'complete');
INSERT INTO clocks VALUES (0, 0, 0, 0), (1000000, 1000000, 1000000, 1000000);
INSERT INTO processes VALUES (1, NULL, 1, 1, 'long', 'long', '/', 'start', 0, 1000000, 'exit', 0, NULL);
INSERT INTO threads VALUES (1, 1, 1, 't', NULL, NULL, 0, 1000000, 1000000, 6000, 9, 6000, 0, 0, 0, 0, 0, 0, 0, NULL, NULL, NULL);
INSERT INTO modules VALUES (1, '/bin/long', NULL, 2);
INSERT INTO functions VALUES
    (1, 1, 0, replace(hex(zeroblob(100000)), '00', 'a::') || 'parts', 'parts', 'long.c', 1, 1, NULL, 1),
    (2, 1, 1, replace(hex(zeroblob(100000)), '00', '<a(') || 'brackets', 'brackets', 'long.c', 2, 1, NULL, 1);
INSERT INTO contexts VALUES (0, 1, NULL, 0, 0, 0, 0, 0);
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)
INSERT INTO contexts SELECT i, 1, i - 1, 0, 1 + i % 2, i, i > 2, 0 FROM n;
INSERT INTO totals SELECT 1, context_id, 1, 1, 0, 0, 1000000, 300, 9, 600, NULL FROM contexts WHERE context_id > 0;
INSERT INTO function_totals SELECT p, function_id, 1500, 1500, 0, 0, 0, 1000000, 500000, 9, 300, 590, 600
    FROM functions, (SELECT 0 AS p UNION ALL SELECT 1) WHERE function_id > 0;
