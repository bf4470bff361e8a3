-- SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
--
-- heaps: the first :limit heaps of the processes that allocated, of each its pools and mappings too; of process
-- :process alone if that is given.
SELECT * FROM heap_list
WHERE process_id = coalesce(:process, process_id)
ORDER BY process_id, kind
LIMIT coalesce(:limit, -1);
