"""What a large layer costs: throughput, and a worker's memory while it is pushed, on S3 and on a disk.

On S3, the closing PUT waits for one step more: the store joins the pieces.
"""

import hashlib
import http.client
import os
import sys
import tempfile
import threading
import time

from objectstore import ObjectStore
from servers import Servers, descendants, pss

CHUNK = 16 << 20
PART = 1 << 20
WAYS = ("stream", "chunks")
NOISE = os.urandom(PART)


def parts(size, way):
    """The layer's bytes, a MiB at a time, no two alike, and others for each way."""
    for number in range(size // PART):
        yield way.encode() + number.to_bytes(8, "big") + NOISE[len(way) + 8:]


def digest(size, way):
    hasher = hashlib.sha256()
    for part in parts(size, way):
        hasher.update(part)
    return "sha256:" + hasher.hexdigest()


class Watch:
    """Looks at Berth's processes all the time: the most that one of them held."""

    def __init__(self, pid):
        self.pid, self.peak, self.is_over = pid, 0, threading.Event()
        self.thread = threading.Thread(target=self.look)

    def look(self):
        while not self.is_over.wait(0.2):
            # Each alone: nobody is below them.
            self.peak = max([self.peak] + [pss(process) for process in descendants(self.pid)[1:]])

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.is_over.set()
        self.thread.join()


class Push:
    def __init__(self, port):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1800)

    def request(self, method, target, status, body=None, headers={}, **options):
        self.connection.request(method, target, body, headers, **options)
        answer = self.connection.getresponse()
        text = answer.read()
        if answer.status != status:
            sys.exit(f"{method} {target}: {answer.status}, not {status}: {text.decode()[:500]}")
        return answer.headers

    def begin(self):
        return self.request("POST", "/v2/large/blobs/uploads/", 202)["Location"]

    def stream(self, location, size):
        return self.request(
            "PATCH", location, 202, parts(size, "stream"), {"Content-Type": "application/octet-stream"}, encode_chunked=True
        )["Location"]

    def chunks(self, location, size):
        source = parts(size, "chunks")
        for begin in range(0, size, CHUNK):
            chunk = b"".join(next(source) for _ in range(CHUNK // PART))
            headers = {"Content-Type": "application/octet-stream", "Content-Range": f"{begin}-{begin + CHUNK - 1}"}
            location = self.request("PATCH", location, 202, chunk, headers)["Location"]
        return location

    def close(self, location, digest):
        self.request("PUT", f"{location}{'&' if '?' in location else '?'}digest={digest}", 201)

    def check(self, digest, size):
        found = self.request("HEAD", f"/v2/large/blobs/{digest}", 200)
        if int(found["Content-Length"]) != size:
            sys.exit(f"{digest}: {found['Content-Length']} bytes, not {size}")


def measure(name, berth, folder, size, digests, store=None):
    for way in WAYS:
        with tempfile.TemporaryDirectory(dir=folder) as place:
            with Servers(berth, place, store, redirects=False) as servers, \
                    Watch(servers.processes["berth"].pid) as watch:
                push = Push(servers.ports["berth"])
                begin = time.monotonic()
                location = push.begin()
                location = getattr(push, way)(location, size)
                sent = time.monotonic()
                push.close(location, digests[way])
                end = time.monotonic()
                push.check(digests[way], size)
            yield name, way, size / (sent - begin) / 1e6, end - sent, size / (end - begin) / 1e6, watch.peak / 1e6


def main():
    if len(sys.argv) not in (3, 4):
        sys.exit("usage: largelayer.py BERTH DIRECTORY [GIB]    (a directory on a disk with room for four times as much)")
    berth, directory = sys.argv[1:3]
    size = int(float((sys.argv[3:] or ["10"])[0]) * (1 << 30)) // CHUNK * CHUNK
    digests = {way: digest(size, way) for way in WAYS}
    print("| storage | way | MB/s sent | closing, s | MB/s in all | largest process, MB |\n|---|---|---|---|---|---|",
          flush=True)
    with tempfile.TemporaryDirectory(dir=directory) as folder:
        def show(rows):
            for name, way, sent, closing, whole, memory in rows:
                print(f"| {name} | {way} | {sent:.0f} | {closing:.1f} | {whole:.0f} | {memory:.0f} |", flush=True)

        show(measure("disk", berth, folder, size, digests))
        with ObjectStore(folder, on_disk=True) as store:
            show(measure("S3", berth, folder, size, digests, store))


if __name__ == "__main__":
    main()
