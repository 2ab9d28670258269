"""Load generators that are cheaper than what they measure."""

import multiprocessing
import pathlib
import re
import socket
import subprocess
import time

from content import Client

LUA = pathlib.Path(__file__).parent


def wrk(url, seconds, connections=16, threads=1, headers=(), script=None, arguments=()):
    """Requests, or what the script counts, for each second."""
    command = ["wrk", f"-t{threads}", f"-c{connections}", f"-d{seconds}s"]
    for header in headers:
        command += ["-H", header]
    if script:
        command += ["-s", str(LUA / script)]
    output = subprocess.run([*command, url, *map(str, arguments)], check=True, capture_output=True, text=True).stdout
    counted = re.search(r"^each second: ([\d.]+)", output, re.M)
    # A script that counts knows which statuses are right.
    wrong = re.search(r"Socket errors: .+|^wrong: .+" + ("" if counted else "|Non-2xx or 3xx responses: .+"), output, re.M)
    if wrong:
        raise SystemExit(f"{url}: {wrong.group(0)}\n{output}")
    return float((counted or re.search(r"Requests/sec:\s+([\d.]+)", output)).group(1))


def ab(url, seconds, connections=16):
    """HEAD requests for each second: wrk waits for the body that an answer to HEAD has not."""
    command = ["ab", "-q", "-k", "-i", f"-c{connections}", f"-t{seconds}", "-n100000000", url]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    if "Non-2xx responses" in output or not re.search(r"Failed requests: +0\b", output):
        raise SystemExit(f"{url}: {output}")
    return float(re.search(r"Requests per second: +([\d.]+)", output).group(1))


def download(port, path, seconds, connections=4):
    """Bytes for each second. The kernel throws the bodies away (MSG_TRUNC), so that this side copies nothing."""
    with multiprocessing.Pool(connections) as pool:
        jobs = [pool.apply_async(fetch, (port, path, seconds)) for _ in range(connections)]
        return sum(job.get() for job in jobs)


def fetch(port, path, seconds):
    request = f"GET {path} HTTP/1.1\r\nHost: bench\r\n\r\n".encode()
    scratch = bytearray(1 << 20)
    received, start, connection = 0, time.monotonic(), None
    while (elapsed := time.monotonic() - start) < seconds:
        connection = connection or socket.create_connection(("127.0.0.1", port))
        connection.sendall(request)
        head = b""
        while b"\r\n\r\n" not in head:
            part = connection.recv(512)
            assert part, "the connection ended in the middle of an answer"
            head += part
        end = head.index(b"\r\n\r\n") + 4
        assert head.startswith(b"HTTP/1.1 200"), head
        length = int(re.search(rb"(?i)content-length: (\d+)", head).group(1))
        left = length - (len(head) - end)
        while left:
            count = connection.recv_into(scratch, min(left, len(scratch)), socket.MSG_TRUNC)
            assert count, "the connection ended in the middle of a body"
            left -= count
        received += length
        if b"connection: close" in head.lower():
            connection.close()
            connection = None
    return received / elapsed


def upload(port, name, data, digest, chunk=None):
    """Bytes for each second, from the first request to the answer to the last."""
    client, data = Client(port), memoryview(data)
    octets = {"Content-Type": "application/octet-stream"}
    start = time.monotonic()
    answer = client.begin(name)
    if chunk is None:
        client.request("PUT", client.location(answer, digest=digest), [201], data, octets)
    else:
        for offset in range(0, len(data), chunk):
            piece = data[offset:offset + chunk]
            span = {"Content-Range": f"{offset}-{offset + len(piece) - 1}"}
            answer = client.request("PATCH", client.location(answer), [202], piece, {**octets, **span})
        client.request("PUT", client.location(answer, digest=digest), [201], b"", octets)
    return len(data) / (time.monotonic() - start)
