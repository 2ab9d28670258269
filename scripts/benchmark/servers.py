"""Berth, docker-registry and plain files, behind one nginx."""

import os
import pathlib
import re
import signal
import subprocess
import time
import urllib.error
import urllib.request

from processes import free_port, start

SECRET = "the same for both"


def descendants(pid):
    """The process and all below it."""
    found = [pid]
    for process in found:
        children = pathlib.Path(f"/proc/{process}/task/{process}/children")
        if children.exists():
            found += [int(child) for child in children.read_text().split()]
    return found


def pss(pid):
    """Bytes of memory that the process and all below it account for, shared pages divided."""
    total = 0
    for process in descendants(pid):
        try:
            text = pathlib.Path(f"/proc/{process}/smaps_rollup").read_text()
        except (FileNotFoundError, ProcessLookupError):
            continue
        total += int(re.search(r"^Pss:\s+(\d+) kB", text, re.M).group(1)) * 1024
    return total


class Servers:
    """All of them, in one folder on one disk, from `with` to its end."""

    def __init__(self, berth, folder, store=None, redirects=True):
        """Over `store`, or over the folder."""
        self.berth, self.folder = berth, pathlib.Path(folder)
        self.store, self.redirects = store, redirects
        self.ports = {"berth": free_port(), "peer": free_port(), "files": free_port()}
        self.processes = {}

    def __enter__(self):
        try:
            self.start_berth()
            self.start_peer()
            self.start_nginx()
            for side in ("berth", "peer"):
                self.wait(side)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for process in reversed(list(self.processes.values())):
            process.send_signal(signal.SIGTERM)
        for process in self.processes.values():
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()

    def log(self, name):
        return self.folder / f"{name}.log"

    def storage(self, side):
        if not self.store:
            return f"filesystem: {{rootdirectory: {self.folder}/{side}}}"
        redirect = f"redirect: {{disable: {str(not self.redirects).lower()}}}"
        return f"s3: {self.store.settings(side)}\n  {redirect}"

    def start_berth(self):
        config = self.folder / "berth.yml"
        config.write_text(f"""\
version: 0.1
storage:
  {self.storage("berth")}
  delete: {{enabled: true}}
  cache: {{blobdescriptor: inmemory}}
http: {{addr: "127.0.0.1:{self.ports['berth']}", secret: {SECRET}}}
fastcgi: {{address: {self.folder}/berth.sock}}
""")
        self.processes["berth"] = start([self.berth, "serve", str(config)], self.log("berth"))

    def start_peer(self):
        port = free_port()
        config = self.folder / "peer.yml"
        config.write_text(f"""\
version: 0.1
storage:
  {self.storage("peer")}
  delete: {{enabled: true}}
  cache: {{blobdescriptor: inmemory}}
http: {{addr: "127.0.0.1:{port}", secret: {SECRET}, relativeurls: true}}
""")
        self.peer_port = port
        self.processes["peer"] = start(["docker-registry", "serve", str(config)], self.log("peer"))

    def start_nginx(self):
        """nginx as Berth asks for it, with the peer's server and one of plain files added."""
        config = subprocess.run(
            [self.berth, "nginx", str(self.folder / "berth.yml")], check=True, capture_output=True, text=True
        ).stdout.rstrip()
        assert config.endswith("}"), "the http block is expected to come last"
        config = config[:-1] + f"""
    upstream peer {{
        server 127.0.0.1:{self.peer_port};
        keepalive 64;
    }}
    server {{
        listen 127.0.0.1:{self.ports['peer']};
        client_max_body_size 0;
        location /v2/ {{
            proxy_pass http://peer;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_set_header Host $http_host;
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
            proxy_set_header X-Forwarded-Proto $scheme;
            proxy_read_timeout 900;
            proxy_request_buffering off;
        }}
    }}
    server {{
        listen 127.0.0.1:{self.ports['files']};
        sendfile on;
        tcp_nopush on;
        root {self.folder}/berth/docker/registry/v2/blobs;
    }}
}}
"""
        path = self.folder / "nginx.conf"
        path.write_text(config)
        self.processes["nginx"] = start(
            ["nginx", "-p", str(self.folder), "-c", str(path), "-g", "daemon off;"], self.log("nginx"))

    def wait(self, side):
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and all(p.poll() is None for p in self.processes.values()):
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.ports[side]}/v2/"):
                    return
            except (urllib.error.URLError, OSError):
                time.sleep(0.05)
        logs = "\n".join(f"--- {p.name}\n{p.read_text()[-2000:]}" for p in self.folder.glob("*.log"))
        raise SystemExit(f"{side} did not come up\n{logs}")

    def memory(self, side):
        return pss(self.processes[side].pid)
