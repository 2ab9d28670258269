"""Starting servers on free ports."""

import os
import socket
import subprocess


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def start(command, log):
    # What the machine says of Amazon is not for here.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    with open(log, "ab") as out:
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=environment)
