-- SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
--
-- empty: a run that ended before any instrumented function was called.
INSERT INTO run VALUES ('state', 'complete');
INSERT INTO clocks VALUES (0, 1, 1700000000000000000, 1), (2000, 1001, 1700000000000001000, 2001);
