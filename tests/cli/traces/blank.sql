-- SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
--
-- blank: tables and nothing in them, not even a clock.
SELECT 1;
