"""radosgw over a Ceph of one OSD: the object store of `scripts/bench --s3`."""

import pathlib
import signal
import subprocess
import time
import urllib.error
import urllib.request
import uuid

from processes import free_port, start

ACCESS_KEY, SECRET_KEY = "BERTHBENCH0000000000", "the secret of the benchmark"
REGION, BUCKET = "us-east-1", "bench"


class ObjectStore:
    """From `with` to its end."""

    def __init__(self, folder, on_disk=False):
        """Keeps everything in memory, or in the folder, whose disk must have room for it."""
        self.on_disk = on_disk
        self.folder = pathlib.Path(folder) / "ceph"
        self.port = free_port()
        self.processes = []

    @property
    def endpoint(self):
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for process in reversed(self.processes):
            process.send_signal(signal.SIGKILL)
            process.wait()

    def run(self, *command):
        subprocess.run(
            ["timeout", "240", command[0], "-c", str(self.folder / "ceph.conf"), *command[1:]], check=True,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def launch(self, name, *arguments):
        self.processes.append(
            start([name, "-c", str(self.folder / "ceph.conf"), *arguments], self.folder / f"{name}.out"))

    def start(self):
        folder, cluster = self.folder, str(uuid.uuid4())
        for name in ("mon", "osd", "gateway"):
            (folder / name).mkdir(parents=True)
        addresses = f"[v2:127.0.0.1:{free_port()}/0,v1:127.0.0.1:{free_port()}/0]"
        (folder / "ceph.conf").write_text(f"""\
[global]
fsid = {cluster}
mon host = {addresses}
public addr = 127.0.0.1
cluster addr = 127.0.0.1
auth cluster required = cephx
auth service required = cephx
auth client required = cephx
keyring = {folder}/keyring
log file = {folder}/$name.log
run dir = {folder}
admin socket =
crash dir = {folder}
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 8
osd pool default pgp num = 8
osd crush chooseleaf type = 0
mon allow pool size one = true
mon max pg per osd = 1000
mon data avail warn = 1
mon data avail crit = 1
[mon]
mon data = {folder}/mon
mon initial members = a
[osd]
osd data = {folder}/osd
osd objectstore = {"bluestore" if self.on_disk else "memstore"}
memstore device bytes = 8589934592
bluestore block size = 68719476736
osd memory target = 1073741824
rgw gc obj min wait = 20
rgw gc processor period = 20
osd max object name len = 2048
""")
        everything = ["--cap", "mon", "allow *", "--cap", "osd", "allow *"]
        users = {"mon.": ["--cap", "mon", "allow *"], "client.admin": everything + ["--cap", "mgr", "allow *"],
                 "osd.0": ["--cap", "mon", "allow profile osd", "--cap", "osd", "allow *"]}
        for number, (name, rights) in enumerate(users.items()):
            create = [] if number else ["--create-keyring"]
            subprocess.run(["ceph-authtool", str(folder / "keyring"), *create, "--gen-key", "-n", name, *rights],
                           check=True, stdout=subprocess.DEVNULL)
        subprocess.run(["monmaptool", "--create", "--fsid", cluster, "--addv", "a", addresses, str(folder / "monmap")],
                       check=True, stdout=subprocess.DEVNULL)
        self.run("ceph-mon", "-i", "a", "--mkfs", "--monmap", str(folder / "monmap"), "--keyring",
                 str(folder / "keyring"))
        self.launch("ceph-mon", "-i", "a", "-f")
        osd = str(uuid.uuid4())
        self.run("ceph", "--connect-timeout", "60", "osd", "new", osd)
        self.run("ceph", "auth", "add", "osd.0", "-i", str(folder / "keyring"))
        self.run("ceph-osd", "-i", "0", "--mkfs", "--osd-uuid", osd)
        self.launch("ceph-osd", "-i", "0", "-f")
        self.run("radosgw-admin", "user", "create", "--uid=bench", "--display-name=bench",
                 f"--access-key={ACCESS_KEY}", f"--secret-key={SECRET_KEY}")
        self.launch("radosgw", "-n", "client.admin", "-f", "--rgw-frontends",
                    f"beast endpoint=127.0.0.1:{self.port} tcp_nodelay=1", "--rgw-data", str(folder / "gateway"))
        self.wait()
        self.run("radosgw-admin", "user", "info", "--uid=bench")
        self.make_bucket()

    def wait(self):
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            try:
                with urllib.request.urlopen(self.endpoint):
                    return
            except (urllib.error.URLError, OSError):
                time.sleep(0.1)
        raise SystemExit("radosgw did not come up: " + (self.folder / "radosgw.out").read_text()[-2000:])

    def make_bucket(self):
        # Debian's, which only this benchmark needs.
        import boto3
        boto3.client(
            "s3", endpoint_url=self.endpoint, region_name=REGION, aws_access_key_id=ACCESS_KEY,
            aws_secret_access_key=SECRET_KEY).create_bucket(Bucket=BUCKET)

    def settings(self, root):
        """`storage.s3`, for either side."""
        return (f'{{regionendpoint: "{self.endpoint}", region: {REGION}, bucket: {BUCKET}, secure: false, v4auth: true, '
                f'forcepathstyle: true, accesskey: {ACCESS_KEY}, secretkey: "{SECRET_KEY}", rootdirectory: /{root}}}')
