"""What is asked for: the same images, tags and repositories on both sides."""

import hashlib
import http.client
import json
import os
import urllib.parse

MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
TAGS = 1000
REPOSITORIES = 100
MOUNTABLE = 200


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


class Client:
    """One kept connection to a registry; every answer must be the expected one."""

    def __init__(self, port):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=300, blocksize=1 << 20)

    def request(self, method, path, expected, body=None, headers={}):
        self.connection.request(method, path, body=body, headers=headers)
        answer = self.connection.getresponse()
        data = answer.read()
        if answer.status not in expected:
            raise SystemExit(f"{method} {path}: {answer.status} {data[:300]!r}")
        return answer

    def location(self, answer, **query):
        parts = urllib.parse.urlsplit(answer.headers["Location"])
        pairs = urllib.parse.parse_qsl(parts.query) + list(query.items())
        return parts.path + "?" + urllib.parse.urlencode(pairs)

    def begin(self, name):
        return self.request("POST", f"/v2/{name}/blobs/uploads/", [202], b"")

    def push_blob(self, name, data):
        target = self.location(self.begin(name), digest=digest(data))
        self.request("PUT", target, [201], data, {"Content-Type": "application/octet-stream"})
        return digest(data)

    def push_manifest(self, name, tag, body):
        self.request("PUT", f"/v2/{name}/manifests/{tag}", [201], body, {"Content-Type": MANIFEST})


def describe(media_type, data):
    return {"mediaType": media_type, "size": len(data), "digest": digest(data)}


def manifest(config, layers):
    return json.dumps({
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": describe("application/vnd.docker.container.image.v1+json", config),
        "layers": [describe("application/vnd.docker.image.rootfs.diff.tar.gzip", layer) for layer in layers],
    }).encode()


class Content:
    """Made once, then pushed to each side."""

    def __init__(self):
        self.blobs = {name: os.urandom(size) for name, size in
                      {"1 KiB": 1 << 10, "1 MiB": 1 << 20, "64 MiB": 64 << 20}.items()}
        self.config = json.dumps({"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers"}}).encode()
        self.manifest = manifest(self.config, [self.blobs["1 KiB"], self.blobs["1 MiB"]])
        self.mountable = [os.urandom(256) for _ in range(MOUNTABLE)]

    def push(self, port):
        client = Client(port)
        for blob in [self.config, *self.blobs.values()]:
            client.push_blob("bench/image", blob)
        client.push_manifest("bench/image", "latest", self.manifest)
        for blob in self.mountable:
            client.push_blob("bench/image", blob)
        for blob in [self.config, self.blobs["1 KiB"], self.blobs["1 MiB"]]:
            client.push_blob("bench/tags", blob)
        for number in range(TAGS):
            client.push_manifest("bench/tags", f"v{number}", self.manifest)
        small = manifest(self.config, [])
        for number in range(REPOSITORIES - 2):
            client.push_blob(f"bench/repository-{number}", self.config)
            client.push_manifest(f"bench/repository-{number}", "latest", small)
