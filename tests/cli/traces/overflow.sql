-- SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
--
-- overflow: numbers that no run has, whose sums do not fit.
INSERT INTO clocks VALUES (0, 9223372036854775807, -9223372036854775807, 0), (9223372036854775807, -9223372036854775807, 5, 5);
INSERT INTO processes VALUES (1, 1, -1, 1, NULL, NULL, NULL, 'nonsense', 9223372036854775807, -5, 'nonsense', -9, 999),
    (-7, NULL, 1, 1, '', '', '', '', 0, NULL, 'death', NULL, -3);
INSERT INTO threads VALUES (1, 99, 1, NULL, NULL, NULL, 5, -5, 9223372036854775807, 9223372036854775807, 0, 0, 9223372036854775807,
    9223372036854775807, 9223372036854775807, 9223372036854775807, 0, -1, 0);
INSERT INTO functions VALUES (1, 77, NULL, 'round', 'round', NULL, -5, 7, 'none', 1);
INSERT INTO contexts VALUES (1, 1, 3, 0, 1, 1, 0, 0), (2, 1, 1, 0, 1, 2, 5, 0), (3, 1, 2, 0, 1, 3, -1, 0), (4, 1, 4, 0, 1, -9, 0, 0),
    (5, 1, NULL, 0, 1, 0, 0, 0), (6, 2, 5, 0, 555, 1, 0, 0), (7, 2, 5, 0, 1, 1, 0, 0);
INSERT INTO totals VALUES (1, 1, -1, 0, 0, 0, 9223372036854775807, -9223372036854775807, 5, 3, x'ffffffffff'),
    (1, 7, 9223372036854775807, 0, 0, 0, 9223372036854775807, 9223372036854775807, 5, 3, x'01'),
    (2, 6, 1, 0, 0, 0, 1, 1, 5, 3, NULL);
INSERT INTO open_frames VALUES (1, -5, 1, 0, 9223372036854775807, 0, 3), (1, 9223372036854775807, 2, -9223372036854775807, -5, 0, 0), (8, 0, 888, 0, 0, 0, 0);
INSERT INTO function_totals VALUES (0, 1, 9223372036854775807, 0, 0, 0, 0, 9223372036854775807, 9223372036854775807, -1, -1, -1, -1),
    (0, 2, -5, 0, 0, 0, 0, -9223372036854775807, -9223372036854775807, NULL, NULL, NULL, NULL);
INSERT INTO losses VALUES (1, NULL, NULL, char(27) || '[2Jcleared', -5, 5, NULL, 3);
INSERT INTO messages VALUES (1, NULL, NULL, 'loud', 'x'), (2, -1, NULL, 'error', char(27) || '[2J' || char(13) || 'overwritten');
