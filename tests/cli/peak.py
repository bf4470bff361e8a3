# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# Runs a command and says whether it kept below so much memory. Usage: peak.py MIB COMMAND...
import resource
import subprocess
import sys

status = subprocess.run(sys.argv[2:], stdout=subprocess.DEVNULL).returncode
mib = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss >> 10
print(f"exit {status}, memory", "fine" if mib < int(sys.argv[1]) else f"at most {mib} MiB")
