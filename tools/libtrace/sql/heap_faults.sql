-- SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
--
-- heap_faults: frees that cannot be right, errors of the program before what was not seen, the most
-- frequent first; of process :process if that is given, at most :limit.
SELECT * FROM heap_fault_list
WHERE process_id = coalesce(:process, process_id)
ORDER BY kind NOT IN ('wrong family', 'freed twice'), count DESC, process_id, kind, context_id, place
LIMIT coalesce(:limit, -1);
