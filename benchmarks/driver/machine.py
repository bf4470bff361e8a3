# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# machine.py - what the figures depend on: the processor, the kernel, the compiler, and how busy the
# machine was when they were taken.
import os
import platform
import socket
import subprocess


def first_line(*command):
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        return (done.stdout or done.stderr).splitlines()[0].strip()
    except (OSError, IndexError):
        return None


def text_of(path):
    try:
        with open(path) as file:
            return file.read().strip()
    except OSError:
        return None


def cpu_facts():
    fields = {}
    for line in (text_of("/proc/cpuinfo") or "").splitlines():
        key, _, value = line.partition(":")
        fields.setdefault(key.strip(), value.strip())
    cpus = sorted(os.sched_getaffinity(0))
    siblings = {text_of(f"/sys/devices/system/cpu/cpu{c}/topology/thread_siblings_list") for c in cpus}
    model = f"{fields.get('model name', '?')}, family {fields.get('cpu family', '?')} model {fields.get('model', '?')}"
    virtual = ", virtual machine" if " hypervisor " in f" {fields.get('flags', '')} " else ""
    return model, f"{len(cpus)} on {len(siblings)} cores as the kernel sees them{virtual}"


def memory():
    for line in (text_of("/proc/meminfo") or "").splitlines():
        if line.startswith("MemTotal:"):
            return f"{int(line.split()[1]) / 2**20:.1f} GiB"
    return None


def distribution():
    for line in (text_of("/etc/os-release") or "").splitlines():
        if line.startswith("PRETTY_NAME="):
            return line.partition("=")[2].strip('"')
    return None


def load():
    return os.getloadavg()[0]


def facts(compiler, report):
    """Ordered facts for the head of a results file."""
    model, cpus = cpu_facts()
    found = {
        "host": socket.gethostname(),
        "processor": model,
        "CPUs": cpus,
        "memory": memory(),
        "clock source": text_of("/sys/devices/system/clocksource/clocksource0/current_clocksource"),
        "frequency governor": text_of("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"),
        "kernel": platform.release(),
        "distribution": distribution(),
        "compiler": first_line(compiler, "--version"),
        "instr": first_line(report, "--version"),
    }
    return {key: value for key, value in found.items() if value}
