"""Does with the stand-in of Secret Manager all that Google's own client can do over REST, and checks it against what
Google's reference promises of the service.

Told by the environment: ENDPOINT (an address with its scheme), PROJECT, NUMBER, TOKEN, and KEY, the key file of a service
account.
"""

import base64
import datetime
import json
import os
import time
import urllib.error
import urllib.request

from google.api_core import exceptions
from google.auth.exceptions import RefreshError
from google.auth.transport.requests import Request
from google.cloud import secretmanager_v1
from google.cloud.secretmanager_v1.services.secret_manager_service.transports import (
    SecretManagerServiceRestTransport,
)
from google.oauth2 import credentials, service_account
from google.protobuf import duration_pb2, field_mask_pb2
from google.iam.v1 import iam_policy_pb2

ENDPOINT, PROJECT, NUMBER = os.environ["ENDPOINT"], os.environ["PROJECT"], os.environ["NUMBER"]
PARENT, ANSWERED = f"projects/{PROJECT}", f"projects/{NUMBER}"
SCOPE = "https://www.googleapis.com/auth/cloud-platform"
State = secretmanager_v1.SecretVersion.State
AUTOMATIC = {"replication": {"automatic": {}}}


def control(verb, **how):
    request = urllib.request.Request(f"{ENDPOINT}/_control/{verb}", json.dumps(how).encode(), method="POST")
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def client_of(who):
    scheme, host = ENDPOINT.split("://")
    transport = SecretManagerServiceRestTransport(host=host, credentials=who, url_scheme=scheme)
    return secretmanager_v1.SecretManagerServiceClient(transport=transport)


def refused(kind, call, reason=None):
    """Whether a call is refused with just this kind of error; nothing is repeated.

    Over REST the client raises the class of the HTTP status, so the code is looked for in what was answered.
    """
    try:
        call()
    except exceptions.GoogleAPICallError as error:
        assert issubclass(kind, type(error)), f"{type(error).__name__} and not {kind.__name__}: {error}"
        page = error.response.headers["content-type"].startswith("text/html")
        code = "UNAVAILABLE" if page else error.response.json()["error"]["status"]
        assert code == kind.grpc_status_code.name, f"{code} and not {kind.__name__}: {error}"
        assert reason is None or error.reason == reason, f"{error.reason} and not {reason}"
    else:
        raise AssertionError(f"nobody refused, and it should have been {kind.__name__}")


def create(client, name, parent=PARENT, **secret):
    return client.create_secret(parent=parent, secret_id=name, secret=secret or AUTOMATIC, retry=None)


def add(client, name, data, **payload):
    return client.add_secret_version(parent=f"{PARENT}/secrets/{name}", payload={"data": data, **payload}, retry=None)


def read(client, name, version="latest"):
    return client.access_secret_version(name=f"{PARENT}/secrets/{name}/versions/{version}", retry=None)


def secrets_come_and_go(client):
    made = create(client, "life", **AUTOMATIC, labels={"owner": "ferry"}, annotations={"Note.of_it": "Free text!"})
    assert made.name == f"{ANSWERED}/secrets/life", made.name
    assert made.labels == {"owner": "ferry"} and made.annotations == {"Note.of_it": "Free text!"}
    assert "automatic" in made.replication and made.etag.startswith('"') and made.create_time.year >= 2020
    refused(exceptions.AlreadyExists, lambda: create(client, "life"))
    refused(exceptions.NotFound, lambda: read(client, "life"))
    one = add(client, "life", b"one")
    assert one.name == f"{ANSWERED}/secrets/life/versions/1" and one.state is State.ENABLED
    assert not one.client_specified_payload_checksum
    crc = read(client, "life").payload.data_crc32c
    two = add(client, "life", b"one", data_crc32c=crc)
    assert two.name.endswith("/2") and two.client_specified_payload_checksum
    refused(exceptions.InvalidArgument, lambda: add(client, "life", b"other", data_crc32c=crc))
    answer = read(client, "life")
    assert answer.name == two.name and answer.payload.data == b"one" and answer.payload.data_crc32c == crc
    odd = bytes(range(256))
    add(client, "life", odd)
    assert read(client, "life").payload.data == odd and read(client, "life", 1).payload.data == b"one"
    client.delete_secret(name=f"{PARENT}/secrets/life", retry=None)
    refused(exceptions.NotFound, lambda: client.get_secret(name=f"{PARENT}/secrets/life", retry=None))
    refused(exceptions.NotFound, lambda: read(client, "life", 1))
    assert create(client, "life").name == made.name, "the name is free at once"


def limits_are_held(client):
    for name in ["a.b", "a b", "ä", "n" * 256, "a:b", ""]:
        refused(exceptions.InvalidArgument, lambda: create(client, name))
    create(client, "n" * 255)
    refused(exceptions.InvalidArgument, lambda: create(client, "bare", labels={"a": "b"}))
    for wrong in [
        {"labels": {"Upper": "x"}},
        {"labels": {"a": "Upper"}},
        {"labels": {"a": "x" * 64}},
        {"labels": {f"k{number}": "" for number in range(65)}},
        {"annotations": {"-a": ""}},
        {"annotations": {"a": "x" * 16384}},
        {"replication": {"user_managed": {"replicas": []}}},
        {"ttl": duration_pb2.Duration(seconds=-1)},
    ]:
        refused(exceptions.InvalidArgument, lambda: create(client, "wrong", **{**AUTOMATIC, **wrong}))
    create(client, "sizes", **AUTOMATIC, labels={f"k{number}": "x" * 63 for number in range(64)})
    add(client, "sizes", b"x" * 65536)
    refused(exceptions.InvalidArgument, lambda: add(client, "sizes", b"x" * 65537))
    refused(exceptions.InvalidArgument, lambda: add(client, "sizes", b""))


def versions_change_their_state(client):
    create(client, "states")
    first, second = add(client, "states", b"one"), add(client, "states", b"two")
    off = client.disable_secret_version(request={"name": second.name, "etag": second.etag})
    assert off.state is State.DISABLED and off.etag != second.etag
    refused(exceptions.FailedPrecondition, lambda: read(client, "states"))
    assert client.get_secret_version(name=f"{PARENT}/secrets/states/versions/latest").name == second.name
    assert read(client, "states", 1).payload.data == b"one"
    stale = {"name": second.name, "etag": second.etag}
    refused(exceptions.FailedPrecondition, lambda: client.enable_secret_version(request=stale))
    assert client.enable_secret_version(name=second.name).state is State.ENABLED
    gone = client.destroy_secret_version(name=second.name)
    assert gone.state is State.DESTROYED and gone.destroy_time.year >= 2020
    refused(exceptions.FailedPrecondition, lambda: read(client, "states"))
    refused(exceptions.FailedPrecondition, lambda: client.enable_secret_version(name=second.name))
    told = list(client.list_secret_versions(parent=f"{PARENT}/secrets/states"))
    assert [version.state for version in told] == [State.DESTROYED, State.ENABLED], told
    some = client.list_secret_versions(request={"parent": f"{PARENT}/secrets/states", "filter": "state:ENABLED"})
    assert [version.name for version in some] == [first.name]


def metadata_changes_by_its_mask(client):
    name = create(client, "meta", **AUTOMATIC, labels={"a": "1"}, annotations={"b": "2"}).name
    before = client.get_secret(name=name)
    add(client, "meta", b"x")
    assert client.get_secret(name=name).etag == before.etag, "a version is no change of the secret"

    def update(paths, **secret):
        mask = field_mask_pb2.FieldMask(paths=paths)
        return client.update_secret(secret={"name": name, **secret}, update_mask=mask, retry=None)

    after = update(["labels"], labels={"c": "3"}, annotations={"not": "meant"}, etag=before.etag)
    assert after.labels == {"c": "3"} and after.annotations == {"b": "2"} and after.etag != before.etag
    refused(exceptions.FailedPrecondition, lambda: update(["labels"], etag=before.etag))
    refused(exceptions.InvalidArgument, lambda: update(["replication"], **AUTOMATIC))
    refused(exceptions.InvalidArgument, lambda: update([]))
    refused(exceptions.InvalidArgument, lambda: update(["version_aliases"], version_aliases={"good": 7}))
    assert update(["version_aliases"], version_aliases={"good": 1}).version_aliases == {"good": 1}
    assert read(client, "meta", "good").name.endswith("/versions/1")
    refused(exceptions.InvalidArgument, lambda: client.disable_secret_version(name=f"{name}/versions/good"))
    refused(exceptions.FailedPrecondition, lambda: client.delete_secret(request={"name": name, "etag": before.etag}))
    client.delete_secret(request={"name": name, "etag": client.get_secret(name=name).etag})


def time_passes(client):
    name = create(client, "brief", **AUTOMATIC, ttl=duration_pb2.Duration(seconds=100)).name
    left = client.get_secret(name=name).expire_time - datetime.datetime.now(datetime.timezone.utc)
    assert 50 < left.total_seconds() <= 100, left
    day = datetime.timedelta(days=1)
    slow = create(client, "slow", **AUTOMATIC, version_destroy_ttl=day).name
    add(client, "slow", b"x")
    waiting = client.destroy_secret_version(name=f"{slow}/versions/1")
    assert waiting.state is State.DISABLED and waiting.scheduled_destroy_time > waiting.create_time
    control("pass", seconds=101)
    refused(exceptions.NotFound, lambda: client.get_secret(name=name, retry=None))
    assert client.get_secret_version(name=f"{slow}/versions/1").state is State.DISABLED
    control("pass", seconds=86400)
    assert client.get_secret_version(name=f"{slow}/versions/1").state is State.DESTROYED


def listings_have_pages(client):
    before = sum(1 for _ in client.list_secrets(parent=PARENT))
    for number in range(7):
        create(client, f"page-{number}", **AUTOMATIC, labels={"parity": "even" if number % 2 == 0 else "odd"})
    request = {"parent": PARENT, "page_size": 3}
    pages = list(client.list_secrets(request=request).pages)
    assert [len(page.secrets) for page in pages[:2]] == [3, 3] and pages[0].total_size == before + 7
    names = [secret.name for page in pages for secret in page.secrets]
    assert len(set(names)) == len(names) == before + 7
    assert names[:7] == [f"{ANSWERED}/secrets/page-{number}" for number in range(6, -1, -1)], "the newest first"
    odd = client.list_secrets(request={"parent": PARENT, "filter": "labels.parity=odd"})
    assert len(list(odd)) == 3
    refused(exceptions.InvalidArgument, lambda: list(client.list_secrets(request={"parent": PARENT, "page_token": "x"})))
    refused(exceptions.InvalidArgument, lambda: list(client.list_secrets(request={"parent": PARENT, "page_size": -1})))


def regions_are_apart(client):
    region = f"{PARENT}/locations/europe-west6"
    made = client.create_secret(parent=region, secret_id="meta-far", secret={})
    assert made.name == f"{ANSWERED}/locations/europe-west6/secrets/meta-far", made.name
    refused(exceptions.InvalidArgument, lambda: create(client, "other", parent=region, **AUTOMATIC))
    version = client.add_secret_version(parent=made.name, payload={"data": b"far"})
    assert client.access_secret_version(name=f"{made.name}/versions/latest").name == version.name
    assert [secret.name for secret in client.list_secrets(parent=region)] == [made.name]
    refused(exceptions.NotFound, lambda: client.get_secret(name=f"{PARENT}/secrets/meta-far", retry=None))
    client.delete_secret(name=made.name)


def only_who_may_is_let_in(client):
    create(client, "closed")
    add(client, "closed", b"x")
    asked = iam_policy_pb2.TestIamPermissionsRequest(
        resource=f"{PARENT}/secrets/closed",
        permissions=["secretmanager.versions.access", "secretmanager.versions.add"],
    )
    control("deny", permission="secretmanager.versions.access")
    refused(exceptions.PermissionDenied, lambda: read(client, "closed"), "IAM_PERMISSION_DENIED")
    refused(exceptions.PermissionDenied, lambda: read(client, "never-made"), "IAM_PERMISSION_DENIED")
    assert client.test_iam_permissions(asked).permissions == ["secretmanager.versions.add"]
    control("allow", permission="secretmanager.versions.access")
    abroad = "projects/other/secrets/closed/versions/1"
    refused(exceptions.PermissionDenied, lambda: client.access_secret_version(name=abroad, retry=None))
    control("api", enabled=False)
    refused(exceptions.PermissionDenied, lambda: read(client, "closed"), "SERVICE_DISABLED")
    control("api", enabled=True)
    strangers = client_of(credentials.Credentials("ya29.nobody-knows-this"))
    try:
        read(strangers, "closed")
    except RefreshError:
        pass  # a 401 lets the client look for another token, and it has no means to
    else:
        raise AssertionError("a token that nobody knows was taken")
    key = json.loads(os.environ["KEY"])
    account = service_account.Credentials.from_service_account_info(key, scopes=[SCOPE])
    asking = account.with_always_use_jwt_access(False)
    asking.refresh(Request())
    assert asking.token.startswith("ya29.")
    signing = account.with_always_use_jwt_access(True)
    for who in [asking, signing]:
        assert read(client_of(who), "closed").payload.data == b"x"
    charged = client_of(credentials.Credentials(os.environ["TOKEN"], quota_project_id="others-project"))
    refused(exceptions.PermissionDenied, lambda: read(charged, "closed"), "USER_PROJECT_DENIED")


def haste_is_punished_and_numbers_are_sure(client):
    create(client, "haste")
    add(client, "haste", b"one")
    control("lag")
    add(client, "haste", b"two")
    assert read(client, "haste").payload.data == b"one" and read(client, "haste", 2).payload.data == b"two"
    control("catch-up")
    assert read(client, "haste").payload.data == b"two"
    control("faults", family="read", fault="throttled")
    refused(exceptions.ResourceExhausted, lambda: read(client, "haste"), "RATE_LIMIT_EXCEEDED")
    control("faults", family="read", fault="overloaded")
    refused(exceptions.ServiceUnavailable, lambda: read(client, "haste"))
    control("faults", family="read", fault="broken")
    refused(exceptions.InternalServerError, lambda: read(client, "haste"))


def what_google_does_not_know_is_refused(_client):
    def ask(method, path, body=None):
        headers = {"authorization": f"Bearer {os.environ['TOKEN']}", "content-type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{ENDPOINT}/v1/{PARENT}/{path}", data, headers, method=method)
        try:
            with urllib.request.urlopen(request) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    create(_client, "raw")
    data = base64.b64encode(b"x").decode()
    assert ask("POST", "secrets/raw:addVersion", {"payload": {"data": data}})[0] == 200
    assert ask("POST", "secrets/raw:addVersion", {"payload": {"dta": data}})[0] == 400
    assert ask("GET", "secrets/raw?verbose=1")[0] == 400
    status, text = ask("GET", "secrets/raw/nothing")
    assert status == 404 and text.startswith("<!DOCTYPE html>"), "no method: a page, and not NOT_FOUND"
    status, text = ask("GET", "secrets/nothing")
    assert status == 404 and json.loads(text)["error"]["status"] == "NOT_FOUND"


def main():
    client = client_of(credentials.Credentials(os.environ["TOKEN"]))
    for story in [
        secrets_come_and_go,
        limits_are_held,
        versions_change_their_state,
        metadata_changes_by_its_mask,
        time_passes,
        listings_have_pages,
        regions_are_apart,
        only_who_may_is_let_in,
        haste_is_punished_and_numbers_are_sure,
        what_google_does_not_know_is_refused,
    ]:
        began = time.monotonic()
        story(client)
        print(f"{story.__name__}: {time.monotonic() - began:.1f} s", flush=True)


main()
