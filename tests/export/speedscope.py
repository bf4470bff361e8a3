# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# speedscope.py - instr-export speedscope: what speedscope's schema asks for is there and of its type, nothing else is, and
# each sample is a calling context with what the views say of it.
import json
import math

import common

SCHEMA = "https://www.speedscope.app/file-format-schema.json"
# Of that schema: members of each object, their types, and which must be there.
FILE = {"$schema": (str, True), "shared": (dict, True), "profiles": (list, True), "name": (str, False),
        "activeProfileIndex": (int, False), "exporter": (str, False)}
FRAME = {"name": (str, True), "file": (str, False), "line": (int, False), "col": (int, False)}
PROFILE = {"type": (str, True), "name": (str, True), "unit": (str, True), "startValue": (int, True), "endValue": (int, True),
           "samples": (list, True), "weights": (list, True)}
UNITS = {"none", "nanoseconds", "microseconds", "milliseconds", "seconds", "bytes"}


def obeys(thing, members):
    return isinstance(thing, dict) and all(key in members and type(value) is members[key][0] for key, value in thing.items()) and \
        all(key in thing for key, (_, needed) in members.items() if needed)


def check(arguments, claims, name, trace):
    paths = common.paths(trace)
    for value, query in common.VALUES.items():
        what = f"{name} {value}"
        file = json.loads(common.export(arguments, "speedscope", "--value", value, trace))
        claims.hold(f"{what}: the file's members", obeys(file, FILE) and file["$schema"] == SCHEMA and set(file["shared"]) == {"frames"}, file)
        frames, profile = file["shared"]["frames"], file["profiles"][0]
        claims.hold(f"{what}: frames' members", all(obeys(frame, FRAME) for frame in frames), frames)
        claims.hold(f"{what}: the profile's members", len(file["profiles"]) == 1 and obeys(profile, PROFILE) and
                    profile["type"] == "sampled" and profile["unit"] in UNITS and profile["startValue"] == 0, profile)
        samples, weights = profile["samples"], profile["weights"]
        claims.same(f"{what}: a weight for each sample", len(weights), len(samples))
        claims.hold(f"{what}: samples are of frames", all(type(i) is int and 0 <= i < len(frames) for s in samples for i in s), samples)
        by_context = {context: n for context, n in common.ask(trace, query) if n}
        claims.same(f"{what}: the sum is that of the view", (sum(weights), profile["endValue"]), (sum(by_context.values()),) * 2)
        claims.hold(f"{what}: JavaScript can count it", math.fabs(profile["endValue"]) < 2 ** 53)
        if all(common.is_plain(f) for path in paths.values() for f in path):
            claims.same(f"{what}: a sample for each context",
                        sorted(([frames[i]["name"] for i in s], n) for s, n in zip(samples, weights)),
                        sorted((paths[context], n) for context, n in by_context.items()))
    places = {(function, file or "", line or 0) for function, file, line in common.ask(trace, "SELECT name, file, line FROM functions")
              if common.is_plain(function)}
    frames = json.loads(common.export(arguments, "speedscope", trace))["shared"]["frames"]
    got = {(f["name"], f.get("file", ""), f.get("line", 0)) for f in frames if common.is_plain(f["name"]) and f["name"] != "(no function)"}
    claims.hold(f"{name}: frames have files and lines", got <= places or name == "names", got - places)
