-- SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
--
-- thread_creators: which calls have created threads, by calling context and place, the first :limit of them, of process
-- :process if that is given: the view thread_creator_list, with call paths.
SELECT c.*,
       p.path AS path -- call path, innermost function first
FROM (SELECT * FROM thread_creator_list
      WHERE process_id = coalesce(:process, process_id)
      LIMIT coalesce(:limit, -1)) c
JOIN context_paths p ON p.context_id = c.context_id
ORDER BY c.threads DESC, c.context_id, c.line;
