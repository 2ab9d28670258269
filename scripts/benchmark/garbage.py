"""What garbage collection costs: time and peak memory for a number of blobs, half of them garbage."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import time

LAYERS = 10
IMAGES = 10_000  # of one repository


def keep(root, path, content):
    file = os.path.join(root, "docker/registry/v2", path)
    os.makedirs(os.path.dirname(file), exist_ok=True)
    with open(file, "wb") as out:
        out.write(content)
    # Older than any grace.
    os.utime(file, (1_600_000_000, 1_600_000_000))


def blob(root, content):
    hexadecimal = hashlib.sha256(content).hexdigest()
    keep(root, f"blobs/sha256/{hexadecimal[:2]}/{hexadecimal}/data", content)
    return hexadecimal


def link(root, directory, hexadecimal):
    keep(root, f"{directory}/sha256/{hexadecimal}/link", b"sha256:" + hexadecimal.encode())


def descriptor(hexadecimal, size):
    return '{"mediaType":"application/octet-stream","digest":"sha256:%s","size":%d}' % (hexadecimal, size)


def fill(root, count):
    """Half of the blobs are images of ten layers (with their manifests and configurations), half are garbage.

    All are linked in repositories, as blobs of deleted images are."""
    images = count // 2 // (LAYERS + 2)
    for image in range(images):
        repository = f"repositories/team{image // IMAGES}/app"
        parts = [b"%d/%d" % (image, part) for part in range(LAYERS + 1)]
        digests = [blob(root, part) for part in parts]
        for hexadecimal in digests:
            link(root, repository + "/_layers", hexadecimal)
        described = [descriptor(d, len(p)) for d, p in zip(digests, parts)]
        manifest = (
            '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":%s,"layers":[%s]}'
            % (described[0], ",".join(described[1:]))
        ).encode()
        revision = blob(root, manifest)
        link(root, repository + "/_manifests/revisions", revision)
        keep(root, f"{repository}/_manifests/tags/v{image}/current/link", b"sha256:" + revision.encode())
    for number in range(count - images * (LAYERS + 2)):
        hexadecimal = blob(root, b"garbage %d" % number)
        link(root, f"repositories/team{number // (IMAGES * LAYERS)}/app/_layers", hexadecimal)


def collect(berth, root, *options):
    configuration = os.path.join(root, "config.yml")
    with open(configuration, "w") as out:
        out.write(f"version: 0.1\nstorage: {{filesystem: {{rootdirectory: {root}}}}}\n")
    begin = time.monotonic()
    process = subprocess.Popen(
        [berth, "garbage-collect", configuration, *options], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    output = process.stdout.read().decode()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.monotonic() - begin
    if os.waitstatus_to_exitcode(status) != 0:
        sys.exit(f"garbage-collect failed: {output}")
    removed = re.search(r"blobs: (\d+) \S+", output).group(1)
    return seconds, usage.ru_maxrss / 1024, removed


def main():
    if len(sys.argv) < 3:
        sys.exit("usage: garbage.py BERTH DIRECTORY [COUNT...]    (a directory that can be filled and emptied)")
    berth, directory = sys.argv[1:3]
    print("| blobs | run | seconds | peak memory, MB | blobs removed |\n|---|---|---|---|---|", flush=True)
    for count in [int(text) for text in sys.argv[3:]] or [10_000, 100_000, 1_000_000]:
        root = os.path.join(directory, f"garbage-{count}")
        try:
            fill(root, count)
            for name, options in [("dry", ["--dry-run"]), ("real", []), ("again", []), ("untagged", ["--delete-untagged"])]:
                seconds, memory, removed = collect(berth, root, *options)
                print(f"| {count:,} | {name} | {seconds:.1f} | {memory:.0f} | {removed} |", flush=True)
        finally:
            shutil.rmtree(root, ignore_errors=True)


if __name__ == "__main__":
    main()
