set debuginfod enabled off
break add
run
info args
next
next
next
next
break main
run
step
backtrace
step
step
finish
