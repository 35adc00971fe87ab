#!/usr/bin/env python3
"""Change points of public series, as perfkit, Apache Otava and MongoDB's package find them.

    perfkit-core/benches/change_points/compare.py [--cache FOLDER] [--repositories FOLDER] [--program FILE]

prints a table in Markdown. It takes Python 3.9 or later, cargo, git and a network. Into the
cache (target/change_points, unless told otherwise) it puts

* copies of the repositories that have the series, at the commits named below, with git;
  with --repositories, FOLDER/OWNER+NAME/repo is read instead, where it exists;
* a virtual environment with apache-otava, and another with signal-processing-algorithms
  (they need different versions of numpy), with pip.

A change is *found* that lies within two values of a known one, each of these once; whatever
else is called a change is a *false alarm*. Known are those that the sources name: the tests of
Otava and of MongoDB for theirs, at least half of the annotators for those of the Turing change
point data set, and none for series that are made here without one.
"""

import argparse
import ast
import json
import math
import random
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
TOLERANCE = 2

REPOSITORIES = {
    "alan-turing-institute/TCPD": "83b3039b5c67eaf21a720e3eac4ffdade3fb421c",
    "apache/otava": "1ceb1537a49d516cf6cef9a79bea6926002082f8",
    "mongodb/signal-processing-algorithms": "74d6a8fa3a377ee5dce4821ba9dfd2f2528790b2",
}
TURING = [
    "nile",
    "quality_control_1",
    "quality_control_2",
    "quality_control_3",
    "quality_control_4",
    "quality_control_5",
    "seatbelts",
    "well_log",
]
OTAVA = "apache-otava==0.8.0"
MONGODB = "signal-processing-algorithms==2.1.6"

# Each reads series from standard input and prints, by name, the places and the seconds.
ADAPTER = """
import json, sys, time
{imports}
def find(values):
    {find}
result = {{}}
for name, values in json.load(sys.stdin).items():
    find(values)
    start = time.perf_counter()
    places = find(values)
    result[name] = {{"places": [int(p) for p in places], "seconds": time.perf_counter() - start}}
json.dump(result, sys.stdout)
"""
OTAVA_ADAPTER = ADAPTER.format(
    imports="from otava.analysis import compute_change_points",
    find="return [c.index for c in compute_change_points(values)[0]]",
)
MONGODB_ADAPTER = ADAPTER.format(
    imports="import numpy\n"
    "from signal_processing_algorithms.energy_statistics.energy_statistics import e_divisive",
    find="numpy.random.seed(1); return e_divisive(values)",
)


def run(*command, **options):
    return subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE, **options).stdout


def show(arguments, repository, path):
    """The text of a file at the commit of its repository."""
    commit = REPOSITORIES[repository]
    folder = Path(arguments.repositories or "/nonexistent") / repository.replace("/", "+") / "repo"
    if not folder.exists():
        folder = arguments.cache / repository.replace("/", "+")
    if not folder.exists():
        run("git", "clone", "--quiet", "--bare", f"https://github.com/{repository}", str(folder))
    return run("git", "-C", str(folder), "show", f"{commit}:{path}")


def lists_of_numbers(source):
    """The lists of numbers in a Python file, which is read and not run."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.List) and len(node.elts) > 50:
            yield [float(ast.literal_eval(item)) for item in node.elts]


def agreed(annotations):
    """Places that at least half of the annotators name, give or take two values."""
    places = sorted(place for of_one in annotations.values() for place in of_one)
    groups = []
    for place in places:
        if groups and place - groups[-1][0] <= 2 * TOLERANCE:
            groups[-1].append(place)
        else:
            groups.append([place])
    return [g[len(g) // 2] for g in groups if 2 * len(g) >= len(annotations)]


def noise(kept, seed, count=100):
    source = random.Random(seed)
    value, values = source.gauss(0, 1), []
    for _ in range(count):
        value = kept * value + math.sqrt(1 - kept * kept) * source.gauss(0, 1)
        values.append(1000 * math.exp(0.02 * value))
    return values


def all_series(arguments):
    """Series with their known changes, in groups."""
    groups = {}
    tigerbeetle = show(arguments, "apache/otava", "tests/tigerbeetle_test.py")
    # The steps that its drawing in that file has, and the one at 61, which is as plain; what it
    # marks at 10 is one value that fell. From 100 on the series drifts.
    groups["TigerBeetle (Otava's tests)"] = {
        "tigerbeetle": (next(lists_of_numbers(tigerbeetle)), [15, 61, 71, 95])
    }
    mongodb = show(
        arguments, "mongodb/signal-processing-algorithms", "tests/e_divisive_series.py"
    )
    # By eye, as the tests do not name them.
    groups["perf 1635 (MongoDB's tests)"] = {
        "perf_1635": (next(lists_of_numbers(mongodb)), [25, 68, 114])
    }
    annotations = json.loads(show(arguments, "alan-turing-institute/TCPD", "annotations.json"))
    for name in TURING:
        text = show(arguments, "alan-turing-institute/TCPD", f"datasets/{name}/{name}.json")
        values = [float(v) for v in json.loads(text)["series"][0]["raw"]]
        groups[f"{name} (Turing)"] = {name: (values, agreed(annotations[name]))}
    for kept in (0.0, 0.2, 0.5):
        groups[f"100 times 100 values without change, AR(1) {kept}"] = {
            f"noise {kept} {seed}": (noise(kept, seed), []) for seed in range(100)
        }
    return groups


def judge(places, known):
    left, found = list(places), 0
    for change in known:
        near = [place for place in left if abs(place - change) <= TOLERANCE]
        if near:
            left.remove(min(near, key=lambda place: abs(place - change)))
            found += 1
    return found, len(left)


def environment(cache, name, package):
    python = cache / name / "bin" / "python"
    if not python.exists():
        run(sys.executable, "-m", "venv", str(cache / name))
        run(str(python), "-m", "pip", "install", "--quiet", package)
    return str(python)


def by_perfkit(arguments, series):
    path = arguments.cache / "series.json"
    path.write_text(json.dumps(series))
    command = ["cargo", "bench", "--quiet", "--package", "perfkit-core", "--features", "bench"]
    command += ["--bench", "change_points", "--"]
    if arguments.program:
        command = [arguments.program]
    output = run(*command, "--series", str(path), cwd=ROOT)
    return {
        name: {"places": of["steps"] + of["drifts"], "seconds": of["seconds"]}
        for name, of in json.loads(output).items()
    }


def by_python(python, adapter, series):
    return json.loads(run(python, "-c", adapter, input=json.dumps(series)))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--cache", type=Path, default=ROOT / "target/change_points")
    parser.add_argument("--repositories")
    parser.add_argument("--program", help="the built bench, instead of cargo bench")
    arguments = parser.parse_args()
    arguments.cache.mkdir(parents=True, exist_ok=True)
    groups = all_series(arguments)
    series = {name: of[0] for group in groups.values() for name, of in group.items()}
    tools = {
        "perfkit": by_perfkit(arguments, series),
        "Otava": by_python(environment(arguments.cache, "otava", OTAVA), OTAVA_ADAPTER, series),
        "MongoDB": by_python(
            environment(arguments.cache, "mongodb", MONGODB), MONGODB_ADAPTER, series
        ),
    }
    print("| series | values | known | " + " | ".join(tools) + " |")
    print("|---|---:|---:|" + "---:|" * len(tools))
    for title, group in groups.items():
        known = sum(len(changes) for _, changes in group.values())
        cells = []
        for result in tools.values():
            judged = [judge(result[name]["places"], of[1]) for name, of in group.items()]
            found, false = sum(f for f, _ in judged), sum(a for _, a in judged)
            seconds = sum(result[name]["seconds"] for name in group) / len(group)
            flagged = sum(1 for _, alarms in judged if alarms)
            text = f"{found} found, {false} false"
            if len(group) > 1:
                text = f"{flagged} flagged"
            cells.append(f"{text}, {1000 * seconds:.3g} ms")
        values = len(next(iter(group.values()))[0])
        print(f"| {title} | {values} | {known} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
