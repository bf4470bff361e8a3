-- SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
--
-- heap_peak: what was alive at the moment when the most bytes were, by calling context and place in the
-- source: the first :limit rows, of process :process if that is given. Each process has its own peak.
SELECT h.process_id AS process_id, -- process
       h.context_id AS context_id, -- calling context that allocated it
       h.site_id AS site_id, -- place that did
       h.function AS function, -- demangled name; "(no function)": no call that has hooks was open
       h.called AS called, -- what is called at the place
       h.type AS type, -- type of what is allocated there; NULL if not known
       h.file AS file, -- source file of the place
       h.line AS line, -- its line
       h.column AS column, -- its column
       h.peak_blocks AS peak_blocks, -- blocks alive at the peak
       h.peak_bytes AS peak_bytes, -- their bytes
       h.live_blocks AS live_blocks, -- blocks alive at the end
       h.live_bytes AS live_bytes, -- their bytes
       p.path AS path -- call path, innermost function first
FROM (SELECT * FROM heap_contexts
      WHERE process_id = coalesce(:process, process_id) AND kind = coalesce(:kind, 'heap') AND (peak_blocks <> 0 OR peak_bytes <> 0)
      ORDER BY /*sort*/peak_bytes/*end*/ DESC, peak_bytes DESC, peak_blocks DESC, context_id, site_id
      LIMIT coalesce(:limit, -1)) h
JOIN context_paths p ON p.context_id = h.context_id
ORDER BY h./*sort*/peak_bytes/*end*/ DESC, h.peak_bytes DESC, h.peak_blocks DESC, h.context_id, h.site_id;
