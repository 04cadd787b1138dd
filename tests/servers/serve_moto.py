"""A moto server of one's own: AWS in memory, on a free port of loopback, for as long as standard input stays open.

Prints one line of JSON, {"address"}, as soon as it answers. GET /counts tells how many requests came since it was last
asked, by operation (`secretsmanager.ListSecrets`, `AmazonSSM.PutParameter`, `sts.GetCallerIdentity`). Run it with the
Python beside moto_server; --as-it-is leaves moto's own faults in.
"""

import collections
import io
import json
import os
import sys
import threading
import urllib.parse

os.environ.setdefault("AWS_ACCESS_KEY_ID", "moto")
os.environ.setdefault("AWS_SECRET_ACCESS_KEY", "moto")

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app  # noqa: E402
from moto.secretsmanager.exceptions import InvalidParameterException  # noqa: E402
from moto.secretsmanager.models import SecretsManagerBackend  # noqa: E402
from werkzeug.serving import WSGIRequestHandler, make_server  # noqa: E402


class Counted:
    """Counts requests on their way to an application; its own pages are not counted."""

    def __init__(self, application):
        self.application = application
        self.lock = threading.Lock()
        self.counts = collections.Counter()

    def __call__(self, environ, start_response):
        path = environ["PATH_INFO"]
        if path == "/counts":
            with self.lock:
                body = json.dumps(self.counts).encode()
                self.counts.clear()
            start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
            return [body]
        if not path.startswith("/moto-api/"):
            operation = operation_of(environ)
            with self.lock:
                self.counts[operation] += 1
        return self.application(environ, start_response)


def operation_of(environ):
    """Names what is asked: by the header of the JSON protocol, else by the form of the query protocol."""
    target = environ.get("HTTP_X_AMZ_TARGET")
    if target:
        return target
    text = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["wsgi.input"] = io.BytesIO(text)
    form = urllib.parse.parse_qs(text.decode("utf-8", "replace") or environ.get("QUERY_STRING", ""))
    return "sts." + form.get("Action", ["?"])[0]


class Quiet(WSGIRequestHandler):
    """Speaks HTTP/1.1, so that connections are kept, and logs nothing."""

    protocol_version = "HTTP/1.1"

    def log(self, *_):
        pass


def read_what_is_labelled():
    """AWS reads the version that carries AWSCURRENT; this moto goes on reading the one that was written last.

    AWS moves the label whole or not at all; this moto takes it from a version before it sees that there is no other.
    """
    move = SecretsManagerBackend.update_secret_version_stage

    def moved(self, secret_id, version_stage, remove_from_version_id, move_to_version_id):
        secret = self.secrets.get(secret_id)
        if secret and move_to_version_id and move_to_version_id not in secret.versions:
            raise InvalidParameterException(f"Not a valid version: {move_to_version_id}")
        answer = move(self, secret_id, version_stage, remove_from_version_id, move_to_version_id)
        if version_stage == "AWSCURRENT" and move_to_version_id:
            self.secrets[secret_id].default_version_id = move_to_version_id
        return answer

    SecretsManagerBackend.update_secret_version_stage = moved


def end_with_input():
    sys.stdin.buffer.read()
    os._exit(0)


def main():
    if "--as-it-is" not in sys.argv:
        read_what_is_labelled()
    application = DomainDispatcherApplication(create_backend_app)
    server = make_server("127.0.0.1", 0, Counted(application), threaded=True, request_handler=Quiet)
    threading.Thread(target=end_with_input, daemon=True).start()
    print(json.dumps({"address": f"http://127.0.0.1:{server.port}"}), flush=True)
    server.serve_forever()


main()
