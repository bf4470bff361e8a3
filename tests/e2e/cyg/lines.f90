! SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
module areas
contains
  recursive integer function twice(n) result(answer)
    integer, intent(in) :: n
    answer = 2 * n
    if (n > 10) answer = twice(n - 10) + 20
  end function twice
end module areas

program lines
  use areas
  implicit none
  integer :: i, total
  total = 0
  do i = 1, 20
    total = total + twice(i)
  end do
  print *, total
end program lines
