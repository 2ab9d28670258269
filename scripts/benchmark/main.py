"""Berth and docker-registry, measured in turns: ratios of throughput, and memory. Nothing is asserted."""

import argparse
import os
import random
import shutil
import statistics
import tempfile

import load
from content import MANIFEST, Content, digest
from objectstore import ObjectStore
from servers import Servers

SIDES = ("berth", "peer")
MIB = 1 << 20

# What is measured over an object store, and whether with clients that are sent to it.
OVER_S3 = {
    "manifest by tag": True, "blob HEAD": False, "blob redirect": True, "begin upload": True, "mount": True,
    "small image push": True, "layer in one PUT": True, "layer in 8 MiB chunks": True, "blob 1 KiB": False,
    "blob 1 MiB": False, "blob 64 MiB": False,
}


class Bench:
    """What is measured. Each method returns a throughput of one side in one round."""

    def __init__(self, servers, content, seconds, layer):
        self.servers, self.content, self.seconds, self.layer_size = servers, content, seconds, layer
        self.layer, self.layer_of = b"", None
        self.scenarios = {
            "base": self.get("/v2/"),
            "manifest by tag": self.get("/v2/bench/image/manifests/latest", f"Accept: {MANIFEST}"),
            "manifest by digest": self.get(
                f"/v2/bench/image/manifests/{digest(content.manifest)}", f"Accept: {MANIFEST}"),
            "manifest 304": self.get(
                "/v2/bench/image/manifests/latest", f"Accept: {MANIFEST}",
                f'If-None-Match: "{digest(content.manifest)}"'),
            "blob HEAD": self.head(f"/v2/bench/image/blobs/{digest(content.blobs['1 KiB'])}"),
            "blob redirect": self.redirect(f"/v2/bench/image/blobs/{digest(content.blobs['1 KiB'])}"),
            "blob 1 KiB": self.get(f"/v2/bench/image/blobs/{digest(content.blobs['1 KiB'])}"),
            "blob 1 MiB": self.blob("1 MiB"),
            "blob 64 MiB": self.blob("64 MiB"),
            "tag list of 1,000": self.get("/v2/bench/tags/tags/list"),
            "catalog of 100": self.get("/v2/_catalog"),
            "begin upload": self.begin,
            "mount": self.mount,
            "small image push": self.push,
            "small image pull": self.pull,
            "layer in one PUT": lambda side, turn: self.upload(side, turn, None),
            "layer in 8 MiB chunks": lambda side, turn: self.upload(side, turn, 8 * MIB),
        }

    def url(self, side, path=""):
        return f"http://127.0.0.1:{self.servers.ports[side]}{path}"

    def get(self, path, *headers):
        return lambda side, turn: load.wrk(self.url(side, path), self.seconds, headers=headers)

    def redirect(self, path):
        return lambda side, turn: load.wrk(self.url(side, path), self.seconds, script="redirect.lua")

    def requests(self, side, lines, connections=16):
        path = self.servers.folder / "requests"
        path.write_text("\n".join(lines) + "\n")
        return load.wrk(self.url(side), self.seconds, connections, headers=[f"Accept: {MANIFEST}, */*"],
                        script="walk.lua", arguments=[path])

    def head(self, path):
        return lambda side, turn: load.ab(self.url(side, path), self.seconds)

    def begin(self, side, turn):
        return self.requests(side, ["POST /v2/bench/begin/blobs/uploads/"])

    def blob(self, name):
        hexadecimal = digest(self.content.blobs[name])[7:]
        paths = {"files": f"/sha256/{hexadecimal[:2]}/{hexadecimal}/data"}
        return lambda side, turn: load.download(
            self.servers.ports[side], paths.get(side, f"/v2/bench/image/blobs/sha256:{hexadecimal}"), self.seconds)

    def mount(self, side, turn):
        blobs = [digest(blob) for blob in self.content.mountable]
        return self.requests(side, [
            f"POST /v2/bench/mount-{turn}-{number}/blobs/uploads/?mount={blob}&from=bench/image"
            for number in range(60 * self.seconds) for blob in blobs])

    def push(self, side, turn):
        return load.wrk(self.url(side), self.seconds, connections=8, threads=8, script="push.lua",
                        arguments=[f"bench/push-{turn}-", random.getrandbits(62)])

    def pull(self, side, turn):
        content = self.content
        blobs = [content.config, content.blobs["1 KiB"], content.mountable[0]]
        lines = ["GET /v2/bench/image/manifests/latest"]
        lines += [f"GET /v2/bench/image/blobs/{digest(blob)}" for blob in blobs]
        return self.requests(side, lines, connections=8) / len(lines)

    def upload(self, side, turn, chunk):
        # New to both sides in each round, so that neither has it already.
        if self.layer_of != (turn, chunk):
            self.layer_of, self.layer = (turn, chunk), os.urandom(self.layer_size)
        return load.upload(self.servers.ports[side], "bench/layer", self.layer, digest(self.layer), chunk)


def readable(name, value):
    if name.startswith(("blob 1 MiB", "blob 64 MiB", "layer")):
        return f"{value / MIB:,.0f} MiB/s"
    return f"{value:,.0f}/s"


def main():
    parser = argparse.ArgumentParser(
        prog="scripts/bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="examples:\n  scripts/bench --quick\n  scripts/bench --only mount --only base\n"
               "  scripts/bench --s3 --rounds 3\n"
               "  scripts/bench --rounds 9 --folder /srv/disk-to-measure")
    parser.add_argument("--quick", action="store_true", help="two short rounds: a look, not a measurement")
    parser.add_argument("--rounds", type=int, help="how often each side is measured (5)")
    parser.add_argument("--seconds", type=int, help="length of one measurement (3)")
    parser.add_argument("--s3", action="store_true", help="over an object store: Ceph's radosgw, in memory")
    parser.add_argument("--only", action="append", metavar="NAME", help="only scenarios whose name contains NAME")
    parser.add_argument("--folder", help="where both sides keep their content (a new one in $TMPDIR)")
    parser.add_argument("--berth", required=True, help=argparse.SUPPRESS)
    options = parser.parse_args()
    rounds = options.rounds or (2 if options.quick else 5)
    seconds = options.seconds or (1 if options.quick else 3)
    layer = (64 if options.quick else 256) * MIB
    folder = tempfile.mkdtemp(prefix="berth-bench-", dir=options.folder)
    try:
        if options.s3:
            over_s3(options, folder, rounds, seconds, layer)
        else:
            with Servers(options.berth, folder) as servers:
                run(servers, rounds, seconds, layer, options.only)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def over_s3(options, folder, rounds, seconds, layer):
    """Both over one radosgw: clients are sent to it, and then they are not."""
    for redirects in (True, False):
        part = os.path.join(folder, "redirected" if redirects else "through")
        os.mkdir(part)
        names = [name for name, redirected in OVER_S3.items() if redirected in (redirects, None)]
        chosen = [name for name in names if not options.only or any(text in name for text in options.only)]
        if not chosen:
            continue
        print("\nClients are sent to the store:" if redirects else "\nBlobs come through nginx, or docker-registry:")
        with ObjectStore(part) as store, Servers(options.berth, part, store, redirects) as servers:
            run(servers, rounds, seconds, layer, chosen)


def run(servers, rounds, seconds, layer, only):
    print(f"{rounds} rounds of {seconds} s for each, sides in turns; the figure is the median, the ratio the median "
          f"of the rounds' ratios (lowest to highest).\nBoth log each request to a file at their default level, "
          f"both cache descriptors in memory.\n", flush=True)
    content = Content()
    for side in SIDES:
        content.push(servers.ports[side])
    bench = Bench(servers, content, seconds, layer)
    scenarios = OVER_S3 if servers.store else [name for name in bench.scenarios if name != "blob redirect"]
    chosen = [name for name in scenarios if not only or any(part in name for part in only)]
    print(f"| {'':22} | {'Berth':>14} | {'docker-registry':>15} | {'ratio':>24} | of nginx's own files |\n"
          f"|:{'-' * 22}-|-{'-' * 14}:|-{'-' * 15}:|-{'-' * 24}:|-{'-' * 20}:|")
    for name in chosen:
        measure = bench.scenarios[name]
        plain = name in ("blob 1 MiB", "blob 64 MiB") and not servers.store
        sides = SIDES + (("files",) if plain else ())
        results = {side: [] for side in sides}
        # Not counted: a virtual machine gets memory from its host, slowly, as it touches it, and the first would wait.
        for side in SIDES:
            measure(side, rounds)
        for turn in range(rounds):
            for side in sides if turn % 2 == 0 else sides[::-1]:
                # Or who syncs what it writes would wait for what the other has left to be written.
                os.sync()
                results[side].append(measure(side, turn))
        middle = {side: readable(name, statistics.median(results[side])) for side in SIDES}
        if 0 in results["peer"]:
            raise SystemExit(f"{name}: the other side did nothing in {seconds} s: give it more --seconds")
        ratios = [ours / theirs for ours, theirs in zip(results["berth"], results["peer"])]
        ratio = f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"
        share = ""
        if "files" in sides:
            share = f"{statistics.median(a / b for a, b in zip(results['berth'], results['files'])):.2f}"
        print(f"| {name:22} | {middle['berth']:>14} | {middle['peer']:>15} | {ratio:>24} | {share:>20} |", flush=True)
    memory = {side: servers.memory(side) for side in SIDES}
    print(f"\nMemory after the load (PSS of all processes): Berth {memory['berth'] / MIB:,.1f} MiB, "
          f"docker-registry {memory['peer'] / MIB:,.1f} MiB, ratio {memory['berth'] / memory['peer']:.2f}")


if __name__ == "__main__":
    main()
