--  SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
procedure Lines is
   function Twice (N : Integer) return Integer;
   function Twice (N : Integer) return Integer is
   begin
      return (if N > 10 then Twice (N - 10) + 20 else 2 * N);
   end Twice;
   Total : Integer := 0;
begin
   for I in 1 .. 20 loop
      Total := Total + Twice (I);
   end loop;
   if Total /= 420 then
      raise Program_Error;
   end if;
end Lines;
