-- SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
--
-- block_contexts: calls that may block by calling context, place in the source and what the descriptor is of, the first
-- :limit rows, of process :process and of what :only names (what is called, or calls) if these are given; with :idle
-- waits for work too: the view block_contexts, with call paths.
SELECT b.*,
       p.path AS path -- call path, innermost function first
FROM (SELECT * FROM block_contexts
      WHERE process_id = coalesce(:process, process_id) AND (:idle OR NOT idle)
        AND (:only IS NULL OR function || '(' GLOB :only || '(*' OR called || '(' GLOB :only || '(*')
      ORDER BY /*sort*/blocked_ns/*end*/ DESC, blocked_ns DESC, calls DESC, context_id, site_id, descriptor
      LIMIT coalesce(:limit, -1)) b
JOIN context_paths p ON p.context_id = b.context_id
ORDER BY b./*sort*/blocked_ns/*end*/ DESC, b.blocked_ns DESC, b.calls DESC, b.context_id, b.site_id, b.descriptor;
