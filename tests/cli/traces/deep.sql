-- SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
--
-- deep: a call path of 600 functions, all of them open.
INSERT INTO run VALUES ('state', 'complete');
INSERT INTO clocks VALUES (0, 0, 1700000000000000000, 0), (1000000, 1000000, 1700000000001000000, 1000000);
INSERT INTO processes VALUES (1, NULL, 1, 1, 'deep', '/x', '/', 'start', 0, 1000000, 'death', NULL, 11);
INSERT INTO threads VALUES (1, 1, 1, 'deep', NULL, NULL, 0, 1000000, 1000000, 600, 0, 600, 0, 0, 0, 0, 0, 0, 0, NULL, NULL, NULL);
INSERT INTO functions VALUES (1, NULL, NULL, 'descend', 'descend', 'deep.c', 1, 1, NULL, 1);
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 600)
INSERT INTO contexts SELECT i, 1, i - 1, 0, 1, i, i > 1, 0 FROM n;
INSERT INTO contexts VALUES (0, 1, NULL, 0, 0, 0, 0, 0);
INSERT INTO totals SELECT 1, context_id, 1, 0, 0, 1, 0, 0, NULL, NULL, NULL FROM contexts WHERE context_id > 0;
INSERT INTO open_frames SELECT 1, context_id - 1, context_id, context_id * 10, 0, 0, 0 FROM contexts WHERE context_id > 0;
INSERT INTO function_totals VALUES (0, 1, 600, 0, 0, 600, 0, 0, 0, NULL, NULL, NULL, NULL);
