-- SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
--
-- anchors: where points in time lie.
SELECT ticks, ns, ns_per_tick FROM anchors ORDER BY ticks;
