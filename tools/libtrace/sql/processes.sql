-- SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
--
-- processes: the first :limit processes of the run.
SELECT * FROM process_list ORDER BY process_id LIMIT coalesce(:limit, -1);
